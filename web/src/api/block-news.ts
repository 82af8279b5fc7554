// What the server tells of the blocks of runs, put into what is known of them.
import type { components } from './generated/schema';
import type { BlockRun } from './runs';

export interface BlockNews {
  pipeline_run_id: number;
  block_uuid: string;
  status: components['schemas']['BlockStatus'];
  attempt: number;
  started_at: string | null;
  completed_at: string | null;
  error: string | null;
  reason: string | null;
}

/** The block runs with the news in them. What is not told (what it used, its error) stays until the server is asked again. */
export function withNews(runs: readonly BlockRun[], news: ReadonlyMap<string, BlockNews>): BlockRun[] {
  return runs.map((run) => {
    const told = news.get(run.block_uuid);
    if (told === undefined || told.attempt < run.attempt) return run;
    const { status, attempt, started_at, completed_at, reason } = told;
    return { ...run, status, attempt, started_at, completed_at, reason };
  });
}
