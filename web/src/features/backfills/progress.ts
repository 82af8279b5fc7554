// Where a backfill stands: the newest run of each of its dates counts.
import type { Backfill, BackfillStatus } from '../../api/backfills';
import type { Run } from '../../api/runs';
import { parseTime } from '../../lib/format';
import { type Tone, toneOf } from '../../lib/status';

export type State = 'completed' | 'failed' | 'running' | 'queued' | 'cancelled' | 'missing';

export const stateWords: Record<State, string> = {
  completed: 'Completed',
  failed: 'Failed',
  running: 'Running',
  queued: 'Queued',
  cancelled: 'Cancelled',
  missing: 'No run yet',
};

export const stateTones: Record<State, Tone> = {
  completed: 'success',
  failed: 'failed',
  running: 'running',
  queued: 'queued',
  cancelled: 'cancelled',
  missing: 'not-run',
};

export const states = ['completed', 'failed', 'running', 'queued', 'cancelled', 'missing'] as const satisfies readonly State[];

export interface DateLine {
  /** As the server writes it. */
  date: string;
  /** What its run gets. */
  variables: Record<string, unknown>;
  run: Run | undefined;
  state: State;
}

function stateOf(run: Run | undefined): State {
  if (run === undefined) return 'missing';
  const tone = toneOf(run.status);
  if (tone === 'success') return 'completed';
  return tone === 'failed' || tone === 'running' || tone === 'cancelled' ? tone : 'queued';
}

/** The newest run of each date. */
function newest(runs: readonly Run[]): Map<number, Run> {
  const found = new Map<number, Run>();
  for (const run of runs) {
    const at = parseTime(run.execution_date);
    const known = found.get(at);
    if (known === undefined || known.id < run.id) found.set(at, run);
  }
  return found;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** One line for each date that the server lists. */
export function linesOf(dates: readonly Record<string, unknown>[], runs: readonly Run[]): DateLine[] {
  const known = newest(runs);
  return dates.map((variables) => {
    const date = text(variables.execution_date);
    const run = known.get(parseTime(date));
    return { date, variables, run, state: stateOf(run) };
  });
}

export type Counts = Record<State, number>;

/** How many dates stand where, also of dates that are too many to be listed. */
export function countsOf(dates: number, runs: readonly Run[]): Counts {
  const counts: Counts = { completed: 0, failed: 0, running: 0, queued: 0, cancelled: 0, missing: 0 };
  const known = newest(runs);
  for (const run of known.values()) counts[stateOf(run)] += 1;
  // After a change of its window there are runs of dates that it has no more.
  counts.missing = Math.max(0, dates - known.size);
  return counts;
}

export function isOpen(status: BackfillStatus | null): boolean {
  return status === 'initial' || status === 'running' || status === 'paused' || status === 'cancelling';
}

/** The state of a whole backfill, as an icon and a word. */
export function standing({ status }: Pick<Backfill, 'status'>): { tone: Tone; word: string } {
  switch (status) {
    case null:
      return { tone: 'never-run', word: 'Not started' };
    case 'initial':
      return { tone: 'queued', word: 'Starting' };
    case 'running':
      return { tone: 'running', word: 'Running' };
    case 'paused':
      return { tone: 'queued', word: 'Paused' };
    case 'completed':
      return { tone: 'success', word: 'Completed' };
    case 'failed':
      return { tone: 'failed', word: 'Failed' };
    case 'cancelling':
      return { tone: 'running', word: 'Cancelling' };
    case 'cancelled':
      return { tone: 'cancelled', word: 'Cancelled' };
  }
}

/** Milliseconds that the rest takes when so many run at a time; undefined when that cannot be said. */
export function leftOf(counts: Counts, usual: number | undefined, limit: number): number | undefined {
  const rest = counts.running + counts.queued;
  if (usual === undefined || !(limit > 0) || rest === 0) return undefined;
  return Math.ceil(rest / limit) * usual;
}
