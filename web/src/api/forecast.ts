// What schedules bring in the coming hours, and where pools are short.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';

export type Forecast = components['schemas']['Forecast'];
export type PlannedRun = components['schemas']['PlannedRun'];
export type Collision = components['schemas']['Collision'];
export type PoolLoad = components['schemas']['PoolLoad'];

export function forecast(hours: number) {
  return queryOptions({
    // Among what is asked for again when a trigger changes.
    queryKey: ['triggers', 'forecast', hours],
    queryFn: async ({ signal }) => (await ask<{ forecast: Forecast }>('GET', '/api/forecast', { query: { hours }, signal })).forecast,
    refetchInterval: 60_000,
  });
}
