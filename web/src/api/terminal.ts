// The terminals of the server.
import { queryOptions } from '@tanstack/react-query';

import type { Size } from '../core/terminal/shell';
import { address, ask } from './client';
import type { components } from './generated/schema';

type Terminals = components['schemas']['Terminals'];

/** Whether there are any. */
export const terminals = () =>
  queryOptions({
    queryKey: ['terminals'],
    queryFn: async ({ signal }) => (await ask<{ terminals: Terminals }>('GET', '/api/terminals', { signal })).terminals,
    // What a server was started with stays.
    staleTime: Infinity,
  });

/** Where a shell of that size is had. */
export function terminalAddress({ columns, rows }: Size): string {
  const { protocol, host } = window.location;
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${address('/websocket/terminal', { query: { columns, rows } })}`;
}
