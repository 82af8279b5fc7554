// Saves the texts of a notebook: each after a pause in typing, with one request at a time; what is typed meanwhile follows.
import type { Saved } from '../../api/notebook';
import { type Cell, conflicted, isOvertaken, type Loaded, type Notebook, saved, saveFailed, saving, toSave } from '../../core/notebook/document';
import type { Store } from '../../core/notebook/store';

/** A pause in typing after which it is saved. */
const SAVE_AFTER = 500;

/** Calls `work` once when nobody has asked for it for `ms`; `soon` asks. */
export function debounced(ms: number, work: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    soon: () => {
      clearTimeout(timer);
      timer = setTimeout(work, ms);
    },
    cancel: () => clearTimeout(timer),
  };
}

export interface Saver {
  save: (uuid: string) => Promise<void>;
  soon: (uuid: string) => void;
  /** Saves everything that is not saved. */
  flush: () => Promise<void>;
}

export function createSaver({
  notebook,
  write,
  read,
  onSaved,
}: {
  notebook: Store<Notebook>;
  write: (uuid: string, text: string, revision: string | null) => Promise<Saved>;
  read: (uuid: string) => Promise<Pick<Loaded, 'content' | 'revision'>>;
  onSaved: () => void;
}): Saver {
  const cell = (uuid: string): Cell | undefined => notebook.get().cells.get(uuid);
  const saves = new Map<string, Promise<void>>();
  const save = (uuid: string): Promise<void> => {
    const running = saves.get(uuid);
    if (running) return running.then(() => save(uuid));
    const before = cell(uuid);
    if (!before || !toSave(before)) return Promise.resolve();
    notebook.set((now) => saving(now, uuid));
    const done = write(uuid, before.text, before.revision)
      .then(async (answer) => {
        if (answer !== 'conflict') {
          // Who wrote the file after us is not waited for until the next event.
          const newest = isOvertaken(cell(uuid)) ? await read(uuid) : undefined;
          notebook.set((now) => saved(now, uuid, answer.revision, newest));
          onSaved();
          return;
        }
        const theirs = await read(uuid);
        notebook.set((now) => conflicted(now, uuid, theirs.content ?? '', theirs.revision ?? ''));
      })
      .catch((error: unknown) => {
        notebook.set((now) => saveFailed(now, uuid, error instanceof Error ? error.message : String(error)));
      })
      .finally(() => saves.delete(uuid));
    saves.set(uuid, done);
    return done;
  };
  const timers = new Map<string, ReturnType<typeof debounced>>();
  return {
    save,
    soon: (uuid) => {
      const timer = timers.get(uuid) ?? debounced(SAVE_AFTER, () => void save(uuid));
      timers.set(uuid, timer);
      timer.soon();
    },
    flush: async () => {
      for (const timer of timers.values()) timer.cancel();
      const { order, cells } = notebook.get();
      const waiting = order.filter((uuid) => {
        const one = cells.get(uuid);
        return saves.has(uuid) || (one && toSave(one));
      });
      if (waiting.length > 0) await Promise.all(waiting.map(save));
    },
  };
}
