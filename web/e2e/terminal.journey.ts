// The terminal of the editor: a real shell in the folder of the project.
import { expect, type Page, test } from '@playwright/test';

import { expectAccessible } from './accessible';

const terminal = (page: Page) => page.getByRole('region', { name: 'Terminal' });
const button = (page: Page) => page.getByRole('button', { name: 'Terminal', exact: true });
const line = (page: Page, text: RegExp) => terminal(page).locator('.xterm-rows > div').filter({ hasText: text });
const typed = async (page: Page, text: string) => {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
};
const open = async (page: Page): Promise<unknown> => (await page.request.get('/api/terminals')).json();

test('a shell is opened, used, left by key, ended and closed', async ({ page }) => {
  await page.goto('/pipelines/good/edit');
  await button(page).click();
  await expect(terminal(page).getByRole('textbox')).toBeFocused();
  await expect(terminal(page).getByRole('status')).toContainText('sh');
  await typed(page, 'echo $((6*7))');
  await expect(line(page, /^42\s*$/)).toBeVisible();

  // The shell has the size of the screen, also when that changes.
  await typed(page, 'stty size');
  await expect(line(page, /^\d+ \d+\s*$/)).toHaveCount(1);
  const before = await line(page, /^\d+ \d+\s*$/).first().innerText();
  const edge = page.getByRole('separator', { name: 'Height of the terminal' });
  await edge.focus();
  for (let at = 0; at < 6; at += 1) await edge.press('ArrowUp');
  await page.keyboard.press('F6');
  await expect(terminal(page).getByRole('textbox')).toBeFocused();
  await typed(page, 'stty size');
  await expect(line(page, /^\d+ \d+\s*$/)).toHaveCount(2);
  expect(await line(page, /^\d+ \d+\s*$/).last().innerText()).not.toBe(before);

  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator(`html[data-theme=${theme}]`)).toBeVisible();
    await expectAccessible(page);
  }

  // Tab and Escape are the shell's; F6 leaves it.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  await expect(terminal(page).getByRole('textbox')).toBeFocused();
  await page.keyboard.press('F6');
  await expect(button(page)).toBeFocused();
  await page.keyboard.press('F6');
  await expect(terminal(page).getByRole('textbox')).toBeFocused();

  await page.keyboard.press('Control+u');
  await typed(page, 'exit 3');
  await expect(terminal(page).getByRole('status')).toHaveText('Not running: the shell has ended with 3');
  await terminal(page).getByRole('button', { name: 'New shell' }).click();
  await expect(line(page, /\[a new shell\]/)).toBeVisible();
  await typed(page, 'echo $((7*9))');
  await expect(line(page, /^63\s*$/)).toBeVisible();

  expect(await open(page)).toMatchObject({ terminals: { open: 1 } });
  await terminal(page).getByRole('button', { name: /^Close the terminal/ }).click();
  await expect(terminal(page)).toBeHidden();
  await expect(button(page)).toBeFocused();
  await expect.poll(() => open(page)).toMatchObject({ terminals: { open: 0 } });
});

test('a server without terminals says so', async ({ page }) => {
  await page.route('**/api/terminals', (route) => route.fulfill({ json: { terminals: { is_offered: false, open: 0, most: 8, shell: '/bin/sh' } } }));
  await page.goto('/pipelines/good/edit');
  await expect(button(page)).toHaveAttribute('aria-disabled', 'true');
  await button(page).focus();
  await expect(page.getByRole('tooltip')).toContainText('--no-terminal');
  await page.keyboard.press('Enter');
  await page.keyboard.press('t');
  await expect(terminal(page)).toBeHidden();
});
