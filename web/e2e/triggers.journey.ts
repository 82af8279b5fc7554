// A trigger: when it is due, in its zone; and one that is called from elsewhere, with what callers asked.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';
import { COMPLETED } from './sentences';

for (const theme of ['light', 'dark'] as const) {
  test(`a schedule says its next five times, or what is wrong with it, in ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto('/pipelines/good/triggers/new');
    await page.getByLabel('Schedule').fill('30 6 * * 1-5');
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    const times = page.getByRole('region', { name: 'Next five times' });
    await expect(times.getByRole('columnheader', { name: 'Europe/Berlin' })).toBeVisible();
    await expect(times.getByRole('cell', { name: '06:30' })).toHaveCount(5);
    await expectAccessible(page);
    await page.getByLabel('Schedule').fill('every morning');
    await expect(times.getByRole('alert')).toContainText('cannot be followed');
    await expect(times.getByRole('cell')).toHaveCount(0);
  });

  test(`a trigger for callers shows their calls and keeps its token until asked twice, in ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto('/pipelines/good/triggers/new');
    await page.getByLabel('Name').fill(`called in ${theme}`);
    await page.getByLabel('Starts').selectOption('When called by API');
    await page.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByText('Nobody has called it yet.')).toBeVisible();
    await page.getByRole('button', { name: 'Show the token' }).click();
    const call = await page.getByRole('region', { name: 'Call', exact: true }).locator('pre').innerText();
    const token = /Bearer (\w+)/.exec(call)?.[1] ?? '';
    const [address = ''] = /http:\S+api_trigger/.exec(call) ?? [];
    const answer = await page.request.post(address, { headers: { authorization: `Bearer ${token}` }, data: { pipeline_run: { variables: {} } } });
    expect(answer.ok()).toBe(true);
    await page.reload();
    await expect(page.getByRole('row', { name: /Started/ })).toBeVisible();
    await page.getByRole('button', { name: 'New token…' }).click();
    await expect(page.getByText('Callers with the old token are refused from then on.')).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Run now' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText(COMPLETED);
    await page.goto('/pipelines/good/triggers');
    await page.getByRole('checkbox', { name: `Select called in ${theme} of good` }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete 1 trigger' }).click();
    await expect(page.getByRole('checkbox', { name: `Select called in ${theme} of good` })).toHaveCount(0);
  });
}
