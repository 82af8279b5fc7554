// Triggers: what starts the runs of a pipeline.
import { keepPreviousData, queryOptions, useMutation } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';
import type { Why } from './runs';

type Schemas = components['schemas'];
export type Forecast = Schemas['Forecast'];
export type TriggerCall = Schemas['TriggerCallRecord'];

export interface Trigger {
  id: number;
  name: string;
  pipeline_uuid: string;
  schedule_type: string;
  schedule_interval: string | null;
  start_time: string | null;
  status: 'active' | 'inactive';
  variables: Record<string, unknown>;
  sla: number | null;
  settings: Record<string, unknown>;
  token: string | null;
  description: string | null;
  event_matchers: Record<string, unknown>[];
  tags: string[];
  created_at: string;
  updated_at: string;
  last_pipeline_run_status: string | null;
  pipeline_runs_count: number;
  pipeline_in_progress_runs_count: number;
  next_pipeline_run_date: string | null;
}

export type ChangedTrigger = Partial<
  Pick<Trigger, 'name' | 'schedule_type' | 'schedule_interval' | 'start_time' | 'status' | 'variables' | 'sla' | 'settings' | 'description' | 'tags'>
> & { rotate_token?: true };

export const triggers = {
  all: ['triggers'] as const,
  list: (pipeline?: string) =>
    queryOptions({
      queryKey: ['triggers', 'list', pipeline ?? null],
      queryFn: async ({ signal }) => {
        const answer =
          pipeline === undefined
            ? await ask<{ pipeline_schedules: Trigger[] }>('GET', '/api/pipeline_schedules', { query: { _limit: 5000 }, signal })
            : await ask<{ pipeline_schedules: Trigger[] }>('GET', '/api/pipelines/{pipeline}/pipeline_schedules', {
                path: { pipeline },
                query: { _limit: 5000 },
                signal,
              });
        return answer.pipeline_schedules;
      },
    }),
  show: (id: number) =>
    queryOptions({
      queryKey: ['triggers', 'show', id],
      queryFn: async ({ signal }) =>
        (await ask<{ pipeline_schedule: Trigger }>('GET', '/api/pipeline_schedules/{id}', { path: { id }, signal })).pipeline_schedule,
    }),
  /** The next dates of a schedule that need not be stored. */
  preview: (pipeline: string, trigger: ChangedTrigger, count = 5) =>
    queryOptions({
      queryKey: ['triggers', 'preview', pipeline, trigger, count],
      queryFn: async ({ signal }) =>
        (
          await ask<{ preview: Schemas['ScheduleDates'] }>('POST', '/api/pipelines/{pipeline}/pipeline_schedules/preview', {
            path: { pipeline },
            query: { count },
            body: { pipeline_schedule: trigger },
            signal,
          })
        ).preview.dates,
      // The dates stand still while somebody types.
      placeholderData: keepPreviousData,
      retry: false,
    }),
  /** The runs that all schedules bring, and where they want more of a pool than it has. */
  forecast: (hours: number) =>
    queryOptions({
      queryKey: ['triggers', 'forecast', hours],
      queryFn: async ({ signal }) => (await ask<{ forecast: Forecast }>('GET', '/api/forecast', { query: { hours }, signal })).forecast,
      staleTime: 60_000,
    }),
  /** What callers asked of it, the newest first. */
  calls: (id: number, limit: number) =>
    queryOptions({
      queryKey: ['triggers', 'calls', id, limit],
      queryFn: async ({ signal }) => {
        const answer = await ask<{ calls: TriggerCall[]; metadata: { count: number } }>('GET', '/api/pipeline_schedules/{id}/calls', {
          path: { id },
          query: { _limit: limit },
          signal,
        });
        return { calls: answer.calls, total: answer.metadata.count };
      },
    }),
  why: (id: number) =>
    queryOptions({
      queryKey: ['triggers', 'why', id],
      queryFn: async ({ signal }) => (await ask<{ why: Why }>('GET', '/api/pipeline_schedules/{id}/why', { path: { id }, signal })).why,
    }),
};

const refresh = () =>
  Promise.all([queryClient.invalidateQueries({ queryKey: triggers.all }), queryClient.invalidateQueries({ queryKey: ['pipelines'] })]);

export function useCreateTrigger() {
  return useMutation({
    mutationFn: async ({ pipeline, trigger }: { pipeline: string; trigger: ChangedTrigger }) =>
      (
        await ask<{ pipeline_schedule: Trigger }>('POST', '/api/pipelines/{pipeline}/pipeline_schedules', {
          path: { pipeline },
          body: { pipeline_schedule: trigger },
        })
      ).pipeline_schedule,
    onSettled: refresh,
  });
}

export function useChangeTriggers() {
  return useMutation({
    mutationFn: async ({ ids, change }: { ids: readonly number[]; change: ChangedTrigger }) => {
      for (const id of ids) await ask('PUT', '/api/pipeline_schedules/{id}', { path: { id }, body: { pipeline_schedule: change } });
    },
    onSettled: refresh,
  });
}

export function useDeleteTriggers() {
  return useMutation({
    mutationFn: async (ids: readonly number[]) => {
      for (const id of ids) await ask('DELETE', '/api/pipeline_schedules/{id}', { path: { id } });
    },
    onSettled: refresh,
  });
}

/** Starts a run of a trigger now. */
export function useStartTrigger() {
  return useMutation({
    mutationFn: async ({ id, variables }: { id: number; variables?: Record<string, unknown> }) =>
      (
        await ask<{ pipeline_run: { id: number; pipeline_uuid: string } }>('POST', '/api/pipeline_schedules/{id}/pipeline_runs', {
          path: { id },
          body: variables === undefined ? {} : { pipeline_run: { variables } },
        })
      ).pipeline_run,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['runs'] }),
  });
}
