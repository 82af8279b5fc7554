import { expect, test } from 'vitest';

import { nameRefused, readViews, viewIn, withView } from './saved-views';

test('a view is what its page knows, in the same order however it was chosen', () => {
  const names = ['view', 'tag'];
  expect(viewIn(new URLSearchParams('tag=b&run=7&tag=a&view=failed'), names)).toBe('view=failed&tag=a&tag=b');
  expect(viewIn(new URLSearchParams('run=7'), names)).toBe('');
});

test.each([null, '', '{', '7', '[{"search":"a=1"}]', '[null]'])('what cannot be read (%s) has no views', (stored) => {
  expect(readViews(stored)).toEqual([]);
});

test('a view replaces the one of its name, and names are in order', () => {
  const views = withView(withView([{ name: 'b', search: '1' }], { name: 'a', search: '2' }), { name: 'b', search: '3' });
  expect(views).toEqual([
    { name: 'a', search: '2' },
    { name: 'b', search: '3' },
  ]);
  expect(readViews(JSON.stringify(views))).toEqual(views);
});

test('a name must be there, and be its own', () => {
  const views = [{ name: 'mine', search: '' }];
  expect(nameRefused(views, '  ')).toBe('Give it a name first');
  expect(nameRefused(views, 'mine')).toBe('There is a view “mine” already');
  expect(nameRefused(views, 'mine', 'mine')).toBeUndefined();
  expect(nameRefused(views, 'other')).toBeUndefined();
});
