import { expect, test } from 'vitest';

import type { Run } from '../api/runs';
import { sampleRun } from '../api/sample-run';
import { againstUsual, historyOf, median } from './history';

const run = (id: number, status: Run['status'], seconds: number | null): Run =>
  sampleRun({
    id,
    status,
    started_at: seconds === null ? null : '2026-11-21 00:00:00',
    completed_at: seconds === null ? null : new Date(Date.UTC(2026, 10, 21) + seconds * 1000).toISOString(),
  });

test('the median of even and odd numbers of values', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeUndefined();
});

test('what is usual is the median of good runs, once there are three', () => {
  expect(historyOf([run(2, 'completed', 10), run(1, 'completed', 20)]).usual).toBeUndefined();
  const history = historyOf([run(5, 'failed', 500), run(4, 'completed', 30), run(3, 'running', null), run(2, 'completed', 10), run(1, 'completed', 20)]);
  expect(history.usual).toBe(20_000);
  expect(history.past.map((one) => one.id)).toEqual([1, 2, 3, 4, 5]);
});

test.each([
  [20, '', false],
  [25, '', false],
  [29.4, '+47 %', true],
  [700, '35 ×', true],
])('%s s against 20 s', (took, text, slow) => expect(againstUsual(took * 1000, 20_000)).toMatchObject({ text, slow }));

test('milliseconds are no delay', () => {
  expect(againstUsual(900, 70)).toMatchObject({ text: '', slow: false });
  expect(againstUsual(1_100, 70)).toMatchObject({ text: '16 ×', slow: true });
});
