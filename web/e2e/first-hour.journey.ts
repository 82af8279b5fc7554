// What a person does in the first hour: come in, look around, make, run, mend and delete.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';
import { COMPLETED } from './sentences';

test.describe('without a session', () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test('the door asks for the token and says when it is wrong', async ({ page }) => {
    await page.goto('/runs');
    await expect(page.getByRole('heading', { name: 'Sign in to Baton' })).toBeVisible();
    await expectAccessible(page);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('This is not the token of this server.')).toBeVisible();
    await page.getByLabel('Token').fill(process.env.BATON_TOKEN ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('navigation', { name: 'Places' })).toBeVisible();
    await expect(page).not.toHaveURL(/token/);
  });
});

test('the palette leads to a pipeline by keyboard alone', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('pipeline flights');
  // What Enter takes is known when the pipelines are.
  await expect(page.getByRole('option', { name: 'flights', exact: true, selected: true })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/pipelines\/flights\/edit/);
});

test('filters and search stand in the address', async ({ page }) => {
  await page.goto('/pipelines');
  await expect(page.getByRole('link', { name: 'flights', exact: true }).last()).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('nothing at all');
  await expect(page.getByText('No pipeline matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear 1 filter' }).click();
  await page.getByRole('button', { name: '+ Tag' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'journeys' }).click();
  await page.keyboard.press('Escape');
  // Every pipeline but `flights` has the tag.
  const counted = page.getByText(/^\d+ of \d+$/);
  await expect(counted).toBeVisible();
  const [shown, all] = (await counted.innerText()).split(' of ').map(Number);
  expect(shown).toBe((all ?? 0) - 1);
  await page.reload();
  await expect(counted).toHaveText(`${shown} of ${all}`);
});

test('a pipeline is made, renamed and deleted with what it takes along', async ({ page }) => {
  await page.goto('/pipelines');
  await page.getByRole('button', { name: 'New pipeline', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('my first');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/\/pipelines\/my_first\/edit/);
  await page.goto('/pipelines?search=my_first');
  await page.getByRole('checkbox', { name: 'Select my_first' }).click();
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('New name').fill('my second');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.goto('/pipelines?search=my_second');
  await page.getByRole('checkbox', { name: 'Select my_second' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete 1 pipeline' }).click();
  await expect(page.getByRole('link', { name: 'my_second' })).toHaveCount(0);
});

test('a run that fails says why, and can be retried', async ({ page }) => {
  await page.goto('/pipelines?search=bad');
  await page.getByRole('checkbox', { name: 'Select bad' }).click();
  // Leaving the page at once would take the request back.
  const made = page.waitForResponse((response) => response.request().method() === 'POST' && response.ok());
  await page.getByRole('button', { name: 'Run 1 pipeline' }).click();
  await made;
  await page.goto('/runs?view=failed');
  // Other journeys may have run it before.
  await page.getByRole('link', { name: 'bad', exact: true }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('failed with ValueError: no rows today');
  await expect(page.getByText('Your code, most recent call last')).toBeVisible();
  const panel = page.getByRole('tabpanel', { name: 'Error and logs' });
  await expect(panel.getByRole('code')).toHaveText("raise ValueError('no rows today')");
  // The log says it, too.
  await expect(panel.getByText('data_loaders/bad_block.py:4 in load').first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Retry 1 block from bad_block' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('failed');
});

test('a trigger is made, run and deleted', async ({ page }) => {
  await page.goto('/pipelines/good/triggers');
  await page.getByRole('link', { name: 'New trigger' }).first().click();
  await expect(page.getByRole('button', { name: 'Create' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByLabel('Name').fill('mornings');
  await page.getByLabel('Schedule').fill('30 6 * * 1-5');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('weekdays at 06:30');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByText('0 runs so far')).toBeVisible();
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect(page).toHaveURL(/\/pipelines\/good\/runs\/\d+/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(COMPLETED);
  await page.goto('/pipelines/good/triggers');
  await page.getByRole('checkbox', { name: /Select mornings/ }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete 1 trigger' }).click();
  await expect(page.getByRole('checkbox', { name: /Select mornings/ })).toHaveCount(0);
});
