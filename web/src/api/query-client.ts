// How answers of the server are kept.
import { type Query, QueryClient } from '@tanstack/react-query';

import { ApiError } from './client';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What changes is told by the server; see live.ts.
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      // A refusal stays one; a server that is starting answers soon.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
  },
});

/**
 * Asks again for all that begins with a key. A first question that is under way is not broken off by the library, and its answer may
 * be older than what we have just heard: it is asked once more after that.
 */
export async function askAnew(client: QueryClient, key: string): Promise<void> {
  const isFirst = ({ state }: Query) => state.data === undefined && state.fetchStatus !== 'idle';
  const first = client.getQueryCache().findAll({ queryKey: [key], predicate: isFirst });
  await Promise.all([
    client.invalidateQueries({ queryKey: [key] }),
    ...first.map(async (query) => {
      // What is wrong with the answer is for whoever has asked.
      await query.promise?.catch(() => undefined);
      await client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    }),
  ]);
}
