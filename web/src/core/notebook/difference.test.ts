import { describe, expect, test } from 'vitest';

import { changedLines, difference, excerpt } from './difference';

const signs = { same: ' ', gone: '-', new: '+' } as const;
const shown = (before: string, after: string) =>
  difference(before, after).map((line) => `${signs[line.kind]}${line.number} ${line.text}`);

describe('difference', () => {
  test.each([
    ['a', 'a', [' 1 a']],
    ['a\nb\nc', 'a\nx\nc', [' 1 a', '-2 b', '+2 x', ' 3 c']],
    ['a\nb', 'a', [' 1 a', '-2 b']],
    ['a', 'a\nb', [' 1 a', '+2 b']],
    ['x\na\nb\nc', 'a\nb\ny\nc', ['-1 x', ' 1 a', ' 2 b', '+3 y', ' 4 c']],
    ['', 'a', ['-1 ', '+1 a']],
  ])('%j to %j', (before, after, expected) => expect(shown(before, after)).toEqual(expected));

  test('gives both texts back', () => {
    const before = 'one\ntwo\nthree\nfour\nfive\nsix';
    const after = 'zero\none\nthree\n3.5\nfive\nsix\nseven';
    const lines = difference(before, after);
    const of = (left: 'gone' | 'new') => lines.filter((line) => line.kind !== left).map((line) => line.text).join('\n');
    expect(of('new')).toBe(before);
    expect(of('gone')).toBe(after);
    expect(changedLines(before, after)).toEqual([1, 4, 7]);
  });

  test('an excerpt leaves out what is the same', () => {
    const before = Array.from({ length: 20 }, (_, at) => `line ${at}`);
    const after = before.map((line, at) => (at === 3 || at === 15 ? 'other' : line));
    const found = excerpt(difference(before.join('\n'), after.join('\n')), 1);
    expect(found.filter((line) => line === null)).toHaveLength(1);
    expect(found).toHaveLength(9);
  });
});
