// What Home shows of runs and triggers: what failed and is not mended, what comes, how the days went, what was unlike usual.
import type { Pipeline } from '../../api/pipelines';
import type { Run } from '../../api/runs';
import type { Trigger } from '../../api/triggers';
import { againstUsual, byPipeline, historyOf, SLOW, tookOf } from '../../core/history';
import { parseTime } from '../../lib/format';

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
  pipeline: string;
  trigger: string;
  at: number;
  /** The usual duration, in milliseconds. */
  takes: number;
  line: number;
}

/** The next run of each trigger within the time, packed into lines so that names do not cover each other. */
export function coming(triggers: readonly Trigger[], runs: readonly Run[], now: number, hours: number): Coming[] {
  const past = byPipeline(runs);
  const found = triggers
    .flatMap((trigger) => {
      const { next_pipeline_run_date: date } = trigger;
      if (trigger.status !== 'active' || date === null) return [];
      const at = parseTime(date);
      if (at > now + hours * HOUR) return [];
      const takes = historyOf(past.get(trigger.pipeline_uuid) ?? []).usual ?? 0;
      return [{ pipeline: trigger.pipeline_uuid, trigger: trigger.name, at: Math.max(at, now), takes, line: 0 }];
    })
    .sort((a, b) => a.at - b.at);
  const ends: number[] = [];
  for (const one of found) {
    // Room for a name: a letter is about 7 of 1,000 px of the axis.
    const room = Math.max(one.takes, 0) + ((one.pipeline.length * 7 + 24) / 1000) * hours * HOUR;
    const free = ends.findIndex((end) => end <= one.at);
    one.line = free < 0 ? ends.length : free;
    ends[one.line] = one.at + room;
  }
  return found;
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
