// What Home shows of the runs that were: what failed and is not mended, how the days went, what was unlike usual.
import type { Pipeline } from '../../api/pipelines';
import type { Run } from '../../api/runs';
import { againstUsual, byPipeline, historyOf, offUsual, tookOf } from '../../core/history';
import { parseTime } from '../../lib/format';

/** The newest run of each pipeline whose newest ended run failed. */
export function failedNow(runs: readonly Run[]): Run[] {
  return [...byPipeline(runs).values()].flatMap((list) => {
    const last = list.find((run) => run.status === 'failed' || run.status === 'completed');
    return last?.status === 'failed' ? [last] : [];
  });
}

export interface DayCount {
  at: number;
  good: number;
  failed: number;
  cancelled: number;
}

/**
 * How many runs completed, failed and were cancelled on each of the last days, the oldest first. Where not `all` runs are among
 * those that are given, the days of which some may be missing are left out.
 */
export function perDay(runs: readonly Run[], now: number, days: number, all: boolean): DayCount[] {
  const today = new Date(now);
  const counts = Array.from({ length: days }, (_, index): DayCount => {
    const at = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - index)).getTime();
    return { at, good: 0, failed: 0, cancelled: 0 };
  });
  let first = Infinity;
  for (const run of runs) {
    const at = parseTime(run.started_at ?? run.created_at);
    first = Math.min(first, at);
    const day = counts.findLast((one) => one.at <= at);
    if (day === undefined) continue;
    if (run.status === 'completed') day.good += 1;
    if (run.status === 'failed') day.failed += 1;
    if (run.status === 'cancelled') day.cancelled += 1;
  }
  return all ? counts : counts.filter((day, index) => day.at >= first || index === days - 1);
}

/** The day on which most failed, with the pipeline that failed most on it; undefined when none did. */
export function worstDay(days: readonly DayCount[], runs: readonly Run[]): { day: DayCount; pipeline: string; most: number } | undefined {
  const day = days.reduce<DayCount | undefined>((found, one) => (one.failed > (found?.failed ?? 0) ? one : found), undefined);
  if (day === undefined) return undefined;
  const next = days[days.indexOf(day) + 1]?.at ?? Infinity;
  const counts = new Map<string, number>();
  for (const run of runs) {
    const at = parseTime(run.started_at ?? run.created_at);
    if (run.status === 'failed' && at >= day.at && at < next) counts.set(run.pipeline_uuid, (counts.get(run.pipeline_uuid) ?? 0) + 1);
  }
  const [pipeline, most] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? ['', 0];
  return { day, pipeline, most };
}

/** So many good runs are drawn. */
const DRAWN = 30;

export interface Odd {
  pipeline: Pipeline['uuid'];
  run: Run;
  took: number;
  usual: number;
  /** How far off the usual time; empty inside what is usual. */
  text: string;
  /** Of the last good runs, the newest last, in milliseconds. */
  past: number[];
  rows: number | undefined;
  /** How far off the usual number of rows; empty inside what is usual. */
  rowsText: string;
}

/** Pipelines whose last good run took longer, or made more or fewer rows, than is usual; the worst first. */
export function unlikeUsual(runs: readonly Run[]): Odd[] {
  return [...byPipeline(runs)]
    .flatMap(([pipeline, list]): (Odd & { off: number })[] => {
      const good = list.filter((one) => one.status === 'completed');
      const [run] = good;
      const took = run === undefined ? undefined : tookOf(run);
      const { usual } = historyOf(list);
      if (run === undefined || took === undefined || usual === undefined || usual === 0) return [];
      const rows = run.usage?.rows ?? undefined;
      const usualRows = run.usual?.rows ?? undefined;
      const ofRows = rows === undefined ? undefined : offUsual(rows, usualRows);
      const against = againstUsual(took, usual);
      if (!against.slow && ofRows?.isOdd !== true) return [];
      const more = rows === undefined || usualRows === undefined || ofRows?.isOdd !== true ? 1 : (rows + 1) / (usualRows.median + 1);
      return [
        {
          pipeline,
          run,
          took,
          usual,
          text: against.text,
          past: good.slice(0, DRAWN).flatMap((one) => tookOf(one) ?? []).reverse(),
          rows,
          rowsText: ofRows?.isOdd === true ? ofRows.against : '',
          off: Math.max(against.slow ? took / usual : 1, more, 1 / more),
        },
      ];
    })
    .sort((a, b) => b.off - a.off);
}

/** The points of a line through values, in a box of `wide` by `high`; twice the usual is its top. */
export function sparkline(values: readonly number[], usual: number, wide: number, high: number): [number, number][] {
  const step = values.length < 2 ? 0 : wide / (values.length - 1);
  return values.map((value, index) => [index * step, high * (1 - Math.min(1, value / (2 * usual)))]);
}
