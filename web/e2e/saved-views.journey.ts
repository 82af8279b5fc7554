// The filters of a list are kept under a name, by keyboard alone.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

for (const { path, shown } of [
  { path: '/pipelines?view=failing&tag=journeys', shown: 'Pipelines' },
  { path: '/runs?view=failed&search=bad', shown: 'Runs' },
  { path: '/logs?time=all&level=error', shown: 'Logs' },
]) {
  test(`${shown}: a view is saved, found again, renamed and removed`, async ({ page }) => {
    const [address = ''] = path.split('?');
    await page.goto(path);
    const menu = page.getByRole('button', { name: 'Saved views' });
    await menu.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Save this view…' }).press('Enter');
    await page.getByRole('textbox', { name: 'Name' }).fill('My errors');
    await expectAccessible(page);
    await page.keyboard.press('Enter');
    await page.goto(address);
    await menu.press('Enter');
    await page.getByRole('menuitemradio', { name: 'My errors' }).press('Enter');
    for (const [name, value] of new URLSearchParams(path.split('?')[1])) await expect(page).toHaveURL(new RegExp(`${name}=${value}`));
    const here = page.getByRole('button', { name: 'My errors' });
    await here.press('Enter');
    await page.getByRole('menuitem', { name: 'Rename or remove…' }).press('Enter');
    await page.getByRole('textbox', { name: 'Name of the view My errors' }).fill('Errors');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove the view Errors' }).press('Enter');
    await page.getByRole('button', { name: 'Bring Errors back' }).press('Enter');
    await page.getByRole('button', { name: 'Remove the view Errors' }).press('Enter');
    await expect(page.getByText('No view is saved.')).toBeVisible();
    await page.getByRole('button', { name: 'Done' }).press('Enter');
    await expect(menu).toBeVisible();
  });
}
