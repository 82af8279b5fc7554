import { describe, expect, it } from 'vitest';

import { bucketsOf, facetsOf, type Filter, linesOf, type LogRecord, marked, matchesOf, merged, narrowed } from './log-view';

const record = (timestamp: number, message: string, more: Partial<LogRecord> = {}): LogRecord => ({
  pipeline_run_id: 1,
  timestamp,
  level: 'INFO',
  block_uuid: 'load',
  message,
  ...more,
});
const everything: Filter = { levels: [], pipelines: [], blocks: [], from: null, to: null };
const entries = merged([
  { pipeline: 'a', records: [record(1, 'one'), record(3, 'Three is BAD', { level: 'ERROR' })] },
  { pipeline: 'b', records: [record(2, 'two', { pipeline_run_id: 2, level: 'WARNING', block_uuid: 'clean:0' }), record(9, 'end', { pipeline_run_id: 2, block_uuid: null })] },
]);
const messages = (filter: Partial<Filter>) => narrowed(entries, { ...everything, ...filter }).map((entry) => entry.record.message);

describe('the logs of several runs', () => {
  it('come in the order of time', () => {
    expect(messages({})).toEqual(['one', 'two', 'Three is BAD', 'end']);
  });

  it('are narrowed by level, pipeline, block and time', () => {
    expect(messages({ levels: ['error', 'warn'] })).toEqual(['two', 'Three is BAD']);
    expect(messages({ pipelines: ['b'] })).toEqual(['two', 'end']);
    expect(messages({ blocks: ['clean'] })).toEqual(['two']);
    expect(messages({ from: 2, to: 3 })).toEqual(['two', 'Three is BAD']);
  });

  it('are counted for each choice as if the others stayed', () => {
    const facets = facetsOf(entries, { ...everything, levels: ['error'], pipelines: ['a'] });
    expect([...facets.levels]).toEqual([['info', 1], ['error', 1]]);
    expect([...facets.pipelines]).toEqual([['a', 1]]);
    expect([...facets.blocks]).toEqual([['load', 1]]);
  });

  it('are counted over time, whatever time is chosen', () => {
    const buckets = bucketsOf(entries, { ...everything, from: 8 }, 0, 10, 5);
    expect(buckets.map(({ all, warnings, errors }) => [all, warnings, errors])).toEqual([
      [1, 0, 0],
      [2, 1, 1],
      [0, 0, 0],
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });
});

describe('lines', () => {
  const repeats = merged([{ pipeline: 'a', records: [0, 1, 2, 3].map((at) => record(at, `offset ${at},00${at} behind=0.${at} s`)).concat(record(5, 'a\nb\n')) }]);

  it('fold what says the same but for its numbers', () => {
    const [fold, first, second] = linesOf(repeats, true, new Set());
    expect([fold?.times, fold?.over, fold?.text]).toEqual([4, 3, 'offset 0,000 behind=0.0 s']);
    expect([first?.text, first?.isFirst, second?.text, second?.isFirst]).toEqual(['a', true, 'b', false]);
  });

  it('unfold when they are opened, or when nothing is folded', () => {
    expect(linesOf(repeats, true, new Set(['1 0']))).toHaveLength(6);
    expect(linesOf(repeats, false, new Set())).toHaveLength(6);
  });

  it('do not fold three, or what another run says', () => {
    const three = merged([
      { pipeline: 'a', records: [1, 2, 3].map((at) => record(at, `step ${at}`)) },
      { pipeline: 'a', records: [record(4, 'step 4', { pipeline_run_id: 2 })] },
    ]);
    expect(linesOf(three, true, new Set())).toHaveLength(4);
  });

  it('know where a text stands', () => {
    expect(matchesOf(linesOf(entries, true, new Set()), 'bad')).toEqual([2]);
    expect(marked('Bad is bad', 'bad')).toEqual(['', 'Bad', ' is ', 'bad', '']);
    expect(marked('nothing', '')).toEqual(['nothing']);
  });
});
