import { beforeEach, expect, test, vi } from 'vitest';

import type { Told } from '../../core/notebook/live';
import { block } from '../../core/notebook/read';
import { createSession } from './session';

interface Server {
  content: string;
  /** Answers the save that is under way. */
  answer?: () => void;
  tell?: (told: Told) => void;
}

const server = vi.hoisted((): Server => ({ content: 'one' }));

const loaded = () => ({ block: block({ uuid: 'a', file: 'a.py' }), content: server.content, revision: server.content });

vi.mock('../../api/notebook', () => ({
  readPipeline: () => Promise.resolve({ name: 'daily', kind: 'python', revision: 'r1', blocks: [loaded()], variables: {}, schedules: [] }),
  readBlock: () => Promise.resolve(loaded()),
  readStandings: () => Promise.resolve([]),
  checkPipeline: () => Promise.resolve([]),
  checkText: () => Promise.resolve([]),
  saveBlock: (_pipeline: string, _uuid: string, content: string) => {
    server.content = content;
    return new Promise((done) => {
      server.answer = () => done({ revision: content });
    });
  },
}));
vi.mock('../../api/charts', () => ({ refreshCharts: () => Promise.resolve() }));
vi.mock('../../api/notebook-socket', () => ({
  listen: (tell: (told: Told) => void) => {
    server.tell = tell;
    return () => undefined;
  },
}));

beforeEach(() => {
  server.content = 'one';
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

test('a file that is written elsewhere between a save and its answer is a conflict when the answer comes', async () => {
  const session = createSession('daily');
  const close = session.open();
  await vi.advanceTimersByTimeAsync(0);
  session.edit('a', 'mine');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(session.notebook.get().cells.get('a')?.save.state).toBe('saving');
  server.content = 'theirs';
  server.tell?.({ type: 'files', changes: [{ type: 'pipeline', pipeline: 'daily' }] });
  await vi.advanceTimersByTimeAsync(100);
  expect(session.notebook.get().cells.get('a')?.save.state).toBe('saving');
  server.answer?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(session.notebook.get().cells.get('a')).toMatchObject({ text: 'mine', save: { state: 'conflict', theirs: 'theirs', revision: 'theirs' } });
  close();
});
