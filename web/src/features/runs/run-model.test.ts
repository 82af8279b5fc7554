import { expect, test } from 'vitest';

import type { BlockRun } from '../../api/runs';
import { blocksOf, criticalPath, fromHere, type RunBlock, ticks } from './run-model';

const block = (name: string, upstream: string[], started?: number, ended?: number): RunBlock => ({
  name,
  upstream,
  started,
  ended,
  kind: 'custom',
  tone: 'success',
  runs: [],
  attempts: 1,
  reason: null,
});

const graph = [block('a', [], 0, 10), block('b', [], 0, 30), block('c', ['a', 'b'], 30, 40), block('d', ['a'], 10, 20), block('e', ['d'])];

test('the critical path goes back over the inputs that came last', () => {
  expect(criticalPath(graph)).toEqual(['b', 'c']);
  expect(criticalPath([])).toEqual([]);
});

test('a retry from a block repeats what comes after it', () => {
  expect(fromHere(graph, 'a')).toEqual(['a', 'c', 'd', 'e']);
  expect(fromHere(graph, 'e')).toEqual(['e']);
});

test.each([
  [16_300, 8, 5_000],
  [90, 8, 20],
  [7_200_000, 8, 900_000],
])('an axis of %s ms has round steps', (length, wanted, step) => {
  const found = ticks(length, wanted);
  expect(found[1]).toBe(step);
  expect(found.length).toBeLessThanOrEqual(wanted + 1);
});

test('the children of a dynamic block stand for one block', () => {
  const run = (block_uuid: string, status: string): BlockRun => ({
    id: 1,
    block_uuid,
    pipeline_run_id: 1,
    status,
    attempt: 1,
    reason: null,
    metrics: null,
    created_at: '2026-11-21 00:00:00',
    started_at: '2026-11-21 00:00:01',
    completed_at: '2026-11-21 00:00:02',
  });
  const found = blocksOf([run('a', 'completed'), run('a:x', 'completed'), run('a:y', 'failed')], undefined);
  expect(found.map(({ name, tone, runs }) => [name, tone, runs.length])).toEqual([['a', 'failed', 3]]);
});
