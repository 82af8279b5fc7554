// What a chart shows: as somebody chooses it, as the pipeline's file has it, as the server is asked for it.

import { count, plural } from '../../lib/format';
import type { Column } from './model';
import { list, map, someNumber, text, texts } from '../../lib/json';
import { columnKind } from './table';

export const CHART_TYPES = {
  'bar chart': 'Bars',
  histogram: 'Histogram',
  'line chart': 'Line',
  'pie chart': 'Pie',
  'time series line chart': 'Line over time',
  'time series bar chart': 'Bars over time',
  table: 'Table',
} as const;
export type ChartType = keyof typeof CHART_TYPES;

export const AGGREGATIONS = {
  count: 'values of',
  count_distinct: 'different values of',
  sum: 'sum of',
  average: 'average of',
  median: 'median of',
  min: 'least of',
  max: 'greatest of',
  mode: 'most frequent of',
} as const;
export type Aggregation = keyof typeof AGGREGATIONS;

export const INTERVALS = ['original', 'second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const;
export type Interval = (typeof INTERVALS)[number];

export interface Metric {
  aggregation: Aggregation;
  column: string;
}

export interface ChartWish {
  type: ChartType;
  groupBy: readonly string[];
  /** Rows are counted without any. */
  metrics: readonly Metric[];
  /** The finest that fits, without one. */
  interval: Interval | null;
  order: 'ascending' | 'descending' | null;
  /** What only the file says. */
  buckets: number | null;
  limit: number | null;
}

function oneOf<Name extends string>(names: readonly Name[], value: unknown): Name | null {
  return names.find((name) => name === value) ?? null;
}

const keys = <Key extends string>(of: Record<Key, unknown>): Key[] =>
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the keys of a constant are those that it is written with
  Object.keys(of) as Key[];
export const chartTypes = keys(CHART_TYPES);
export const aggregations = keys(AGGREGATIONS);

export function isOverTime(type: ChartType): boolean {
  return type === 'time series bar chart' || type === 'time series line chart';
}

/** Columns that a chart of a type can be made by. */
export function groupable(type: ChartType, columns: readonly Column[]): Column[] {
  return columns.filter((column) => {
    const kind = columnKind(column.type);
    switch (type) {
      case 'histogram':
        return kind === 'number' || kind === 'date' || kind === 'time';
      case 'time series bar chart':
      case 'time series line chart':
        return kind === 'date' || kind === 'time' || kind === 'text';
      case 'bar chart':
      case 'line chart':
      case 'pie chart':
      case 'table':
        return kind !== 'nested' && kind !== 'binary';
    }
  });
}

/** Columns that can be measured in a way. */
export function measurable(aggregation: Aggregation, columns: readonly Column[]): Column[] {
  const takesAll = aggregation === 'count' || aggregation === 'count_distinct' || aggregation === 'mode';
  return columns.filter((column) => {
    const kind = columnKind(column.type);
    return takesAll ? kind !== 'nested' && kind !== 'binary' : kind === 'number';
  });
}

/** The column that is measured when none is named: one with fractions is rather a quantity than a number of something. */
export function usualColumn(aggregation: Aggregation, columns: readonly Column[], besides: string): string | undefined {
  const fitting = measurable(aggregation, columns).filter((column) => column.name !== besides);
  return (fitting.find((column) => /^(Float|Decimal)/.test(column.type)) ?? fitting[0] ?? measurable(aggregation, columns)[0])?.name;
}

const plain = { metrics: [], interval: null, order: null, buckets: null, limit: null } as const;

/** Names that texts have which are times. */
const TIME_NAME = /date|time|day|hour|month|_at$/i;

/** The same chart as another type, by a column that fits it. */
export function withType(wish: ChartWish, type: ChartType, columns: readonly Column[]): ChartWish {
  const fitting = groupable(type, columns);
  const isTime = isOverTime(type);
  // Over time a text is only taken for one when nothing else is there, and its name says so.
  const best = isTime
    ? [fitting.filter((column) => columnKind(column.type) !== 'text'), fitting.filter((column) => TIME_NAME.test(column.name)), fitting].find((some) => some.length > 0)
    : fitting;
  const names = (best ?? []).map((column) => column.name);
  const kept = wish.groupBy.filter((name) => names.includes(name));
  const [usual] = names;
  const groupBy = type === 'table' && wish.groupBy.length === 0 ? [] : kept.length > 0 ? kept : usual === undefined ? [] : [usual];
  return {
    ...wish,
    type,
    groupBy: type === 'bar chart' || type === 'pie chart' || type === 'table' ? groupBy : groupBy.slice(0, 1),
    metrics: type === 'histogram' ? [] : wish.metrics,
    interval: isTime ? wish.interval : null,
    order: type === 'bar chart' ? (wish.order ?? 'descending') : null,
  };
}

/** What is shown before somebody chooses: how many rows there are of each, by the first column that says something. */
export function usualChart(columns: readonly Column[]): ChartWish {
  const has = (...kinds: string[]) => columns.find((column) => kinds.includes(columnKind(column.type)));
  const wish: ChartWish = { ...plain, type: 'bar chart', groupBy: [] };
  const byText = has('text', 'bool');
  if (byText) return { ...wish, groupBy: [byText.name], order: 'descending' };
  const byTime = has('date', 'time');
  if (byTime) return { ...wish, type: 'time series line chart', groupBy: [byTime.name] };
  const byNumber = has('number');
  if (byNumber) return { ...wish, type: 'histogram', groupBy: [byNumber.name] };
  return { ...wish, type: 'table' };
}

/** Why it cannot be drawn yet. */
export function missing(wish: ChartWish, columns: readonly Column[]): string | null {
  if (wish.type !== 'table' && wish.groupBy.length === 0) {
    return `No column of this table can be shown as ${CHART_TYPES[wish.type].toLowerCase()}.`;
  }
  const known = new Set(columns.map((column) => column.name));
  const gone = [...wish.groupBy, ...wish.metrics.map((metric) => metric.column)].find((name) => !known.has(name));
  return gone === undefined ? null : `The table has no column ${gone} any more.`;
}

/** What is asked of the server. */
export function chartQuery(wish: ChartWish): Record<string, string | number | readonly string[]> {
  const [metric] = wish.metrics;
  const by = metric === undefined ? 'count' : `${metric.aggregation}(${metric.column})`;
  return {
    chart_type: wish.type,
    ...(wish.groupBy.length === 0 ? {} : { 'group_by[]': wish.groupBy }),
    ...(wish.metrics.length === 0 ? {} : { 'metrics[]': wish.metrics.map((one) => `${one.aggregation}:${one.column}`) }),
    ...(wish.interval === null ? {} : { time_interval: wish.interval }),
    ...(wish.buckets === null ? {} : { buckets: wish.buckets }),
    ...(wish.limit === null ? {} : { _limit: wish.limit }),
    ...(wish.order === null ? {} : { 'sort[]': [wish.order === 'descending' ? `-${by}` : by] }),
  };
}

/** The keys of a chart's configuration that this page writes; nothing that the file says besides is lost. */
export function configurationOf(wish: ChartWish, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const next: Record<string, unknown> = { ...before, chart_type: wish.type, group_by: [...wish.groupBy], metrics: wish.metrics.map((metric) => ({ ...metric })) };
  for (const [key, value] of [['time_interval', wish.interval], ['y_sort_order', wish.order], ['buckets', wish.buckets], ['limit', wish.limit]] as const) {
    if (value === null) Reflect.deleteProperty(next, key);
    else next[key] = value;
  }
  return next;
}

/** What the configuration of a chart says; none for one that its own code draws. */
export function wishOf(configuration: Readonly<Record<string, unknown>>): ChartWish | null {
  const type = oneOf(chartTypes, configuration.chart_type);
  if (type === null) return null;
  const groupBy = typeof configuration.group_by === 'string' ? [configuration.group_by] : texts(configuration.group_by);
  const metrics = list(configuration.metrics).flatMap((one) => {
    const metric = map(one);
    const aggregation = oneOf(aggregations, metric.aggregation);
    return aggregation === null ? [] : [{ aggregation, column: text(metric.column) }];
  });
  if (groupBy.length === 0 && metrics.length === 0 && (type !== 'table' || 'x' in configuration || 'y' in configuration)) return null;
  const number = (value: unknown) => someNumber(typeof value === 'string' && value !== '' ? Number(value) : value);
  return {
    type,
    groupBy,
    metrics,
    interval: oneOf(INTERVALS, configuration.time_interval),
    order: oneOf(['ascending', 'descending'] as const, configuration.y_sort_order),
    buckets: number(configuration.buckets),
    limit: number(configuration.limit),
  };
}

/** A chart as the server computed it. */
export interface Drawn {
  type: ChartType;
  columns: readonly Column[];
  places: readonly string[];
  measures: readonly string[];
  rows: readonly Readonly<Record<string, unknown>>[];
  isCut: boolean;
  rest: readonly (number | null)[];
  interval: string | null;
  timeZone: string | null;
  /** Rows that were looked at, those among them that are in no mark, and marks without a limit. */
  count: number;
  leftOut: number;
  groups: number;
}

/** What a measure is called. */
export function measureWords(measure: string): string {
  if (measure === 'count') return 'rows';
  const parts = /^(\w+)\((.*)\)$/.exec(measure);
  const aggregation = oneOf(aggregations, parts?.[1]);
  return aggregation === null ? measure : `${AGGREGATIONS[aggregation]} ${parts?.[2] ?? ''}`;
}

/** What stands below a chart: over how much it was computed, and what is not in it. */
export function chartWords(drawn: Drawn): string {
  const words = [plural(drawn.count, 'row')];
  if (drawn.leftOut > 0) words.push(`${count(drawn.leftOut)} without ${drawn.type === 'histogram' ? 'a value' : 'a group'} left out`);
  if (drawn.isCut) {
    const [rest] = drawn.rest;
    const others = typeof rest === 'number' ? `; the others come to ${count(rest)}` : '';
    words.push(`${count(drawn.rows.length)} of ${count(drawn.groups)} groups shown${others}`);
  } else if (drawn.type !== 'histogram' && drawn.type !== 'table') words.push(plural(drawn.groups, drawn.interval === null || drawn.interval === 'original' ? 'group' : drawn.interval));
  if (drawn.timeZone !== null) words.push(`by the clocks of ${drawn.timeZone}`);
  return words.join(' · ');
}
