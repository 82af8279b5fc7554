// The files of the project: made, written, moved, uploaded, deleted, and never over somebody else's change.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

const project = () => process.env.BATON_PROJECT ?? '';

test('a file is made, written, moved and deleted', async ({ page }) => {
  await page.goto('/files');
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Path in the project').fill('utils/dates_of_mine.py');
  await page.getByRole('button', { name: 'Make the file' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('utils/dates_of_mine.py');
  await expect(page).toHaveURL(/path=utils/);
  await page.getByRole('textbox', { name: 'Text of utils/dates_of_mine.py' }).click();
  await page.keyboard.insertText('DAYS = 7\n');
  await expect(page.getByText('not saved').first()).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(page.getByRole('status').filter({ hasText: /, saved/ })).toBeVisible();
  const file = join(project(), 'utils/dates_of_mine.py');
  expect(readFileSync(file, 'utf8')).toBe('DAYS = 7\n');

  await page.getByRole('button', { name: 'Rename or move' }).click();
  await page.getByLabel('Path in the project').fill('utils/days.py');
  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('utils/days.py');
  expect(existsSync(file)).toBe(false);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Text of utils/days.py' })).toContainText('DAYS = 7');

  await page.getByRole('button', { name: 'Delete days.py' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'This deletes utils/days.py.' })).toBeVisible();
  await page.getByRole('alert').getByRole('button', { name: 'Delete days.py' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('utils');
  expect(existsSync(join(project(), 'utils/days.py'))).toBe(false);
});

test('a change from elsewhere is not overwritten', async ({ page }) => {
  const file = join(project(), 'notes.md');
  writeFileSync(file, 'first\n');
  await page.goto('/files?path=notes.md');
  const text = page.getByRole('textbox', { name: 'Text of notes.md' });
  await text.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText('mine\n');
  writeFileSync(file, 'theirs\n');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('was changed elsewhere meanwhile');
  expect(readFileSync(file, 'utf8')).toBe('theirs\n');
  await page.getByRole('button', { name: 'Keep mine' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(() => readFileSync(file, 'utf8')).toBe('first\nmine\n');
});

test('files are uploaded, and one that is there is not replaced', async ({ page }) => {
  await page.goto('/files?path=utils');
  const upload = { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') };
  await page.getByLabel('Files to upload').setInputFiles(upload);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('utils/rows.csv');
  await page.getByLabel('Files to upload').setInputFiles(upload);
  await expect(page.getByRole('alert')).toContainText('rows.csv was not uploaded');
});

for (const theme of ['light', 'dark'] as const) {
  test(`the files are accessible in ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto('/files?path=metadata.yaml');
    await expect(page.getByRole('textbox', { name: 'Text of metadata.yaml' })).toBeVisible();
    await expectAccessible(page);
    await page.goto('/files?search=nothing-is-called-this');
    await expect(page.getByText('No file is called that')).toBeVisible();
    await expectAccessible(page);
  });
}
