// Pictures of all pages in light and dark, of the real program with the example project that has run. They go to
// test-results/screenshots; the documents show those in light, from docs/images.
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';
import { COMPLETED } from './sentences';

const all = join(import.meta.dirname, '../test-results/screenshots');
const shown = join(import.meta.dirname, '../../docs/images');

/** What the repository holds stays small. */
const MOST_BYTES = 220_000;

const themes = ['light', 'dark'] as const;

interface Shot {
  name: string;
  path: string;
  /** What is there when the page has all it shows. */
  until: RegExp;
}

const shots: readonly Shot[] = [
  { name: 'home', path: '/', until: /Nothing has failed|Failed/ },
  { name: 'pipelines', path: '/pipelines', until: /flights/ },
  { name: 'editor', path: '/pipelines/flights/edit?block=clean_flights', until: /336,776/ },
  { name: 'runs', path: '/runs', until: /Completed/ },
  { name: 'run', path: '/pipelines/flights/runs/RUN?block=clean_flights&panel=products', until: COMPLETED },
  { name: 'comparison', path: '/pipelines/flights/runs/RUN/compare?with=EARLIER', until: /clean_flights/ },
  { name: 'triggers', path: '/triggers', until: /flights/ },
  { name: 'trigger', path: '/pipelines/flights/triggers/TRIGGER', until: /Next five times/ },
  { name: 'backfill', path: '/pipelines/flights/backfills/new', until: /one a day/ },
  { name: 'data', path: '/data', until: /clean_flights/ },
  { name: 'product', path: '/data/flights/clean_flights?column=dep_delay', until: /Mean/ },
  { name: 'logs', path: '/logs?search=flights&run=RUN&block=hours_of_origin&block=join_flights', until: /tests passed/ },
  { name: 'files', path: '/files?path=transformers/clean_flights.py', until: /def clean_flights/ },
  { name: 'templates', path: '/templates?view=transformer', until: /Drop duplicate rows/ },
  { name: 'global-data-products', path: '/global-data-products', until: /no global data product yet/ },
  { name: 'settings', path: '/settings/retention', until: /Nothing: runs are kept/ },
];

test('pictures', async ({ browser, page }) => {
  const runOnce = async () => {
    const ran = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'flights', timeout: 300 } }, timeout: 320_000 });
    expect(ran.ok()).toBe(true);
    return /"pipeline_run_id":(\d+)/.exec(await ran.text())?.[1] ?? '';
  };
  const [earlier, run] = [await runOnce(), await runOnce()];
  const schedules = await page.request.get('/api/pipelines/flights/pipeline_schedules');
  const trigger = /"id":(\d+)/.exec(await schedules.text())?.[1] ?? '';
  mkdirSync(all, { recursive: true });
  for (const theme of themes) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: theme, reducedMotion: 'reduce', storageState: 'test-results/session.json' });
    const pictured = await context.newPage();
    for (const { name, path, until } of shots) {
      await pictured.goto(path.replace('RUN', run).replace('EARLIER', earlier).replace('TRIGGER', trigger));
      await expect(pictured.getByText(until).first()).toBeVisible({ timeout: 60_000 });
      await expect(pictured.locator('.skeleton, .grid-wait')).toHaveCount(0, { timeout: 60_000 });
      // What is known of the columns comes after the rows.
      for (const head of await pictured.locator('.grid-title').all()) await expect(head.locator('.hist svg')).toBeVisible({ timeout: 60_000 });
      const file = join(all, `${name}-${theme}.png`);
      await pictured.screenshot({ path: file });
      if (theme !== 'light') continue;
      expect.soft(statSync(file).size, `${name} is too large for the repository`).toBeLessThan(MOST_BYTES);
      copyFileSync(file, join(shown, `${name}.png`));
    }
    await context.close();
  }
});
