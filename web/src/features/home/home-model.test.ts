import { expect, test } from 'vitest';

import type { PlannedRun } from '../../api/forecast';
import type { Run } from '../../api/runs';
import { collisionInWords, coming, failedNow, frequent, perDay, unlikeUsual } from './home-model';

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

const planned = (id: number, pipeline: string, hours: number, minutes = 0): PlannedRun => ({
  pipeline_schedule_id: id,
  pipeline_uuid: pipeline,
  execution_date: new Date(start).toISOString(),
  starts_at: new Date(start + hours * 3_600_000).toISOString(),
  ends_at: new Date(start + hours * 3_600_000 + minutes * 60_000).toISOString(),
});

test('a failure stays until the pipeline succeeds', () => {
  const runs = [run(5, 'b', 'completed', 1), run(4, 'a', 'running', 1), run(3, 'a', 'failed', 1), run(2, 'b', 'failed', 1)];
  expect(failedNow(runs).map((one) => one.id)).toEqual([3]);
});

test('runs that come close together stand in lines of their own', () => {
  const runs = [planned(1, 'late', 30), planned(2, 'b', 1, 5), planned(3, 'a', 1), planned(4, 'c', 20)];
  const found = coming(runs, new Set(), start, 24);
  expect(found.map(({ pipeline, line, takes }) => [pipeline, line, takes])).toEqual([
    ['b', 0, 300_000],
    ['a', 1, 0],
    ['c', 0, 0],
  ]);
});

test('what runs hourly or oftener can be left out', () => {
  const runs = [planned(2, 'daily', 1), ...Array.from({ length: 24 }, (_, hour) => planned(1, 'hourly', hour))];
  const often = frequent(runs, 24);
  expect([...often]).toEqual([1]);
  expect(coming(runs, often, start, 24).map(({ pipeline }) => pipeline)).toEqual(['daily']);
});

test('a collision names its pool and both numbers', () => {
  expect(collisionInWords({ pool: 'warehouse', wanted: 5, slots: 4 })).toBe('5 places wanted of 4 in the pool warehouse');
});

test('days count what completed and what failed', () => {
  const days = perDay([run(1, 'a', 'completed', 1), run(2, 'a', 'failed', 1), run(3, 'a', 'failed', 1)], start + 3_600_000, 3);
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
