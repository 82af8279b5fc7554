// The forms of a pipeline: people fill them in before it runs, and in its triggers; what is wrong stands at its field.
import { expect, test } from '@playwright/test';

import { expectAccessible } from './accessible';
import { COMPLETED } from './sentences';

const form = `inputs:
  city: { type: dropdown_menu, options: [{ label: Berlin, value: berlin }, { label: Lima, value: lima }] }
  days: { type: text_field, style: { input_type: number, min: 1, max: 31 } }
  dry: { type: switch }
variables:
  city: { uuid: city, name: City, description: Whose flights are read., input: city, required: true, types: [string] }
  days: { uuid: days, name: Days, input: days, required: true, types: [integer] }
  dry: { uuid: dry, name: Dry run, description: Writes nothing., input: dry, types: [boolean] }
layout:
- [{ variable: city, width: 2 }, { variable: days, width: 1 }]
- [{ variable: dry }]
`;

test('a form asks for the variables of a run, and of a trigger', async ({ page }) => {
  await page.request.post('/api/interactions', { data: { interaction: { uuid: 'city.yaml', content: form } } });
  const used = 'blocks:\n  asked_block:\n  - uuid: city.yaml\n    name: Flights of a city\n';
  const put = await page.request.put('/api/pipeline_interactions/asked', { data: { pipeline_interaction: { content: used } } });
  expect(put.ok()).toBe(true);

  await page.goto('/pipelines?search=asked');
  await page.getByRole('checkbox', { name: 'Select asked' }).click();
  await page.getByRole('button', { name: 'Run 1 pipeline' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run asked' });
  await expect(dialog.getByRole('heading', { name: 'Flights of a city' })).toBeVisible();
  await expectAccessible(page);
  await page.reload();
  await dialog.getByLabel('Days').fill('40');
  await dialog.getByRole('button', { name: 'Run asked' }).click();
  await expect(dialog.getByText('This must be given')).toBeVisible();
  await expect(dialog.getByText('This must be at most 31')).toBeVisible();
  await dialog.getByRole('combobox', { name: 'City' }).selectOption('Lima');
  await dialog.getByLabel('Days').fill('3');
  await dialog.getByRole('button', { name: 'Run asked' }).click();
  await expect(page.getByRole('heading', { level: 1, name: COMPLETED })).toBeVisible();
  await expect(page.getByText('city is lima days are 3')).toBeVisible();

  await page.goto('/pipelines/asked/triggers/new');
  await page.getByLabel('Name').fill('of a city');
  await page.getByLabel('Starts').selectOption('When called by API');
  await page.getByRole('combobox', { name: 'City' }).selectOption('Berlin');
  await expect(page.getByText('This must be given')).toBeVisible();
  await page.getByLabel('Days').fill('7');
  await expect(page.getByRole('textbox', { name: 'Variables' })).toHaveValue('{\n  "city": "berlin",\n  "days": 7\n}');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('region', { name: 'Call', exact: true }).locator('pre')).toContainText('"city":"berlin"');
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect(dialog.getByLabel('Days')).toHaveValue('7');
  await dialog.getByLabel('Days').fill('9');
  await dialog.getByRole('button', { name: 'Run asked' }).click();
  await expect(page.getByRole('heading', { level: 1, name: COMPLETED })).toBeVisible();
  await expect(page.getByText('city is berlin days are 9')).toBeVisible();
});

test('what only the server knows to be wrong stands at its field, too', async ({ page }) => {
  await page.goto('/pipelines/asked/triggers/new');
  await page.getByLabel('Name').fill('elsewhere');
  await page.getByLabel('Starts').selectOption('When called by API');
  await page.getByRole('textbox', { name: 'Variables' }).fill('{"city": "paris", "days": 3}');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByText('This must be one of "berlin", "lima", not "paris"')).toBeVisible();
  await page.getByRole('combobox', { name: 'City' }).selectOption('Lima');
  await expect(page.getByText('This must be one of')).toHaveCount(0);
});

test('in the editor a form asks before its block runs, and what was chosen stays on the card', async ({ page }) => {
  await page.goto('/pipelines/asked/edit?block=asked_block');
  const card = page.getByRole('region', { name: 'Block asked_block', exact: true });
  const dialog = page.getByRole('dialog', { name: 'Run asked_block' });
  await card.getByRole('button', { name: 'Run asked_block', exact: true }).click();
  await dialog.getByRole('combobox', { name: 'City' }).selectOption('Lima');
  await dialog.getByLabel('Days').fill('5');
  await dialog.getByRole('button', { name: 'Run asked_block' }).click();
  await expect(dialog).toBeHidden();
  const chosen = card.getByRole('group', { name: 'Form of asked_block' });
  await expect(chosen).toContainText('Flights of a city: City Lima, Days 5');
  await card.getByRole('tab', { name: 'Logs' }).click();
  await expect(card.getByText('city is lima days are 5')).toBeVisible();
  await expectAccessible(page);

  // The next run asks no more, until somebody wants to choose anew.
  const before = await card.getAttribute('data-run');
  await card.getByRole('button', { name: 'Run asked_block', exact: true }).click();
  await expect(card).not.toHaveAttribute('data-run', before ?? '');
  await expect(card).toHaveAttribute('data-status', 'completed');
  await chosen.getByRole('button', { name: 'Change…' }).click();
  await expect(dialog.getByLabel('Days')).toHaveValue('5');
  await dialog.getByLabel('Days').fill('6');
  await dialog.getByRole('button', { name: 'Run asked_block' }).click();
  await expect(chosen).toContainText('Days 6');
  await expect(card.getByText('city is lima days are 6')).toBeVisible();

  await page.getByRole('button', { name: 'Run pipeline' }).click();
  await expect(page.getByRole('dialog', { name: 'Run asked', exact: true }).getByLabel('Days')).toHaveValue('6');
});
