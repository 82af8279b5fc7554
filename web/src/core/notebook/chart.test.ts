import { describe, expect, test } from 'vitest';

import { chartQuery, type ChartWish, chartWords, configurationOf, type Drawn, groupable, measureWords, missing, usualChart, usualColumn, wishOf, withType } from './chart';

const column = (name: string, type: string) => ({ name, type, nullable: true });
const columns = [column('delay', 'Float64'), column('carrier', 'Utf8'), column('departed', 'Timestamp(Nanosecond, None)'), column('tags', 'List(Utf8)')];
const named = (found: readonly { name: string }[]) => found.map((one) => one.name);
const bars: ChartWish = { type: 'bar chart', groupBy: ['carrier'], metrics: [{ aggregation: 'average', column: 'delay' }], interval: null, order: 'descending', buckets: null, limit: null };

describe('a chart', () => {
  test('begins with what says something of the table', () => {
    expect(usualChart(columns)).toMatchObject({ type: 'bar chart', groupBy: ['carrier'], metrics: [], order: 'descending' });
    expect(usualChart([column('at', 'Date32'), column('delay', 'Float64')])).toMatchObject({ type: 'time series line chart', groupBy: ['at'] });
    expect(usualChart([column('delay', 'Float64')])).toMatchObject({ type: 'histogram', groupBy: ['delay'] });
    expect(usualChart([column('tags', 'List(Utf8)')])).toMatchObject({ type: 'table', groupBy: [] });
  });

  test('takes only columns that fit its type, and another one when the type changes', () => {
    expect(named(groupable('histogram', columns))).toEqual(['delay', 'departed']);
    expect(named(groupable('pie chart', columns))).toEqual(['delay', 'carrier', 'departed']);
    expect(withType(bars, 'time series line chart', columns)).toMatchObject({ groupBy: ['departed'], metrics: bars.metrics, order: null });
    expect(withType(bars, 'histogram', columns)).toMatchObject({ groupBy: ['delay'], metrics: [] });
    expect(withType(bars, 'pie chart', columns).groupBy).toEqual(['carrier']);
    expect(withType(bars, 'time series bar chart', [column('carrier', 'Utf8'), column('time_hour', 'Utf8')]).groupBy).toEqual(['time_hour']);
    expect(usualColumn('average', [column('year', 'Int64'), ...columns], 'carrier')).toBe('delay');
    expect(usualColumn('count', columns, 'delay')).toBe('carrier');
  });

  test('says what it misses', () => {
    expect(missing(bars, columns)).toBeNull();
    expect(missing(bars, columns.slice(1))).toBe('The table has no column delay any more.');
    expect(missing(withType(bars, 'histogram', columns.slice(3)), columns.slice(3))).toBe('No column of this table can be shown as histogram.');
  });

  test('is asked of the server', () => {
    expect(chartQuery(bars)).toEqual({ chart_type: 'bar chart', 'group_by[]': ['carrier'], 'metrics[]': ['average:delay'], 'sort[]': ['-average(delay)'] });
    expect(chartQuery({ ...bars, metrics: [], order: 'ascending', limit: 5 })).toEqual({ chart_type: 'bar chart', 'group_by[]': ['carrier'], 'sort[]': ['count'], _limit: 5 });
  });

  test('is what the file says, and the file keeps what this page does not know', () => {
    const file = { ...configurationOf(bars), height: 300 };
    expect(wishOf(file)).toEqual(bars);
    expect(configurationOf({ ...bars, order: null }, file)).toEqual({ chart_type: 'bar chart', group_by: ['carrier'], metrics: [{ aggregation: 'average', column: 'delay' }], height: 300 });
    expect(wishOf({ chart_type: 'histogram', group_by: 'delay', buckets: '20' })).toMatchObject({ groupBy: ['delay'], buckets: 20 });
    expect(wishOf({ chart_type: 'bar chart', x: 'x', y: 'y' })).toBeNull();
    expect(wishOf({ chart_type: 'custom' })).toBeNull();
  });

  test('says over how much it was computed', () => {
    const drawn: Drawn = { type: 'bar chart', columns: [], places: ['carrier'], measures: ['count'], rows: [{}, {}], isCut: false, rest: [null], interval: null, timeZone: null, count: 336_776, leftOut: 0, groups: 2 };
    expect(chartWords(drawn)).toBe('336,776 rows · 2 groups');
    expect(chartWords({ ...drawn, leftOut: 12, isCut: true, rest: [4000], groups: 50 })).toBe('336,776 rows · 12 without a group left out · 2 of 50 groups shown; the others come to 4,000');
    expect(chartWords({ ...drawn, interval: 'month', timeZone: 'Europe/Berlin', groups: 12 })).toBe('336,776 rows · 12 months · by the clocks of Europe/Berlin');
    expect([measureWords('count'), measureWords('average(delay)'), measureWords('odd')]).toEqual(['rows', 'average of delay', 'odd']);
  });
});
