import { expect, test } from 'vitest';

import { variablesOf } from './variables';

test.each([
  ['', {}],
  ['{"a": 1}', { a: 1 }],
  ['[1]', undefined],
  ['{"a": ', undefined],
])('variables written as %s', (text, expected) => {
  expect(variablesOf(text)).toEqual(expected);
});
