import { describe, expect, test } from 'vitest';

import { face } from './face';
import { told } from './live';
import { standing } from './read';
import { adopted, answered, heard, ignored, MOST_LINES, NEVER, NOTHING, openRuns, type Standings, unknownRuns } from './standing';

function hear(state: Standings, message: Record<string, unknown>): Standings {
  const read = told(message);
  if (!read || read.type === 'files' || read.type === 'lagged') throw new Error('not of a run');
  return heard(state, read);
}

const block = (run: number, status: string, more = {}) => ({
  type: 'block',
  pipeline_run_id: run,
  block_uuid: 'clean',
  status,
  attempt: 1,
  started_at: '2026-11-21 10:00:00',
  ...more,
});
const log = (run: number, message: string, name = 'clean') => ({
  type: 'log',
  pipeline_run_id: run,
  block_uuid: name,
  timestamp: 1,
  level: 'INFO',
  message,
});
const done = {
  completed_at: '2026-11-21 10:00:02',
  outputs: [{ name: 'output_0', kind: 'frame', rows: 3, columns: [{ name: 'a', type: 'Int64' }], bytes: 24 }],
};
const of = (state: Standings) => state.blocks.get('clean') ?? NEVER;

describe('a run', () => {
  test('is followed from the request to the table', () => {
    let state = adopted(NOTHING, 7, 'initial', [{ id: 70, block: 'clean' }]);
    expect(face(of(state), null, 0).words).toBe('Queued');
    state = hear(state, block(7, 'running'));
    state = hear(state, log(7, 'half way'));
    expect(face(of(state), null, Date.UTC(2026, 10, 21, 10, 0, 6)).words).toBe('Running 6.0 s');
    state = hear(state, block(7, 'completed', done));
    state = hear(state, { type: 'run', pipeline_run_id: 7, status: 'completed' });
    expect(of(state).output?.blockRun.id).toBe(70);
    expect(of(state).logs.map((line) => line.message)).toEqual(['half way']);
    expect(face(of(state), null, 0)).toMatchObject({ tone: 'success', words: '3 rows × 1', more: '2.0 s' });
    expect(openRuns(state)).toEqual([]);
  });

  test('may be over before the answer says which numbers its blocks have', () => {
    let state = hear(NOTHING, block(7, 'running'));
    state = hear(state, log(7, 'quick'));
    state = hear(state, block(7, 'completed', done));
    expect(unknownRuns(state)).toEqual([7]);
    state = adopted(state, 7, 'initial', [{ id: 70, block: 'clean' }]);
    expect(of(state).newest).toMatchObject({ id: 70, status: 'completed' });
    expect(of(state).output?.blockRun.id).toBe(70);
    expect(of(state).logs).toHaveLength(1);
    expect(unknownRuns(state)).toEqual([]);
  });

  test('of another pipeline leaves no trace', () => {
    let state = hear(NOTHING, block(8, 'running'));
    state = hear(ignored(state, 8), block(8, 'completed', done));
    expect(unknownRuns(state)).toEqual([]);
    expect(state.blocks.size).toBe(0);
  });

  test('that failed keeps the last good output and says where it failed', () => {
    let state = adopted(NOTHING, 1, 'initial', [{ id: 10, block: 'clean' }]);
    state = hear(state, block(1, 'completed', done));
    state = adopted(state, 2, 'initial', [{ id: 20, block: 'clean' }]);
    const frames = [
      { file: 'transformers/clean.py', line: 13, function: 'clean', code: 'a()', caret: null },
      { file: 'utils/dates.py', line: 4, function: 'clock', code: 'b()', caret: null },
    ];
    state = hear(state, block(2, 'failed', { failure: { kind: 'exception', message: 'no', frames } }));
    expect(of(state).output?.blockRun.run).toBe(1);
    expect(face(of(state), 'transformers/clean.py', 0).words).toBe('Failed at line 13');
  });

  test('of before does not come back with late messages', () => {
    let state = adopted(NOTHING, 2, 'initial', [{ id: 20, block: 'clean' }]);
    state = adopted(state, 1, 'running');
    state = hear(state, block(2, 'running'));
    const late = hear(hear(state, block(1, 'completed', done)), log(1, 'late'));
    expect(of(late)).toEqual(of(state));
  });

  test('prints much: the newest lines stay, and it is known how many went', () => {
    let state = hear(adopted(NOTHING, 1, 'running', [{ id: 1, block: 'clean' }]), block(1, 'running'));
    for (let line = 0; line < MOST_LINES + 5; line += 1) state = hear(state, log(1, String(line), 'clean:3'));
    expect(of(state).logs).toHaveLength(MOST_LINES);
    expect(of(state).dropped).toBe(5);
    expect(of(state).logs.at(-1)?.message).toBe(String(MOST_LINES + 4));
  });
});

describe('the answer of the server', () => {
  const answer = (run: number, status: string, stale: unknown[] = []) =>
    standing({
      block_uuid: 'clean',
      block_run: { id: run * 10, pipeline_run_id: run, status, attempt: 1 },
      output: { block_run: { id: 10, pipeline_run_id: 1, status: 'completed' }, products: done.outputs },
      stale,
    });

  test('marks what is stale, with the reason', () => {
    const state = answered(NOTHING, [answer(1, 'completed', [{ reason: 'variable', name: 'late_after' }])]);
    expect(face(of(state), null, 0)).toMatchObject({ tone: 'stale', words: 'Stale: variable late_after changed' });
  });

  test('has the tests of the newest run by name, also when nothing was heard of it', () => {
    const results = [
      { name: 'not_empty', status: 'passed', message: null, line: null },
      { name: 'has_zone', status: 'failed', message: 'no zone', line: 31 },
    ];
    const stored = { block_uuid: 'clean', block_run: { id: 10, pipeline_run_id: 1, status: 'failed', attempt: 1, tests: results }, output: null, stale: [] };
    expect(of(answered(NOTHING, [standing(stored)])).tests).toEqual({ passed: 1, total: 2, results });
    // What was heard counts all of them, also those that are not stored.
    let state = hear(adopted(NOTHING, 1, 'running', [{ id: 10, block: 'clean' }]), block(1, 'running'));
    state = hear(state, { type: 'tests', pipeline_run_id: 1, block_uuid: 'clean', passed: 300, total: 301, results });
    expect(of(answered(state, [standing(stored)])).tests).toEqual({ passed: 300, total: 301, results });
    // A run without tests has none, and neither has the next one those of the last.
    state = answered(state, [standing({ ...stored, block_run: { ...stored.block_run, pipeline_run_id: 2, tests: [] } })]);
    expect(of(state).tests).toBeNull();
  });

  test('that is older than what was told does not undo it', () => {
    let state = adopted(NOTHING, 5, 'initial', [{ id: 50, block: 'clean' }]);
    state = hear(state, block(5, 'completed', done));
    state = answered(state, [answer(4, 'running')]);
    expect(of(state).newest).toMatchObject({ run: 5, status: 'completed' });
    expect(of(state).output?.blockRun.run).toBe(5);
  });

  test('of the same run keeps its lines', () => {
    let state = adopted(NOTHING, 1, 'initial', [{ id: 10, block: 'clean' }]);
    state = hear(hear(state, block(1, 'running')), log(1, 'hello'));
    state = answered(state, [answer(1, 'completed')]);
    expect(of(state).logs).toHaveLength(1);
    expect(of(state).newest?.status).toBe('completed');
  });
});
