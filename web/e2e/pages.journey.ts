// Every page stands, in both themes, and axe finds nothing serious on it.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';
import { COMPLETED } from './sentences';

const pages = [
  { path: '/', heading: /\d+ \w+/ },
  { path: '/pipelines?group=tag', heading: 'Pipelines' },
  { path: '/runs', heading: 'Runs' },
  { path: '/triggers', heading: 'Triggers' },
  { path: '/logs?search=month', heading: 'Logs' },
  { path: '/templates', heading: 'Templates' },
  { path: '/global-data-products', heading: 'Global data products' },
  { path: '/data', heading: 'Data' },
  { path: '/data/table/table_block', heading: /table_block/ },
  { path: '/data/good/good_block', heading: /good_block/ },
  { path: '/pipelines/good/runs/1', heading: COMPLETED },
  { path: '/pipelines/flights/triggers', heading: 'Triggers' },
  { path: '/pipelines/flights/triggers/new', heading: /^Runs / },
];

for (const theme of ['light', 'dark'] as const) {
  for (const { path, heading } of pages) {
    test(`${path} in ${theme}`, async ({ page }) => {
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.emulateMedia({ colorScheme: theme });
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
      await expectAccessible(page);
      expect(errors).toEqual([]);
    });
  }
}

test('an address without a page says so', async ({ page }) => {
  await page.goto('/no/such/page');
  await expect(page.getByText('There is no page at this address')).toBeVisible();
});
