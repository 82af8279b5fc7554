// Charts: what they show, computed by the server over all rows; and those that a pipeline keeps.
import { queryOptions } from '@tanstack/react-query';

import { type ChartWish, chartQuery, chartTypes, type Drawn } from '../core/notebook/chart';
import type { ChartPicture } from '../core/notebook/code-chart';
import { ApiError, ask } from './client';
import type { components } from './generated/schema';
import type { Saved } from './notebook';
import { queryClient } from './query-client';
import type { TableOf } from './tables';

type Schemas = components['schemas'];

/** A chart that the pipeline keeps. */
export interface Kept {
  uuid: string;
  name: string;
  upstream: readonly string[];
  configuration: Readonly<Record<string, unknown>>;
  language: string;
  /** Its code, with what names it; none where the file is gone. */
  content: string | null;
  revision: string | null;
  file: string;
}

function kept(from: Schemas['Block']): Kept {
  return {
    uuid: from.uuid,
    name: from.name,
    upstream: from.upstream_blocks,
    configuration: from.configuration,
    language: from.language,
    content: from.content ?? null,
    revision: from.revision ?? null,
    file: from.file ?? '',
  };
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
  /** What the code of a chart draws: it is run once more for each `turn`. */
  byCode: (pipeline: string, chart: string, run: number, turn: string) =>
    queryOptions({
      queryKey: ['chart-by-code', pipeline, chart, run, turn],
      queryFn: async ({ signal }): Promise<{ drawn: Drawn; picture: ChartPicture | null }> => {
        const answer = await ask<{ chart: Schemas['Chart']; metadata: Schemas['ChartMetadata'] }>('GET', '/api/pipelines/{pipeline}/widgets/{block}/chart', {
          path: { pipeline, block: chart },
          query: { pipeline_run_id: run },
          signal,
        });
        return { drawn: drawn(answer), picture: answer.chart.picture };
      },
      staleTime: Infinity,
      gcTime: 60_000,
      retry: false,
      refetchOnWindowFocus: false,
    }),
  kept: (pipeline: string) =>
    queryOptions({
      queryKey: listKey(pipeline),
      queryFn: async ({ signal }) =>
        (await ask<{ widgets: Schemas['Widget'][] }>('GET', '/api/pipelines/{pipeline}/widgets', { path: { pipeline }, signal })).widgets.map(kept),
      staleTime: 60_000,
    }),
};

interface NewChart {
  block: string;
  name: string;
  configuration: Readonly<Record<string, unknown>>;
  /** The code that draws it, where its configuration names no columns. */
  content?: string;
}

export async function keepChart(pipeline: string, { block, ...wanted }: NewChart): Promise<string> {
  const { widget } = await ask<{ widget: Schemas['WidgetDetail'] }>('POST', '/api/pipelines/{pipeline}/widgets', {
    path: { pipeline },
    body: { widget: { ...wanted, language: 'python', upstream_blocks: [block] } },
  });
  await refreshCharts(pipeline);
  return widget.uuid;
}

export async function changeChart(pipeline: string, chart: string, configuration: Readonly<Record<string, unknown>>): Promise<void> {
  await ask<unknown>('PUT', '/api/pipelines/{pipeline}/widgets/{block}', { path: { pipeline, block: chart }, body: { widget: { configuration } } });
  await refreshCharts(pipeline);
}

export async function readChart(pipeline: string, chart: string): Promise<Kept> {
  const { widget } = await ask<{ widget: Schemas['WidgetDetail'] }>('GET', '/api/pipelines/{pipeline}/widgets/{block}', { path: { pipeline, block: chart } });
  return kept(widget);
}

/** Writes the code of a chart; tells when the file was changed meanwhile. */
export async function saveChart(pipeline: string, chart: string, content: string, revision: string | null): Promise<Saved> {
  try {
    const { widget } = await ask<{ widget: Schemas['WidgetDetail'] }>('PUT', '/api/pipelines/{pipeline}/widgets/{block}', {
      path: { pipeline, block: chart },
      body: { widget: { content } },
      headers: revision === null ? {} : { 'if-match': `"${revision}"` },
    });
    return { revision: widget.revision ?? '' };
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return 'conflict';
    throw error;
  }
}

export async function removeChart(pipeline: string, chart: string): Promise<void> {
  await ask<unknown>('DELETE', '/api/pipelines/{pipeline}/widgets/{block}', { path: { pipeline, block: chart } });
  await refreshCharts(pipeline);
}
