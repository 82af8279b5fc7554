// The forms of a pipeline (interactions): which blocks use which, and what is in them.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';

type Schemas = components['schemas'];
export type FormFile = Schemas['Interaction'];

export interface PipelineForms {
  /** By block, as their file has them. */
  used: unknown;
  files: FormFile[];
}

export const forms = {
  of: (pipeline: string) =>
    queryOptions({
      queryKey: ['forms', pipeline],
      queryFn: async ({ signal }): Promise<PipelineForms> => {
        const { pipeline_interaction } = await ask<{ pipeline_interaction: Schemas['PipelineInteraction'] }>('GET', '/api/pipeline_interactions/{pipeline}', {
          path: { pipeline },
          signal,
        });
        const used = pipeline_interaction.blocks;
        if (typeof used !== 'object' || used === null || Object.keys(used).length === 0) return { used: {}, files: [] };
        const { interactions } = await ask<{ interactions: FormFile[] }>('GET', '/api/interactions', { query: { _limit: 5000 }, signal });
        return { used, files: interactions };
      },
      // Their files may be changed by anybody.
      staleTime: 0,
    }),
};

/** The forms as they are known by now, without asking: a run does not wait for them. */
export function knownForms(pipeline: string): PipelineForms | undefined {
  return queryClient.getQueryData(forms.of(pipeline).queryKey);
}

/** After a file of them may have changed. */
export function refreshForms(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ['forms'] });
}

/** Whether somebody may fill in a form before the pipeline runs; without an answer of the server there is none. */
export async function hasForms(pipeline: string): Promise<boolean> {
  try {
    return (await queryClient.query(forms.of(pipeline))).files.length > 0;
  } catch {
    return false;
  }
}
