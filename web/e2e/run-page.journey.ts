// A run read whole: what its blocks used, and what is different from another run.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';
import { COMPLETED } from './sentences';

for (const theme of ['light', 'dark'] as const) {
  test(`a run says what its blocks used and what is different from another run, in ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto('/pipelines/good/runs/1?panel=resources');
    await expect(page.getByRole('heading', { level: 1, name: COMPLETED })).toBeVisible();
    await expect(page.getByRole('row', { name: /Most memory at a time/ })).toContainText('MB');
    await expectAccessible(page);
    await page.goto('/pipelines?search=good');
    await page.getByRole('checkbox', { name: 'Select good' }).click();
    await page.getByRole('button', { name: 'Run 1 pipeline' }).click();
    // Leaving at once would take the question back.
    await expect(page.getByText('1 selected')).toBeHidden();
    await page.goto('/pipelines/good/runs');
    await expect(page.getByRole('row', { name: /Completed/ }).nth(1)).toBeVisible();
    await page.getByRole('row', { name: /Completed/ }).first().getByRole('link').first().click();
    await page.getByRole('link', { name: /^Compare with run/ }).click();
    await expect(page.getByRole('heading', { level: 1, name: /^Run \d+ beside/ })).toBeVisible();
    await expect(page.getByRole('row', { name: /good_block/ })).toContainText('same');
    await page.getByRole('switch', { name: 'Only blocks that differ' }).click();
    await expect(page.getByText('No block differs')).toBeVisible();
    await expect(page).toHaveURL(/only=changed/);
    await page.reload();
    await expect(page.getByText('No block differs')).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Show all blocks' }).click();
    await expect(page.getByRole('row', { name: /good_block/ })).toBeVisible();
  });
}

test('a run of many blocks shows them as they end, and draws only what is in sight', async ({ page }) => {
  const started = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'wide', timeout: 0 } } });
  const run = /"pipeline_run_id":(\d+)/.exec(await started.text())?.[1] ?? '';
  await page.goto(`/pipelines/wide/runs/${run}`);
  await expect(page.getByRole('heading', { level: 1, name: COMPLETED })).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.run-facts')).toContainText('160 completed');
  expect(await page.locator('.run-node').count()).toBeLessThan(80);
  expect(await page.locator('.timeline-row').count()).toBeLessThan(80);
  // What is chosen at one end of the run comes into sight.
  await page.goto(`/pipelines/wide/runs/${run}?block=wide_159`);
  await expect(page.getByRole('button', { name: 'wide_159', pressed: true })).toBeInViewport();
  await expect(page.locator('.run-node-selected')).toBeInViewport();
});

test('a run that ends before the page hears of events is shown as ended', async ({ page }) => {
  let listen = () => {};
  const heard = new Promise<void>((resolve) => {
    listen = resolve;
  });
  await page.route('**/api/events?*', async (route) => {
    await heard;
    await route.continue();
  });
  const started = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'wide', timeout: 0 } } });
  const run = /"pipeline_run_id":(\d+)/.exec(await started.text())?.[1] ?? '';
  await page.goto(`/pipelines/wide/runs/${run}`);
  await expect(page.locator('.run-facts')).toContainText('Blocks');
  await expect.poll(async () => (await page.request.get(`/api/pipeline_runs/${run}`)).text(), { timeout: 60_000 }).toContain('"status":"completed"');
  listen();
  await expect(page.getByRole('heading', { level: 1, name: COMPLETED })).toBeVisible();
  await expect(page.locator('.run-facts')).toContainText('160 completed');
});

test('every attempt of a block has its time, its error and its log', async ({ page }) => {
  const started = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'tried', timeout: 60 } } });
  const run = /"pipeline_run_id":(\d+)/.exec(await started.text())?.[1] ?? '';
  await page.goto(`/pipelines/tried/runs/${run}?panel=resources`);
  const attempts = page.getByRole('region', { name: 'Attempts' });
  await expect(attempts.getByRole('row', { name: /no rows today/ })).toHaveCount(2);
  await expect(page.locator('.timeline-attempt')).toHaveCount(2);
  await expectAccessible(page);
  await attempts.getByRole('button', { name: 'Log of attempt 1' }).click();
  await expect(page).toHaveURL(/attempt=1/);
  await expect(page.getByRole('group', { name: 'Error of attempt 1' })).toContainText('no rows today');
  await page.reload();
  await expect(page.getByRole('group', { name: 'Error of attempt 1' })).toContainText('no rows today');
  // The callback of the failure has its own.
  await page.goto(`/pipelines/tried/runs/${run}?panel=logs`);
  await expect(page.getByRole('group', { name: 'Error of a callback' })).toContainText('OSError: no mail today');
  await expect(page.getByText('a callback failed: OSError: no mail today', { exact: true })).toBeVisible();
  await expectAccessible(page);
});
