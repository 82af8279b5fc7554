import { describe, expect, test } from 'vitest';

import { cellText, columnKind, columnWords, conditionWords, copied, nullWords, queryOf, sortedBy, typeWords, WHOLE } from './table';

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
