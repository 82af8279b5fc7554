// Global data products: pipelines whose data other pipelines take, and how long it stays fresh.
import { queryOptions, useMutation } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';

export type GlobalProduct = components['schemas']['GlobalDataProduct'];
export type GlobalProductChange = components['schemas']['ProductChange'];

export const globalProducts = {
  list: () =>
    queryOptions({
      queryKey: ['global-products'],
      queryFn: async ({ signal }) =>
        (await ask<{ global_data_products: GlobalProduct[] }>('GET', '/api/global_data_products', { query: { _limit: 5_000 }, signal })).global_data_products,
      // They age while one looks.
      refetchInterval: 60_000,
    }),
};

const refresh = () => queryClient.invalidateQueries({ queryKey: ['global-products'] });

export function useSaveGlobalProduct() {
  return useMutation({
    mutationFn: async ({ change, isNew }: { change: GlobalProductChange & { uuid: string }; isNew: boolean }) => {
      if (isNew) await ask('POST', '/api/global_data_products', { body: { global_data_product: change } });
      else await ask('PUT', '/api/global_data_products/{uuid}', { path: { uuid: change.uuid }, body: { global_data_product: change } });
    },
    onSettled: refresh,
  });
}

export function useDeleteGlobalProduct() {
  return useMutation({
    mutationFn: async (uuid: string) => ask('DELETE', '/api/global_data_products/{uuid}', { path: { uuid } }),
    onSettled: refresh,
  });
}
