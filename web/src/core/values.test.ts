import { describe, expect, it } from 'vitest';

import { readValue, shownValue } from './values';

describe('a value in a field', () => {
  it('stays what it is when nobody changes it', () => {
    for (const value of ['text', '', 7, '7', true, 'true', null, 'null', [1, 'a'], { a: { b: 2 } }, '{"a": 1}', '"quoted"', 'half "']) {
      expect(readValue(shownValue(value))).toEqual(value);
    }
  });

  it('is a text where it is no JSON', () => {
    expect(readValue('2026-11-22')).toBe('2026-11-22');
    expect(readValue('[1, 2')).toBe('[1, 2');
  });
});
