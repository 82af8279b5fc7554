// What can be done with the blocks of an open notebook, for buttons, menus and keys alike.
import { changeBlock, createBlock, deleteBlock, type NewBlock } from '../../api/notebook';
import { knownForms } from '../../api/forms';
import { sectionsOf, usedBy } from '../../core/forms/form';
import { above, below, blocksOf } from '../../core/notebook/document';
import { openRuns } from '../../core/notebook/standing';
import type { Store } from '../../core/notebook/store';
import type { EditorView } from '@codemirror/view';
import type { Session } from './session';
import type { Asking, View } from './view';

export interface Actions {
  select: (uuid: string | null, scroll?: boolean) => void;
  /** Shows the block and puts the caret into its code, at a line when one is given. */
  enter: (uuid: string, line?: number) => void;
  step: (by: 1 | -1) => void;
  run: (uuid: string, how?: { above?: boolean; below?: boolean }) => void;
  runAll: () => void;
  /** Runs the block after its form was filled in anew. */
  askAgain: (uuid: string) => void;
  runStale: () => void;
  stop: (uuid: string) => void;
  add: (after: string | null) => void;
  create: (wanted: Omit<NewBlock, 'position' | 'upstream'>, after: string | null) => Promise<void>;
  rename: (uuid: string, name: string) => Promise<void>;
  change: (uuid: string, changes: Readonly<Record<string, unknown>>) => Promise<boolean>;
  remove: (uuid: string) => Promise<void>;
  move: (uuid: string, by: 1 | -1) => void;
  connect: (from: string, to: string) => Promise<void>;
  disconnect: (from: string, to: string) => Promise<void>;
  /** Tells where the code of a block is shown, for as long as it is. */
  seen: (uuid: string, editor: EditorView | null) => void;
}

/** Blocks whose kind can take an input from the block above when they are added. */
const TAKES_INPUT = new Set(['transformer', 'data_exporter', 'custom', 'chart']);

export function createActions(session: Session, view: Store<View>, goToLine: (editor: EditorView, line: number) => void): Actions {
  const editors = new Map<string, EditorView>();
  let entering: { uuid: string; line: number | undefined } | null = null;
  const cell = (uuid: string) => session.notebook.get().cells.get(uuid);
  const card = (uuid: string) => document.getElementById(`block-${uuid}`);
  /** Scrolls so that the beginning of the card is seen; one that is seen whole stays where it is. */
  const reveal = (uuid: string) => {
    const found = card(uuid);
    const frame = found?.closest('.notebook')?.getBoundingClientRect();
    if (found === null || frame === undefined) return;
    const { top, bottom } = found.getBoundingClientRect();
    const isSeen = top >= frame.top && (bottom <= frame.bottom || top < frame.top + frame.height / 3);
    if (!isSeen) found.scrollIntoView({ block: 'start' });
  };
  const upstream = (uuid: string) => cell(uuid)?.block.upstream ?? [];

  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      session.notice.set(() => null);
      return true;
    } catch (error) {
      session.say(error);
      return false;
    } finally {
      await session.refresh();
    }
  };

  const select = (uuid: string | null, scroll = false) => {
    view.set((now) => (now.selected === uuid ? now : { ...now, selected: uuid }));
    if (scroll && uuid !== null) reveal(uuid);
  };

  const enter = (uuid: string, line?: number) => {
    view.set((now) => {
      const folded = new Set(now.folded);
      folded.delete(uuid);
      return { ...now, selected: uuid, folded };
    });
    const editor = editors.get(uuid);
    if (editor === undefined) {
      // Its code is not drawn yet; it is as soon as it is near.
      entering = { uuid, line };
      requestAnimationFrame(() => reveal(uuid));
      return;
    }
    reveal(uuid);
    if (line === undefined) editor.focus();
    else goToLine(editor, line);
  };

  const step = (by: 1 | -1) => {
    const { order } = session.notebook.get();
    const { selected } = view.get();
    const at = selected === null ? (by === 1 ? -1 : order.length) : order.indexOf(selected);
    const next = order[at + by];
    if (next !== undefined) select(next, true);
  };

  const change = (uuid: string, changes: Readonly<Record<string, unknown>>) =>
    attempt(() => changeBlock(session.pipeline, uuid, changes));

  /** Starts runs; where a form belongs to one of their blocks, with what was chosen in it. `isAsked` lets it be chosen anew. */
  const start = (wishes: Asking['wishes'], isAsked = false) => {
    const notebook = session.notebook.get();
    const forms = knownForms(session.pipeline);
    const blocks = [...new Set(wishes.flatMap((wish) => blocksOf(notebook, wish)))];
    const { answers } = view.get();
    const hasForms = forms !== undefined && sectionsOf(usedBy(forms, blocks)).length > 0;
    if (hasForms && (isAsked || answers === null)) view.set((now) => ({ ...now, asking: { wishes, blocks } }));
    else for (const wish of wishes) void session.run(hasForms && answers !== null ? { ...wish, variables: answers } : wish);
  };

  const run: Actions['run'] = (uuid, how = {}) => {
    const { inputsOf } = view.get();
    const isAlone = how.above !== true && how.below !== true;
    // What it was given then are its variables, too.
    if (isAlone && inputsOf?.block === uuid) void session.run({ block: uuid, from: inputsOf.run });
    else start([{ block: uuid, ...how }]);
  };

  return {
    select,
    enter,
    step,
    run,
    runAll: () => start([{}], true),
    askAgain: (uuid) => start([{ block: uuid }], true),
    runStale: () => {
      // A run from each stale block that has none above it; together they cover all that is stale.
      const { blocks } = session.standings.get();
      const isStale = (uuid: string) => (blocks.get(uuid)?.stale.length ?? 0) > 0;
      const notebook = session.notebook.get();
      const first = notebook.order.filter((uuid) => isStale(uuid) && !above(notebook, uuid).some(isStale));
      start(first.map((uuid) => ({ block: uuid, below: below(notebook, uuid).length > 0 })));
    },
    stop: (uuid) => {
      const newest = session.standings.get().blocks.get(uuid)?.newest;
      if (newest) void session.stop(newest.run);
      else for (const open of openRuns(session.standings.get())) void session.stop(open);
    },
    add: (after) => view.set((now) => ({ ...now, adding: after ?? 'top' })),
    create: async (wanted, after) => {
      const { order } = session.notebook.get();
      const at = after === null ? -1 : order.indexOf(after);
      const input = after !== null && TAKES_INPUT.has(wanted.type) ? [after] : [];
      const made = await createBlock(session.pipeline, { ...wanted, position: at + 1, upstream: input }).catch((error: unknown) => {
        session.say(error);
        return null;
      });
      await session.refresh();
      if (made === null) return;
      view.set((now) => ({ ...now, adding: null, selected: made }));
      enter(made);
    },
    rename: async (uuid, name) => {
      view.set((now) => ({ ...now, renaming: null }));
      if (name.trim() === '' || name === uuid) return;
      await session.flush();
      let renamed = uuid;
      await attempt(async () => {
        renamed = await changeBlock(session.pipeline, uuid, { name });
      });
      select(renamed);
    },
    change,
    remove: async (uuid) => {
      const { order } = session.notebook.get();
      const at = order.indexOf(uuid);
      const next = order[at + 1] ?? order[at - 1] ?? null;
      view.set((now) => ({ ...now, removing: null }));
      if (await attempt(() => deleteBlock(session.pipeline, uuid, true))) select(next);
    },
    move: (uuid, by) => {
      const { order } = session.notebook.get();
      const at = order.indexOf(uuid) + by;
      if (at >= 0 && at < order.length) void change(uuid, { position: at }).then(() => reveal(uuid));
    },
    connect: async (from, to) => {
      await change(to, { upstream_blocks: [...upstream(to), from] });
    },
    disconnect: async (from, to) => {
      await change(to, { upstream_blocks: upstream(to).filter((one) => one !== from) });
    },
    seen: (uuid, editor) => {
      if (editor === null) {
        editors.delete(uuid);
        return;
      }
      editors.set(uuid, editor);
      if (entering?.uuid !== uuid) return;
      const { line } = entering;
      entering = null;
      requestAnimationFrame(() => {
        const shown = editors.get(uuid);
        if (shown === undefined) return;
        if (line === undefined) shown.focus();
        else goToLine(shown, line);
      });
    },
  };
}
