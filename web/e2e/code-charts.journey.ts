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

  await towns.getByLabel('Type of chart').selectOption('custom');
  await write("@render(render_type='html')\ndef page(df, **kwargs):\n    return f'<h1>{len(df)} rows</h1>'\n");
  await page.keyboard.press('Control+Enter');
  const frame = towns.locator('iframe');
  await expect(frame.contentFrame().getByRole('heading', { name: '3 rows' })).toBeVisible();
  // It is a file of the project, and kept: it draws again after a reload.
  await page.reload();
  await towns.getByRole('tab', { name: 'Chart' }).click();
  await expect(frame.contentFrame().getByRole('heading', { name: '3 rows' })).toBeVisible();
  expect(readFileSync(onDisk('pipelines/towns/metadata.yaml'), 'utf8')).toContain('chart_type: custom');
});

// What it tries is said in the page, and a list says what came of each.
const CURIOUS = `import time


@render(render_type='html')
def page(df, **kwargs):
    return '''<!doctype html><html lang="en"><title>Curious</title><h1>before</h1><p id="turn">''' + str(time.time_ns()) + '''</p><ul></ul>
<script>
document.querySelector('h1').textContent = 'changed by its script ' + eval('6 * 7');
const tell = (what, how) => {
  const line = document.createElement('li');
  line.textContent = what + ': ' + how;
  document.querySelector('ul').append(line);
};
const attempt = (what, act) => {
  try {
    act();
    tell(what, 'done');
  } catch (error) {
    tell(what, error.name);
  }
};
attempt('parent', () => parent.document.body.innerHTML);
attempt('top', () => {
  top.document.title = 'mine';
});
attempt('storage', () => localStorage.length);
attempt('cookie', () => document.cookie);
for (const path of ['/api/pipelines', '/api/secrets']) {
  const url = new URL(path, 'ORIGIN');
  fetch(url, { credentials: 'include' }).then(() => tell(path, 'done'), (error) => tell(path, error.name));
}
const image = new Image();
image.onload = () => tell('image', 'done');
image.onerror = () => tell('image', 'refused');
image.src = 'ORIGIN/api/pipelines';
</script>'''.replace('ORIGIN', '$ORIGIN')
`;

test('a page that code draws runs its scripts, and reaches nothing', async ({ page, playwright, baseURL }) => {
  test.setTimeout(120_000);
  const origin = baseURL ?? '';
  await page.request.post('/api/pipelines', { data: { pipeline: { name: 'towns' } } });
  const block = { name: 'towns_of', type: 'data_loader', language: 'python', content: LOADER };
  expect((await page.request.post('/api/pipelines/towns/blocks', { data: { block } })).ok()).toBe(true);
  const content = CURIOUS.replace('$ORIGIN', origin);
  const widget = { name: 'towns_of curious', language: 'python', upstream_blocks: ['towns_of'], configuration: { chart_type: 'custom' }, content };
  expect((await page.request.post('/api/pipelines/towns/widgets', { data: { widget } })).ok()).toBe(true);
  expect((await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'towns', block_uuid: 'towns_of' } } })).ok()).toBe(true);

  const drawn: unknown[] = [];
  const asked: string[] = [];
  page.on('response', async (response) => {
    const { pathname } = new URL(response.url());
    if (response.frame() !== page.mainFrame()) asked.push(pathname);
    if (pathname === '/api/pipelines/towns/widgets/towns_of_curious/chart') drawn.push(await response.json());
  });
  await page.goto('/pipelines/towns/edit?block=towns_of');
  const towns = page.getByRole('region', { name: 'Block towns_of', exact: true });
  await towns.getByRole('tab', { name: 'Chart' }).click();
  const frame = towns.locator('iframe').contentFrame();
  await expect(frame.getByRole('heading', { name: 'changed by its script 42' })).toBeVisible();
  await expect(frame.getByRole('listitem')).toHaveCount(7);
  expect((await frame.getByRole('listitem').allTextContents()).sort()).toEqual([
    '/api/pipelines: TypeError',
    '/api/secrets: TypeError',
    'cookie: SecurityError',
    'image: refused',
    'parent: SecurityError',
    'storage: SecurityError',
    'top: SecurityError',
  ]);
  await expect(page).not.toHaveTitle('mine');

  // The code ran once, and the server has answered the frame nothing but its page.
  expect(drawn).toHaveLength(1);
  const address = (await towns.locator('iframe').getAttribute('src')) ?? '';
  const turn = (await frame.locator('#turn').textContent()) ?? '?';
  expect(drawn[0]).toMatchObject({ chart: { picture: { address, data: expect.stringContaining(`<p id="turn">${turn}</p>`) } } });
  expect(asked).toEqual([address]);
  // It opens by itself, too, and can then do no more.
  const alone = await page.context().newPage();
  await alone.goto(address);
  await expect(alone.getByText('/api/secrets: TypeError')).toBeVisible();
  await expect(alone.getByText('cookie: SecurityError')).toBeVisible();
  await alone.close();
  const stranger = await playwright.request.newContext({ baseURL: origin, storageState: { cookies: [], origins: [] } });
  expect((await stranger.get(address)).status()).toBe(401);
  await stranger.dispose();

  await expectAccessible(page);
});
