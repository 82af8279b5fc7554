// Home says what schedules bring, from the server's forecast.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';

const made: number[] = [];

test.afterEach(async ({ page }) => {
  for (const id of made.splice(0)) expect((await page.request.delete(`/api/pipeline_schedules/${id}`)).ok()).toBe(true);
});

test('every run to come is shown, hourly ones when asked for', async ({ page }) => {
  for (const [name, interval] of [
    ['twice a day', '5 */12 * * *'],
    ['often', '*/30 * * * *'],
  ]) {
    const trigger = { name, schedule_type: 'time', schedule_interval: interval, status: 'active' };
    const answer = await page.request.post('/api/pipelines/good/pipeline_schedules', { data: { pipeline_schedule: trigger } });
    made.push(Number(/"id":(\d+)/.exec(await answer.text())?.[1]));
  }
  await page.goto('/');
  const next = page.getByRole('region', { name: 'Next 24 hours' });
  await expect(next.getByRole('link', { name: 'good' })).toHaveCount(2);
  await next.getByRole('link', { name: 'show 1 trigger that starts hourly or oftener' }).click();
  await expect(page).toHaveURL(/hourly=1/);
  await expect(next.getByRole('link', { name: 'good' })).toHaveCount(7);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await next.getByRole('link', { name: 'good' }).first().click();
  await expect(page).toHaveURL(/\/pipelines\/good\/triggers\/\d+/);
});

test('the coming week is chosen by keyboard, hour by hour, and its address brings the hour back', async ({ page }) => {
  const trigger = { name: 'mornings', schedule_type: 'time', schedule_interval: '30 6 * * *', status: 'active' };
  const answer = await page.request.post('/api/pipelines/good/pipeline_schedules', { data: { pipeline_schedule: trigger } });
  made.push(Number(/"id":(\d+)/.exec(await answer.text())?.[1]));
  await page.goto('/');
  await page.getByRole('radio', { name: 'Week' }).click();
  await expect(page).toHaveURL(/ahead=week/);
  const week = page.getByRole('region', { name: 'The coming week' });
  const starts = week.getByRole('button', { name: /: 1 run start/ });
  await expect(starts.first()).toBeVisible();
  await starts.nth(1).focus();
  await page.keyboard.press('ArrowDown');
  await expect(starts.nth(2)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/hour=/);
  await expect(week.getByRole('listitem').getByRole('link', { name: 'good' })).toBeVisible();
  await page.reload();
  await expect(week.getByRole('listitem').getByRole('link', { name: 'good' })).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
});

test('what runs want of a pool stands below its line, and runs are counted per day', async ({ page }) => {
  const trigger = { name: 'loads', schedule_type: 'time', schedule_interval: '10 */2 * * *', status: 'active', settings: { pools: { warehouse: 2 } } };
  const answer = await page.request.post('/api/pipelines/good/pipeline_schedules', { data: { pipeline_schedule: trigger } });
  const id = Number(/"id":(\d+)/.exec(await answer.text())?.[1]);
  made.push(id);
  // How long its runs take is known once one has completed.
  const started = await page.request.post(`/api/pipeline_schedules/${id}/pipeline_runs`, { data: {} });
  const run = Number(/"id":(\d+)/.exec(await started.text())?.[1]);
  expect(await (await page.request.get(`/api/pipeline_runs/${run}?_wait=60`)).json()).toMatchObject({ pipeline_run: { status: 'completed' } });
  await page.goto('/');
  const next = page.getByRole('region', { name: 'Next 24 hours' });
  const load = next.getByRole('img', { name: 'Pool warehouse in the next 24 hours: at most 2 of 2 places wanted' });
  await expect(load).toBeVisible();
  await expect(next.getByText('at most 2 of 2 places wanted')).toBeVisible();
  const days = page.getByRole('region', { name: 'Runs per day' });
  await expect(days.getByRole('img', { name: /: [1-9]\d* completed, \d+ failed(, \d+ cancelled)?$/ })).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
});
