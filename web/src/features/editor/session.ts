// An open notebook: keeps what is written and how the blocks stand in step with the server, and carries out what
// people ask for. What that means for the text and for the blocks is decided in core/notebook.
import {
  checkPipeline,
  checkText,
  type PipelineOnDisk,
  type Problem,
  readBlock,
  readPipeline,
  readRun,
  readStandings,
  type RunWish,
  saveBlock,
  startRun,
  stopRun,
} from '../../api/notebook';
import { refreshCharts } from '../../api/charts';
import { refreshForms } from '../../api/forms';
import { listen } from '../../api/notebook-socket';
import { type Cell, edited, empty, loaded, type Notebook, resolved, shown } from '../../core/notebook/document';
import type { Told } from '../../core/notebook/live';
import {
  adopted,
  answered,
  heard,
  ignored,
  NOTHING,
  openRuns,
  type Standings,
  unknownRuns,
} from '../../core/notebook/standing';
import { createStore, derived, sameList, type Store } from '../../core/notebook/store';
import type { Block } from '../../core/notebook/model';
import { createSaver, debounced } from './saver';

/** A pause in typing after which it is checked. */
const CHECK_AFTER = 250;
/** Lines that are printed in such a time are shown together. */
const LINES_AFTER = 40;
/** So long the answer to a request is waited for before somebody asks whose run it is. */
const ASK_AFTER = 400;

export interface Notice {
  message: string;
  hint: string | undefined;
}

export type Phase = { state: 'loading' } | { state: 'open' } | { state: 'failed'; error: unknown };

export interface Session {
  readonly pipeline: string;
  readonly phase: Store<Phase>;
  readonly notebook: Store<Notebook>;
  /** The blocks in order, without their text. */
  readonly blocks: Pick<Store<readonly Block[]>, 'get' | 'subscribe'>;
  readonly standings: Store<Standings>;
  /** What is wrong with the text of each block. */
  readonly problems: Store<ReadonlyMap<string, readonly Problem[]>>;
  readonly facts: Store<PipelineOnDisk | null>;
  readonly notice: Store<Notice | null>;
  readonly isLive: Store<boolean>;
  /** Begins; gives back how to end. */
  open: () => () => void;
  edit: (uuid: string, text: string) => void;
  /** The same with a text that was not typed: the editor has to show it. */
  put: (uuid: string, text: string) => void;
  /** Saves everything that is not saved. */
  flush: () => Promise<void>;
  resolve: (uuid: string, keep: 'mine' | 'theirs') => void;
  run: (wish: Omit<RunWish, 'pipeline'>) => Promise<void>;
  /** The same for who says themselves what went wrong. */
  start: (wish: Omit<RunWish, 'pipeline'>) => Promise<void>;
  stop: (run: number) => Promise<void>;
  stopAll: () => Promise<void>;
  /** Reads the pipeline anew, after something was changed. */
  refresh: () => Promise<void>;
  refreshStandings: () => Promise<void>;
  say: (error: unknown) => void;
}

function noticeOf(error: unknown): Notice {
  if (!(error instanceof Error)) return { message: String(error), hint: undefined };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  return { message: error.message, hint };
}

export function createSession(pipeline: string): Session {
  const phase = createStore<Phase>({ state: 'loading' });
  const notebook = createStore<Notebook>(empty(pipeline));
  const blocks = derived(
    notebook,
    ({ order, cells }) => order.flatMap((uuid) => cells.get(uuid)?.block ?? []),
    sameList,
  );
  const standings = createStore<Standings>(NOTHING);
  const problems = createStore<ReadonlyMap<string, readonly Problem[]>>(new Map());
  const facts = createStore<PipelineOnDisk | null>(null);
  const notice = createStore<Notice | null>(null);
  const isLive = createStore(false);
  const say = (error: unknown) => notice.set(() => noticeOf(error));

  const cell = (uuid: string): Cell | undefined => notebook.get().cells.get(uuid);

  const { save, soon: saveSoon, flush } = createSaver({
    notebook,
    write: (uuid, text, revision) => saveBlock(pipeline, uuid, text, revision),
    read: (uuid) => readBlock(pipeline, uuid),
    onSaved: () => standingsSoon.soon(),
  });

  // Checks of what is typed; an answer that comes after more typing is dropped.
  const checks = new Map<string, { timer: ReturnType<typeof setTimeout>; abort: AbortController }>();
  const checkSoon = (uuid: string, after = CHECK_AFTER) => {
    const before = checks.get(uuid);
    if (before) {
      clearTimeout(before.timer);
      before.abort.abort();
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const one = cell(uuid);
      if (!one?.block.file) return;
      checkText(one.block.file, one.text, abort.signal).then(
        (found) => problems.set((now) => new Map(now).set(uuid, found)),
        // The next keystroke asks again.
        () => undefined,
      );
    }, after);
    checks.set(uuid, { timer, abort });
  };

  /** All files at once, when the notebook opens: what is written but not saved is checked by itself. */
  const checkAll = async () => {
    const found = await checkPipeline(pipeline);
    problems.set((now) => {
      const next = new Map(now);
      for (const [uuid, { block, text, onDisk }] of notebook.get().cells) {
        if (block.file !== null && text === onDisk) next.set(uuid, found.filter((problem) => problem.file === block.file));
      }
      return next;
    });
  };
  // The next keystroke asks again.
  const checkAllSoon = debounced(CHECK_AFTER * 4, () => void checkAll().catch(() => undefined));

  const refreshStandings = async () => {
    const answer = await readStandings(pipeline);
    standings.set((now) => answered(now, answer));
  };
  const refresh = async () => {
    const [onDisk, answer] = await Promise.all([readPipeline(pipeline), readStandings(pipeline)]);
    facts.set(() => onDisk);
    const before = notebook.get();
    notebook.set((now) => loaded(now, onDisk.revision, onDisk.blocks));
    standings.set((now) => answered(now, answer));
    const changed = onDisk.blocks.filter(({ block }) => block.language === 'python' && cell(block.uuid)?.onDisk !== before.cells.get(block.uuid)?.onDisk);
    if (changed.length > 1) checkAllSoon.soon();
    else for (const { block } of changed) checkSoon(block.uuid, CHECK_AFTER * 4);
    phase.set(() => ({ state: 'open' }));
  };
  const refreshSoon = debounced(30, () => {
    void refresh().catch(say);
    void refreshCharts(pipeline);
  });
  const standingsSoon = debounced(60, () => void refreshStandings().catch(say));

  // What is told of runs that were started elsewhere: asked for once, then followed or forgotten.
  let asking: ReturnType<typeof setTimeout> | undefined;
  const askRuns = () => {
    asking = undefined;
    for (const run of unknownRuns(standings.get())) {
      readRun(run, pipeline).then(
        (found) =>
          standings.set((now) => (found === null ? ignored(now, run) : adopted(now, run, found.status, found.blockRuns))),
        () => standings.set((now) => ignored(now, run)),
      );
    }
  };

  type OfRun = Exclude<Told, { type: 'files' } | { type: 'lagged' }>;
  let queue: OfRun[] = [];
  let flushing: ReturnType<typeof setTimeout> | undefined;
  const takeQueue = () => {
    clearTimeout(flushing);
    flushing = undefined;
    const told = queue;
    queue = [];
    standings.set((now) => told.reduce(heard, now));
    // Not put off by further messages: on a busy server they never end.
    if (unknownRuns(standings.get()).length > 0) asking ??= setTimeout(askRuns, ASK_AFTER);
  };
  const concerns = (told: Extract<Told, { type: 'files' }>) => {
    const files = new Set([...notebook.get().cells.values()].map((one) => one.block.file));
    return told.changes.some(
      (change) =>
        change.type === 'project' ||
        (change.type === 'file' && files.has(change.path)) ||
        (change.type !== 'file' && change.pipeline === pipeline),
    );
  };
  const onTold = (told: Told) => {
    switch (told.type) {
      case 'files':
        if (concerns(told)) refreshSoon.soon();
        else if (told.changes.some((change) => change.type === 'file' && change.path.startsWith('charts/'))) void refreshCharts(pipeline);
        if (told.changes.some((change) => change.type !== 'file' || change.path.includes('interactions'))) void refreshForms();
        break;
      case 'lagged':
        refreshSoon.soon();
        break;
      case 'log':
        queue.push(told);
        flushing ??= setTimeout(takeQueue, LINES_AFTER);
        break;
      case 'block':
      case 'tests':
      case 'run': {
        queue.push(told);
        takeQueue();
        const isOurs = standings.get().runs.has(told.run);
        if (isOurs && told.type === 'run' && !['initial', 'running'].includes(told.status)) standingsSoon.soon();
        break;
      }
    }
  };

  const edit = (uuid: string, text: string) => {
    notebook.set((now) => edited(now, uuid, text));
    saveSoon(uuid);
    checkSoon(uuid);
  };

  const start: Session['start'] = async (wish) => {
    await flush();
    const started = await startRun({ ...wish, pipeline });
    standings.set((now) => adopted(now, started.run, started.status, started.blockRuns));
    notice.set(() => null);
  };

  return {
    pipeline,
    phase,
    notebook,
    blocks,
    standings,
    problems,
    facts,
    notice,
    isLive,
    open: () => {
      const close = listen(onTold, (live) => isLive.set(() => live));
      refresh().catch((error: unknown) => phase.set(() => ({ state: 'failed', error })));
      return () => {
        void flush();
        close();
        refreshSoon.cancel();
        standingsSoon.cancel();
        checkAllSoon.cancel();
        clearTimeout(asking);
        clearTimeout(flushing);
        for (const { timer, abort } of checks.values()) {
          clearTimeout(timer);
          abort.abort();
        }
      };
    },
    edit,
    put: (uuid, text) => {
      edit(uuid, text);
      notebook.set((now) => shown(now, uuid));
    },
    flush,
    resolve: (uuid, keep) => {
      notebook.set((now) => resolved(now, uuid, keep));
      void save(uuid);
    },
    run: (wish) => start(wish).catch(say),
    start,
    stop: (run) => stopRun(run).catch(say),
    stopAll: async () => {
      await Promise.all(openRuns(standings.get()).map(stopRun)).catch(say);
    },
    refresh: () => refresh().catch(say),
    refreshStandings,
    say,
  };
}
