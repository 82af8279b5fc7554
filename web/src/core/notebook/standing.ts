// How the blocks stand: their newest runs, what they produced, what they print. Fed by the server's answers and by what
// it tells while it happens, in whatever order the two arrive.

import type { Told } from './live';
import { type BlockRun, type LogLine, type Output, type Stale, type Tests, isFinal } from './model';
import type { Standing } from './read';

/** Lines that are kept of a block's run. */
export const MOST_LINES = 2_000;

/** Messages that are kept of a run before it is known whose it is. */
const MOST_WAITING = 2_000;

export interface BlockState {
  newest: BlockRun | null;
  output: Output | null;
  stale: readonly Stale[];
  tests: Tests | null;
  logs: readonly LogLine[];
  /** Lines that were dropped before the first of `logs`. */
  dropped: number;
}

export const NEVER: BlockState = { newest: null, output: null, stale: [], tests: null, logs: [], dropped: 0 };

type OfRun = Exclude<Told, { type: 'files' } | { type: 'lagged' }>;

export interface Standings {
  blocks: ReadonlyMap<string, BlockState>;
  /** Runs of this pipeline that have been heard of, with their status. */
  runs: ReadonlyMap<number, string>;
  /** Runs of other pipelines. */
  foreign: ReadonlySet<number>;
  /** What was told of runs before it was known whose they are. */
  waiting: ReadonlyMap<number, readonly OfRun[]>;
}

export const NOTHING: Standings = {
  blocks: new Map(),
  runs: new Map(),
  foreign: new Set(),
  waiting: new Map(),
};

function change(state: Standings, uuid: string, how: (block: BlockState) => BlockState): Standings {
  const before = state.blocks.get(uuid) ?? NEVER;
  const after = how(before);
  return after === before ? state : { ...state, blocks: new Map(state.blocks).set(uuid, after) };
}

/** Whether `one` tells more than `other` of the block's newest run. */
function isNewer(one: BlockRun, other: BlockRun | null): boolean {
  if (other === null || one.run !== other.run) return one.run > (other?.run ?? -1);
  if (isFinal(one.status) !== isFinal(other.status)) return isFinal(one.status);
  return one.attempt >= other.attempt;
}

/** What was known, where the answer says the same: whoever looks at it has nothing to draw anew. */
function kept<Part>(before: Part, after: Part): Part {
  return JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

function isSame(one: BlockState, other: BlockState): boolean {
  return one.newest === other.newest && one.output === other.output && one.stale === other.stale && one.tests === other.tests && one.logs === other.logs;
}

/** The answer of the server: how every block stands. */
export function answered(state: Standings, pipeline: readonly Standing[]): Standings {
  let next = state;
  for (const one of pipeline) {
    next = change(next, one.uuid, (before) => {
      const { newest } = one;
      const takes = newest !== null && isNewer(newest, before.newest);
      const same = newest !== null && newest.run === before.newest?.run;
      const goodIsNewer = (one.output?.blockRun.run ?? -1) >= (before.output?.blockRun.run ?? -1);
      const after: BlockState = {
        ...before,
        newest: takes ? kept(before.newest, newest) : before.newest,
        output: goodIsNewer ? kept(before.output, one.output) : before.output,
        stale: kept(before.stale, one.stale),
        // What was heard counts all tests, what is stored may hold the first of very many.
        ...(takes && same && before.tests === null ? { tests: one.tests } : {}),
        ...(takes && !same ? { logs: [], dropped: 0, tests: one.tests } : {}),
      };
      return isSame(before, after) ? before : after;
    });
  }
  return next;
}

/** A run of this pipeline: its block runs have these numbers. What was told of it already counts now. */
export function adopted(
  state: Standings,
  run: number,
  status: string,
  blockRuns: readonly { id: number; block: string }[] = [],
): Standings {
  const waiting = new Map(state.waiting);
  const earlier = waiting.get(run) ?? [];
  waiting.delete(run);
  let next: Standings = {
    ...state,
    waiting,
    runs: new Map(state.runs).set(run, state.runs.get(run) ?? status),
  };
  for (const { id, block } of blockRuns) {
    next = change(next, block, (before) => begun(before, run, id));
  }
  for (const one of earlier) next = heard(next, one);
  return next;
}

function begun(before: BlockState, run: number, id: number): BlockState {
  if (before.newest && before.newest.run > run) return before;
  if (before.newest?.run === run) {
    const output = before.output?.blockRun.run === run ? before.output : null;
    return {
      ...before,
      newest: { ...before.newest, id },
      ...(output ? { output: { ...output, blockRun: { ...output.blockRun, id } } } : {}),
    };
  }
  const newest: BlockRun = {
    id,
    run,
    status: 'initial',
    attempt: 0,
    startedAt: null,
    endedAt: null,
    failure: null,
    reason: null,
  };
  return { ...before, newest, logs: [], dropped: 0, tests: null };
}

/** A run of another pipeline: what is told of it is not kept. */
export function ignored(state: Standings, run: number): Standings {
  const waiting = new Map(state.waiting);
  waiting.delete(run);
  return { ...state, waiting, foreign: new Set(state.foreign).add(run) };
}

/** Runs of which something was told, and nobody knows yet whose they are. */
export function unknownRuns(state: Standings): number[] {
  return [...state.waiting.keys()];
}

/** The declared block that a block run such as `clean:3` belongs to. */
function declared(state: Standings, name: string): string {
  if (state.blocks.has(name)) return name;
  const at = name.lastIndexOf(':');
  const base = at > 0 ? name.slice(0, at) : name;
  return state.blocks.has(base) ? base : name;
}

function withLine(before: BlockState, line: LogLine): BlockState {
  const logs = [...before.logs, line];
  const over = logs.length - MOST_LINES;
  return over > 0
    ? { ...before, logs: logs.slice(over), dropped: before.dropped + over }
    : { ...before, logs };
}

/** What the server told of a run. */
export function heard(state: Standings, told: OfRun): Standings {
  if (state.foreign.has(told.run)) return state;
  if (!state.runs.has(told.run)) {
    const known = state.waiting.get(told.run) ?? [];
    if (known.length >= MOST_WAITING) return state;
    return { ...state, waiting: new Map(state.waiting).set(told.run, [...known, told]) };
  }
  switch (told.type) {
    case 'run':
      return { ...state, runs: new Map(state.runs).set(told.run, told.status) };
    case 'block':
      return change(state, told.block, (before) => {
        if (!isNewer(told.blockRun, before.newest)) return before;
        const same = before.newest?.run === told.run;
        const newest = { ...told.blockRun, id: same ? (before.newest?.id ?? null) : null };
        const fresh = same ? before : { ...before, logs: [], dropped: 0, tests: null };
        return newest.status === 'completed'
          ? { ...fresh, newest, output: { blockRun: newest, products: told.products }, stale: [] }
          : { ...fresh, newest };
      });
    case 'tests':
      return change(state, told.block, (before) =>
        before.newest?.run === told.run
          ? { ...before, tests: { passed: told.passed, total: told.total, results: told.results } }
          : before,
      );
    case 'log':
      if (told.block === null) return state;
      return change(state, declared(state, told.block), (before) =>
        before.newest?.run === told.run ? withLine(before, told.line) : before,
      );
  }
}

/** Runs of this pipeline that have not ended. */
export function openRuns(state: Standings): number[] {
  return [...state.runs]
    .filter(([, status]) => status === 'initial' || status === 'running')
    .map(([run]) => run);
}
