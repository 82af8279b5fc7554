import { expect, test } from 'vitest';

import type { Run } from '../../api/runs';
import { failedNow, perDay, sparkline, unlikeUsual, worstDay } from './home-model';

const start = Date.UTC(2026, 10, 21, 12);

const run = (id: number, pipeline: string, status: Run['status'], seconds: number): Run => ({
  id,
  pipeline_uuid: pipeline,
  status,
  execution_date: '2026-11-21 12:00:00',
  pipeline_schedule_id: null,
  pipeline_schedule_name: null,
  backfill_id: null,
  cause: 'hand',
  reason: null,
  passed_sla: false,
  executor_type: 'local_python',
  block_runs_count: 1,
  completed_block_runs_count: 0,
  failed_block_runs_count: 0,
  parent_run_id: null,
  retried_run_id: null,
  metrics: null,
  usage: null,
  usual: null,
  updated_at: '2026-11-21 00:00:00',
  created_at: new Date(start).toISOString(),
  started_at: new Date(start).toISOString(),
  completed_at: new Date(start + seconds * 1000).toISOString(),
});

test('a failure stays until the pipeline succeeds', () => {
  const runs = [run(5, 'b', 'completed', 1), run(4, 'a', 'running', 1), run(3, 'a', 'failed', 1), run(2, 'b', 'failed', 1)];
  expect(failedNow(runs).map((one) => one.id)).toEqual([3]);
});

test('days count what completed and what failed', () => {
  const days = perDay([run(1, 'a', 'completed', 1), run(2, 'a', 'failed', 1), run(3, 'a', 'failed', 1)], start + 3_600_000, 3, true);
  expect(days.map(({ good, failed }) => [good, failed])).toEqual([
    [0, 0],
    [0, 0],
    [1, 2],
  ]);
});

test('only what took longer than usual is named', () => {
  const slow = [run(4, 'slow', 'completed', 100), run(3, 'slow', 'completed', 10), run(2, 'slow', 'completed', 10), run(1, 'slow', 'completed', 10)];
  const same = slow.map((one) => ({ ...run(one.id, 'same', 'completed', 10) }));
  expect(unlikeUsual([...slow, ...same]).map(({ pipeline, text }) => [pipeline, text])).toEqual([['slow', '10 ×']]);
});

test('days of which some runs may be missing are not drawn', () => {
  const now = start + 3_600_000;
  const old = { ...run(1, 'a', 'completed', 1), started_at: new Date(start - 30 * 3_600_000).toISOString() };
  expect(perDay([run(2, 'a', 'completed', 1), old], now, 4, false).map(({ good }) => good)).toEqual([1]);
  expect(perDay([run(2, 'a', 'completed', 1), old], now, 4, true)).toHaveLength(4);
});

test('the worst day names the pipeline that failed most', () => {
  const runs = [run(1, 'a', 'failed', 1), run(2, 'b', 'failed', 1), run(3, 'b', 'failed', 1), run(4, 'c', 'completed', 1)];
  const found = worstDay(perDay(runs, start + 3_600_000, 3, true), runs);
  expect([found?.day.failed, found?.pipeline, found?.most]).toEqual([3, 'b', 2]);
  expect(worstDay(perDay([], start, 3, true), [])).toBeUndefined();
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
