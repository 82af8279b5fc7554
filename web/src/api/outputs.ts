// What blocks produced.
import { queryOptions } from '@tanstack/react-query';

import { address, ask } from './client';

export interface OutputColumn {
  name: string;
  type: string;
}

export interface Output {
  variable_uuid: string;
  kind: string;
  bytes: number;
  type: 'table' | 'image' | 'text';
  sample_data?: { columns: string[]; rows: unknown[][] };
  shape?: [number, number];
  row_count?: number;
  columns?: OutputColumn[];
  text_data?: string;
  is_cut?: boolean;
}

export interface ColumnStatistics {
  name: string;
  type: string;
  nulls: number;
  min?: string | null;
  max?: string | null;
  mean?: number | null;
  distinct?: number | null;
}

export interface Statistics {
  rows: number;
  columns: ColumnStatistics[];
}

export interface BlockOutputs {
  outputs: Output[];
  run: number | null;
}

interface Answer {
  outputs: Output[];
  metadata: { pipeline_run_id: number | null };
}

export const outputs = {
  ofBlockRun: (id: number) =>
    queryOptions({
      queryKey: ['products', 'block-run', id],
      queryFn: async ({ signal }) => (await ask<Answer>('GET', '/api/block_runs/{id}/outputs', { path: { id }, signal })).outputs,
    }),
  /** Of when it last completed. */
  ofBlock: (pipeline: string, block: string) =>
    queryOptions({
      queryKey: ['products', 'block', pipeline, block],
      queryFn: async ({ signal }): Promise<BlockOutputs> => {
        const answer = await ask<Answer>('GET', '/api/pipelines/{pipeline}/blocks/{block}/outputs', { path: { pipeline, block }, signal });
        return { outputs: answer.outputs, run: answer.metadata.pipeline_run_id };
      },
    }),
  statistics: (blockRun: number, name: string) =>
    queryOptions({
      queryKey: ['products', 'statistics', blockRun, name],
      queryFn: async ({ signal }) =>
        (
          await ask<{ statistics: Statistics }>('GET', '/api/block_runs/{id}/outputs/{name}/statistics', {
            path: { id: blockRun, name },
            signal,
          })
        ).statistics,
      staleTime: Infinity,
    }),
  download: (pipeline: string, block: string, format = 'csv') =>
    address('/api/pipelines/{pipeline}/block_outputs/{block}/downloads', { path: { pipeline, block }, query: { format } }),
};
