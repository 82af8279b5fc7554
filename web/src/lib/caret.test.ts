import { describe, expect, it } from 'vitest';

import { carets, pointed } from './caret';

describe('a place in a line of code', () => {
  it.each([
    ['def f(:', 6, 7, 'def f(', ':', '', '      ^'],
    ['if x', 4, 5, 'if x', '\u00a0', '', '    ^'],
    ['😀 = [1 2]', 5, 8, '😀 = [', '1 2', ']', '     ^^^'],
    ['a\t= b c', 4, 7, 'a\t= ', 'b c', '', ' \t  ^^^'],
  ])('%s', (code, from, to, before, place, after, below) => {
    expect(pointed(code, { from, to })).toEqual({ before, place, after });
    expect(carets(code, { from, to })).toBe(below);
  });
});
