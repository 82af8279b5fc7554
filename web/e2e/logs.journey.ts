// The logs of all runs: searched, narrowed, and read on while a run goes on.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

test('lines are searched, narrowed and found again by their address', async ({ page }) => {
  await page.goto('/logs');
  const lines = page.getByRole('listbox', { name: 'Log lines' });
  await expect(lines.getByText('month 7 of 12').first()).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search the lines' }).fill('month');
  await expect(page.getByRole('status').filter({ hasText: /match/ })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search the lines' }).press('Enter');
  await expect(page.getByRole('status').filter({ hasText: /^1 of \d+/ })).toBeVisible();
  const filters = page.getByRole('complementary', { name: 'Filters' });
  await filters.getByRole('checkbox', { name: 'good', exact: true }).click();
  await expect(page).toHaveURL(/pipeline=good/);
  await expect(lines.getByText('good_block').first()).toBeVisible();
  await expect(lines.getByText('table_block')).toHaveCount(0);
  await page.reload();
  await expect(lines.getByText('good_block').first()).toBeVisible();
  await expect(lines.getByText('table_block')).toHaveCount(0);
  await lines.getByText('month').first().click();
  await expect(page.getByRole('region', { name: 'The chosen line' }).getByRole('link', { name: /Run \d+ of good/ })).toBeVisible();
  await page.getByRole('button', { name: 'Only these lines' }).click();
  await page.getByRole('searchbox', { name: 'Search the lines' }).fill('nothing says this');
  await expect(page.getByText('No line matches')).toBeVisible();
  await page.getByRole('button', { name: /Clear \d filters/ }).click();
  // Which other lines are in sight depends on what has run last.
  await expect(lines.getByText(/^(table|bad)_block$/).first()).toBeVisible();
});

test('what a run says appears while it goes on', async ({ page }) => {
  await page.goto('/logs?block=good_block');
  await expect(page.getByRole('listbox', { name: 'Log lines' }).getByText('month 7 of 12').first()).toBeVisible();
  const foot = page.getByRole('status').filter({ hasText: /lines? of \d+ runs?/ });
  await expect(foot).toBeVisible();
  await expect(foot).not.toContainText('others are being read');
  const before = Number(/^[\d,]+/.exec((await foot.textContent()) ?? '')?.[0].replace(',', ''));
  const run = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'good', timeout: 0 } } });
  expect(run.ok()).toBe(true);
  await expect(foot).toContainText(`${before + 1} lines`);
});

test('a narrow window keeps the filters behind a button; a pipeline has its own logs', async ({ page }) => {
  await page.setViewportSize({ width: 1024, height: 768 });
  await page.goto('/pipelines/good/logs');
  await expect(page.getByRole('listbox', { name: 'Log lines' }).getByText('month 7 of 12').first()).toBeVisible();
  await page.getByRole('button', { name: 'Filters' }).click();
  const filters = page.getByRole('complementary', { name: 'Filters' });
  await filters.getByRole('checkbox', { name: 'Info' }).click();
  await expect(page).toHaveURL(/level=error&level=warn&level=debug/);
  await expectAccessible(page);
});
