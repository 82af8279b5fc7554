import { expect, test } from 'vitest';

import type { Run } from '../../api/runs';
import type { Trigger } from '../../api/triggers';
import { coming, failedNow, perDay, unlikeUsual } from './home-model';

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

const trigger = (pipeline: string, hours: number | null): Trigger => ({
  id: 1,
  name: 't',
  pipeline_uuid: pipeline,
  schedule_type: 'time',
  schedule_interval: '@daily',
  start_time: null,
  status: 'active',
  variables: {},
  sla: null,
  settings: {},
  token: null,
  description: null,
  event_matchers: [],
  tags: [],
  created_at: '2026-11-01 00:00:00',
  updated_at: '2026-11-01 00:00:00',
  last_pipeline_run_status: null,
  pipeline_runs_count: 0,
  pipeline_in_progress_runs_count: 0,
  next_pipeline_run_date: hours === null ? null : new Date(start + hours * 3_600_000).toISOString(),
});

test('a failure stays until the pipeline succeeds', () => {
  const runs = [run(5, 'b', 'completed', 1), run(4, 'a', 'running', 1), run(3, 'a', 'failed', 1), run(2, 'b', 'failed', 1)];
  expect(failedNow(runs).map((one) => one.id)).toEqual([3]);
});

test('runs that come close together stand in lines of their own', () => {
  const found = coming([trigger('late', 30), trigger('b', 1), trigger('a', 1), trigger('none', null), trigger('c', 20)], [], start, 24);
  expect(found.map(({ pipeline, line }) => [pipeline, line])).toEqual([
    ['b', 0],
    ['a', 1],
    ['c', 0],
  ]);
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
