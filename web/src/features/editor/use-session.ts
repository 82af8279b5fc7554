// How components look at the open notebook: each at its part, so that typing in one block draws that block alone.
import { createContext, useContext, useSyncExternalStore } from 'react';

import type { Problem } from '../../api/notebook';
import type { Cell } from '../../core/notebook/document';
import type { Block } from '../../core/notebook/model';
import { type BlockState, NEVER, type Standings } from '../../core/notebook/standing';
import type { Store } from '../../core/notebook/store';
import type { Actions } from './actions';
import type { Session } from './session';
import type { View } from './view';

interface Open {
  session: Session;
  view: Store<View>;
  actions: Actions;
}

export const OpenNotebook = createContext<Open | null>(null);

function useOpen(): Open {
  const open = useContext(OpenNotebook);
  if (open === null) throw new Error('this is only shown inside a notebook');
  return open;
}

export const useSession = (): Session => useOpen().session;
export const useActions = (): Actions => useOpen().actions;
export const useViewStore = (): Store<View> => useOpen().view;

/** A part of what the person looks at. */
export function useView<Part>(select: (view: View) => Part): Part {
  return useStore(useOpen().view, select);
}

/** A part of a store. `select` must give the same thing for the same state. */
export function useStore<State, Part>(store: Pick<Store<State>, 'get' | 'subscribe'>, select: (state: State) => Part): Part {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

export function useOrder(): readonly string[] {
  return useStore(useSession().notebook, (notebook) => notebook.order);
}

export function useCell(uuid: string): Cell | undefined {
  return useStore(useSession().notebook, (notebook) => notebook.cells.get(uuid));
}

/** A block without its text. */
export function useBlock(uuid: string): Block | undefined {
  return useStore(useSession().notebook, (notebook) => notebook.cells.get(uuid)?.block);
}

/** The blocks without their text. */
export function useBlocks(): readonly Block[] {
  return useStore(useSession().blocks, (blocks) => blocks);
}

export function useStanding(uuid: string): BlockState {
  return useStore(useSession().standings, (standings) => standings.blocks.get(uuid) ?? NEVER);
}

export function useStandings(): Standings {
  return useStore(useSession().standings, (standings) => standings);
}

const NONE: readonly Problem[] = [];

export function useProblems(uuid: string): readonly Problem[] {
  return useStore(useSession().problems, (problems) => problems.get(uuid) ?? NONE);
}
