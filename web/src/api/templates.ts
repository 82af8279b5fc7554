// Templates of the project: blocks and pipelines to start from.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';

export interface CustomTemplate {
  template_uuid: string;
  name: string | null;
  description: string | null;
  object_type: string;
}

export type BlockTemplate = components['schemas']['BlockTemplate'];

export const templates = {
  custom: (type: 'blocks' | 'pipelines') =>
    queryOptions({
      queryKey: ['templates', 'custom', type],
      queryFn: async ({ signal }) =>
        (
          await ask<{ custom_templates: CustomTemplate[] }>('GET', '/api/custom_templates', {
            query: { object_type: type },
            signal,
          })
        ).custom_templates,
    }),
  blocks: () =>
    queryOptions({
      queryKey: ['templates', 'blocks'],
      queryFn: async ({ signal }) => (await ask<{ block_templates: BlockTemplate[] }>('GET', '/api/block_templates', { signal })).block_templates,
      staleTime: 600_000,
    }),
};
