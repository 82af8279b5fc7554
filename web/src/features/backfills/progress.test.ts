import { expect, test } from 'vitest';

import type { Run } from '../../api/runs';
import { sampleRun } from '../../api/sample-run';
import { countsOf, leftOf, linesOf } from './progress';

const run = (id: number, date: string, status: Run['status']): Run => sampleRun({ id, status, execution_date: `${date} 00:00:00` });

const runs = [
  run(4, '2026-01-02', 'completed'),
  run(2, '2026-01-02', 'failed'),
  run(1, '2026-01-01', 'completed'),
  run(3, '2026-01-03', 'initial'),
];
const dates = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04'].map((date) => ({ ds: date, execution_date: `${date}T00:00:00` }));

test('the newest run of a date counts', () => {
  expect(linesOf(dates, runs).map(({ run: one, state }) => [one?.id, state])).toEqual([
    [1, 'completed'],
    [4, 'completed'],
    [3, 'queued'],
    [undefined, 'missing'],
  ]);
});

test('dates are counted also when they are not listed', () => {
  expect(countsOf(5000, runs)).toEqual({ completed: 2, failed: 0, running: 0, queued: 1, cancelled: 0, missing: 4997 });
  expect(countsOf(1, runs).missing).toBe(0);
});

test('how long the rest takes is said only when it is known', () => {
  const counts = { ...countsOf(4, runs), running: 2, queued: 3 };
  expect(leftOf(counts, 10_000, 2)).toBe(30_000);
  expect(leftOf(counts, undefined, 2)).toBeUndefined();
  expect(leftOf(counts, 10_000, Number.NaN)).toBeUndefined();
});
