import { expect, test } from 'vitest';

import { cronInWords, scheduleInWords, withinSentence } from './schedule';

test.each([
  ['30 6 * * 1-5', 'Weekdays at 06:30'],
  ['30 6 * * mon-fri', 'Weekdays at 06:30'],
  ['*/15 * * * *', 'Every 15 min'],
  ['0 * * * *', 'Every hour'],
  ['20 * * * *', 'Every hour at :20'],
  ['0 */6 * * *', 'Every 6 h'],
  ['0 2 * * *', 'Daily at 02:00'],
  ['0 6,18 * * *', 'Daily at 06:00, 18:00'],
  ['0 6 * * 1', 'Mondays at 06:00'],
  ['0 3 * * 0', 'Sundays at 03:00'],
  ['0 3 * * 7', 'Sundays at 03:00'],
  ['0 3 * * 6,7', 'Weekends at 03:00'],
  ['0 9 * * 1,3', 'Mon, Wed at 09:00'],
  ['0 4 1 * *', '1st of the month at 04:00'],
  ['0 4 22 * *', '22nd of the month at 04:00'],
  ['0 22 L * *', 'Last day of the month at 22:00'],
  ['5 4 1 1 *', '1 Jan at 04:05'],
  ['*/7 3-5 * * *', undefined],
  ['0 4 1 * 1', undefined],
  ['nonsense', undefined],
])('%s in words', (text, words) => expect(cronInWords(text)).toBe(words));

test('a trigger in words', () => {
  expect(scheduleInWords({ schedule_type: 'api', schedule_interval: null })).toBe('When called by API');
  expect(scheduleInWords({ schedule_type: 'time', schedule_interval: '@daily' })).toBe('Daily at 00:00');
  expect(scheduleInWords({ schedule_type: 'time', schedule_interval: '1-5/2 * * * *' })).toBe('1-5/2 * * * *');
});

test('names of days keep their capital in a sentence', () => {
  expect(['Mondays at 06:00', 'Wed, Fri at 06:00', 'Weekdays at 06:00', 'Daily at 06:00', '1 Jan at 00:00'].map(withinSentence)).toEqual([
    'Mondays at 06:00',
    'Wed, Fri at 06:00',
    'weekdays at 06:00',
    'daily at 06:00',
    '1 Jan at 00:00',
  ]);
});
