// A window of the past is run: seen beforehand, watched, paused, stopped, and only what failed run again.
import { expect, type Page, test } from '@playwright/test';

import { expectAccessible } from './accessible';

async function fillNew(page: Page, pipeline: string, fields: { name: string; first: string; last: string; unit?: string; limit?: string }) {
  await page.goto(`/pipelines/${pipeline}/backfills/new`);
  await page.getByLabel('Name').fill(fields.name);
  await page.getByLabel('First date (UTC)').fill(fields.first);
  await page.getByLabel('Last date (UTC)').fill(fields.last);
  if (fields.unit !== undefined) await page.getByLabel('Unit').selectOption(fields.unit);
  if (fields.limit !== undefined) await page.getByLabel('Runs at a time').fill(fields.limit);
}

test('what would run is shown before it starts, and each date has its run afterwards', async ({ page }) => {
  await page.goto('/pipelines/good/backfills');
  await expect(page.getByText('good has no backfill yet')).toBeVisible();
  await page.getByRole('link', { name: 'New backfill' }).click();
  await expect(page.getByRole('button', { name: 'Start 7 runs' })).toHaveAttribute('aria-disabled', 'true');
  await fillNew(page, 'good', { name: 'january', first: '2026-01-01T00:00', last: '2026-01-03T00:00', limit: '2' });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('3 runs, one a day from 2026-01-01 to 2026-01-03, 2 at a time');
  await page.getByRole('row', { name: /^2026-01-02/ }).click();
  await expect(page).toHaveURL(/date=2026-01-02/);
  await expect(page.getByLabel('Variables of the date')).toContainText('2026-01-03T00:00:00');
  await page.getByLabel('Variables', { exact: true }).first().fill('{"month": 1}');
  await expect(page.getByLabel('Variables of the date')).toContainText('month');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.getByRole('button', { name: 'Start 3 runs' }).click();
  await expect(page).toHaveURL(/backfills\/\d+/);
  await expect(page.getByRole('button', { name: 'Completed 3', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Run 0 missing or failed dates' })).toHaveAttribute('aria-disabled', 'true');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
});

test('only what failed is run again, and deleting says what stays', async ({ page }) => {
  await fillNew(page, 'bad', { name: 'broken', first: '2026-02-01T00:00', last: '2026-02-02T00:00' });
  await page.getByRole('button', { name: 'Start 2 runs' }).click();
  await page.getByRole('button', { name: 'Run 2 missing or failed dates' }).click();
  await expect(page.getByRole('link', { name: '4 runs in the list' })).toBeVisible();
  await page.getByRole('button', { name: 'Failed 2', exact: true }).click();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Failed 2', exact: true })).toHaveAttribute('aria-current', 'true');
  await page.goto('/pipelines/bad/backfills?view=failed');
  await expect(page.getByText('0 of 2')).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.getByRole('checkbox', { name: 'Select broken' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await expect(page.getByText('This deletes 1 backfill; its 4 runs and what they produced stay.')).toBeVisible();
  await page.getByRole('button', { name: 'Delete 1 backfill' }).click();
  await expect(page.getByText('bad has no backfill yet')).toBeVisible();
});

test.describe('with a slow pipeline', () => {
  test.beforeEach(async ({ page }) => {
    const made = await page.request.post('/api/pipelines', { data: { pipeline: { name: 'slow', type: 'python' } } });
    expect(made.ok()).toBe(true);
    const content = "import time\n\n\n@data_loader\ndef load(*args, **kwargs):\n    time.sleep(120)\n    return {'rows': 7}\n";
    const block = { name: 'nap', type: 'data_loader', language: 'python', content };
    expect((await page.request.post('/api/pipelines/slow/blocks', { data: { block } })).ok()).toBe(true);
  });
  test.afterEach(async ({ page }) => {
    expect((await page.request.delete('/api/pipelines/slow')).ok()).toBe(true);
  });

  test('a backfill is paused, let run faster, resumed and cancelled', async ({ page }) => {
    await fillNew(page, 'slow', { name: 'hours', first: '2025-01-01T00:00', last: '2025-01-01T05:00', unit: 'hour', limit: '1' });
    await page.getByRole('button', { name: 'Start 6 runs' }).click();
    await expect(page.getByRole('button', { name: 'Running 1', exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByText('1 run under way, which will go on to the end')).toBeVisible();
    await expect(page.getByText('Its window and variables stay as they are while it is under way')).toBeVisible();
    await page.getByLabel('Runs at a time').fill('2');
    await expect(page.getByRole('button', { name: 'Resume' })).toHaveAttribute('aria-disabled', 'true');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('6 runs, one an hour from 2025-01-01 to 2025-01-01 05:00, 2 at a time')).toBeVisible();
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect(page.getByRole('button', { name: 'Running 2', exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await expect(page.getByText('This stops 2 runs under way and 4 runs that wait. What has completed stays.')).toBeVisible();
    await page.getByRole('button', { name: 'Cancel 6 runs' }).click();
    await expect(page.getByRole('button', { name: 'Run 6 missing or failed dates' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Cancelled 6', exact: true })).toBeVisible();
  });
});
