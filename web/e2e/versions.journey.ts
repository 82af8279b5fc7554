// The past of files, as Git has it.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

const onDisk = (path: string) => join(process.env.BATON_PROJECT ?? '', path);
const git = (...words: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=Journey', '-c', 'user.email=journey@example.com', '-c', 'commit.gpgsign=false', ...words], { cwd: onDisk('.'), stdio: 'ignore' });
const BLOCK = 'data_loaders/table_block.py';

/** Writes and commits a file. */
function commit(path: string, text: string, subject: string) {
  writeFileSync(onDisk(path), text);
  git('add', path);
  git('commit', '-m', subject);
}

test.afterEach(() => {
  rmSync(onDisk('.git'), { recursive: true, force: true });
  rmSync(onDisk('past.md'), { force: true });
});

test('a file is looked at as it was, and goes back there', async ({ page }) => {
  writeFileSync(onDisk('past.md'), 'first\n');
  await page.goto('/files?path=past.md&past=1');
  const past = page.getByRole('complementary', { name: 'History of past.md' });
  await expect(past.getByText('Git does not keep this project')).toBeVisible();

  git('init');
  commit('past.md', 'first\nkept\n', 'Begin');
  commit('past.md', 'second\nkept\n', 'Change the first line');
  await page.reload();
  await past.getByRole('button', { name: /Change the first line/ }).click();
  await expect(past.getByText('The text is the same now.')).toBeVisible();
  await past.getByRole('button', { name: /Begin/ }).click();
  await expect(past.locator('.changes-line-gone')).toHaveText(/first/);
  await expect(past.locator('.changes-line-new')).toHaveText(/second/);
  await expectAccessible(page);

  await past.getByRole('button', { name: 'Restore this text…' }).click();
  await expect(past.getByRole('alertdialog')).toContainText('1 line goes, 1 line comes back.');
  await past.getByRole('button', { name: 'Keep it as it is' }).click();
  await past.getByRole('button', { name: 'Restore this text…' }).click();
  await past.getByRole('button', { name: 'Replace the text' }).click();
  await expect.poll(() => readFileSync(onDisk('past.md'), 'utf8')).toBe('first\nkept\n');
  await expect(page.getByRole('textbox', { name: 'Text of past.md' })).toHaveText(/first/);

  // What is written and not saved is not overwritten.
  await page.getByRole('textbox', { name: 'Text of past.md' }).click();
  await page.keyboard.type('draft ');
  await past.getByRole('button', { name: 'Restore this text…' }).first().hover();
  await expect(page.getByRole('tooltip')).toHaveText('Save or discard what is written first');
});

test('the code of a block goes back to a commit, as an edit of its card', async ({ page }) => {
  const before = readFileSync(onDisk(BLOCK), 'utf8');
  git('init');
  commit(BLOCK, before, 'The table');
  await page.goto('/pipelines/table/edit?block=table_block');
  const code = page.getByRole('textbox', { name: 'Code of table_block', exact: true });
  await code.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText('# more\n');
  await expect.poll(() => readFileSync(onDisk(BLOCK), 'utf8')).toBe(`# more\n${before}`);

  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByRole('radio', { name: 'Commits' }).click();
  const pane = page.getByRole('complementary', { name: 'Graph and facts' });
  await pane.getByRole('button', { name: /The table/ }).click();
  await expect(pane.locator('.changes-line-new')).toHaveText(/# more/);
  await expectAccessible(page);
  await pane.getByRole('button', { name: 'Restore this text…' }).click();
  await pane.getByRole('button', { name: 'Replace the text' }).click();
  await expect.poll(() => readFileSync(onDisk(BLOCK), 'utf8')).toBe(before);
  await expect(pane.getByText('The text is the same now.')).toBeVisible();

  await page.getByRole('radio', { name: 'Pipeline' }).click();
  await pane.getByRole('button', { name: /The table/ }).click();
  await pane.getByRole('button', { name: BLOCK }).click();
  await expect(pane.getByText('The text is the same now.')).toBeVisible();
});
