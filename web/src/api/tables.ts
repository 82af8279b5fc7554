// Pages of what blocks produced, and what is known of its columns. A product never changes, so neither do the answers.
import { queryOptions } from '@tanstack/react-query';

import type { Column } from '../core/notebook/model';
import { list, map, someNumber, someText, text } from '../lib/json';
import { type ColumnFacts, columnName, queryOf, type TableView } from '../core/notebook/table';
import { address, ask } from './client';

/** Rows of a page. */
export const PAGE = 200;

export interface Page {
  columns: readonly Column[];
  rows: readonly (readonly unknown[])[];
  /** Rows that meet the conditions, on all pages. */
  total: number;
}

export interface TableOf {
  blockRun: number;
  product: string;
}

function facts(value: unknown): ColumnFacts {
  const from = map(value);
  const histogram = map(from.histogram);
  const counts = list(histogram.counts).filter((one) => typeof one === 'number');
  return {
    nulls: someNumber(from.nulls) ?? 0,
    min: someText(from.min),
    max: someText(from.max),
    mean: someNumber(from.mean),
    distinct: someNumber(from.distinct),
    histogram:
      counts.length === 0
        ? null
        : { counts, values: Array.isArray(histogram.values) ? histogram.values.map(String) : null },
  };
}

// There is nothing that they could be compared with.
const forGood = { staleTime: Infinity, gcTime: 120_000, structuralSharing: false } as const;

export const tables = {
  page: ({ blockRun, product }: TableOf, view: TableView, page: number) =>
    queryOptions({
      queryKey: ['table', blockRun, product, view, page],
      queryFn: async ({ signal }): Promise<Page> => {
        const answer = map(
          await ask<unknown>('GET', '/api/block_runs/{id}/outputs/{name}', {
            path: { id: blockRun, name: product },
            query: { ...queryOf(view), _offset: page * PAGE, _limit: PAGE },
            signal,
          }),
        );
        const found = map(answer.page);
        const columns = list(found.columns).map((one) => {
          const column = map(one);
          return { name: text(column.name), type: text(column.type), nullable: column.nullable !== false };
        });
        // By name, since numbers as names come out in another order; where a name is there twice, by place.
        const areNamed = new Set(columns.map((column) => column.name)).size === columns.length;
        const rows = list(found.rows).map((row) => {
          const values = map(row);
          return areNamed ? columns.map((column) => values[column.name]) : Object.values(values);
        });
        return { columns, rows, total: someNumber(map(answer.metadata).count) ?? rows.length };
      },
      ...forGood,
    }),
  facts: ({ blockRun, product }: TableOf, view: TableView, columns: readonly string[]) =>
    queryOptions({
      queryKey: ['table-facts', blockRun, product, { ...view, sort: null }, columns],
      queryFn: async ({ signal }): Promise<{ rows: number; columns: ReadonlyMap<string, ColumnFacts> }> => {
        const answer = map(
          await ask<unknown>('GET', '/api/block_runs/{id}/outputs/{name}/statistics', {
            path: { id: blockRun, name: product },
            query: { ...queryOf({ ...view, sort: null }), 'columns[]': columns.map(columnName) },
            signal,
          }),
        );
        const found = map(answer.statistics);
        const all = list(found.columns).map((one) => [text(map(one).name), facts(one)] as const);
        return { rows: someNumber(found.rows) ?? 0, columns: new Map(all) };
      },
      ...forGood,
    }),
  /** What is not a table: a text, or JSON as text. */
  text: ({ blockRun, product }: TableOf) =>
    queryOptions({
      queryKey: ['table-text', blockRun, product],
      queryFn: async ({ signal }): Promise<string> => {
        const answer = await ask<unknown>('GET', '/api/block_runs/{id}/outputs/{name}', {
          path: { id: blockRun, name: product },
          signal,
        });
        return typeof answer === 'string' ? answer : JSON.stringify(answer, null, 2);
      },
      ...forGood,
    }),
};

/** Where the bytes of an output are, for pictures. */
export function bytesOf({ blockRun, product }: TableOf): string {
  return address('/api/block_runs/{id}/outputs/{name}', { path: { id: blockRun, name: product } });
}

/** Where the whole table is, as a file. */
export function downloadOf(pipeline: string, block: string, run: number, product: string, format: 'csv' | 'parquet'): string {
  return address('/api/pipelines/{pipeline}/block_outputs/{block}/downloads', {
    path: { pipeline, block },
    query: { format, name: product, pipeline_run_id: run },
  });
}
