// Templates of blocks and global data products: made, used, changed and deleted.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, type Page, test } from '@playwright/test';

import { expectAccessible } from './accessible';

test('a template is made of a block, used and deleted', async ({ page }) => {
  await page.goto('/templates');
  await page.getByRole('searchbox', { name: 'Name, language, purpose' }).fill('filter rows');
  await expect(page.getByRole('region', { name: 'Template Filter rows' })).toBeVisible();
  await page.getByRole('button', { name: 'New template' }).click();
  await page.getByLabel('Block, whose code it takes as it is now').selectOption('good good_block');
  await page.getByLabel('Name', { exact: true }).fill('seven_rows');
  await page.getByLabel('What it is for').fill('Gives seven rows.');
  await page.getByRole('button', { name: 'Make the template' }).click();
  await expect(page).toHaveURL(/view=own/);
  const template = page.getByRole('region', { name: 'Template seven_rows' });
  await expect(template.getByText("return {'rows': 7}")).toBeVisible();
  await template.getByRole('button', { name: 'Use in a pipeline' }).click();
  await page.getByLabel('In the pipeline').selectOption('bad');
  await page.getByLabel('Name of the block').fill('seven more');
  await page.getByRole('button', { name: 'Make the block' }).click();
  await expect(page).toHaveURL(/\/pipelines\/bad\/edit\?block=seven_more/);
  const removed = await page.request.delete('/api/pipelines/bad/blocks/seven_more');
  expect(removed.ok()).toBe(true);

  await page.goto('/templates?view=own');
  await page.getByRole('button', { name: 'Delete seven_rows' }).click();
  await page.getByRole('alert').getByRole('button', { name: 'Delete seven_rows' }).click();
  await expect(page.getByText('The project has no template yet')).toBeVisible();
});

/** A pipeline reads the product, which makes it; the page is loaded anew. */
async function makeCities(page: Page) {
  const folder = join(process.env.BATON_PROJECT ?? '', 'pipelines/reads_cities');
  mkdirSync(folder, { recursive: true });
  const block = '{name: read, uuid: read, type: global_data_product, language: python, configuration: {global_data_product: {uuid: cities}}}';
  writeFileSync(join(folder, 'metadata.yaml'), `name: reads_cities\nuuid: reads_cities\ntype: python\nblocks:\n- ${block}\n`);
  const made = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'reads_cities' } } });
  expect(await made.json()).toMatchObject({ run: { status: 'completed' } });
  rmSync(folder, { recursive: true });
  await page.reload();
}

test('a global data product is made, changed and deleted', async ({ page }) => {
  await page.goto('/global-data-products');
  await page.getByRole('button', { name: 'Make the first one' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Make the product' })).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByLabel('Name').fill('cities');
  await dialog.getByLabel('Pipeline that makes it').selectOption('table');
  await dialog.getByLabel('Fresh for').fill('12');
  await dialog.getByLabel('Unit').selectOption('hours');
  await dialog.getByRole('checkbox', { name: 'table_block' }).click();
  await dialog.getByRole('button', { name: 'Make the product' }).click();
  const list = page.getByRole('grid', { name: 'Global data products' });
  await expect(list.getByText('12 hours')).toBeVisible();
  await expect(list.getByText('Not made yet')).toBeVisible();
  await makeCities(page);
  await expect(list.getByText('Fresh', { exact: true })).toBeVisible();
  await expect(list.getByRole('link', { name: /^made .* ago, fresh for 12 hours$|^made just now, fresh for 12 hours$/ })).toBeVisible();
  await list.getByText('cities', { exact: true }).click();
  await expect(page).toHaveURL(/product=cities/);
  await expectAccessible(page);
  await expect(page.getByRole('dialog').getByRole('link', { name: /fresh for 12 hours$/ })).toHaveAttribute('href', /^\/pipelines\/table\/runs\/\d+/);
  await page.getByRole('dialog').getByLabel('Fresh for').fill('6');
  await page.getByRole('dialog').getByRole('button', { name: 'Save the product' }).click();
  await expect(list.getByText('6 hours', { exact: true })).toBeVisible();
  await list.getByText('6 hours', { exact: true }).hover();
  await page.getByRole('button', { name: 'Delete cities…' }).click();
  await expect(page.getByText('Blocks that read cities will fail')).toBeVisible();
  await page.getByRole('button', { name: 'Delete cities', exact: true }).click();
  await expect(page.getByText('There is no global data product yet')).toBeVisible();
});
