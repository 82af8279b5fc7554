import { describe, expect, test } from 'vitest';

import { inputsOfText, LEFT, LOW, rememberedPanes, RIGHT, textOfInputs, toggled } from './view';

describe('panes', () => {
  test('are as usual where nothing is remembered or readable', () => {
    for (const stored of [null, '', '{', '7', 'null', '{"left":"nonsense","leftWidth":"wide"}']) {
      expect(rememberedPanes(stored, false)).toMatchObject({ left: 'blocks', right: 'graph', leftWidth: LEFT.usual, isLeftOpen: true });
    }
  });

  test('are as they were left, within their limits', () => {
    const stored = JSON.stringify({ left: 'files', right: 'settings', leftWidth: 9_999, rightWidth: 10, terminalHeight: 5_000, isRightOpen: false });
    expect(rememberedPanes(stored, false)).toMatchObject({ left: 'files', right: 'settings', leftWidth: LEFT.most, rightWidth: RIGHT.least, terminalHeight: LOW.most, isRightOpen: false });
  });

  test('make room in a narrow window', () => {
    expect(rememberedPanes(null, true)).toMatchObject({ isLeftOpen: false, rightWidth: RIGHT.least });
    expect(rememberedPanes('{"rightWidth":600}', true)).toMatchObject({ isLeftOpen: false, rightWidth: RIGHT.least });
  });
});

test('toggled', () => {
  const one = toggled(new Set<string>(), 'a');
  expect([...one]).toEqual(['a']);
  expect([...toggled(one, 'a')]).toEqual([]);
});

test('the inputs of a run stand in the address', () => {
  expect(inputsOfText('12.clean.more')).toEqual({ run: 12, block: 'clean.more' });
  expect(textOfInputs({ run: 12, block: 'clean.more' })).toBe('12.clean.more');
  expect([inputsOfText(null), inputsOfText('clean'), inputsOfText('12.'), textOfInputs(null)]).toEqual([null, null, null, null]);
});
