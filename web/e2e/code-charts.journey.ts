// A chart that is drawn by its own code: written beside the table, drawn, wrong at a line, mended, and as a page.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

const onDisk = (path: string) => join(process.env.BATON_PROJECT ?? '', path);

const LOADER = `import pandas as pd


@data_loader
def load(*args, **kwargs):
    return pd.DataFrame({'city': ['Berlin', 'Lima', 'Lima'], 'people': [3, 10, 2]})
`;

test.afterEach(async ({ page }) => {
  await page.request.delete('/api/pipelines/towns');
  for (const folder of ['charts', 'data_loaders']) {
    for (const file of existsSync(onDisk(folder)) ? readdirSync(onDisk(folder)) : []) if (file.startsWith('towns_of')) rmSync(onDisk(join(folder, file)));
  }
});

test('a chart is drawn by its own code', async ({ page }) => {
  test.setTimeout(120_000);
  await page.request.post('/api/pipelines', { data: { pipeline: { name: 'towns' } } });
  const block = { name: 'towns_of', type: 'data_loader', language: 'python', content: LOADER };
  expect((await page.request.post('/api/pipelines/towns/blocks', { data: { block } })).ok()).toBe(true);
  expect((await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'towns', block_uuid: 'towns_of' } } })).ok()).toBe(true);
  await page.goto('/pipelines/towns/edit?block=towns_of');
  const towns = page.getByRole('region', { name: 'Block towns_of', exact: true });
  await towns.getByRole('tab', { name: 'Chart' }).click();
  await towns.getByLabel('What is measured').selectOption('sum');
  await towns.getByRole('button', { name: 'Write its code' }).click();

  // It begins with what was chosen.
  const code = towns.getByRole('textbox', { name: 'Code of chart towns_of_sum_people_by_city_code' });
  await expect(code).toContainText("df_1.groupby('city')['people'].sum()");
  await expect(towns.getByRole('img', { name: /^Bars: y by x. 2 marks/ })).toBeVisible();
  const file = () => readFileSync(onDisk('charts/towns_of_sum_people_by_city_code.py'), 'utf8');
  const write = async (text: string) => {
    await code.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  };

  await write("x = ['all']\n\ny = [df_1['people'].sum() / df_1['nothing']]\n");
  await expect(towns.getByText('Shown as it was drawn before the changes')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  const why = towns.getByRole('alert').filter({ hasText: 'KeyError' });
  await expect(why).toContainText('nothing');
  await why.getByRole('button', { name: /^line 3/ }).click();
  await expect(code).toBeFocused();
  await expect(towns.locator('.cm-failed-line')).toContainText("df_1['nothing']");

  await write("x = ['all', 'most']\ny = [[15, 12], [1, 2]]\n");
  await towns.getByRole('button', { name: 'Draw' }).click();
  await towns.getByLabel('Names of the series').fill('people, towns');
  await towns.getByLabel('Names of the series').press('Enter');
  await expect(towns.getByRole('img', { name: /^Bars: people, towns by x. 2 marks/ })).toBeVisible();
  expect(file()).toContain("['all', 'most']");
  await towns.getByLabel('Type of chart').selectOption('line chart');
  await expect(towns.getByRole('img', { name: /^Line: people, towns by x/ })).toBeVisible();

  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator(`html[data-theme=${theme}]`)).toBeVisible();
    await expectAccessible(page);
  }

  // Axe cannot look into a frame in which no script runs, so it looks before there is one.
  await towns.getByLabel('Type of chart').selectOption('custom');
  await write("@render(render_type='html')\ndef page(df, **kwargs):\n    return f'<h1>{len(df)} rows</h1>'\n");
  await page.keyboard.press('Control+Enter');
  const frame = towns.locator('iframe');
  await expect(frame.contentFrame().getByRole('heading', { name: '3 rows' })).toBeVisible();
  await expect(frame).toHaveAttribute('sandbox', '');
  // It is a file of the project, and kept: it draws again after a reload.
  await page.reload();
  await towns.getByRole('tab', { name: 'Chart' }).click();
  await expect(frame.contentFrame().getByRole('heading', { name: '3 rows' })).toBeVisible();
  expect(readFileSync(onDisk('pipelines/towns/metadata.yaml'), 'utf8')).toContain('chart_type: custom');
});
