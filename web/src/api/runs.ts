// Runs and their blocks.
import { queryOptions, useMutation } from '@tanstack/react-query';

import { ask } from './client';
import { queryClient } from './query-client';

export interface Run {
  id: number;
  pipeline_uuid: string;
  status: string;
  execution_date: string;
  pipeline_schedule_id: number | null;
  pipeline_schedule_name: string | null;
  backfill_id: number | null;
  cause: string;
  reason: string | null;
  passed_sla: boolean | null;
  block_runs_count: number;
  completed_block_runs_count: number;
  failed_block_runs_count: number;
  parent_run_id: number | null;
  retried_run_id: number | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
}

export interface RunDetail extends Run {
  variables: Record<string, unknown>;
  event_variables: Record<string, unknown>;
}

export interface Frame {
  path?: string;
  file?: string;
  line?: number;
  function?: string;
  text?: string;
  code?: string;
}

export interface BlockRunError {
  error: string;
  message: string;
  exception: string | null;
  errors: Frame[] | null;
  hint: string | null;
}

export interface BlockRun {
  id: number;
  block_uuid: string;
  pipeline_run_id: number;
  status: string;
  attempt: number;
  reason: string | null;
  metrics: { error?: BlockRunError } | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
}

export interface Why {
  headline: string;
  details: string[];
}

export interface RunFilter {
  pipeline?: string | undefined;
  statuses?: readonly string[];
  trigger?: number;
  backfill?: number;
  offset?: number;
  limit?: number;
}

export interface RunPage {
  runs: Run[];
  total: number;
}

export const runs = {
  all: ['runs'] as const,
  list: (filter: RunFilter) =>
    queryOptions({
      queryKey: ['runs', 'list', filter],
      queryFn: async ({ signal }): Promise<RunPage> => {
        const answer = await ask<{ pipeline_runs: Run[]; metadata: { count: number } }>('GET', '/api/pipeline_runs', {
          query: {
            pipeline_uuid: filter.pipeline,
            'status[]': filter.statuses,
            pipeline_schedule_id: filter.trigger,
            backfill_id: filter.backfill,
            _offset: filter.offset,
            _limit: filter.limit ?? 100,
          },
          signal,
        });
        return { runs: answer.pipeline_runs, total: answer.metadata.count };
      },
    }),
  /** What has not ended. */
  open: () => runs.list({ statuses: ['initial', 'running'], limit: 100 }),
  show: (id: number) =>
    queryOptions({
      queryKey: ['runs', 'show', id],
      queryFn: async ({ signal }) =>
        (await ask<{ pipeline_run: RunDetail }>('GET', '/api/pipeline_runs/{id}', { path: { id }, signal })).pipeline_run,
    }),
  blocks: (id: number) =>
    queryOptions({
      queryKey: ['runs', 'blocks', id],
      queryFn: async ({ signal }) =>
        (await ask<{ block_runs: BlockRun[] }>('GET', '/api/pipeline_runs/{id}/block_runs', { path: { id }, signal })).block_runs,
    }),
  why: (id: number) =>
    queryOptions({
      queryKey: ['runs', 'why', id],
      queryFn: async ({ signal }) => (await ask<{ why: Why }>('GET', '/api/pipeline_runs/{id}/why', { path: { id }, signal })).why,
    }),
};

const refresh = () => queryClient.invalidateQueries({ queryKey: runs.all });

export function useCancelRuns() {
  return useMutation({
    mutationFn: (ids: readonly number[]) =>
      Promise.all(
        ids.map((id) => ask('PUT', '/api/pipeline_runs/{id}', { path: { id }, body: { pipeline_run: { status: 'cancelled' } } })),
      ),
    onSettled: refresh,
  });
}

export function useRetryRuns() {
  return useMutation({
    mutationFn: ({ ids, from }: { ids: readonly number[]; from?: string }) =>
      Promise.all(
        ids.map((id) =>
          ask('PUT', '/api/pipeline_runs/{id}', {
            path: { id },
            body: { pipeline_run: { pipeline_run_action: 'retry_blocks', ...(from === undefined ? {} : { from_block_uuid: from }) } },
          }),
        ),
      ),
    onSettled: refresh,
  });
}

export function useDeleteRuns() {
  return useMutation({
    mutationFn: (ids: readonly number[]) =>
      Promise.all(ids.map((id) => ask('DELETE', '/api/pipeline_runs/{id}', { path: { id } }))),
    onSettled: refresh,
  });
}

/** Runs whole pipelines now, as they are. */
export function useRunPipelines() {
  return useMutation({
    mutationFn: (uuids: readonly string[]) =>
      Promise.all(
        uuids.map(
          async (uuid) =>
            (await ask<{ run: { pipeline_run_id: number } }>('POST', '/api/runs', { body: { run: { pipeline_uuid: uuid, timeout: 0 } } })).run
              .pipeline_run_id,
        ),
      ),
    onSettled: refresh,
  });
}
