import { describe, expect, test } from 'vitest';

import { barsOf, cellText, columnKind, columnWords, conditionWords, copied, nullWords, queryOf, sortedBy, typeWords, WHOLE } from './table';

describe('a view', () => {
  test('is asked of the server', () => {
    expect(queryOf(WHOLE)).toEqual({});
    expect(
      queryOf({
        sort: { column: 'dep_delay', down: true },
        conditions: [{ column: 'carrier', comparison: 'eq', value: 'HA' }],
        search: 'x',
      }),
    ).toEqual({ 'sort[]': ['-dep_delay'], 'filter[]': ['carrier:eq:HA'], search: 'x' });
  });

  test.each(['', '-a', 'a:b', '"a"'])('names the column %j so that it cannot be read in another way', (column) => {
    const name = JSON.stringify(column);
    expect(queryOf({ sort: { column, down: true }, conditions: [{ column, comparison: 'eq', value: '1:2' }], search: '' })).toEqual({
      'sort[]': [`-${name}`],
      'filter[]': [`${name}:eq:1:2`],
    });
  });

  test('a header sorts upwards, downwards, not', () => {
    const up = sortedBy(WHOLE, 'a');
    const down = sortedBy(up, 'a');
    expect([up.sort, down.sort, sortedBy(down, 'a').sort]).toEqual([
      { column: 'a', down: false },
      { column: 'a', down: true },
      null,
    ]);
    expect(sortedBy(down, 'b').sort).toEqual({ column: 'b', down: false });
  });

  test('conditions in words', () => {
    expect(conditionWords({ column: 'a', comparison: 'gt', value: '3' })).toEqual({ property: 'a >', value: '3' });
    expect(conditionWords({ column: 'a', comparison: 'null', value: '' })).toEqual({ property: 'a', value: 'is null' });
  });
});

describe('columns', () => {
  test.each([
    ['Int64', 'number', 'int64'],
    ['Decimal128(38, 2)', 'number', 'decimal'],
    ['LargeUtf8', 'text', 'text'],
    ['Dictionary(Int8, Utf8)', 'text', 'text'],
    ['Timestamp(ns)', 'time', 'timestamp'],
    ['Timestamp(us, "UTC")', 'time', 'timestamp with zone'],
    ['Date32', 'date', 'date'],
    ['List(Int64)', 'nested', 'list'],
    ['Boolean', 'bool', 'bool'],
  ])('%s', (type, kind, words) => {
    expect(columnKind(type)).toBe(kind);
    expect(typeWords(type)).toBe(words);
  });

  const facts = { nulls: 0, min: null, max: null, mean: null, distinct: null, histogram: null };
  test.each([
    [{ ...facts, min: '-43', max: '1301' }, 'number' as const, '−43…1.3k'],
    [{ ...facts, min: '7', max: '7' }, 'number' as const, '7'],
    [{ ...facts, distinct: 16 }, 'text' as const, '16 distinct'],
    [{ ...facts, distinct: 100 }, 'text' as const, 'all distinct'],
    [facts, 'text' as const, 'many distinct'],
    [{ ...facts, histogram: { counts: [79, 21], values: ['false', 'true'] } }, 'bool' as const, '21 % true'],
  ])('%j', (of, kind, words) => expect(columnWords(of, 100, kind)).toBe(words));

  test('nulls', () => {
    expect(nullWords(0, 10)).toBe('');
    expect(nullWords(25, 1000)).toBe('2.5 % null');
  });
});

describe('cells', () => {
  test.each([
    [null, 'number' as const, null],
    [-3.5, 'number' as const, '−3.5'],
    ['2013-01-09T06:41:00', 'time' as const, '2013-01-09 06:41:00'],
    ['2013-01-09T00:00:00', 'time' as const, '2013-01-09'],
    ['2013-01-09T06:41:00.250000', 'time' as const, '2013-01-09 06:41:00.25'],
    [{ a: 1 }, 'nested' as const, '{"a":1}'],
    [false, 'bool' as const, 'false'],
  ])('%j', (value, kind, text) => expect(cellText(value, kind)).toBe(text));

  test('are copied so that others can read them', () => {
    const rows = [['a "b"', null], ['', 'x|y']];
    expect(copied(['one', 'two'], rows, 'csv')).toBe('one,two\n"a ""b""",\n"",x|y');
    expect(copied(['one', 'two'], rows, 'markdown')).toBe('| one | two |\n| --- | --- |\n| a "b" |  |\n|  | x\\|y |');
  });
});

describe('the bars of a column', () => {
  const facts = { nulls: 0, mean: null, distinct: null };

  test('are parts of a range, whose rows can be asked for', () => {
    const numbers = barsOf({ ...facts, min: '-10', max: '10', histogram: { counts: [1, 2], values: null } }, 'number');
    expect(numbers).toEqual([
      { label: '−10…0', count: 1, rows: [{ comparison: 'ge', value: '-10' }, { comparison: 'lt', value: '0' }] },
      { label: '0…10', count: 2, rows: [{ comparison: 'ge', value: '0' }, { comparison: 'le', value: '10' }] },
    ]);
    const days = barsOf({ ...facts, min: '2013-01-01', max: '2013-12-31', histogram: { counts: [3, 4], values: null } }, 'date');
    expect(days.map((bar) => bar.label)).toEqual(['2013-01-01…2013-07-02', '2013-07-02…2013-12-31']);
    const times = barsOf({ ...facts, min: '2013-01-01T00:00:00', max: '2013-01-03T00:00:00', histogram: { counts: [3, 4], values: null } }, 'time');
    expect(times[1]).toEqual({
      label: '2013-01-02 00:00…2013-01-03 00:00',
      count: 4,
      rows: [{ comparison: 'ge', value: '2013-01-02T00:00:00.000' }, { comparison: 'le', value: '2013-01-03T00:00:00' }],
    });
  });

  test('are single values where there are few', () => {
    const long = 'x'.repeat(64);
    const texts = barsOf({ ...facts, min: null, max: null, histogram: { counts: [3, 2, 1], values: ['a', '', long] } }, 'text');
    expect(texts.map((bar) => [bar.label, bar.rows?.[0]])).toEqual([
      ['a', { comparison: 'eq', value: 'a' }],
      ['(empty)', { comparison: 'eq', value: '' }],
      [long, { comparison: 'contains', value: long }],
    ]);
    expect(barsOf({ ...facts, min: null, max: null, histogram: null }, 'text')).toEqual([]);
    expect(barsOf({ ...facts, min: 'a', max: 'b', histogram: { counts: [3], values: null } }, 'text')).toEqual([]);
  });
});
