// The settings of the project: its tries, secrets, variables, what is too old, and who changed what.
import { readFileSync } from 'node:fs';

import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

test('a secret is stored, given another value and deleted, and its value is never shown', async ({ page }) => {
  await page.goto('/settings/secrets');
  await expect(page.getByText('No secret yet')).toBeVisible();
  const form = page.getByRole('region', { name: 'New secret' });
  await expect(form.getByRole('button', { name: 'Add secret' })).toHaveAttribute('aria-disabled', 'true');
  await form.getByLabel('Name').fill('api_key');
  await form.getByLabel('Value').fill('first value');
  await form.getByRole('button', { name: 'Add secret' }).click();
  const secrets = page.getByRole('region', { name: 'Secrets', exact: true });
  await expect(secrets.getByText('api_key')).toBeVisible();
  await secrets.getByRole('button', { name: 'Give api_key another value' }).click();
  await secrets.getByLabel('New value of api_key').fill('second value');
  await secrets.getByRole('button', { name: 'Replace the value' }).click();
  await expect(secrets.getByLabel('New value of api_key')).toHaveCount(0);
  await expect(page.getByText('second value')).toHaveCount(0);
  await secrets.getByRole('button', { name: 'Delete api_key' }).click();
  await expect(secrets.getByText('blocks that ask for api_key fail')).toBeVisible();
  await secrets.getByRole('button', { name: 'Delete api_key', exact: true }).last().click();
  await expect(page.getByText('No secret yet')).toBeVisible();
});

test('tries, variables and the period are written to the files of the project', async ({ page }) => {
  const project = process.env.BATON_PROJECT ?? '';
  await page.goto('/settings');
  await expect(page).toHaveURL(/\/settings\/project/);
  const tries = page.getByRole('region', { name: 'Tries of a block' });
  await tries.getByLabel('Tries after the first, times').fill('3');
  await tries.getByRole('button', { name: 'Save tries' }).click();
  await expect(tries.getByRole('button', { name: 'Save tries' })).toHaveAttribute('aria-disabled', 'true');
  await expect.poll(() => readFileSync(`${project}/metadata.yaml`, 'utf8')).toMatch(/retries: 3/);

  await page.getByRole('link', { name: 'Variables' }).click();
  await page.getByLabel('Pipeline', { exact: true }).selectOption('good');
  await expect(page).toHaveURL(/pipeline=good/);
  const form = page.getByRole('region', { name: 'New variable' });
  await form.getByLabel('Name').fill('months');
  await form.getByLabel('Value, as text or JSON').fill('[1, 2]');
  await form.getByRole('button', { name: 'Add variable' }).click();
  await expect(page.getByLabel('Value of months')).toHaveValue('[1,2]');
  await page.getByRole('button', { name: 'Remove months' }).click();
  await page.getByRole('button', { name: 'Remove months', exact: true }).last().click();
  await expect(page.getByText('good has no variable yet')).toBeVisible();

  await page.getByRole('link', { name: 'Retention' }).click();
  await expect(page.getByText(/^Nothing: runs are kept/)).toBeVisible();
  await page.getByLabel('Runs and what they made are kept').fill('soon');
  await expect(page.getByText('Write 12h, 90d, 4w or forever')).toBeVisible();
  await page.getByLabel('Runs and what they made are kept').fill('4w');
  await page.getByRole('button', { name: 'Save the period' }).click();
  await expect(page.getByText('Nothing: runs are kept for 28 d.')).toBeVisible();

  await page.getByRole('link', { name: 'Changes' }).click();
  await expect(page.getByRole('grid', { name: 'Changes' }).getByText('months').first()).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  test(`every section is accessible in ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    for (const [section, heading] of [['project', 'Project'], ['secrets', 'Secrets'], ['variables', 'Variables'], ['retention', 'Retention'], ['messages', 'Messages'], ['changes', 'Changes']] as const) {
      await page.goto(`/settings/${section}`);
      await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
      await expectAccessible(page);
    }
  });
}

test('who is told of runs is written to the file of the project, and what it had is kept', async ({ page }) => {
  const project = process.env.BATON_PROJECT ?? '';
  await page.goto('/settings/notifications');
  await page.getByLabel('Slack: address of the webhook').fill("{{ env_var('NO_SLACK') }}");
  await page.getByRole('switch', { name: 'A run completes' }).click();
  const mail = page.getByRole('region', { name: 'E-mail' });
  await mail.getByLabel('Mail server').fill('mail.example.com');
  const save = page.getByRole('button', { name: 'Save who is told' });
  await save.click();
  await expect(mail.getByText('E-mail needs this')).toHaveCount(2);
  await expectAccessible(page);
  await mail.getByLabel('Mail server').fill('');
  await save.click();
  await expect(save).toHaveAttribute('aria-disabled', 'true');
  await expect.poll(() => readFileSync(`${project}/metadata.yaml`, 'utf8')).toMatch(/alert_on:[\s\S]*trigger_success[\s\S]*webhook_url: .*NO_SLACK/);
  await page.reload();
  await page.getByLabel('Slack: address of the webhook').fill('');
  await page.getByRole('switch', { name: 'A run completes' }).click();
  await save.click();
  await expect.poll(() => readFileSync(`${project}/metadata.yaml`, 'utf8')).not.toMatch(/NO_SLACK/);
});
