import { expect, test } from 'vitest';

import { changesIn } from '../../lib/changes';
import { emptyForm, sentence, toChange, wrongIn } from './trigger-form';

test('a form says what is wrong with it', () => {
  expect(wrongIn({ ...emptyForm, name: 'nightly' })).toEqual({});
  expect(Object.keys(wrongIn({ ...emptyForm, interval: ' ', variables: '[]' }))).toEqual(['name', 'interval', 'variables']);
});

test('what is saved keeps settings that the form does not show', () => {
  expect(toChange({ ...emptyForm, name: ' a ', skip: true }, { timeout: 5 })).toMatchObject({
    name: 'a',
    settings: { timeout: 5, skip_if_previous_running: true },
  });
  expect(toChange({ ...emptyForm, zone: '' }, { timezone: 'Europe/Berlin' }).settings).not.toHaveProperty('timezone');
  expect(toChange({ ...emptyForm, type: 'api' }, {}).schedule_interval).toBeNull();
});

test('changes are counted', () => {
  expect(changesIn(emptyForm, emptyForm)).toBe(0);
  expect(changesIn({ ...emptyForm, on: false, skip: true }, emptyForm)).toBe(2);
});

test('the sentence says it in words', () => {
  expect(sentence({ ...emptyForm, interval: '30 6 * * 1-5', skip: true })).toBe(
    'Runs weekdays at 06:30 UTC; skips while one is running.',
  );
  expect(sentence({ ...emptyForm, type: 'api', on: false })).toBe('Runs when called by API; paused.');
});
