// The text of the notebook: what is written, what is on the disk, and what happens when both have changed.
//
// Pure: every change gives a new document. Who saves, and when, is decided by the caller with `toSave`.

import type { Block } from './model';

/** How what is written in a block relates to its file. */
export type Save =
  | { state: 'saved' }
  | { state: 'edited' }
  /** `isOther`: meanwhile the file was seen with another text than the one that is being saved. */
  | { state: 'saving'; text: string; isOther: boolean }
  | { state: 'failed'; message: string }
  /** The file has changed while there were edits that are not saved. */
  | { state: 'conflict'; theirs: string; revision: string };

export interface Cell {
  block: Block;
  /** What is written. */
  text: string;
  /** What the file held when it was last seen. */
  onDisk: string;
  /** Names that content; none when there is no file. */
  revision: string | null;
  save: Save;
  /** Grows when the text was replaced by something else than typing: the editor has to show it anew. */
  replaced: number;
}

export interface Notebook {
  pipeline: string;
  /** Names the content of the pipeline's file. */
  revision: string;
  order: readonly string[];
  cells: ReadonlyMap<string, Cell>;
}

/** A block as the server has it, with its file. */
export interface Loaded {
  block: Block;
  content: string | null;
  revision: string | null;
}

export function empty(pipeline: string): Notebook {
  return { pipeline, revision: '', order: [], cells: new Map() };
}

function fresh({ block, content, revision }: Loaded): Cell {
  const text = content ?? '';
  return { block, text, onDisk: text, revision, save: { state: 'saved' }, replaced: 0 };
}

/** A cell after its file was read again. What somebody has typed is never lost: it becomes a conflict. */
export function reread(cell: Cell, { block, content, revision }: Loaded): Cell {
  const theirs = content ?? '';
  const same = { ...cell, block };
  // What was there before the save may be there again after it: the text alone does not say which of the two was seen.
  if (cell.save.state === 'saving' && theirs !== cell.save.text) return { ...same, save: { ...cell.save, isOther: true } };
  if (revision === cell.revision) return same;
  if (theirs === cell.text) {
    return { ...same, onDisk: theirs, revision, save: { state: 'saved' } };
  }
  switch (cell.save.state) {
    case 'saved':
      return { ...same, text: theirs, onDisk: theirs, revision, replaced: cell.replaced + 1 };
    case 'saving':
      // The save itself; its answer is still to come.
      return { ...same, onDisk: theirs, revision };
    case 'edited':
    case 'failed':
    case 'conflict':
      return { ...same, save: { state: 'conflict', theirs, revision: revision ?? '' } };
  }
}

/** The notebook after the pipeline was read again. */
export function loaded(
  before: Notebook,
  revision: string,
  blocks: readonly Loaded[],
): Notebook {
  const cells = new Map<string, Cell>();
  for (const one of blocks) {
    const known = before.cells.get(one.block.uuid);
    cells.set(one.block.uuid, known ? reread(known, one) : fresh(one));
  }
  return { ...before, revision, order: blocks.map((one) => one.block.uuid), cells };
}

function change(notebook: Notebook, uuid: string, how: (cell: Cell) => Cell): Notebook {
  const cell = notebook.cells.get(uuid);
  if (!cell) return notebook;
  const after = how(cell);
  if (after === cell) return notebook;
  return { ...notebook, cells: new Map(notebook.cells).set(uuid, after) };
}

export function edited(notebook: Notebook, uuid: string, text: string): Notebook {
  return change(notebook, uuid, (cell) => {
    if (cell.text === text) return cell;
    if (cell.save.state === 'saving' || cell.save.state === 'conflict') return { ...cell, text };
    return { ...cell, text, save: text === cell.onDisk ? { state: 'saved' } : { state: 'edited' } };
  });
}

/** The text was not typed in the editor, which has to show it anew. */
export function shown(notebook: Notebook, uuid: string): Notebook {
  return change(notebook, uuid, (cell) => ({ ...cell, replaced: cell.replaced + 1 }));
}

/** Whether a cell has something that is to be saved now. */
export function toSave(cell: Cell): boolean {
  return cell.save.state === 'edited' || cell.save.state === 'failed';
}

export function saving(notebook: Notebook, uuid: string): Notebook {
  return change(notebook, uuid, (cell) => ({
    ...cell,
    save: { state: 'saving', text: cell.text, isOther: false },
  }));
}

/** Whether the file may hold something else by now than what was just saved: it has to be read before that counts as saved. */
export function isOvertaken(cell: Cell | undefined): boolean {
  return cell?.save.state === 'saving' && cell.save.isOther;
}

/** The answer to a save; `newest` is what the file was seen to hold after it. */
export function saved(notebook: Notebook, uuid: string, revision: string, newest?: { content: string | null; revision: string | null }): Notebook {
  const after = change(notebook, uuid, (cell) => {
    if (cell.save.state !== 'saving') return cell;
    const { text } = cell.save;
    return {
      ...cell,
      onDisk: text,
      revision,
      save: cell.text === text ? { state: 'saved' } : { state: 'edited' },
    };
  });
  if (newest === undefined || newest.revision === revision) return after;
  return conflicted(after, uuid, newest.content ?? '', newest.revision ?? '');
}

export function saveFailed(notebook: Notebook, uuid: string, message: string): Notebook {
  return change(notebook, uuid, (cell) => ({ ...cell, save: { state: 'failed', message } }));
}

export function conflicted(
  notebook: Notebook,
  uuid: string,
  theirs: string,
  revision: string,
): Notebook {
  return change(notebook, uuid, (cell) =>
    theirs === cell.text
      ? { ...cell, onDisk: theirs, revision, save: { state: 'saved' } }
      : { ...cell, save: { state: 'conflict', theirs, revision } },
  );
}

/** Ends a conflict: with what is written here, which is saved over the file, or with what the file holds. */
export function resolved(notebook: Notebook, uuid: string, keep: 'mine' | 'theirs'): Notebook {
  return change(notebook, uuid, (cell) => {
    if (cell.save.state !== 'conflict') return cell;
    const { theirs, revision } = cell.save;
    const known = { ...cell, onDisk: theirs, revision };
    return keep === 'mine'
      ? { ...known, save: { state: 'edited' } }
      : { ...known, text: theirs, save: { state: 'saved' }, replaced: cell.replaced + 1 };
  });
}

/** What the bar says about saving: the worst state counts. */
export function saveSummary(notebook: Notebook): { state: Save['state']; blocks: string[] } {
  const worst: readonly Save['state'][] = ['conflict', 'failed', 'saving', 'edited'];
  for (const state of worst) {
    const blocks = notebook.order.filter((uuid) => notebook.cells.get(uuid)?.save.state === state);
    if (blocks.length > 0) return { state, blocks };
  }
  return { state: 'saved', blocks: [] };
}

/** The blocks below a block, near ones first, itself not among them. */
export function below(notebook: Notebook, uuid: string): string[] {
  return reach(uuid, (at) =>
    notebook.order.filter((one) => notebook.cells.get(one)?.block.upstream.includes(at)),
  );
}

/** The blocks above a block, near ones first. */
export function above(notebook: Notebook, uuid: string): string[] {
  return reach(uuid, (at) =>
    (notebook.cells.get(at)?.block.upstream ?? []).filter((one) => notebook.cells.has(one)),
  );
}

/** The blocks that a run of a block, or of all, has. */
export function blocksOf(notebook: Notebook, { block, above: withAbove = false, below: withBelow = false }: { block?: string; above?: boolean; below?: boolean }): string[] {
  if (block === undefined) return [...notebook.order];
  return [...(withAbove ? above(notebook, block) : []), block, ...(withBelow ? below(notebook, block) : [])];
}

function reach(from: string, next: (uuid: string) => readonly string[]): string[] {
  const seen = new Set<string>([from]);
  const waiting = [from];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for (const one of next(at)) {
      if (!seen.has(one)) {
        seen.add(one);
        waiting.push(one);
      }
    }
  }
  seen.delete(from);
  return [...seen];
}

/** Why `from` must not become an input of `to`; none when it may. */
export function refusal(notebook: Notebook, from: string, to: string): string | null {
  if (from === to) return 'A block cannot be its own input.';
  if (notebook.cells.get(to)?.block.upstream.includes(from)) return `${from} is an input already.`;
  if (below(notebook, to).includes(from)) {
    return `This would make a circle: ${from} already reads from ${to}.`;
  }
  return null;
}
