// What runs print and log.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';

export interface LogRecord {
  pipeline_run_id: number;
  /** Seconds since 1970. */
  timestamp: number;
  level: string;
  block_uuid: string | null;
  attempt: number | null;
  message: string;
}

export interface LogPage {
  records: LogRecord[];
  hasMore: boolean;
}

export interface LogFilter {
  block?: string;
  text?: string;
  minLevel?: string;
}

export const logs = {
  ofRun: (id: number, filter: LogFilter = {}) =>
    queryOptions({
      queryKey: ['logs', id, filter],
      queryFn: async ({ signal }): Promise<LogPage> => {
        const answer = await ask<{ logs: LogRecord[]; metadata: { has_more: boolean } }>('GET', '/api/pipeline_runs/{id}/logs', {
          path: { id },
          query: { _format: 'flat', block_uuid: filter.block, text: filter.text, min_level: filter.minLevel, _limit: 5000 },
          signal,
        });
        return { records: answer.logs, hasMore: answer.metadata.has_more };
      },
    }),
};
