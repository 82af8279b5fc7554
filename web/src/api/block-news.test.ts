import { expect, test } from 'vitest';

import { type BlockNews, withNews } from './block-news';
import type { BlockRun } from './runs';

const known = (block_uuid: string, attempt: number): BlockRun => ({
  id: 1,
  block_uuid,
  pipeline_run_id: 7,
  pipeline_schedule_id: null,
  pipeline_schedule_name: null,
  status: 'running',
  attempt,
  reason: null,
  usage: null,
  usual: null,
  metrics: null,
  callback_error: null,
  tests: [],
  attempts: [],
  created_at: '2026-11-20T06:30:00Z',
  started_at: '2026-11-20T06:30:00Z',
  completed_at: null,
  updated_at: null,
  retry_at: null,
});

const news = (block_uuid: string, attempt: number): BlockNews => ({
  pipeline_run_id: 7,
  block_uuid,
  status: 'completed',
  attempt,
  started_at: '2026-11-20T06:30:01Z',
  completed_at: '2026-11-20T06:30:02Z',
  error: null,
  reason: null,
});

test('news change the block they are about, and nothing else', () => {
  const [load, clean] = [known('load', 1), known('clean', 1)];
  const after = withNews([load, clean], new Map([['clean', news('clean', 1)]]));
  expect(after[0]).toBe(load);
  expect(after[1]).toEqual({ ...clean, status: 'completed', started_at: '2026-11-20T06:30:01Z', completed_at: '2026-11-20T06:30:02Z' });
});

test('news of an earlier attempt come too late', () => {
  const load = known('load', 2);
  expect(withNews([load], new Map([['load', news('load', 1)]]))).toEqual([load]);
});
