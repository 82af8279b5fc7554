// Runs and their blocks.
import { queryOptions, useMutation } from '@tanstack/react-query';

import { zone } from '../lib/format';
import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';

type Schemas = components['schemas'];

export type Run = Schemas['PipelineRun'];
export type RunDay = Schemas['RunDay'];
export type RunDetail = Schemas['PipelineRunDetail'];
export type BlockRun = Schemas['BlockRun'];
export type Attempt = Schemas['Attempt'];
export type BlockRunError = Schemas['BlockFailure'];
export type Comparison = Schemas['Comparison'];
export type ComparedBlock = Schemas['ComparedBlock'];
export type Spread = Schemas['Spread'];
export type Why = Schemas['Why'];

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
  /** How many runs each of the last days had, by the clocks here. */
  days: (days: number) =>
    queryOptions({
      // Not among what is asked for again with every change of a run: counting takes the server a look at each of them.
      queryKey: ['run-days', days],
      queryFn: async ({ signal }) => (await ask<{ days: RunDay[] }>('GET', '/api/pipeline_runs/days', { query: { days, zone }, signal })).days,
      refetchInterval: 15_000,
    }),
  /** What has not ended. */
  open: () => runs.list({ statuses: ['initial', 'running'], limit: 100 }),
  show: (id: number) =>
    queryOptions({
      queryKey: ['runs', 'show', id],
      queryFn: async ({ signal }) =>
        (await ask<{ pipeline_run: RunDetail }>('GET', '/api/pipeline_runs/{id}', { path: { id }, query: { block_runs: '0' }, signal })).pipeline_run,
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
  /** A run beside another one of its pipeline. */
  comparison: (id: number, other: number) =>
    queryOptions({
      queryKey: ['runs', 'comparison', id, other],
      queryFn: async ({ signal }) =>
        (
          await ask<{ comparison: Comparison }>('GET', '/api/pipeline_runs/{id}/comparisons/{with}', {
            path: { id, with: other },
            signal,
          })
        ).comparison,
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

/** Runs a whole pipeline now, with these variables. */
export function useRunPipeline() {
  return useMutation({
    mutationFn: async ({ uuid, variables }: { uuid: string; variables: Record<string, unknown> }) =>
      (await ask<{ run: { pipeline_run_id: number } }>('POST', '/api/runs', { body: { run: { pipeline_uuid: uuid, timeout: 0, variables } } })).run
        .pipeline_run_id,
    onSettled: refresh,
  });
}
