import { describe, expect, it } from 'vitest';

import { columnChanges, type Version } from './compare';

const version = (rows: number, columns: Record<string, [type: string, nulls: number, min?: string, max?: string]>): Version => ({
  rows,
  columns: Object.entries(columns).map(([name, [type]]) => ({ name, type })),
  statistics: Object.values(columns).map(([, nulls, min, max]) => ({ nulls, min: min ?? null, max: max ?? null })),
});

describe('what differs between two versions', () => {
  it('is nothing when they are the same', () => {
    const one = version(10, { a: ['Int64', 1, '0', '9'], b: ['Utf8', 0] });
    expect(columnChanges(one, one)).toEqual([]);
  });

  it('names new columns, then gone ones, then changed ones', () => {
    const before = version(10, { a: ['Int64', 0], gone: ['Utf8', 0], c: ['Int64', 1], d: ['Int64', 0, '1', '5'] });
    const after = version(20, { late: ['Boolean', 0], a: ['Float64', 0], c: ['Int64', 1], d: ['Int64', 0, '1', '7'] });
    expect(columnChanges(before, after)).toEqual([
      { name: 'late', sign: '+', before: '', after: 'bool' },
      { name: 'gone', sign: '−', before: 'text', after: '' },
      { name: 'a', sign: '~', before: 'int64', after: 'float64' },
      { name: 'c', sign: '~', before: '10 % null', after: '5 % null' },
      { name: 'd', sign: '~', before: '1…5', after: '1…7' },
    ]);
  });

  it('does not divide by no rows', () => {
    expect(columnChanges(version(0, { a: ['Int64', 0] }), version(5, { a: ['Int64', 0] }))).toEqual([
      { name: 'a', sign: '~', before: '', after: '0 % null' },
    ]);
  });
});
