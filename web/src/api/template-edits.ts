// Using templates, and making them of what there is.
import { useMutation } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';

type Schemas = components['schemas'];

const refresh = (...keys: string[]) => Promise.all(keys.map((key) => queryClient.invalidateQueries({ queryKey: [key] })));

/** Makes a block of a template, at the end of a pipeline. */
export function useTemplate() {
  return useMutation({
    mutationFn: async ({ pipeline, block }: { pipeline: string; block: Schemas['BlockChange'] }) =>
      (await ask<{ block: Schemas['Block'] }>('POST', '/api/pipelines/{pipeline}/blocks', { path: { pipeline }, body: { block } })).block,
    onSettled: () => refresh('pipelines'),
  });
}

/** Makes a template of a block as it is now. */
export function useMakeTemplate() {
  return useMutation({
    mutationFn: async ({ pipeline, block, name, description }: { pipeline: string; block: string; name: string; description: string }) => {
      const { block: found } = await ask<{ block: Schemas['Block'] }>('GET', '/api/pipelines/{pipeline}/blocks/{block}', { path: { pipeline, block } });
      const template = { object_type: 'blocks', name, template_uuid: name, description, block_type: found.type, language: found.language, content: found.content ?? '' };
      await ask('POST', '/api/custom_templates', { body: { custom_template: template } });
    },
    onSettled: () => refresh('templates'),
  });
}

export function useDeleteTemplate() {
  return useMutation({
    mutationFn: async (id: string) => ask('DELETE', '/api/custom_templates/{id}', { path: { id }, query: { object_type: 'blocks' } }),
    onSettled: () => refresh('templates'),
  });
}
