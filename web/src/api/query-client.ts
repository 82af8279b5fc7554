// How answers of the server are kept.
import { QueryClient } from '@tanstack/react-query';

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
