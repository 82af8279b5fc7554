// Charts: what they show, computed by the server over all rows; and those that a pipeline keeps.
import { queryOptions } from '@tanstack/react-query';

import { type ChartWish, chartQuery, chartTypes, configurationOf, type Drawn } from '../core/notebook/chart';
import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';
import type { TableOf } from './tables';

type Schemas = components['schemas'];

/** A chart that the pipeline keeps. */
export interface Kept {
  uuid: string;
  name: string;
  upstream: readonly string[];
  configuration: Readonly<Record<string, unknown>>;
}

function kept(from: Schemas['Block']): Kept {
  return { uuid: from.uuid, name: from.name, upstream: from.upstream_blocks, configuration: from.configuration };
}

function drawn({ chart, metadata }: { chart: Schemas['Chart']; metadata: Schemas['ChartMetadata'] }): Drawn {
  return {
    type: chartTypes.find((type) => type === chart.chart_type) ?? 'table',
    columns: chart.columns,
    places: chart.places,
    measures: chart.measures,
    rows: chart.rows,
    isCut: chart.is_cut,
    rest: chart.rest,
    interval: chart.time_interval,
    timeZone: chart.time_zone,
    count: metadata.count,
    leftOut: metadata.left_out,
    groups: metadata.groups,
  };
}

const listKey = (pipeline: string) => ['widgets', pipeline];

/** After the pipeline's file has changed. */
export function refreshCharts(pipeline: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: listKey(pipeline) });
}

export const charts = {
  /** Of a product, which never changes: neither does its chart. */
  of: ({ blockRun, product }: TableOf, wish: ChartWish) =>
    queryOptions({
      queryKey: ['chart', blockRun, product, wish],
      queryFn: async ({ signal }) =>
        drawn(
          await ask<{ chart: Schemas['Chart']; metadata: Schemas['ChartMetadata'] }>('GET', '/api/block_runs/{id}/outputs/{name}/chart', {
            path: { id: blockRun, name: product },
            query: chartQuery(wish),
            signal,
          }),
        ),
      staleTime: Infinity,
      retry: false,
    }),
  kept: (pipeline: string) =>
    queryOptions({
      queryKey: listKey(pipeline),
      queryFn: async ({ signal }) =>
        (await ask<{ widgets: Schemas['Widget'][] }>('GET', '/api/pipelines/{pipeline}/widgets', { path: { pipeline }, signal })).widgets.map(kept),
      staleTime: 60_000,
    }),
};

export async function keepChart(pipeline: string, block: string, name: string, wish: ChartWish): Promise<string> {
  const { widget } = await ask<{ widget: Schemas['WidgetDetail'] }>('POST', '/api/pipelines/{pipeline}/widgets', {
    path: { pipeline },
    body: { widget: { name, language: 'python', upstream_blocks: [block], configuration: configurationOf(wish) } },
  });
  await refreshCharts(pipeline);
  return widget.uuid;
}

export async function changeChart(pipeline: string, chart: Kept, wish: ChartWish): Promise<void> {
  await ask<unknown>('PUT', '/api/pipelines/{pipeline}/widgets/{block}', {
    path: { pipeline, block: chart.uuid },
    body: { widget: { configuration: configurationOf(wish, chart.configuration) } },
  });
  await refreshCharts(pipeline);
}

export async function removeChart(pipeline: string, chart: string): Promise<void> {
  await ask<unknown>('DELETE', '/api/pipelines/{pipeline}/widgets/{block}', { path: { pipeline, block: chart } });
  await refreshCharts(pipeline);
}
