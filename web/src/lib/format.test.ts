import { describe, expect, test } from 'vitest';

import { count, duration, parseTime, percent, plural, relative, shortCount, size } from './format';

describe('numbers', () => {
  test.each([
    [336_776, '336,776'],
    [-12, '−12'],
    [0, '0'],
  ])('count(%s)', (value, text) => expect(count(value)).toBe(text));

  test.each([
    [999, '999'],
    [1_300, '1.3k'],
    [318_000, '318k'],
    [999_999, '1M'],
    [1_234_567, '1.2M'],
    [-43_000, '−43k'],
  ])('shortCount(%s)', (value, text) => expect(shortCount(value)).toBe(text));

  test.each([
    [0.025, '2.5 %'],
    [1, '100 %'],
    [0, '0 %'],
    [0.0001, '< 0.1 %'],
  ])('percent(%s)', (value, text) => expect(percent(value)).toBe(text));

  test.each([
    [12, '12 ms'],
    [800, '0.8 s'],
    [55_000, '55 s'],
    [59_999, '59 s'],
    [125_000, '2 min 05 s'],
    [4_320_000, '1 h 12 min'],
    [151_200_000, '1 d 18 h'],
  ])('duration(%s)', (value, text) => expect(duration(value)).toBe(text));

  test.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [512, '512 bytes'],
    [41_200_000, '41.2 MB'],
    [999_900, '1.0 MB'],
  ])('size(%s)', (value, text) => expect(size(value)).toBe(text));

  test('plural', () => {
    expect(plural(1, 'block')).toBe('1 block');
    expect(plural(2, 'block')).toBe('2 blocks');
  });
});

describe('times', () => {
  const now = new Date(2026, 10, 18, 9, 42).getTime();
  const at = (hours: number) => now + hours * 3_600_000;

  test.each([
    [0, 'just now'],
    [-0.05, '3 min ago'],
    [-3, '3 h ago'],
    [-24, 'yesterday 09:42'],
    [-72, 'Sun 15 Nov'],
    [0.05, 'in 3 min'],
    [3, 'today 12:42'],
    [24, 'tomorrow 09:42'],
    [24 * 4, 'Sun 22 Nov 09:42'],
    [24 * 12, 'Mon 30 Nov'],
  ])('relative to %s hours from now', (hours, text) => expect(relative(at(hours), now)).toBe(text));

  test('a time of the server is UTC unless it says otherwise', () => {
    const same = Date.UTC(2026, 10, 21, 6, 30);
    expect(parseTime('2026-11-21 06:30:00')).toBe(same);
    expect(parseTime('2026-11-21T06:30:00Z')).toBe(same);
    expect(parseTime('2026-11-21 07:30:00+01:00')).toBe(same);
    expect(parseTime('2026-11-21 06:30:00.000000+00:00')).toBe(same);
  });
});
