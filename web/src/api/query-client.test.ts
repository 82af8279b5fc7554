import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';

import { askAnew } from './query-client';

/** A question whose answers are given by hand. */
function asked(client: QueryClient) {
  const open: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(client, { queryKey: ['runs', 7], queryFn: () => new Promise<string>((answer) => open.push(answer)), staleTime: Infinity });
  observer.subscribe(() => undefined);
  return { open, observer };
}

test('news that come while the first answer is under way are not lost', async () => {
  const client = new QueryClient();
  const { open, observer } = asked(client);
  expect(open).toHaveLength(1);
  const done = askAnew(client, 'runs');
  expect(open).toHaveLength(1);
  open[0]?.('queued');
  await expect.poll(() => open.length).toBe(2);
  open[1]?.('running');
  await done;
  expect(observer.getCurrentResult().data).toBe('running');
  client.clear();
});

test('a question that was answered is asked again, once', async () => {
  const client = new QueryClient();
  const { open, observer } = asked(client);
  open[0]?.('queued');
  await expect.poll(() => observer.getCurrentResult().data).toBe('queued');
  const done = askAnew(client, 'runs');
  await expect.poll(() => open.length).toBe(2);
  open[1]?.('running');
  await done;
  expect(open).toHaveLength(2);
  expect(observer.getCurrentResult().data).toBe('running');
  client.clear();
});
