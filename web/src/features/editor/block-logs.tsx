// The lines of the selected block's newest run, in the pane at the right.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { readLogs } from '../../api/notebook';
import { isBusy } from '../../core/notebook/face';
import type { BlockState } from '../../core/notebook/standing';
import { paths } from '../../lib/paths';
import { Empty, Failure } from '../../ui/states';
import { LogLines } from './log-lines';
import { useSession } from './use-session';

export function BlockLogs({ uuid, state }: { uuid: string; state: BlockState }) {
  const { pipeline } = useSession();
  const run = state.newest?.run ?? null;
  const isOver = !isBusy(state);
  const stored = useQuery({
    queryKey: ['block-logs', run, uuid],
    queryFn: ({ signal }) => readLogs(run ?? 0, uuid, signal),
    enabled: run !== null && isOver && state.logs.length === 0,
    staleTime: Infinity,
  });
  if (run === null) return <Empty title="No lines yet">What {uuid} prints appears here as soon as it runs.</Empty>;
  if (stored.error) return <Failure title="The lines could not be loaded" error={stored.error} onRetry={() => void stored.refetch()} />;
  const lines = state.logs.length > 0 ? state.logs : (stored.data ?? []);
  return (
    <div className="facts">
      <p className="pane-note">
        <Link className="link" to={paths.run(pipeline, run, uuid)}>
          Run {run}
        </Link>
        {lines.length === 0 && !stored.isPending ? ': it printed nothing.' : null}
      </p>
      {lines.length === 0 ? null : <LogLines lines={lines} dropped={state.dropped} isLive={!isOver} />}
    </div>
  );
}
