// What has a text in its name.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';

export interface Found {
  type: string;
  uuid: string;
  title: string;
  pipeline_uuid: string | null;
  path: string | null;
}

export const search = {
  of: (text: string) =>
    queryOptions({
      queryKey: ['search', text],
      queryFn: async ({ signal }) =>
        (await ask<{ search_results: Found[] }>('GET', '/api/search_results', { query: { search: text }, signal })).search_results,
    }),
};
