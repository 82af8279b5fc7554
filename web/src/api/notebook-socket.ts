// The editor's own connection: what runs print, how blocks stand, which files change. A socket, since a browser opens
// only six other connections to a server at a time, for all its windows together.
import { told, type Told } from '../core/notebook/live';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Listens until the function that it gives back is called. `lagged` is told when something was missed. */
export function listen(onTold: (told: Told) => void, onState: (isLive: boolean) => void): () => void {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT;
  let wasLost = false;
  let isClosed = false;
  const open = () => {
    const { protocol, host } = window.location;
    const opened = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/websocket`);
    socket = opened;
    opened.onopen = () => {
      opened.send(JSON.stringify({ subscribe: { logs: true } }));
      wait = FIRST_WAIT;
      onState(true);
      if (wasLost) onTold({ type: 'lagged' });
      wasLost = false;
    };
    opened.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data !== 'string') return;
      const message: unknown = JSON.parse(event.data);
      const read = told(message);
      if (read) onTold(read);
    };
    opened.onclose = () => {
      if (isClosed) return;
      wasLost = true;
      onState(false);
      timer = setTimeout(open, wait);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    };
  };
  open();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    socket?.close();
  };
}
