// Backfills: one run of a pipeline for each interval of a window.
import { keepPreviousData, queryOptions, useMutation } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';
import type { Run } from './runs';

type Schemas = components['schemas'];
export type Backfill = Schemas['Backfill'];
export type BackfillStatus = Schemas['BackfillStatus'];
export type ChangedBackfill = Schemas['BackfillChange'];
export type Preview = Schemas['BackfillPreview'];

/** So many runs are asked for at a time; the server gives no more. */
const PAGE = 5000;

async function runsOf(id: number, signal: AbortSignal): Promise<Run[]> {
  const found: Run[] = [];
  for (;;) {
    const answer = await ask<{ pipeline_runs: Run[]; metadata: { next: boolean } }>('GET', '/api/pipeline_runs', {
      query: { backfill_id: id, _limit: PAGE, _offset: found.length },
      signal,
    });
    found.push(...answer.pipeline_runs);
    if (!answer.metadata.next || answer.pipeline_runs.length === 0) return found;
  }
}

/** Nothing tells that the last run of a backfill has been stopped. */
function whileCancelling(isCancelling: boolean | undefined): number | false {
  return isCancelling === true ? 1000 : false;
}

export const backfills = {
  all: ['backfills'] as const,
  list: (pipeline: string) =>
    queryOptions({
      queryKey: ['backfills', 'list', pipeline],
      queryFn: async ({ signal }) =>
        (
          await ask<{ backfills: Backfill[] }>('GET', '/api/pipelines/{pipeline}/backfills', {
            path: { pipeline },
            query: { _limit: 1000 },
            signal,
          })
        ).backfills,
      refetchInterval: ({ state }) => whileCancelling(state.data?.some((one) => one.status === 'cancelling')),
    }),
  show: (id: number) =>
    queryOptions({
      queryKey: ['backfills', 'show', id],
      queryFn: async ({ signal }) => (await ask<{ backfill: Backfill }>('GET', '/api/backfills/{id}', { path: { id }, signal })).backfill,
      refetchInterval: ({ state }) => whileCancelling(state.data?.status === 'cancelling'),
    }),
  /** All its runs, also those that were replaced by newer ones of the same date. */
  runs: (id: number) => queryOptions({ queryKey: ['backfills', 'runs', id], queryFn: ({ signal }) => runsOf(id, signal) }),
  /** What starting it would do. */
  preview: (id: number, onlyMissing: boolean) =>
    queryOptions({
      queryKey: ['backfills', 'preview', id, onlyMissing],
      queryFn: async ({ signal }) =>
        (
          await ask<{ preview: Preview }>('GET', '/api/backfills/{id}/preview', {
            path: { id },
            query: { only_missing: onlyMissing },
            signal,
          })
        ).preview,
    }),
  /** The same of one that is not stored. */
  previewOfNew: (pipeline: string, backfill: ChangedBackfill) =>
    queryOptions({
      queryKey: ['backfills', 'preview of new', pipeline, backfill],
      queryFn: async ({ signal }) =>
        (
          await ask<{ preview: Preview }>('POST', '/api/pipelines/{pipeline}/backfills/preview', {
            path: { pipeline },
            body: { backfill },
            signal,
          })
        ).preview,
      placeholderData: keepPreviousData,
      gcTime: 10_000,
    }),
};

const refresh = () =>
  Promise.all([backfills.all, ['runs'], ['triggers']].map((queryKey) => queryClient.invalidateQueries({ queryKey })));

export function useCreateBackfill() {
  return useMutation({
    mutationFn: async ({ pipeline, backfill }: { pipeline: string; backfill: ChangedBackfill }) =>
      (await ask<{ backfill: Backfill }>('POST', '/api/pipelines/{pipeline}/backfills', { path: { pipeline }, body: { backfill } })).backfill,
    onSettled: refresh,
  });
}

/** Changes one, and starts, pauses or cancels it by its `status`. */
export function useChangeBackfill() {
  return useMutation({
    mutationFn: async ({ id, change }: { id: number; change: ChangedBackfill }) =>
      (await ask<{ backfill: Backfill }>('PUT', '/api/backfills/{id}', { path: { id }, body: { backfill: change } })).backfill,
    onSettled: refresh,
  });
}

export function useDeleteBackfills() {
  return useMutation({
    mutationFn: async (ids: readonly number[]) => {
      for (const id of ids) await ask('DELETE', '/api/backfills/{id}', { path: { id } });
    },
    onSettled: refresh,
  });
}
