// What the past runs of a pipeline say: what is usual, and what was not.
import type { Run, Spread } from '../api/runs';
import { parseTime } from '../lib/format';
import { toneOf, type Tone } from '../lib/status';

/** Over this many times the usual duration a run is slow. */
const SLOW = 1.3;

/** Fewer milliseconds than this are no delay: what takes milliseconds takes ten times as long whenever the machine is busy. */
const LEAST_DELAY = 1_000;

/** So many good runs say what is usual. */
const COUNTED = 30;

export interface Past {
  id: number;
  tone: Tone;
  /** When it started, or when it was made when it has not. */
  at: number;
  /** Undefined when it never started or is under way. */
  took: number | undefined;
}

export interface History {
  /** The newest last. */
  past: Past[];
  /** The median of the last good runs; undefined before there were three. */
  usual: number | undefined;
}

/** How long a run took; a running one until now. */
export function tookOf(run: Pick<Run, 'started_at' | 'completed_at'>, now?: number): number | undefined {
  if (run.started_at === null) return undefined;
  const end = run.completed_at === null ? now : parseTime(run.completed_at);
  return end === undefined ? undefined : Math.max(0, end - parseTime(run.started_at));
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  const low = sorted[middle - 1];
  if (high === undefined) return undefined;
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
}

/** Of one pipeline; `runs` with the newest first, as the server lists them. */
export function historyOf(runs: readonly Run[]): History {
  const past = runs.map((run): Past => ({
    id: run.id,
    tone: toneOf(run.status),
    at: parseTime(run.started_at ?? run.created_at),
    took: tookOf(run),
  }));
  const good = past.flatMap((run) => (run.tone === 'success' && run.took !== undefined ? [run.took] : [])).slice(0, COUNTED);
  return { past: past.reverse(), usual: good.length < 3 ? undefined : median(good) };
}

/** Runs by pipeline, in the order they came. */
export function byPipeline(runs: readonly Run[]): Map<string, Run[]> {
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const list = found.get(run.pipeline_uuid);
    if (list === undefined) found.set(run.pipeline_uuid, [run]);
    else list.push(run);
  }
  return found;
}

export interface AgainstUsual {
  /** Nothing is said inside the usual zone. */
  text: string;
  slow: boolean;
  /** Of the track, which ends at twice the usual; may be over 1. */
  share: number;
}

export function againstUsual(took: number, usual: number): AgainstUsual {
  const ratio = usual === 0 ? 1 : took / usual;
  const change = Math.round((ratio - 1) * 100);
  const slow = ratio > SLOW && took - usual >= LEAST_DELAY;
  const text = !slow ? '' : ratio >= 3 ? `${Math.round(ratio)} ×` : `+${change} %`;
  return { text, slow, share: ratio / 2 };
}

/** Fewer say nothing about what is usual. */
const ENOUGH = 3;

/** How far a value is off what is usual, in words; nothing is said inside the usual zone. */
export function offUsual(value: number, spread: Spread | null | undefined): { against: string; isOdd: boolean } {
  if (spread === null || spread === undefined || spread.count < ENOUGH || spread.median === 0) return { against: '', isOdd: false };
  const ratio = value / spread.median;
  if (value <= spread.high && value >= spread.low) return { against: '', isOdd: false };
  return { against: change(value, spread.median), isOdd: ratio > SLOW || ratio < 1 / SLOW };
}

/** `+47 %`, `−3 %`, `35 ×`, or `same`. */
export function change(value: number, from: number): string {
  if (value === from) return 'same';
  if (from === 0) return '';
  const ratio = value / from;
  if (ratio >= 3) return `${Math.round(ratio)} ×`;
  const points = Math.round((ratio - 1) * 100);
  return points === 0 ? 'about the same' : `${points > 0 ? '+' : '−'}${Math.abs(points)} %`;
}
