import { describe, expect, it } from 'vitest';

import { agesOf, ageWords, blocksOf, momentWords, stateOf } from './age';

describe('how long a global data product stays fresh', () => {
  it('is told in words, the longest part first', () => {
    expect(ageWords({ hours: 12, days: 1 })).toBe('1 day 12 hours');
    expect(ageWords({ seconds: 600 })).toBe('600 seconds');
    expect(ageWords(null)).toBe('');
    expect(agesOf({ days: 0, weeks: 2, nonsense: 4 })).toEqual([{ amount: 2, unit: 'weeks' }]);
  });

  it('names its moments and blocks', () => {
    expect(momentWords({ hour_of_day: 6, day_of_week: 1 })).toBe('hour of day 6, day of week 1');
    expect(momentWords(undefined)).toBe('');
    expect(blocksOf({ clean: { partitions: 1 } })).toEqual(['clean']);
  });

  it('is said in a word, as the server decided', () => {
    expect(stateOf({ made_at: null, is_outdated: true }).word).toBe('Not made yet');
    expect(stateOf({ made_at: '2026-11-21 12:00:00', is_outdated: true }).word).toBe('Too old');
    expect(stateOf({ made_at: '2026-11-21 12:00:00', is_outdated: false }).word).toBe('Fresh');
    expect(stateOf({ made_at: null, is_outdated: null }).word).toBe('Cannot be made');
  });
});
