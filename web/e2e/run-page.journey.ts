// A run read whole: what its blocks used, and what is different from another run.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

for (const theme of ['light', 'dark'] as const) {
  test(`a run says what its blocks used and what is different from another run, in ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto('/pipelines/good/runs/1?panel=resources');
    await expect(page.getByRole('heading', { level: 1, name: /Completed in/ })).toBeVisible();
    await expect(page.getByRole('row', { name: /Most memory at a time/ })).toContainText('MB');
    await expectAccessible(page);
    await page.goto('/pipelines?search=good');
    await page.getByRole('checkbox', { name: 'Select good' }).click();
    await page.getByRole('button', { name: 'Run 1 pipeline' }).click();
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
