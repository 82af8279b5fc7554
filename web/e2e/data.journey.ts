// Somebody looks for data, at a product, at its versions, and finds the same view again by its address.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

test('a product is found, looked at and compared with what an older run made', async ({ page }) => {
  const made = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'table' } } });
  expect(made.ok()).toBe(true);

  await page.goto('/data');
  await page.getByRole('searchbox', { name: 'Block, output, pipeline' }).fill('table_block');
  await expect(page.getByRole('status').filter({ hasText: /1 of \d+ products/ })).toBeVisible();
  await page.getByRole('button', { name: /^Tables \d/ }).click();
  await expect(page).toHaveURL(/view=tables/);
  await page.getByRole('link', { name: /table_block/ }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('table_block / output_0');
  await expect(page.getByText('4 × 2')).toBeVisible();
  const rows = page.getByRole('grid', { name: 'Output output_0 of table_block' });
  await expect(rows.getByRole('gridcell', { name: 'Lima' })).toBeVisible();
  await page.getByRole('region', { name: 'Schema' }).getByRole('button', { name: /city/ }).click();
  const profile = page.getByRole('region', { name: 'Profile of city' });
  await expect(profile.getByText('1, 25 %')).toBeVisible();
  await page.getByRole('button', { name: 'The next column' }).click();
  await expect(page.getByRole('region', { name: 'Profile of people' }).getByText('10,000,000')).toBeVisible();
  await rows.getByRole('button', { name: /^people/ }).click();
  await expect(rows.getByRole('gridcell').first()).toHaveText('null');
  await expect(page).toHaveURL(/sort=people/);
  await page.reload();
  await expect(rows.getByRole('columnheader', { name: /people/ })).toHaveAttribute('aria-sort', 'ascending');
  await expect(page.getByRole('region', { name: 'Profile of people' })).toBeVisible();

  const versions = page.getByRole('region', { name: 'Versions' });
  await expect(versions.getByText('Types, shares of nulls and ranges are the same in every column.')).toBeVisible();
  await versions.getByRole('list').getByRole('button', { name: /^B Run/ }).click();
  await expect(page.getByText('an older version')).toBeVisible();
  await expect(page).toHaveURL(/run=\d+/);
});

test('a narrow window keeps the schema in a drawer, and lineage as a tab', async ({ page }) => {
  await page.setViewportSize({ width: 1024, height: 768 });
  await page.goto('/data/table/table_block?below=lineage');
  await expect(page.getByRole('tab', { name: 'Lineage' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('region', { name: 'Schema' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Schema' }).click();
  await expect(page.getByRole('region', { name: 'Schema' })).toBeVisible();
  await expectAccessible(page);
});

test('a block that has made nothing says so', async ({ page }) => {
  await page.goto('/data/flights/load_flights');
  await expect(page.getByText('load_flights has made no data that is still there')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Open load_flights in the editor' })).toBeVisible();
});
