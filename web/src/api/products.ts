// Data products: what there is, and what each run left of one.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';

export type CatalogueProduct = components['schemas']['CatalogueProduct'];
export type ProductVersion = components['schemas']['ProductVersion'];
type Metadata = components['schemas']['CatalogueMetadata'];

/** Most products of the list; the foot says when there are more. */
const MOST = 5_000;

/** So many versions are listed. */
export const VERSIONS = 200;

export const products = {
  list: () =>
    queryOptions({
      queryKey: ['products', 'list'],
      queryFn: async ({ signal }) => {
        const answer = await ask<{ products: CatalogueProduct[]; metadata: Metadata }>('GET', '/api/products', { query: { _limit: MOST }, signal });
        return { products: answer.products, total: answer.metadata.count };
      },
    }),
  /** Of all outputs of a block, the newest run first. */
  versions: (pipeline: string, block: string) =>
    queryOptions({
      queryKey: ['products', 'versions', pipeline, block],
      queryFn: async ({ signal }) => {
        const answer = await ask<{ versions: ProductVersion[]; metadata: Metadata }>('GET', '/api/pipelines/{pipeline}/blocks/{block}/products', {
          path: { pipeline, block },
          query: { _limit: VERSIONS },
          signal,
        });
        return { versions: answer.versions, hasMore: answer.metadata.next };
      },
    }),
};
