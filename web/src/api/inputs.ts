// What a block run was given.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { readRun } from './notebook';

type Schemas = components['schemas'];

export interface Inputs {
  inputs: readonly Schemas['BlockInput'][];
  variables: Readonly<Record<string, unknown>>;
  date: string;
}

export const inputs = {
  /** Of a block in a run of its pipeline; none when the run is gone, or did not have the block. */
  of: (pipeline: string, run: number, block: string) =>
    queryOptions({
      queryKey: ['inputs', pipeline, run, block],
      queryFn: async ({ signal }): Promise<Inputs | null> => {
        const found = (await readRun(run, pipeline))?.blockRuns.find((one) => one.block === block);
        if (found === undefined) return null;
        const answer = await ask<{ inputs: Schemas['BlockInput'][]; metadata: Schemas['InputMetadata'] }>('GET', '/api/block_runs/{id}/inputs', { path: { id: found.id }, signal });
        return { inputs: answer.inputs, variables: answer.metadata.variables, date: answer.metadata.execution_date };
      },
      staleTime: Infinity,
    }),
};
