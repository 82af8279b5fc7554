import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { openShell, type ShellState, shellTold } from './shell';

/** The other end of a connection. */
class Line {
  static readonly OPEN = 1;
  static made: Line[] = [];
  readyState = 0;
  sent: (string | Uint8Array)[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: unknown }) => void;
  onclose?: () => void;
  constructor(readonly address: string) {
    Line.made.push(this);
  }
  send(message: string | Uint8Array) {
    this.sent.push(message);
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
  begin() {
    this.readyState = Line.OPEN;
    this.onopen?.();
    this.tell({ type: 'opened', shell: '/bin/sh', note: null });
  }
  tell(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  print(length: number) {
    this.onmessage?.({ data: new ArrayBuffer(length) });
  }
  words() {
    return this.sent.flatMap((message): unknown[] => (typeof message === 'string' ? [JSON.parse(message)] : []));
  }
}

const line = (at: number): Line => {
  const found = Line.made.at(at);
  if (!found) throw new Error('nothing was connected');
  return found;
};

let shown = '';
let waiting: (() => void)[] = [];
let states: ShellState[] = [];
const open = () =>
  openShell(({ columns, rows }) => `ws://here/${columns}x${rows}`, {
    show: (data, done) => {
      if (typeof data === 'string') shown += data;
      if (done) waiting.push(done);
    },
    size: () => ({ columns: 90, rows: 30 }),
    onState: (state) => states.push(state),
  });

beforeEach(() => {
  Line.made = [];
  shown = '';
  waiting = [];
  states = [];
  vi.stubGlobal('WebSocket', Line);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('a shell', () => {
  test('has the size of the screen from the first, and is typed into with bytes', () => {
    const shell = open();
    shell.type(new TextEncoder().encode('too early'));
    expect(line(0).address).toBe('ws://here/90x30');
    line(0).begin();
    expect(line(0).words()).toEqual([
      { type: 'seen', bytes: 0 },
      { type: 'resize', columns: 90, rows: 30 },
    ]);
    shell.resize({ columns: 100, rows: 40 });
    expect(line(0).words().at(-1)).toEqual({ type: 'resize', columns: 100, rows: 40 });
    shell.type(new TextEncoder().encode('ls\n'));
    expect(line(0).sent.at(-1)).toEqual(new TextEncoder().encode('ls\n'));
    expect(states).toEqual([{ at: 'open', shell: '/bin/sh', note: null }]);
  });

  test('takes a text of any length in pieces that the server accepts', () => {
    const shell = open();
    line(0).begin();
    line(0).sent = [];
    shell.type(new Uint8Array(150_000));
    expect(line(0).sent.map((piece) => piece.length)).toEqual([65_536, 65_536, 18_928]);
  });

  test('says what was seen only when it is on the screen', () => {
    open();
    line(0).begin();
    line(0).sent = [];
    line(0).print(100_000);
    line(0).print(100_000);
    expect(line(0).sent).toEqual([]);
    for (const done of waiting) done();
    expect(line(0).words()).toEqual([{ type: 'seen', bytes: 200_000 }]);
  });

  test('that has ended stays so until somebody wants a new one', () => {
    const shell = open();
    line(0).begin();
    line(0).tell({ type: 'ended', reason: 'the shell has ended', exit_code: 3 });
    line(0).close();
    expect(states.at(-1)).toEqual({ at: 'ended', why: 'the shell has ended with 3' });
    expect(shown).toContain('[the shell has ended with 3]');
    vi.advanceTimersByTime(60_000);
    expect(Line.made).toHaveLength(1);
    shell.again();
    line(1).begin();
    expect(shown).toContain('[a new shell]');
    expect(states.at(-1)?.at).toBe('open');
  });

  test('whose connection is lost is followed by a new one, and that is said', () => {
    const shell = open();
    line(0).begin();
    expect(shown).toBe('');
    line(0).close();
    expect(states.at(-1)).toEqual({ at: 'lost' });
    expect(shown).toContain('the old shell has ended');
    vi.advanceTimersByTime(500);
    // The server is not back yet: nothing has ended a second time.
    line(1).close();
    expect(shown.match(/has ended/g)).toHaveLength(1);
    vi.advanceTimersByTime(999);
    expect(Line.made).toHaveLength(2);
    vi.advanceTimersByTime(1);
    line(2).begin();
    expect(shown).toContain('[a new shell]');
    shell.end();
    vi.advanceTimersByTime(60_000);
    expect(Line.made).toHaveLength(3);
  });

  test('knows what the server tells, and nothing else', () => {
    expect(shellTold('{"type":"opened","shell":"/bin/bash","note":"no limits"}')).toEqual({ type: 'opened', shell: '/bin/bash', note: 'no limits' });
    expect(shellTold('{"type":"ended","reason":"the server stops","exit_code":null}')).toEqual({ type: 'ended', reason: 'the server stops', exitCode: null });
    expect(shellTold('{"type":"dance"}')).toBeNull();
    expect(shellTold('not json')).toBeNull();
  });
});
