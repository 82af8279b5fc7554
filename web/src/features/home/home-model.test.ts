import { expect, test } from 'vitest';

import type { Run, RunDay } from '../../api/runs';
import { sampleRun } from '../../api/sample-run';
import { dayCounts, failedNow, sparkline, unlikeUsual, worstDay } from './home-model';

const start = Date.UTC(2026, 10, 21, 12);

const run = (id: number, pipeline: string, status: Run['status'], seconds: number): Run =>
  sampleRun({
    id,
    pipeline_uuid: pipeline,
    status,
    created_at: new Date(start).toISOString(),
    started_at: new Date(start).toISOString(),
    completed_at: new Date(start + seconds * 1000).toISOString(),
  });

test('a failure stays until the pipeline succeeds', () => {
  const runs = [run(5, 'b', 'completed', 1), run(4, 'a', 'running', 1), run(3, 'a', 'failed', 1), run(2, 'b', 'failed', 1)];
  expect(failedNow(runs).map((one) => one.id)).toEqual([3]);
});

const dayOf = (date: string, counts: Partial<RunDay['counts']>, most: RunDay['most_failed'] = null): RunDay => ({
  date,
  from: `${date} 00:00:00`,
  to: `${date} 24:00:00`,
  counts: { initial: 0, running: 0, completed: 0, failed: 0, cancelled: 0, ...counts },
  most_failed: most,
});

test('days are those that the server has counted, and the worst names the pipeline that failed most', () => {
  const days = dayCounts([
    dayOf('2026-11-20', { completed: 4, running: 1 }),
    dayOf('2026-11-21', { completed: 1, failed: 3 }, { pipeline_uuid: 'b', failed: 2 }),
    dayOf('2026-11-22', { failed: 3, cancelled: 1 }, { pipeline_uuid: 'c', failed: 3 }),
  ]);
  expect(days.map(({ good, failed, cancelled }) => [good, failed, cancelled])).toEqual([
    [4, 0, 0],
    [1, 3, 0],
    [0, 3, 1],
  ]);
  expect(days[0]?.at).toBe(Date.UTC(2026, 10, 20));
  expect(worstDay(days)).toMatchObject({ failed: 3, most: { pipeline: 'b', failed: 2 } });
  expect(worstDay(days.slice(0, 1))).toBeUndefined();
});

test('only what took longer than usual is named', () => {
  const slow = [run(4, 'slow', 'completed', 100), run(3, 'slow', 'completed', 10), run(2, 'slow', 'completed', 10), run(1, 'slow', 'completed', 10)];
  const same = slow.map((one) => ({ ...run(one.id, 'same', 'completed', 10) }));
  expect(unlikeUsual([...slow, ...same]).map(({ pipeline, text }) => [pipeline, text])).toEqual([['slow', '10 ×']]);
});

test('a pipeline that made far fewer rows than usual is named, though it took as long', () => {
  const spread = { median: 1000, low: 990, high: 1010, count: 5 };
  const list = [4, 3, 2, 1].map((id) => ({
    ...run(id, 'a', 'completed', 10),
    usage: { rows: id === 4 ? 400 : 1000 },
    usual: { seconds: null, memory: null, rows: spread },
  }));
  expect(unlikeUsual(list).map(({ text, rowsText, past }) => [text, rowsText, past.length])).toEqual([['', '−60 %', 4]]);
});

test('twice the usual is the top of a sparkline, and nothing leaves it', () => {
  expect(sparkline([10, 20, 50], 10, 100, 20)).toEqual([
    [0, 10],
    [50, 0],
    [100, 0],
  ]);
  expect(sparkline([10], 10, 100, 20)).toEqual([[0, 10]]);
});
