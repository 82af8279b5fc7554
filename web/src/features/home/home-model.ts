// What Home shows of runs and what schedules bring: what failed and is not mended, what comes, how the days went, what was unlike usual.
import type { Collision, PlannedRun } from '../../api/forecast';
import type { Pipeline } from '../../api/pipelines';
import type { Run } from '../../api/runs';
import { againstUsual, byPipeline, historyOf, SLOW, tookOf } from '../../core/history';
import { count, parseTime } from '../../lib/format';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The newest run of each pipeline whose newest ended run failed. */
export function failedNow(runs: readonly Run[]): Run[] {
  return [...byPipeline(runs).values()].flatMap((list) => {
    const last = list.find((run) => run.status === 'failed' || run.status === 'completed');
    return last?.status === 'failed' ? [last] : [];
  });
}

export interface Coming {
  key: string;
  pipeline: string;
  trigger: number;
  at: number;
  /** How long it usually takes, in milliseconds; 0 where nothing is known of that. */
  takes: number;
  line: number;
}

/** Triggers that start a run every hour or oftener: those would cover all others. */
export function frequent(planned: readonly PlannedRun[], hours: number): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const { pipeline_schedule_id: id } of planned) counts.set(id, (counts.get(id) ?? 0) + 1);
  return new Set([...counts].flatMap(([id, many]) => (many >= hours ? [id] : [])));
}

/** The planned runs, packed into lines so that names do not cover each other. */
export function coming(planned: readonly PlannedRun[], hidden: ReadonlySet<number>, now: number, hours: number): Coming[] {
  const found = planned
    .filter((run) => !hidden.has(run.pipeline_schedule_id))
    .map((run): Coming => {
      const at = Math.max(parseTime(run.starts_at), now);
      return {
        key: `${run.pipeline_schedule_id} ${run.starts_at}`,
        pipeline: run.pipeline_uuid,
        trigger: run.pipeline_schedule_id,
        at,
        takes: Math.max(0, parseTime(run.ends_at) - at),
        line: 0,
      };
    })
    .filter((run) => run.at <= now + hours * HOUR)
    .sort((a, b) => a.at - b.at);
  const ends: number[] = [];
  for (const one of found) {
    // Room for a name: a letter is about 7 of 1,000 px of the axis.
    const room = one.takes + ((one.pipeline.length * 7 + 24) / 1000) * hours * HOUR;
    const free = ends.findIndex((end) => end <= one.at);
    one.line = free < 0 ? ends.length : free;
    ends[one.line] = one.at + room;
  }
  return found;
}

/** `5 wanted of 4`, with the pool. */
export function collisionInWords({ pool, wanted, slots }: Pick<Collision, 'pool' | 'wanted' | 'slots'>): string {
  return `${count(wanted)} ${wanted === 1 ? 'place' : 'places'} wanted of ${count(slots)} in the pool ${pool}`;
}

export interface DayCount {
  at: number;
  good: number;
  failed: number;
}

/** How many runs completed and failed on each of the last days, the oldest first. */
export function perDay(runs: readonly Run[], now: number, days: number): DayCount[] {
  const today = new Date(now);
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime();
  const counts = Array.from({ length: days }, (_, index): DayCount => ({ at: midnight - (days - 1 - index) * DAY, good: 0, failed: 0 }));
  for (const run of runs) {
    const at = parseTime(run.started_at ?? run.created_at);
    const day = counts.findLast((one) => one.at <= at);
    if (day === undefined) continue;
    if (run.status === 'completed') day.good += 1;
    if (run.status === 'failed') day.failed += 1;
  }
  return counts;
}

export interface Odd {
  pipeline: Pipeline['uuid'];
  run: Run;
  took: number;
  usual: number;
  text: string;
}

/** Pipelines whose last good run took longer than usual, the worst first. */
export function unlikeUsual(runs: readonly Run[]): Odd[] {
  return [...byPipeline(runs)]
    .flatMap(([pipeline, list]) => {
      const run = list.find((one) => one.status === 'completed');
      const took = run === undefined ? undefined : tookOf(run);
      const { usual } = historyOf(list);
      if (run === undefined || took === undefined || usual === undefined || usual === 0 || took / usual <= SLOW) return [];
      return [{ pipeline, run, took, usual, text: againstUsual(took, usual).text }];
    })
    .sort((a, b) => b.took / b.usual - a.took / a.usual);
}
