// What Home shows of the runs that were: what failed and is not mended, how the days went, what was unlike usual.
import type { Pipeline } from '../../api/pipelines';
import type { Run, RunDay } from '../../api/runs';
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
  /** The pipeline that failed most, and how often. */
  most: { pipeline: string; failed: number } | null;
}

/** How many runs completed, failed and were cancelled on each day, as the server has counted them. */
export function dayCounts(days: readonly RunDay[]): DayCount[] {
  return days.map(({ from, counts, most_failed: most }) => ({
    at: parseTime(from),
    good: counts.completed,
    failed: counts.failed,
    cancelled: counts.cancelled,
    most: most === null ? null : { pipeline: most.pipeline_uuid, failed: most.failed },
  }));
}

/** The day on which most failed; undefined when none did. */
export function worstDay(days: readonly DayCount[]): DayCount | undefined {
  return days.reduce<DayCount | undefined>((found, one) => (one.failed > (found?.failed ?? 0) ? one : found), undefined);
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
