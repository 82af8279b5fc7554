// The figures of the notebook, in headless Chromium against the real server. Not a test: it prints what it measures.
//   npx playwright test --config e2e/editor-figures.config.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, type Locator, type Page, test } from '@playwright/test';

import { COMPLETED } from './sentences';

const project = process.env.BATON_PROJECT ?? '';

const say = (what: string, value: string) => console.log(`${what.padEnd(58)} ${value}`);
const ms = (value: number) => `${value.toFixed(0)} ms`;
const middle = (values: readonly number[]) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

const WARM = `from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load(*args, **kwargs):
    return 1
`;

const LARGE = `import numpy as np
import pandas as pd
from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load(*args, **kwargs):
    return pd.DataFrame({f'c{at}': np.random.default_rng(at).normal(size=1_000_000) for at in range(40)})
`;

/** Writes a pipeline to the disk: `blocks` loaders with this code. */
function pipeline(name: string, blocks: readonly string[], code: string) {
  mkdirSync(join(project, 'pipelines', name), { recursive: true });
  mkdirSync(join(project, 'data_loaders'), { recursive: true });
  const entries = blocks.map((uuid) => `- {uuid: ${uuid}, name: ${uuid}, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}`);
  writeFileSync(join(project, 'pipelines', name, 'metadata.yaml'), `name: ${name}\nuuid: ${name}\ntype: python\nblocks:\n${entries.join('\n')}\n`);
  for (const uuid of blocks) writeFileSync(join(project, 'data_loaders', `${uuid}.py`), code);
}

/** Long tasks of the page while `work` goes on. */
async function longest(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(window, { longTasks: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.push(entry.duration);
    }).observe({ type: 'longtask', buffered: false });
  });
  await work();
  return page.evaluate(() => {
    const seen: unknown = Reflect.get(window, 'longTasks');
    return Array.isArray(seen) ? Math.max(0, ...seen.map(Number)) : 0;
  });
}

/** Scrolls an element by sixty steps, each so many pixels further, and to its top again where it ends. */
const scroll = (element: Locator, step: { down: number; right: number }, end: { down: number; right: number }) =>
  // In the page itself: looking for the element by its role at each step takes longer than drawing it.
  element.evaluate(
    (box, { step, end }) =>
      new Promise<void>((done) => {
        let at = 0;
        const timer = setInterval(() => {
          box.scrollTo({ top: (at * step.down) % end.down, left: (at * step.right) % end.right });
          at += 1;
          if (at < 60) return;
          clearInterval(timer);
          setTimeout(done, 300);
        }, 30);
      }),
    { step, end },
  );

/** Runs the block of `warm` twenty times, one after the other: how long its result took to the socket. */
const onSocket = (page: Page) =>
  page.evaluate(async () => {
    const socket = new WebSocket(`ws://${window.location.host}/websocket`);
    await new Promise((opened) => socket.addEventListener('open', opened));
    socket.send(JSON.stringify({ subscribe: { logs: true } }));
    const took: number[] = [];
    for (let at = 0; at < 20; at += 1) {
      const over = new Promise<void>((done) => {
        const hear = (event: MessageEvent<string>) => {
          if (/"type":"block"/.test(event.data) && /"status":"completed"/.test(event.data)) {
            socket.removeEventListener('message', hear);
            done();
          }
        };
        socket.addEventListener('message', hear);
      });
      const start = performance.now();
      void fetch('/api/runs', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ run: { pipeline_uuid: 'warm', block_uuid: 'one', timeout: 0 } }),
      });
      await over;
      took.push(performance.now() - start);
    }
    socket.close();
    return took;
  });

test('the first page', async ({ page }) => {
  // Nothing is in the browser's cache yet.
  const start = Date.now();
  await page.goto('/');
  const create = page.getByRole('link', { name: 'New pipeline' });
  await create.click();
  await page.getByRole('dialog').waitFor();
  say('from the address to a dialog that a click has opened', ms(Date.now() - start));
});

test('running a trivial block', async ({ page }) => {
  pipeline('warm', ['one'], WARM);
  await page.goto('/pipelines/warm/edit?block=one');
  const card = page.getByRole('region', { name: 'Block one', exact: true });
  const run = card.getByRole('button', { name: 'Run one', exact: true });
  await run.waitFor();
  // Between the click and the frame in which the state of the card says that it is done; and when the socket said so.
  const once = async () =>
    page.evaluate(
      () =>
        new Promise<number>((done) => {
          const card = document.querySelector<HTMLElement>('#block-one');
          const before = card?.dataset.run;
          const start = performance.now();
          const wait = () => {
            if (card?.dataset.run !== before && card?.dataset.status === 'completed') done(performance.now() - start);
            else requestAnimationFrame(wait);
          };
          document.querySelector<HTMLButtonElement>('[aria-label="Run one"]')?.click();
          requestAnimationFrame(wait);
        }),
    );
  const first = Date.now();
  await run.click();
  await expect(card.getByText('Value').first()).toBeVisible({ timeout: 300_000 });
  say('first run, environment made', ms(Date.now() - first));
  const screens: number[] = [];
  for (let at = 0; at < 20; at += 1) screens.push(await once());
  say('warm trivial block, click to screen, median of 20', ms(middle(screens)));
  say('the same, request to result on the socket, the editor beside it', ms(middle(await onSocket(page))));
  // What the server takes: a page that has nothing to draw.
  await page.goto('/nowhere');
  say('the same, without the editor', ms(middle(await onSocket(page))));
});

test('opening a hundred blocks, and typing in one', async ({ page }) => {
  const blocks = Array.from({ length: 100 }, (_, at) => `block_${at}`);
  pipeline('hundred', blocks, WARM);
  await page.goto('/pipelines');
  const start = Date.now();
  await page.goto('/pipelines/hundred/edit');
  await page.getByRole('textbox', { name: 'Code of block_0', exact: true }).waitFor();
  await page.locator('#block-block_99').waitFor({ state: 'attached' });
  say('opening a pipeline of 100 blocks', ms(Date.now() - start));
  const code = page.getByRole('textbox', { name: 'Code of block_0', exact: true });
  await code.click();
  const frames = page.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const took: number[] = [];
        let last = performance.now();
        const step = () => {
          const now = performance.now();
          took.push(now - last);
          last = now;
          if (took.length < 240) requestAnimationFrame(step);
          else done(took);
        };
        requestAnimationFrame(step);
      }),
  );
  const worst = await longest(page, async () => {
    await page.keyboard.type('value = compute(everything, at=once)  # a line as one types it\n', { delay: 30 });
  });
  const all = await frames;
  say('typing: median frame, longest task', `${middle(all).toFixed(1)} ms, ${ms(worst)}`);
});

test('scrolling a million rows of forty columns', async ({ page }) => {
  pipeline('large', ['rows'], LARGE);
  await page.goto('/pipelines/large/edit?block=rows');
  const card = page.getByRole('region', { name: 'Block rows', exact: true });
  await card.getByRole('button', { name: 'Run rows', exact: true }).click();
  await expect(card.getByText(/1,000,000 rows × 40/).first()).toBeVisible({ timeout: 300_000 });
  await page.reload();
  const grid = card.getByRole('grid');
  await expect(grid.getByRole('gridcell').first()).toBeVisible({ timeout: 60_000 });
  const worst = await longest(page, () => scroll(grid, { down: 431_000, right: 97 }, { down: 26_000_000, right: 3_000 }));
  await expect(grid.getByRole('gridcell').first()).toBeVisible();
  say('scrolling 1,000,000 rows × 40: longest task', ms(worst));
});

test('a run of a thousand blocks', async ({ page }) => {
  const blocks = Array.from({ length: 1000 }, (_, at) => `wide_${at}`);
  pipeline('thousand', blocks, WARM);
  const started = await page.request.post('/api/runs', { data: { run: { pipeline_uuid: 'thousand', timeout: 0 } } });
  const id = /"pipeline_run_id":(\d+)/.exec(await started.text())?.[1] ?? '';
  await page.goto(`/pipelines/thousand/runs/${id}`);
  const over = page.getByRole('heading', { level: 1, name: COMPLETED });
  const live = await longest(page, () => over.waitFor({ timeout: 120_000 }));
  say('the page of a run of 1,000 blocks while it goes on: longest task', ms(live));
  const start = Date.now();
  await page.goto(`/pipelines/thousand/runs/${id}`);
  await page.locator('.timeline-row').first().waitFor();
  say('opening it when it is over, to its first rows', ms(Date.now() - start));
  const scrolled = await longest(page, () => scroll(page.locator('.timeline-rows'), { down: 611, right: 0 }, { down: 34_000, right: 1 }));
  say('scrolling through its blocks: longest task', ms(scrolled));
});
