// The past of a block: how it ran, and with which code.
import { queryOptions } from '@tanstack/react-query';

import { blockRun } from '../core/notebook/read';
import { list, map, someText } from '../lib/json';
import { ask } from './client';

export interface PastRun {
  id: number;
  run: number;
  status: string;
  startedAt: number;
  took: number;
  /** Equal for equal code; none for a block without code. */
  code: string | null;
}

export function blockHistory(pipeline: string, block: string) {
  return queryOptions({
    // `runs` at the beginning: it is old when a run has ended.
    queryKey: ['runs', 'of-block', pipeline, block],
    queryFn: async ({ signal }): Promise<readonly PastRun[]> => {
      const answer = map(
        await ask<unknown>('GET', '/api/pipelines/{pipeline}/blocks/{block}/history', {
          path: { pipeline, block },
          query: { _limit: 40 },
          signal,
        }),
      );
      return list(answer.block_runs).flatMap((one) => {
        const run = blockRun(one);
        if (run?.id == null || run.startedAt === null || run.endedAt === null) return [];
        const { id, startedAt } = run;
        return [{ id, run: run.run, status: run.status, startedAt, took: run.endedAt - startedAt, code: someText(map(one).code) }];
      });
    },
  });
}
