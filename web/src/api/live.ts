// One connection on which the server tells what happens. It touches what is cached; whoever wants every event listens.
import { useEffect, useSyncExternalStore } from 'react';

import { paced } from '../lib/paced';
import { type BlockNews, withNews } from './block-news';
import { askAnew, queryClient } from './query-client';
import { type BlockRun, runs } from './runs';

export type News =
  | { type: 'run'; pipeline_run_id: number; status: string }
  | ({ type: 'block' } & BlockNews)
  | { type: 'trigger'; pipeline_schedule_id: number }
  | { type: 'lagged'; missed: number | null };

const names = ['run', 'block', 'trigger', 'lagged'] as const;

type Listener = (news: News) => void;
const listeners = new Set<Listener>();

/** Whether the server tells us what happens at the moment; assumed until a connection is lost. */
let isLive = true;
const watchers = new Set<() => void>();

function setLive(now: boolean) {
  if (now === isLive) return;
  isLive = now;
  for (const watcher of watchers) watcher();
}

/** Many events in a moment lead to one question, and no question is asked before the one before it is answered. */
const due = new Set<string>();
const askAgain = paced(() => {
  const keys = [...due];
  due.clear();
  return Promise.all(keys.map((key) => askAnew(queryClient, key)));
}, 250);

function refresh(...keys: string[]) {
  for (const key of keys) due.add(key);
  askAgain();
}

/** By run, the newest of each block that no page has seen yet: a run of a thousand blocks tells many in one frame. */
const unseen = new Map<number, Map<string, BlockNews>>();

function show() {
  for (const [run, news] of unseen) {
    queryClient.setQueryData(runs.blocks(run).queryKey, (known: BlockRun[] | undefined) => (known === undefined ? undefined : withNews(known, news)));
  }
  unseen.clear();
}

function tell(news: BlockNews) {
  if (unseen.size === 0) requestAnimationFrame(show);
  const ofRun = unseen.get(news.pipeline_run_id);
  if (ofRun === undefined) unseen.set(news.pipeline_run_id, new Map([[news.block_uuid, news]]));
  else ofRun.set(news.block_uuid, news);
}

function touch(news: News) {
  switch (news.type) {
    case 'run':
      refresh('runs', 'triggers', 'status', 'products', 'backfills');
      break;
    case 'block':
      tell(news);
      refresh('runs');
      break;
    case 'trigger':
      refresh('triggers');
      break;
    case 'lagged':
      refresh('runs', 'triggers', 'status', 'products', 'backfills', 'pipelines');
      break;
  }
}

let source: EventSource | undefined;

/** Opens the connection; called once there is a session. Gives back how to close it. */
export function connect(): () => void {
  const opened = new EventSource('/api/events?logs=0');
  source?.close();
  source = opened;
  let wasLost = false;
  opened.onopen = () => {
    setLive(true);
    // What happened while nobody listened: at the beginning, since the page has asked its first questions.
    if (wasLost) touch({ type: 'lagged', missed: null });
    else refresh('runs', 'triggers', 'status', 'products', 'backfills');
    wasLost = false;
  };
  opened.onerror = () => {
    wasLost = true;
    setLive(false);
  };
  for (const name of names) {
    opened.addEventListener(name, (event: MessageEvent<string>) => {
      // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the server's events, as live.rs writes them
      const news = { ...(JSON.parse(event.data) as object), type: name } as News;
      touch(news);
      for (const listener of listeners) listener(news);
    });
  }
  return () => {
    opened.close();
  };
}

/** Hears every event while the component is there. */
export function useNews(listener: Listener) {
  useEffect(() => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, [listener]);
}

export function useIsLive(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => isLive,
  );
}
