// A shell of the project over a socket of its own: what is typed goes as bytes, what is to be shown comes as bytes, and
// what happens is told in words. The shell ends with its socket, so a new connection is always a new shell.
import { map, someNumber, someText, text } from '../../lib/json';

export interface Size {
  columns: number;
  rows: number;
}

export type ShellState =
  | { at: 'connecting' }
  | { at: 'open'; shell: string; note: string | null }
  | { at: 'ended'; why: string }
  | { at: 'lost' };

export type ShellTold =
  | { type: 'opened'; shell: string; note: string | null }
  | { type: 'error'; message: string }
  | { type: 'ended'; reason: string; exitCode: number | null };

interface Screen {
  /** Shows bytes, and says when they are on the screen. */
  show: (data: Uint8Array | string, shown?: () => void) => void;
  size: () => Size;
  onState: (state: ShellState) => void;
}

export interface Shell {
  type: (bytes: Uint8Array) => void;
  resize: (size: Size) => void;
  /** A new shell in place of one that has ended. */
  again: () => void;
  /** Ends the shell and everything that runs in it. */
  end: () => void;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
/** The server takes messages of up to 256 KiB. */
const PIECE = 64 * 1024;
/** What was shown is said in steps like this; the server sends at most 1 MiB ahead of it. */
const SEEN_STEP = 128 * 1024;

/** Leaves what a program may have switched on that has ended without a word: the other screen, the mouse, pasting, colours. */
const CALM = '\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[!p\x1b[0m';

const said = (words: string) => `${CALM}\r\n\x1b[2m[${words}]\x1b[0m\r\n`;

/** What the server tells; null of what is not known here. */
export function shellTold(message: string): ShellTold | null {
  let from;
  try {
    from = map(JSON.parse(message));
  } catch {
    return null;
  }
  switch (from.type) {
    case 'opened':
      return { type: 'opened', shell: text(from.shell), note: someText(from.note) };
    case 'error':
      return { type: 'error', message: text(from.message) };
    case 'ended':
      return { type: 'ended', reason: text(from.reason), exitCode: someNumber(from.exit_code) };
    default:
      return null;
  }
}

export function openShell(address: (size: Size) => string, { show, size, onState }: Screen): Shell {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT;
  let hadShell = false;
  let isClosed = false;

  const send = (message: Uint8Array<ArrayBuffer> | object) => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
  };

  const connect = () => {
    clearTimeout(timer);
    const opened = new WebSocket(address(size()));
    opened.binaryType = 'arraybuffer';
    socket = opened;
    let runs = false;
    let hasEnded = false;
    let seen = 0;
    const hear = (told: ShellTold) => {
      switch (told.type) {
        case 'opened':
          if (hadShell) show(said('a new shell'));
          hadShell = true;
          runs = true;
          wait = FIRST_WAIT;
          onState({ at: 'open', shell: told.shell, note: told.note });
          // The screen may have changed while the socket was opened.
          send({ type: 'resize', ...size() });
          break;
        case 'error':
          show(said(told.message));
          break;
        case 'ended': {
          hasEnded = true;
          const why = told.exitCode === null ? told.reason : `${told.reason} with ${told.exitCode}`;
          show(said(why));
          onState({ at: 'ended', why });
        }
      }
    };
    // From now on the server waits for who reads.
    opened.onopen = () => send({ type: 'seen', bytes: 0 });
    opened.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isClosed) return;
      if (typeof data === 'string') {
        const told = shellTold(data);
        if (told) hear(told);
      } else if (data instanceof ArrayBuffer) {
        const bytes = new Uint8Array(data);
        show(bytes, () => {
          seen += bytes.length;
          if (seen < SEEN_STEP || socket !== opened) return;
          send({ type: 'seen', bytes: seen });
          seen = 0;
        });
      }
    };
    opened.onclose = () => {
      if (isClosed || hasEnded || socket !== opened) return;
      if (runs) show(said('the connection was lost, and the old shell has ended with it'));
      onState({ at: 'lost' });
      timer = setTimeout(connect, wait);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    };
  };

  connect();
  return {
    type: (bytes) => {
      for (let at = 0; at < bytes.length; at += PIECE) send(bytes.slice(at, at + PIECE));
    },
    resize: (to) => send({ type: 'resize', ...to }),
    again: () => {
      onState({ at: 'connecting' });
      connect();
    },
    end: () => {
      isClosed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}
