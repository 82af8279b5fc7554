// What Git knows of the files: commits, and what a file held in one.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { moment } from '../core/notebook/read';
import { list, map, someText, text, texts } from '../lib/json';
import { ask } from './client';

export interface Commit {
  hash: string;
  author: string;
  /** Milliseconds since 1970. */
  at: number;
  subject: string;
  /** The files it changed, among those that were asked for, by the names they had then. */
  paths: readonly string[];
}

interface CommitPage {
  commits: readonly Commit[];
  /** Whether Git keeps the project at all. */
  isRepository: boolean;
  hasMore: boolean;
}

/** Commits of a page. */
const PAGE = 30;

function page(value: unknown): CommitPage {
  const answer = map(value);
  const metadata = map(answer.metadata);
  return {
    commits: list(answer.commits).map((one) => {
      const from = map(one);
      return {
        hash: text(from.commit),
        author: text(from.author),
        at: moment(from.authored_at) ?? 0,
        subject: text(from.subject),
        paths: texts(from.paths),
      };
    }),
    isRepository: metadata.is_repository === true,
    hasMore: metadata.next === true,
  };
}

/** What the commits are about. */
export type CommitsOf = { file: string } | { pipeline: string };

export const commits = {
  of: (what: CommitsOf) =>
    infiniteQueryOptions({
      queryKey: ['commits', what],
      queryFn: async ({ signal, pageParam }): Promise<CommitPage> => {
        const query = { _limit: PAGE, _offset: pageParam };
        return page(
          'file' in what
            ? await ask<unknown>('GET', '/api/files/{path}/commits', { path: { path: what.file }, query, signal })
            : await ask<unknown>('GET', '/api/pipelines/{pipeline}/commits', { path: { pipeline: what.pipeline }, query, signal }),
        );
      },
      initialPageParam: 0,
      getNextPageParam: (last, all) => (last.hasMore ? all.length * PAGE : undefined),
    }),
  /** What a file held in a commit, by the name it had then; null when that is no text. */
  content: (commit: string, path: string) =>
    queryOptions({
      queryKey: ['commit-content', commit, path],
      queryFn: async ({ signal }): Promise<string | null> => {
        const answer = map(await ask<unknown>('GET', '/api/files/{path}/commits/{commit}', { path: { path, commit }, signal }));
        return someText(map(answer.file_version).content);
      },
      staleTime: Infinity,
    }),
};
