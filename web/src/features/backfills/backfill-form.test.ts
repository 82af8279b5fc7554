import { expect, test } from 'vitest';

import type { Backfill } from '../../api/backfills';
import { changesIn } from '../../lib/changes';
import { emptyForm, formOf, intervalInWords, sentence, toChange, toStart, wrongIn } from './backfill-form';

const form = { ...emptyForm(Date.UTC(2026, 10, 22, 3)), name: 'november' };

const stored: Backfill = {
  id: 1,
  name: 'january',
  pipeline_uuid: 'shop',
  pipeline_schedule_id: 2,
  block_uuid: null,
  status: 'failed',
  start_datetime: '2026-01-01 00:00:00',
  end_datetime: '2026-01-31 06:30:00',
  interval_type: 'custom',
  interval_units: 600,
  variables: {},
  settings: { pipeline_run_limit: 2, only_missing: true, allow_blocks_to_fail: true },
  metrics: null,
  started_at: null,
  completed_at: null,
  failed_at: null,
  created_at: '',
  updated_at: '',
  pipeline_run_dates: [],
  pipeline_run_dates_count: 0,
  total_run_count: 0,
};

test('a new one is of the days of the last week', () => {
  expect(form).toMatchObject({ start: '2026-11-15T00:00', end: '2026-11-21T00:00', unit: 'day', units: '1' });
  expect(wrongIn(form)).toEqual({});
});

test('a form says what is wrong with it', () => {
  expect(Object.keys(wrongIn({ ...form, name: ' ', start: '', end: '', units: '0', limit: 'x', variables: '[]' }))).toEqual([
    'name',
    'start',
    'end',
    'units',
    'limit',
    'variables',
  ]);
  expect(wrongIn({ ...form, end: '2026-11-01T00:00' }).end).toBe('It ends before it begins');
});

test('what is stored fills the form and comes back, with settings that the form does not show', () => {
  const read = formOf(stored);
  expect(read).toMatchObject({ start: '2026-01-01T00:00', end: '2026-01-31T06:30', unit: 'second', units: '600', limit: '2' });
  expect(changesIn(read, formOf(stored))).toBe(0);
  expect(toChange({ ...read, limit: '' }, stored.settings, false)).toMatchObject({
    interval_units: 600,
    settings: { only_missing: true, allow_blocks_to_fail: true },
  });
});

test('while it is under way its window and variables are not sent', () => {
  expect(toChange({ ...formOf(stored), limit: '5' }, stored.settings, true)).toEqual({
    name: 'january',
    settings: { pipeline_run_limit: 5, only_missing: true, allow_blocks_to_fail: true },
  });
});

test('starting says which dates are meant', () => {
  expect(toStart(stored, false)).toEqual({
    status: 'initial',
    settings: { pipeline_run_limit: 2, only_missing: false, allow_blocks_to_fail: true },
  });
});

test('it says what it is in words', () => {
  expect(sentence({ ...form, limit: '2' }, 7)).toBe('7 runs, one a day from 2026-11-15 to 2026-11-21, 2 at a time');
  expect(sentence({ ...form, start: '' }, undefined)).toBe('A run for each interval of a window');
  expect(intervalInWords('hour', 1)).toBe('one an hour');
  expect(intervalInWords('hour', 6)).toBe('one every 6 hours');
});
