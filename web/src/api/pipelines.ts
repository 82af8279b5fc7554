// Pipelines: what there is, and making, changing, deleting one.
import { queryOptions, useMutation } from '@tanstack/react-query';

import { ask } from './client';
import { queryClient } from './query-client';

export interface BlockSummary {
  uuid: string;
  name: string;
  type: string;
  language: string;
  color: string | null;
  priority: number | null;
  upstream_blocks: string[];
  downstream_blocks: string[];
  callback_blocks: string[];
  conditional_blocks: string[];
  configuration: Record<string, unknown> | null;
  timeout: number | null;
  retry_config: Record<string, unknown> | null;
  /** With `includes_content`. */
  content?: string;
  file?: string;
  revision?: string;
}

export interface ScheduleSummary {
  id: number;
  name: string;
  schedule_type: string;
  schedule_interval: string | null;
  status: 'active' | 'inactive';
}

export interface Problem {
  message: string;
  severity: string;
  file?: string;
  line?: number;
  column?: number;
}

export interface Pipeline {
  uuid: string;
  name: string;
  description: string | null;
  type: string;
  tags: string[];
  blocks: BlockSummary[];
  callbacks: BlockSummary[];
  conditionals: BlockSummary[];
  widgets: BlockSummary[];
  variables: Record<string, unknown> | null;
  settings: Record<string, unknown>;
  created_at: string | null;
  updated_at: string;
  revision: string;
  problems: Problem[];
  schedules?: ScheduleSummary[];
}

export interface Consequences {
  triggers: number | unknown[];
  pipeline_runs: number;
  open_pipeline_runs: number;
  global_data_products: string[];
}

/** How a new pipeline begins. */
export interface NewPipeline {
  name: string;
  type?: string;
  clone_pipeline_uuid?: string;
  custom_template_uuid?: string;
}

export interface ChangedPipeline {
  name?: string;
  description?: string | null;
  tags?: string[];
  status?: 'active' | 'inactive';
}

export const pipelines = {
  all: ['pipelines'] as const,
  list: () =>
    queryOptions({
      queryKey: ['pipelines', 'list'],
      queryFn: async ({ signal }) =>
        (
          await ask<{ pipelines: Pipeline[] }>('GET', '/api/pipelines', {
            query: { include_schedules: 1, _limit: 5000 },
            signal,
          })
        ).pipelines,
    }),
  show: (uuid: string) =>
    queryOptions({
      queryKey: ['pipelines', 'show', uuid],
      queryFn: async ({ signal }) =>
        (await ask<{ pipeline: Pipeline }>('GET', '/api/pipelines/{pipeline}', { path: { pipeline: uuid }, signal })).pipeline,
    }),
  consequences: (uuid: string) =>
    queryOptions({
      queryKey: ['pipelines', 'consequences', uuid],
      queryFn: async () =>
        (
          await ask<{ metadata: { consequences: Consequences } }>('DELETE', '/api/pipelines/{pipeline}', {
            path: { pipeline: uuid },
            query: { dry_run: 1 },
          })
        ).metadata.consequences,
      staleTime: 0,
    }),
};

const refresh = () => queryClient.invalidateQueries({ queryKey: pipelines.all });

export function useCreatePipeline() {
  return useMutation({
    mutationFn: async (pipeline: NewPipeline) =>
      (await ask<{ pipeline: Pipeline }>('POST', '/api/pipelines', { body: { pipeline } })).pipeline,
    onSuccess: refresh,
  });
}

export function useChangePipeline() {
  return useMutation({
    mutationFn: async ({ uuid, change }: { uuid: string; change: ChangedPipeline }) =>
      (
        await ask<{ pipeline: Pipeline }>('PUT', '/api/pipelines/{pipeline}', {
          path: { pipeline: uuid },
          body: { pipeline: change },
        })
      ).pipeline,
    onSuccess: refresh,
  });
}

export function useDeletePipelines() {
  return useMutation({
    mutationFn: async (uuids: readonly string[]) => {
      for (const uuid of uuids) await ask('DELETE', '/api/pipelines/{pipeline}', { path: { pipeline: uuid } });
    },
    onSettled: refresh,
  });
}
