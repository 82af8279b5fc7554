// What a person looks at: the selected block, what is folded, which panes are open and how wide. Remembered in this
// browser, but for the selection, which is in the address.
import type { RunWish } from '../../api/notebook';
import { createStore, type Store } from '../../core/notebook/store';

export type ResultTab = 'data' | 'chart' | 'text' | 'tests' | 'logs';
export type LeftTab = 'blocks' | 'files' | 'variables';
export type RightTab = 'graph' | 'settings' | 'logs' | 'history';

/** Which past the history shows: runs and commits of the block, or commits of the whole pipeline. */
export type Past = 'runs' | 'commits' | 'pipeline';

/** What is started when its forms are filled in. */
export interface Asking {
  wishes: readonly Omit<RunWish, 'pipeline'>[];
  /** The blocks that run; their forms are shown. */
  blocks: readonly string[];
}

export interface Panes {
  left: LeftTab;
  right: RightTab;
  past: Past;
  leftWidth: number;
  rightWidth: number;
  terminalHeight: number;
  isLeftOpen: boolean;
  isRightOpen: boolean;
}

export interface View extends Panes {
  selected: string | null;
  folded: ReadonlySet<string>;
  /** What is shown below the code, where somebody has chosen. */
  tabs: ReadonlyMap<string, ResultTab>;
  /** Results that are folded to one line. */
  quiet: ReadonlySet<string>;
  /** The palette is open below this block; `top` above the first one. */
  adding: string | null;
  /** The block whose name is being changed. */
  renaming: string | null;
  /** The block that somebody wants to take away. */
  removing: string | null;
  /** A block that is run on what it was given in this run, instead of the newest. */
  inputsOf: { block: string; run: number } | null;
  /** Runs whose forms are being filled in. */
  asking: Asking | null;
  /** What was last chosen in the forms of the pipeline; none until somebody has. */
  answers: Readonly<Record<string, unknown>> | null;
  place: { line: number; column: number } | null;
  areProblemsOpen: boolean;
  /** Its shell ends when it is closed, so this is not remembered. */
  isTerminalOpen: boolean;
}

const KEY = 'baton.editor';
const NARROW = 1280;
export const LEFT = { usual: 232, least: 200, most: 360 };
export const RIGHT = { usual: 360, least: 288, most: 640 };
export const LOW = { usual: 240, least: 96, most: 640 };

/** Where the keyboard goes when it leaves the terminal, and from where it comes. */
export const TERMINAL_BUTTON = 'terminal-button';
export const TERMINAL_SCREEN = 'terminal-screen';

const usual: Panes = {
  left: 'blocks',
  right: 'graph',
  past: 'runs',
  leftWidth: LEFT.usual,
  rightWidth: RIGHT.usual,
  terminalHeight: LOW.usual,
  isLeftOpen: true,
  isRightOpen: true,
};

function isOneOf<Name extends string>(names: readonly Name[], value: unknown): value is Name {
  return names.some((name) => name === value);
}

function within(value: unknown, { usual: otherwise, least, most }: typeof LEFT): number {
  return typeof value === 'number' ? Math.min(most, Math.max(least, value)) : otherwise;
}

/** The panes as they were left. What cannot be read is as usual; a narrow window begins with the list folded. */
export function rememberedPanes(stored: string | null, isNarrow: boolean): Panes {
  const otherwise = isNarrow ? { ...usual, isLeftOpen: false, rightWidth: RIGHT.least } : usual;
  try {
    const value: unknown = stored === null ? null : JSON.parse(stored);
    if (typeof value !== 'object' || value === null) return otherwise;
    const from = new Map<string, unknown>(Object.entries(value));
    const left = from.get('left');
    const right = from.get('right');
    const past = from.get('past');
    return {
      left: isOneOf(['blocks', 'files', 'variables'] as const, left) ? left : usual.left,
      right: isOneOf(['graph', 'settings', 'logs', 'history'] as const, right) ? right : usual.right,
      past: isOneOf(['runs', 'commits', 'pipeline'] as const, past) ? past : usual.past,
      leftWidth: within(from.get('leftWidth'), LEFT),
      rightWidth: isNarrow ? Math.min(RIGHT.least, within(from.get('rightWidth'), RIGHT)) : within(from.get('rightWidth'), RIGHT),
      terminalHeight: within(from.get('terminalHeight'), LOW),
      isLeftOpen: !isNarrow && from.get('isLeftOpen') !== false,
      isRightOpen: from.get('isRightOpen') !== false,
    };
  } catch {
    return otherwise;
  }
}

/** `12.clean_flights` of the address: the inputs of that block in that run. */
export function inputsOfText(text: string | null): View['inputsOf'] {
  const [, run = '', block = ''] = /^(\d+)\.(.+)$/.exec(text ?? '') ?? [];
  return block === '' ? null : { block, run: Number(run) };
}

export function textOfInputs(inputsOf: View['inputsOf']): string | null {
  return inputsOf === null ? null : `${inputsOf.run}.${inputsOf.block}`;
}

export function createView(selected: string | null, inputsOf: View['inputsOf'] = null): Store<View> {
  const store = createStore<View>({
    ...rememberedPanes(localStorage.getItem(KEY), window.matchMedia(`(max-width: ${NARROW - 1}px)`).matches),
    selected,
    folded: new Set(),
    tabs: new Map(),
    quiet: new Set(),
    adding: null,
    renaming: null,
    removing: null,
    inputsOf,
    asking: null,
    answers: null,
    place: null,
    areProblemsOpen: false,
    isTerminalOpen: false,
  });
  let written = '';
  store.subscribe(() => {
    const { left, right, past, leftWidth, rightWidth, terminalHeight, isLeftOpen, isRightOpen } = store.get();
    const text = JSON.stringify({ left, right, past, leftWidth, rightWidth, terminalHeight, isLeftOpen, isRightOpen });
    if (text !== written) localStorage.setItem(KEY, text);
    written = text;
  });
  return store;
}

/** The set with the item put in or taken out. */
export function toggled<Item>(set: ReadonlySet<Item>, item: Item): ReadonlySet<Item> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
