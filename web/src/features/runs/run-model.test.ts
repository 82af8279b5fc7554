import { expect, test } from 'vitest';

import type { BlockRun, Run } from '../../api/runs';
import { sampleRun } from '../../api/sample-run';
import { change } from '../../core/history';
import { blocksOf, criticalPath, figuresOf, fromHere, inLayers, type RunBlock, segmentsOf, tested, ticks, toCompare } from './run-model';

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

const blockRun = (some: Partial<BlockRun>): BlockRun => ({
  id: 1,
  block_uuid: 'a',
  pipeline_run_id: 1,
  pipeline_schedule_id: null,
  pipeline_schedule_name: null,
  status: 'completed',
  attempt: 1,
  tests: [],
  attempts: [],
  reason: null,
  usage: null,
  usual: null,
  metrics: null,
  callback_error: null,
  created_at: '2026-11-21 00:00:00',
  started_at: '2026-11-21 00:00:01',
  completed_at: '2026-11-21 00:00:02',
  updated_at: null,
  retry_at: null,
  ...some,
});

test('the children of a dynamic block stand for one block', () => {
  const found = blocksOf(
    [blockRun({ block_uuid: 'a' }), blockRun({ block_uuid: 'a:x' }), blockRun({ block_uuid: 'a:y', status: 'failed' })],
    undefined,
  );
  expect(found.map(({ name, tone, runs }) => [name, tone, runs.length])).toEqual([['a', 'failed', 3]]);
});

test('what a block used stands beside the usual, and only what is off is said', () => {
  const spread = (median: number) => ({ median, low: median * 0.9, high: median * 1.1, count: 9 });
  const run = blockRun({
    usage: { rows: 1_000, cpu_seconds: 0.5, peak_memory: 300_000_000 },
    usual: { seconds: spread(1), rows: spread(980), memory: spread(100_000_000) },
  });
  expect(figuresOf(run).map(({ label, usual, against, isOdd }) => [label, usual, against, isOdd])).toEqual([
    ['Time, with its retries', '1.0 s', '', false],
    ['Rows made', '980', '', false],
    ['Processor time', '', '', false],
    ['Most memory at a time', '100 MB', '3 ×', true],
  ]);
});

test('two runs are not enough to say what is usual', () => {
  const few = { median: 1, low: 1, high: 1, count: 2 };
  const [time] = figuresOf(blockRun({ completed_at: '2026-11-21 00:00:09', usual: { seconds: few, rows: null, memory: null } }));
  expect(time?.against).toBe('');
});

test.each([
  [10, 10, 'same'],
  [147, 100, '+47 %'],
  [67, 100, '−33 %'],
  [3_500, 100, '35 ×'],
  [5, 0, ''],
])('%s after %s is %s', (value, from, text) => {
  expect(change(value, from)).toBe(text);
});

test('layers put a block under the middle of its inputs and never two at one place', () => {
  const places = inLayers(graph, 100, 50);
  expect(places.get('d')).toEqual({ x: 0, y: 50 });
  expect(places.get('c')).toEqual({ x: 100, y: 50 });
  expect(places.get('e')).toEqual({ x: 0, y: 100 });
  expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(graph.length);
});

test('a chain of thousands of blocks has places', () => {
  const chain = Array.from({ length: 3_000 }, (_, index) => block(String(index), index === 2_999 ? [] : [String(index + 1)]));
  expect(inLayers(chain, 1, 1).get('0')).toEqual({ x: 0, y: 2_999 });
});

test('a run is compared with the last before it that completed, or else with the one before it', () => {
  const run = (id: number, status: Run['status']): Run => sampleRun({ id, status });
  expect(toCompare(4, [run(5, 'completed'), run(4, 'failed'), run(3, 'failed'), run(2, 'completed')])?.id).toBe(2);
  expect(toCompare(3, [run(3, 'failed'), run(2, 'failed')])?.id).toBe(2);
  expect(toCompare(1, [run(1, 'failed')])).toBeUndefined();
});

const attempt = (number: number, status: 'failed' | 'completed' | 'running', seconds: number): BlockRun['attempts'][number] => ({
  number,
  status,
  started_at: '2026-11-21 00:00:00',
  completed_at: status === 'running' ? null : `2026-11-21 00:00:0${seconds}`,
  error: status === 'failed' ? 'ValueError: no' : null,
  usage: null,
  tests: [],
});

test('only a block that was tried again has segments, and the newest decides', () => {
  const tried = blockRun({ attempt: 3, attempts: [attempt(2, 'failed', 4), attempt(3, 'running', 0)] });
  const [found] = blocksOf([tried], undefined);
  expect(found === undefined ? [] : segmentsOf(found, Date.UTC(2026, 10, 21, 0, 0, 9)).map(({ number, tone, isLast, from, to }) => [number, tone, isLast, to - from])).toEqual([
    [2, 'failed', false, 4_000],
    [3, 'running', true, 9_000],
  ]);
  const [once] = blocksOf([blockRun({ attempts: [attempt(1, 'completed', 1)] })], undefined);
  expect(once === undefined ? undefined : segmentsOf(once, 0)).toEqual([]);
});

test('the tests of an attempt in a word', () => {
  const said = (status: 'passed' | 'failed' | 'error') => ({ name: 'a', status, message: null, line: null });
  expect(tested([])).toBe('');
  expect(tested([said('passed'), said('passed')])).toBe('2 passed');
  expect(tested([said('passed'), said('error'), said('failed')])).toBe('2 of 3 failed');
});
