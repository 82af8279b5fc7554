// One sentence for a run that is not simply completed.
import { useQuery } from '@tanstack/react-query';

import { type Run, runs } from '../../api/runs';
import { Sentence } from '../../ui/sentence';

/** `Run 12 failed: block x failed` without what the row says already. */
export function withoutRun(headline: string): string {
  const rest = headline.replace(/^Run \d+ (?:failed|was cancelled|was not started|was skipped): /, '').replace(/^Run \d+ /, '').replace(/\.$/, '');
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

export function WhatHappened({ run }: { run: Run }) {
  const isOdd = run.status !== 'completed';
  const why = useQuery({ ...runs.why(run.id), enabled: isOdd && run.status !== 'running', staleTime: 300_000 });
  if (run.status === 'running') return `Block ${Math.min(run.completed_block_runs_count + 1, run.block_runs_count)} of ${run.block_runs_count}`;
  if (!isOdd) return null;
  const text = why.data === undefined ? (run.reason ?? '') : withoutRun(why.data.headline);
  return (
    <span title={text.replaceAll('`', '')}>
      <Sentence text={text} />
    </span>
  );
}
