// What runs print and log.
import { queryOptions } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';

export type LogRecord = components['schemas']['LogRecord'];
type ReadMetadata = components['schemas']['ReadMetadata'];

export interface LogPage {
  records: LogRecord[];
  hasMore: boolean;
}

/** The end of a run's log, as far as it was read. */
export interface LogTail {
  records: LogRecord[];
  /** Where to read on. */
  next: number;
  /** Whether older records were left out. */
  isCut: boolean;
}

/** Records of a run that are read at once, the last ones. */
export const TAIL = 2_000;
/** Records of a run that are kept while it goes on. */
const KEPT = 10_000;

export interface LogFilter {
  block?: string;
  text?: string;
  minLevel?: string;
}

export const logs = {
  ofRun: (id: number, filter: LogFilter = {}) =>
    queryOptions({
      queryKey: ['logs', id, filter],
      queryFn: async ({ signal }): Promise<LogPage> => {
        const answer = await ask<{ logs: LogRecord[]; metadata: { has_more: boolean } }>('GET', '/api/pipeline_runs/{id}/logs', {
          path: { id },
          query: { _format: 'flat', block_uuid: filter.block, text: filter.text, min_level: filter.minLevel, _limit: 5000 },
          signal,
        });
        return { records: answer.logs, hasMore: answer.metadata.has_more };
      },
    }),
  /** The last records of a run; asked again, it reads on from where it was. With a text only those with it. */
  tailOfRun: (id: number, text: string) =>
    queryOptions({
      queryKey: ['log-tail', id, text],
      queryFn: async ({ client, queryKey, signal }): Promise<LogTail> => {
        const before = client.getQueryData<LogTail>(queryKey);
        // A log that says only why its run could not begin has no places.
        const known = before === undefined || before.next === 0 ? undefined : before;
        const answer = await ask<{ logs: LogRecord[]; metadata: ReadMetadata }>('GET', '/api/pipeline_runs/{id}/logs', {
          path: { id },
          query: { _format: 'flat', text: text === '' ? undefined : text, after: known?.next, tail: TAIL, _limit: TAIL },
          signal,
        });
        const records = [...(known?.records ?? []), ...answer.logs];
        return { records: records.slice(-KEPT), next: answer.metadata.next, isCut: known?.isCut === true || answer.logs.length >= TAIL || records.length > KEPT };
      },
      staleTime: Infinity,
      gcTime: 60_000,
    }),
};

/** Tells which runs print or log something, until it is called off. */
export function hearLogs(tell: (run: number) => void): () => void {
  const source = new EventSource('/api/events?logs=1');
  const hear = (event: MessageEvent<string>) => {
    const found: unknown = JSON.parse(event.data);
    if (typeof found === 'object' && found !== null && 'pipeline_run_id' in found && typeof found.pipeline_run_id === 'number') tell(found.pipeline_run_id);
  };
  source.addEventListener('log', hear);
  source.addEventListener('run', hear);
  return () => source.close();
}
