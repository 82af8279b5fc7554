// A pipeline leaves as a zip archive and comes back: what would be lost is shown, and asked for.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

test('an archive is exported, shown before it is taken in, and overwrites only what was allowed', async ({ page }) => {
  await page.goto('/pipelines?search=asked');
  await page.getByRole('checkbox', { name: 'Select asked' }).click();
  const fetched = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  const archive = await fetched;
  expect(archive.suggestedFilename()).toBe('asked.zip');
  const zip = test.info().outputPath('asked.zip');
  await archive.saveAs(zip);

  const code = join(process.env.BATON_PROJECT ?? '', 'data_loaders/asked_block.py');
  appendFileSync(code, '# written since\n');
  await page.goto('/pipelines?new=import');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Import', exact: true })).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByLabel('Archive').setInputFiles({ name: 'none.zip', mimeType: 'application/zip', buffer: Buffer.from('no archive') });
  await expect(dialog.getByRole('alert')).toContainText('cannot be taken in');
  await dialog.getByLabel('Archive').setInputFiles(zip);
  await expect(dialog.getByRole('heading', { name: 'Import asked' })).toBeVisible();
  await expect(dialog.getByRole('region', { name: 'What it writes' })).toContainText('1 file of the project would be lost');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  const take = dialog.getByRole('button', { name: 'Import and overwrite 1 file' });
  await expect(take).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByRole('switch', { name: 'Overwrite 1 file of the project' }).click();
  await take.click();
  await expect(page).toHaveURL(/\/pipelines\/asked\/edit/);
  const said = await page.request.get('/api/file_contents/data_loaders%2Fasked_block.py');
  expect(await said.text()).not.toContain('written since');
});
