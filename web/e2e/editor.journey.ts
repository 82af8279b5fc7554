// The notebook, as somebody uses it who makes a pipeline for the first time.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, type Page, test } from '@playwright/test';

import { expectAccessible } from './accessible';

const onDisk = (path: string) => join(process.env.BATON_PROJECT ?? '', path);

/** Pipelines and files of the test that runs, which go when it ends: other journeys count them. */
const made: string[] = [];
const folders = ['charts', 'data_loaders', 'transformers'].map((name) => ({ name, before: new Set<string>() }));
const filesIn = (name: string) => (existsSync(onDisk(name)) ? readdirSync(onDisk(name)) : []);
test.beforeEach(() => {
  for (const folder of folders) folder.before = new Set(filesIn(folder.name));
});
test.afterEach(async ({ page }) => {
  await page.unrouteAll({ behavior: 'wait' });
  for (const name of made.splice(0)) await page.request.delete(`/api/pipelines/${name}`);
  for (const { name, before } of folders) {
    for (const file of filesIn(name)) {
      if (!before.has(file)) rmSync(onDisk(join(name, file)), { recursive: true });
    }
  }
});

async function makePipeline(page: Page, name: string) {
  made.push(name);
  const answer = await page.request.post('/api/pipelines', { data: { pipeline: { name } } });
  expect(answer.ok()).toBe(true);
  await page.goto(`/pipelines/${name}/edit`);
}

const card = (page: Page, uuid: string) => page.getByRole('region', { name: `Block ${uuid}`, exact: true });
const code = (page: Page, uuid: string) => page.getByRole('textbox', { name: `Code of ${uuid}`, exact: true });
const palette = (page: Page) => page.getByRole('combobox', { name: 'Search templates and blocks' });

const KINDS = ['all', 'loaders', 'transformers'] as const;

/** Adds a block through the palette, with the keyboard: Tab goes to the next kind. */
async function add(page: Page, search: string, kind: (typeof KINDS)[number]) {
  const field = palette(page);
  for (let at = 0; at < KINDS.indexOf(kind); at += 1) await field.press('Tab');
  await expect(page.getByText(`Kind: ${kind}`)).toBeVisible();
  await field.fill(search);
  await field.press('Enter');
  await expect(field).toBeHidden();
}

/** Replaces the code, and sees it in the file. */
async function write(page: Page, uuid: string, file: string, text: string) {
  await code(page, uuid).click();
  await page.keyboard.press('Control+a');
  // As one edit: typing would add its own brackets and indents.
  await page.keyboard.insertText(text);
  await expect.poll(() => readFileSync(onDisk(file), 'utf8')).toBe(text);
}

const LOADER = `import pandas as pd
from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load(*args, **kwargs):
    print('loading')
    return pd.DataFrame({'city': ['Berlin', 'Lima', 'Quito'], 'people': [3_700_000, 10_000_000, 1_900_000]})
`;

const TRANSFORMER = `from mage_ai.data_preparation.decorators import test, transformer


@transformer
def clean(cities, *args, **kwargs):
    return cities[cities['people'] > 2_000_000].reset_index(drop=True)


@test
def some_are_left(large, *args):
    assert len(large) > 0


@test
def none_is_small(large, *args):
    assert (large['people'] > 1_000_000).all(), 'all of them are large'
`;

test('a loader, its table, a transformer, an error, the way to its line, and the fix', async ({ page }) => {
  test.setTimeout(120_000);
  made.push('cities');
  await page.goto('/pipelines');
  await page.getByRole('button', { name: 'New pipeline', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('cities');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'cities', 'loaders');
  await expect(code(page, 'cities')).toBeFocused();
  await expect(code(page, 'cities')).toContainText('@data_loader');
  await write(page, 'cities', 'data_loaders/cities.py', LOADER);

  await page.keyboard.press('Control+Enter');
  await expect(card(page, 'cities').getByText(/3 rows × 2/).first()).toBeVisible();
  const table = card(page, 'cities').getByRole('grid');
  await expect(table.getByRole('gridcell', { name: 'Lima' })).toBeVisible();
  await table.getByRole('button', { name: /^city/ }).click();
  await table.getByRole('button', { name: /^city/ }).click();
  await expect(table.getByRole('columnheader', { name: /city/ })).toHaveAttribute('aria-sort', 'descending');
  await expect(table.getByRole('gridcell').first()).toHaveText('Quito');
  await table.getByRole('button', { name: 'How city is spread' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'How city is spread' }).getByRole('button', { name: /Lima/ }).click();
  await expect(card(page, 'cities').getByText('Rows 1–1 of 1 (3 in all)')).toBeVisible();

  await page.getByRole('button', { name: 'Add a block below cities' }).click();
  await add(page, 'large', 'transformers');
  await write(page, 'large', 'transformers/large.py', TRANSFORMER.replace('> 1_000_000', '> 9_000_000'));
  await page.keyboard.press('Control+Enter');
  const testsTab = card(page, 'large').getByRole('tab', { name: 'Tests' });
  const tests = card(page, 'large').getByRole('list', { name: 'Tests of large' });
  await testsTab.click();
  await expect(card(page, 'large').getByText('1 of 2 passed')).toBeVisible();
  await page.reload();
  await testsTab.click();
  await expect(tests.getByRole('listitem').first()).toContainText('none_is_small');
  await expect(tests).toContainText('all of them are large');
  await tests.getByRole('button', { name: 'line 16' }).click();
  await expect(page.getByText('Ln 16, Col')).toBeVisible();

  await write(page, 'large', 'transformers/large.py', TRANSFORMER);
  await page.keyboard.press('Control+Enter');
  await expect(card(page, 'large').getByText(/2 rows × 2/).first()).toBeVisible();
  await testsTab.click();
  await expect(card(page, 'large').getByText('2 of 2 passed')).toBeVisible();

  await write(page, 'large', 'transformers/large.py', TRANSFORMER.replace("'people'", "'peple'"));
  await expect(card(page, 'large').getByText('Stale: code changed')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  const why = card(page, 'large').getByRole('group', { name: 'Why large failed' });
  await expect(why).toContainText("KeyError: 'peple'");
  await expect(why.getByText('Changed since the last good run')).toBeVisible();
  await why.getByRole('button', { name: /line 6 in clean/ }).click();
  await expect(page.getByText('Ln 6, Col 5')).toBeVisible();
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator(`html[data-theme=${theme}]`)).toBeVisible();
    await expectAccessible(page);
  }

  await why.getByRole('button', { name: 'Restore the code' }).click();
  await expect(code(page, 'large')).toContainText("'people'");
  await card(page, 'large').getByRole('button', { name: 'Run again' }).click();
  await expect(card(page, 'large').getByText(/2 rows × 2/).first()).toBeVisible();
});

test('a chart is computed over all rows, kept in the project, and deleted', async ({ page }) => {
  await makePipeline(page, 'drawn');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'places', 'loaders');
  await write(page, 'places', 'data_loaders/places.py', LOADER);
  await page.keyboard.press('Control+Enter');
  const places = card(page, 'places');
  await places.getByRole('tab', { name: 'Chart' }).click();
  await expect(places.getByRole('img', { name: /^Bars: rows by city. 3 rows · 3 groups/ })).toBeVisible();
  await places.getByLabel('What is measured').selectOption('sum');
  await expect(places.getByRole('img', { name: /^Bars: sum of people by city/ })).toBeVisible();
  await places.getByRole('button', { name: 'Keep this chart' }).click();
  const kept = places.getByRole('button', { name: 'places_sum_people_by_city', exact: true });
  await expect(kept).toHaveAttribute('aria-pressed', 'true');
  const pipeline = () => readFileSync(onDisk('pipelines/drawn/metadata.yaml'), 'utf8');
  expect(pipeline()).toContain('chart_type: bar chart');
  await places.getByLabel('Type of chart').selectOption('pie chart');
  await expect.poll(pipeline).toContain('chart_type: pie chart');
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator(`html[data-theme=${theme}]`)).toBeVisible();
    await expect(places.getByRole('img', { name: /^Pie: sum of people by city/ })).toBeVisible();
    await expectAccessible(page);
  }
  await places.getByRole('button', { name: 'Delete…' }).click();
  await places.getByRole('button', { name: 'Delete places_sum_people_by_city' }).click();
  await expect(kept).toBeHidden();
  expect(pipeline()).not.toContain('pie chart');
});

test('a block that failed runs on the exact inputs of its run', async ({ page }) => {
  await makePipeline(page, 'again');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'number', 'loaders');
  await write(page, 'number', 'data_loaders/number.py', '@data_loader\ndef load(*args, **kwargs):\n    return 1\n');
  await page.getByRole('button', { name: 'Add a block below number' }).click();
  await add(page, 'half', 'transformers');
  await write(page, 'half', 'transformers/half.py', '@transformer\ndef half(number, *args, **kwargs):\n    raise ValueError(number)\n');
  await page.getByRole('button', { name: 'Run pipeline' }).click();
  const why = card(page, 'half').getByRole('group', { name: 'Why half failed' });
  await expect(why).toContainText('ValueError: 1');

  // The newest output is another one by now.
  await write(page, 'number', 'data_loaders/number.py', '@data_loader\ndef load(*args, **kwargs):\n    return 2\n');
  await page.keyboard.press('Control+Enter');
  await expect(card(page, 'number').getByText('2', { exact: true }).last()).toBeVisible();
  await why.getByRole('button', { name: 'Open its exact inputs' }).click();
  await expect(card(page, 'half').getByRole('group', { name: 'Inputs of half' })).toContainText(/number of run \d+/);
  await expect(page).toHaveURL(/inputs_of=\d+\.half/);
  await page.reload();
  const run = () => card(page, 'half').getByRole('button', { name: 'Run half', exact: true });
  const ran = await card(page, 'half').getAttribute('data-run');
  await run().click();
  await expect(card(page, 'half')).not.toHaveAttribute('data-run', ran ?? '');
  await expect(why).toContainText('ValueError: 1');
  await page.getByRole('button', { name: 'Run on the newest inputs again' }).click();
  await run().click();
  await expect(why).toContainText('ValueError: 2');
  await expect(page).not.toHaveURL(/inputs_of/);
});

test('a file that is changed elsewhere appears, and a conflict is shown and settled', async ({ page }) => {
  await makePipeline(page, 'shared');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'notes', 'loaders');
  const file = 'data_loaders/notes.py';
  await write(page, 'notes', file, '# mine\n');
  writeFileSync(onDisk(file), '# from elsewhere\n');
  await expect(code(page, 'notes')).toContainText('from elsewhere');

  // Both at once: what is written here is not saved yet when the other change is seen.
  await page.route('**/api/pipelines/shared/blocks/notes', async (route) => {
    if (route.request().method() === 'PUT') writeFileSync(onDisk(file), '# theirs\n');
    await route.continue();
  });
  await code(page, 'notes').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('# mine again\n');
  const conflict = card(page, 'notes').getByRole('alert');
  await expect(conflict).toContainText('was changed elsewhere');
  await expect(conflict).toContainText('# theirs');
  await page.unrouteAll({ behavior: 'wait' });
  await conflict.getByRole('button', { name: 'Keep mine' }).click();
  await expect(conflict).toBeHidden();
  await expect.poll(() => readFileSync(onDisk(file), 'utf8')).toBe('# mine again\n');
});

test('connections, settings, and what makes the blocks below stale', async ({ page }) => {
  await makePipeline(page, 'circle');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'alpha', 'transformers');
  await write(page, 'alpha', 'transformers/alpha.py', '@transformer\ndef one(*args, **kwargs):\n    return 1\n');
  await page.getByRole('button', { name: 'Add a block below alpha' }).click();
  await add(page, 'beta', 'transformers');
  await write(page, 'beta', 'transformers/beta.py', '@transformer\ndef two(one, *args, **kwargs):\n    return one + 1\n');
  await expect(card(page, 'beta').getByTitle('Go to alpha')).toBeVisible();
  await page.getByRole('button', { name: 'Run pipeline' }).click();
  await expect(card(page, 'beta')).toHaveAttribute('data-status', 'completed');

  await card(page, 'alpha').click({ position: { x: 200, y: 10 } });
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByLabel('Further attempts').fill('3');
  await page.keyboard.press('Enter');
  await expect.poll(() => readFileSync(onDisk('pipelines/circle/metadata.yaml'), 'utf8')).toContain('retries: 3');
  await page.getByRole('combobox', { name: 'Add an input' }).selectOption('beta');
  await expect(page.getByRole('alert').filter({ hasText: 'circle' })).toBeVisible();

  await write(page, 'alpha', 'transformers/alpha.py', '@transformer\ndef one(*args, **kwargs):\n    return 10\n');
  await expect(card(page, 'alpha').getByText('Stale: code changed')).toBeVisible();
  await expect(card(page, 'beta').getByText('Stale: upstream stale')).toBeVisible();
  await page.getByRole('button', { name: 'Run 2 stale blocks' }).click();
  await expect(page.getByRole('button', { name: /stale block/ })).toBeHidden();
  await expect(card(page, 'beta').getByText('11', { exact: true })).toBeVisible();
});

test('works by keyboard: select, rename, remove', async ({ page }) => {
  await makePipeline(page, 'keys');
  await page.getByRole('button', { name: 'Add the first block' }).click();
  await add(page, 'one', 'loaders');
  await expect(code(page, 'one')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('F2');
  await page.getByRole('textbox', { name: 'New name of one' }).fill('uno');
  await page.keyboard.press('Enter');
  await expect(card(page, 'uno')).toBeVisible();
  await page.keyboard.press('b');
  await add(page, 'two', 'transformers');
  await expect(code(page, 'two')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('k');
  await expect(page).toHaveURL(/block=uno/);
  await page.keyboard.press('Delete');
  const question = page.getByRole('alertdialog', { name: 'Remove uno' });
  await expect(question).toContainText('two loses this input');
  await page.keyboard.press('Enter');
  await expect(card(page, 'uno')).toBeHidden();
  await expect(card(page, 'two')).toBeVisible();
});

test('the profiles of connections are shown without what they are set to', async ({ page }) => {
  await page.goto('/pipelines/good/edit');
  await page.getByRole('tab', { name: 'Variables' }).click();
  const profiles = page.getByRole('listitem').filter({ hasText: 'POSTGRES_CONNECT_TIMEOUT' });
  await expect(profiles).toContainText('warehouse');
  await expect(page.getByText('flights.duckdb')).toHaveCount(0);
  await page.getByRole('link', { name: 'io_config.yaml' }).click();
  await expect(page.getByRole('textbox', { name: /io_config/ })).toContainText('warehouse');
});
