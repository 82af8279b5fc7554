import { expect, test } from 'vitest';

import { restoreWords } from './commit-list';

test('restoring says what goes and what comes back', () => {
  expect(restoreWords('a\nb\nc', 'a\nx')).toBe('2 lines go, 1 line comes back');
  expect(restoreWords('a\nb', 'a')).toBe('1 line goes, 0 lines come back');
});
