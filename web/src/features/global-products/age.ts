// How long a global data product stays fresh, as its file says it and as people write it.
import { map, someNumber } from '../../lib/json';
import { plural } from '../../lib/format';
import type { Tone } from '../../lib/status';

export const units = ['seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years'] as const;
export type Unit = (typeof units)[number];

export interface Age {
  amount: number;
  unit: Unit;
}

/** The parts of `{"days": 1, "hours": 12}`, the longest unit first. */
export function agesOf(value: unknown): Age[] {
  const from = map(value);
  return units.flatMap((unit) => {
    const amount = someNumber(from[unit]);
    return amount === null || amount === 0 ? [] : [{ amount, unit }];
  }).reverse();
}

/** `1 day 12 hours`; nothing when it never gets old. */
export function ageWords(value: unknown): string {
  return agesOf(value).map(({ amount, unit }) => plural(amount, unit.replace(/s$/, ''), unit)).join(' ');
}

/** `from hour 6 of the day, in month 1`: the moments from which it counts as old. */
export function momentWords(value: unknown): string {
  return Object.entries(map(value))
    .filter(([, least]) => typeof least === 'number')
    .map(([part, least]) => `${part.replaceAll('_', ' ')} ${String(least)}`)
    .join(', ');
}

/** The blocks whose outputs it is; all last ones when none are named. */
export function blocksOf(settings: unknown): string[] {
  return Object.keys(map(settings));
}

/** Whether a product is fresh, in a word, as the server has decided it. */
export function stateOf({ made_at: made, is_outdated: isOutdated }: { made_at: string | null; is_outdated: boolean | null }): { tone: Tone; word: string } {
  if (isOutdated === null) return { tone: 'failed', word: 'Cannot be made' };
  if (made === null) return { tone: 'never-run', word: 'Not made yet' };
  return isOutdated ? { tone: 'stale', word: 'Too old' } : { tone: 'success', word: 'Fresh' };
}
