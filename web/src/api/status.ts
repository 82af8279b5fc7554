// The server and its project.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';

export interface ServerStatus {
  repo_path: string;
  repo_path_relative: string;
  scheduler_status: string;
  version: string;
}

export const status = {
  show: () =>
    queryOptions({
      queryKey: ['status'],
      queryFn: async () => (await ask<{ status: ServerStatus }>('GET', '/api/status')).status,
      staleTime: 60_000,
    }),
};
