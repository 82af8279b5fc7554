// The blocks of all pipelines, to be used again in another one.
import { queryOptions } from '@tanstack/react-query';

import { list, map, text } from '../lib/json';
import { ask } from './client';

export interface ProjectBlock {
  uuid: string;
  kind: string;
  language: string;
  pipelines: readonly string[];
}

export function projectBlocks() {
  return queryOptions({
    queryKey: ['pipelines', 'blocks'],
    queryFn: async ({ signal }): Promise<readonly ProjectBlock[]> => {
      const answer = map(await ask<unknown>('GET', '/api/pipelines', { query: { _limit: 1000 }, signal }));
      const found = new Map<string, { uuid: string; kind: string; language: string; pipelines: string[] }>();
      for (const one of list(answer.pipelines)) {
        const pipeline = map(one);
        for (const other of list(pipeline.blocks)) {
          const block = map(other);
          const uuid = text(block.uuid);
          const kind = text(block.type);
          const known = found.get(`${kind} ${uuid}`) ?? { uuid, kind, language: text(block.language), pipelines: [] };
          known.pipelines.push(text(pipeline.uuid));
          found.set(`${kind} ${uuid}`, known);
        }
      }
      return [...found.values()];
    },
  });
}
