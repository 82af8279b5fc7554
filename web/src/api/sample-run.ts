/** A run as the server tells of it, for tests. */

import type { Run } from './runs';

/** A run that waits to start; what a test is about is given. */
export const sampleRun = (given: Partial<Run>): Run => ({
  id: 1,
  pipeline_uuid: 'p',
  pipeline_type: 'python',
  pipeline_tags: [],
  repo_path: '/p',
  status: 'initial',
  execution_date: '2026-11-21 00:00:00',
  pipeline_schedule_id: null,
  pipeline_schedule_name: null,
  pipeline_schedule_type: null,
  pipeline_schedule_token: null,
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
  created_at: '2026-11-21 00:00:00',
  started_at: null,
  completed_at: null,
  ...given,
});
