// The notebook, as somebody uses it who makes a pipeline for the first time.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, type Page } from '@playwright/test';

import { CHROMIUM, test } from './editor-server';

test.use({ launchOptions: CHROMIUM, viewport: { width: 1440, height: 900 }, actionTimeout: 30_000 });
test.describe.configure({ timeout: 180_000 });
const patient = expect.configure({ timeout: 15_000 });

/** The environment is made when the first block runs. */
const FIRST_RUN = { timeout: 120_000 };

async function makePipeline(page: Page, name: string) {
  const made = await page.request.post('/api/pipelines', { data: { pipeline: { name } } });
  expect(made.ok()).toBe(true);
  await page.goto(`/pipelines/${name}/edit`);
}

const card = (page: Page, uuid: string) => page.getByRole('region', { name: `Block ${uuid}`, exact: true });
const code = (page: Page, uuid: string) => page.getByRole('textbox', { name: `Code of ${uuid}`, exact: true });

/** Adds a block through the palette, with the keyboard. */
async function add(page: Page, search: string, kinds: number) {
  const field = page.getByRole('combobox', { name: 'Search templates and blocks' });
  for (let at = 0; at < kinds; at += 1) await field.press('Tab');
  await field.fill(search);
  await field.press('Enter');
  await patient(field).toBeHidden();
}

async function write(page: Page, uuid: string, text: string) {
  await code(page, uuid).click();
  await page.keyboard.press('Control+a');
  // As one edit: typing would add its own brackets and indents.
  await page.keyboard.insertText(text);
  await patient(page.getByRole('status').filter({ hasText: 'Saved' })).toBeVisible();
}

const LOADER = `import pandas as pd
from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load(*args, **kwargs):
    print('loading')
    return pd.DataFrame({'city': ['Berlin', 'Lima', 'Quito'], 'people': [3_700_000, 10_000_000, 1_900_000]})
`;

const TRANSFORMER = `from mage_ai.data_preparation.decorators import transformer


@transformer
def clean(cities, *args, **kwargs):
    return cities[cities['people'] > 2_000_000].reset_index(drop=True)
`;

test('a loader, its table, a transformer, an error, the way to its line, and the fix', async ({ page, server }) => {
  await makePipeline(page, 'cities');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'cities', 1);
  await patient(code(page, 'cities')).toBeFocused();
  await write(page, 'cities', LOADER);
  expect(readFileSync(join(server.project, 'data_loaders/cities.py'), 'utf8')).toBe(LOADER);

  await page.keyboard.press('Control+Enter');
  await patient(card(page, 'cities').getByText(/3 rows × 2/).first()).toBeVisible(FIRST_RUN);
  const table = card(page, 'cities').getByRole('grid');
  await patient(table.getByRole('gridcell', { name: 'Lima' })).toBeVisible();
  await table.getByRole('button', { name: /^city/ }).click();
  await table.getByRole('button', { name: /^city/ }).click();
  await patient(table.getByRole('columnheader', { name: /city/ })).toHaveAttribute('aria-sort', 'descending');
  await patient(table.getByRole('gridcell').first()).toHaveText('Quito');

  await page.getByRole('button', { name: 'Add a block below cities' }).click();
  await add(page, 'large', 2);
  await write(page, 'large', TRANSFORMER);
  await page.keyboard.press('Control+Enter');
  await patient(card(page, 'large').getByText(/2 rows × 2/).first()).toBeVisible(FIRST_RUN);

  await write(page, 'large', TRANSFORMER.replace("'people'", "'peple'"));
  await patient(card(page, 'large').getByText('Stale: code changed')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  const why = card(page, 'large').getByRole('group', { name: 'Why large failed' });
  await patient(why).toContainText("KeyError: 'peple'", FIRST_RUN);
  await patient(why.getByText('Changed since the last good run')).toBeVisible();
  await why.getByRole('button', { name: /line 6 in clean/ }).click();
  await patient(page.getByText('Ln 6, Col 5')).toBeVisible();

  await why.getByRole('button', { name: 'Restore the code' }).click();
  await patient(code(page, 'large')).toContainText("'people'");
  await card(page, 'large').getByRole('button', { name: 'Run large', exact: true }).click();
  await patient(card(page, 'large').getByText(/2 rows × 2/).first()).toBeVisible(FIRST_RUN);
});

test('a file that is changed elsewhere appears, and a conflict is shown and settled', async ({ page, server }) => {
  await makePipeline(page, 'shared');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'notes', 1);
  await write(page, 'notes', '# mine\n');
  const file = join(server.project, 'data_loaders/notes.py');
  writeFileSync(file, '# from elsewhere\n');
  await patient(code(page, 'notes')).toContainText('from elsewhere');

  // Both at once: what is written here is not saved yet when the other change is seen.
  await page.route('**/api/pipelines/shared/blocks/notes', async (route) => {
    if (route.request().method() === 'PUT') writeFileSync(file, '# theirs\n');
    await route.continue();
  });
  await code(page, 'notes').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('# mine again\n');
  const conflict = card(page, 'notes').getByRole('alert');
  await patient(conflict).toContainText('was changed elsewhere');
  await patient(conflict).toContainText('# theirs');
  await page.unrouteAll({ behavior: 'wait' });
  await conflict.getByRole('button', { name: 'Keep mine' }).click();
  await patient(conflict).toBeHidden();
  await expect.poll(() => readFileSync(file, 'utf8')).toBe('# mine again\n');
});

test('connections, and what would make a circle', async ({ page }) => {
  await makePipeline(page, 'circle');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'alpha', 2);
  await page.getByRole('button', { name: 'Add a block below alpha' }).click();
  await add(page, 'beta', 2);
  await patient(card(page, 'beta').getByTitle('Go to alpha')).toBeVisible();
  await card(page, 'alpha').click({ position: { x: 200, y: 10 } });
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('combobox', { name: 'Add an input' }).selectOption('beta');
  await patient(page.getByRole('alert').filter({ hasText: 'circle' })).toBeVisible();
});

test('works by keyboard: select, rename, remove', async ({ page }) => {
  await makePipeline(page, 'keys');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'one', 1);
  await patient(code(page, 'one')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('F2');
  await page.getByRole('textbox', { name: 'New name of one' }).fill('uno');
  await page.keyboard.press('Enter');
  await patient(card(page, 'uno')).toBeVisible();
  await page.keyboard.press('b');
  await add(page, 'two', 2);
  await patient(code(page, 'two')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('k');
  await patient(page).toHaveURL(/block=uno/);
  await page.keyboard.press('Delete');
  const question = page.getByRole('alertdialog', { name: 'Remove uno' });
  await patient(question).toContainText('two loses this input');
  await page.keyboard.press('Enter');
  await patient(card(page, 'uno')).toBeHidden();
  await patient(card(page, 'two')).toBeVisible();
});
