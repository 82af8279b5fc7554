import { describe, expect, test } from 'vitest';

import type { ChartWish, Drawn } from './chart';
import { codeChartOf, codeConfiguration, codeTypes, codeWords, isUntouched, partsOf, shownPicture, startingCode, withCodeType } from './code-chart';

const wish: ChartWish = { type: 'bar chart', groupBy: ["the 'carrier'"], metrics: [{ aggregation: 'average', column: 'delay' }], interval: null, order: 'descending', buckets: null, limit: null };

describe('a chart that its code draws', () => {
  test('is what the file says, and the file keeps what this page does not know', () => {
    const file = { chart_type: 'bar chart', x: 'cities', y: 'sums', legend_labels: ['all', 'few'], height: 300 };
    const chart = codeChartOf(file);
    expect(chart).toEqual({ type: 'bar chart', names: { x: 'cities', y: 'sums', index: '' }, legend: 'all, few' });
    if (chart === null) throw new Error('it is one');
    expect(codeConfiguration({ ...chart, names: { ...chart.names, y: ' others ' }, legend: '' }, file)).toEqual({ chart_type: 'bar chart', x: 'cities', y: 'others', height: 300 });
    expect(codeChartOf({ chart_type: 'radar' })).toBeNull();
  });

  test('names what it needs as another type, and keeps names that somebody has given', () => {
    const chart = { type: 'custom', names: { x: '', y: 'sums', index: '' }, legend: '' } as const;
    expect(withCodeType(chart, 'line chart').names).toEqual({ x: 'x', y: 'sums', index: '' });
    expect(withCodeType(chart, 'custom').names).toEqual(chart.names);
    expect(partsOf('histogram').map(({ part }) => part)).toEqual(['x']);
  });

  test('begins with code that draws what was chosen', () => {
    expect(startingCode('bar chart', wish)).toBe("of = df_1.groupby('the \\'carrier\\'')['delay'].mean().sort_values(ascending=False).head(100)\nx = list(of.index)\ny = [list(of)]\n");
    expect(startingCode('time series bar chart', { ...wish, groupBy: ['at'], metrics: [] })).toContain("pd.to_datetime(df_1['at'])");
    expect(startingCode('pie chart', { ...wish, groupBy: [] })).toBe('x = df_1.iloc[:, 0]\n');
    for (const type of codeTypes) {
      for (const { part } of partsOf(type)) if (part !== 'index') expect(startingCode(type, wish)).toMatch(new RegExp(`^${part} = `, 'm'));
      expect(isUntouched(startingCode(type, wish), wish)).toBe(true);
    }
    expect(isUntouched('x = [1]\n', wish)).toBe(false);
  });

  test('shows pictures as images, and pages in a frame', () => {
    expect(shownPicture({ type: 'png', data: 'AAAA', address: null })).toEqual({ as: 'image', address: 'data:image/png;base64,AAAA' });
    expect(shownPicture({ type: 'svg', data: '<svg>ü</svg>', address: null })).toEqual({ as: 'image', address: 'data:image/svg+xml;base64,PHN2Zz7DvDwvc3ZnPg==' });
    const address = '/api/chart_pages/7';
    expect(shownPicture({ type: 'html', data: '<b>7</b>', address })).toEqual({ as: 'page', address, page: '<b>7</b>', wantsMore: false });
    expect(shownPicture({ type: 'html', data: '<script>run()</script>', address })).toMatchObject({ wantsMore: false });
    for (const page of ['<SCRIPT async src=x></SCRIPT>', '<link href="x.css" rel="stylesheet">']) {
      expect(shownPicture({ type: 'iframe', data: page, address })).toMatchObject({ wantsMore: true });
    }
    expect(shownPicture({ type: 'latex', data: '$x$', address: null })).toEqual({ as: 'text', text: '$x$' });
  });

  test('says how much it drew', () => {
    const drawn: Drawn = { type: 'bar chart', columns: [], places: ['x'], measures: ['y'], rows: [{}], isCut: false, rest: [], interval: null, timeZone: null, count: 1, leftOut: 0, groups: 1 };
    expect(codeWords(drawn)).toBe('1 mark');
    expect(codeWords({ ...drawn, type: 'pie chart', count: 3000, leftOut: 4, isCut: true, groups: 20 })).toBe('3,000 values · 4 without a value left out · 1 of 20 shown');
  });
});
