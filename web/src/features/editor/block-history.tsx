// The versions of a block's code that have run: each with its difference to the code as it is now, and a way back to it.
// What Git knows of it is in git-history.tsx.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';

import { blockHistory, type PastRun } from '../../api/block-history';
import { readRanCode } from '../../api/notebook';
import { duration, plural } from '../../lib/format';
import { toneOf, toneWords } from '../../lib/status';
import { Button } from '../../ui/button';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { StatusIcon } from '../../ui/status';
import { Time } from '../../ui/time';
import { Changes } from '../../core/versions/changes';
import { useCell, useSession } from './use-session';

/** Runs one after the other with the same code are one version. */
export function versions(runs: readonly PastRun[]): PastRun[][] {
  const found: PastRun[][] = [];
  for (const run of runs) {
    const last = found.at(-1);
    if (last !== undefined && last[0]?.code === run.code) last.push(run);
    else found.push([run]);
  }
  return found;
}

function Version({ uuid, runs }: { uuid: string; runs: readonly PastRun[] }) {
  const [isOpen, setOpen] = useState(false);
  const session = useSession();
  const cell = useCell(uuid);
  const [newest] = runs;
  const code = useQuery({
    queryKey: ['ran-code', newest?.id],
    queryFn: () => readRanCode(newest?.id ?? 0),
    enabled: isOpen && newest !== undefined,
    staleTime: Infinity,
  });
  if (!newest || !cell) return null;
  const before = code.data;
  const isSame = before === cell.text;
  return (
    <li className="version">
      <button type="button" className="version-head" aria-expanded={isOpen} onClick={() => setOpen((now) => !now)}>
        <span className={`tone-${toneOf(newest.status)}`}>
          <StatusIcon tone={toneOf(newest.status)} label={toneWords[toneOf(newest.status)]} />
        </span>
        <span>
          <Time at={newest.startedAt} />
        </span>
        <span className="text-3">{runs.length > 1 ? plural(runs.length, 'run') : `run ${newest.run}, ${duration(newest.took)}`}</span>
      </button>
      {isOpen && code.error ? <Failure title="The code could not be loaded" error={code.error} /> : null}
      {isOpen && code.isPending ? <Skeleton width="80%" /> : null}
      {isOpen && typeof before === 'string' ? (
        isSame ? (
          <p className="pane-note">The code is the same now.</p>
        ) : (
          <>
            <Changes before={before} after={cell.text} beforeLabel={`Run ${newest.run}`} afterLabel="Now" />
            <Button small onClick={() => session.put(uuid, before)}>
              Restore this code
            </Button>
          </>
        )
      ) : null}
    </li>
  );
}

export function RanVersions({ uuid }: { uuid: string }) {
  const { pipeline } = useSession();
  const found = useQuery(blockHistory(pipeline, uuid));
  if (found.error) return <Failure title="The history could not be loaded" error={found.error} onRetry={() => void found.refetch()} />;
  if (found.isPending) return <div style={{ padding: 12 }}><Skeleton width="70%" /></div>;
  if (found.data.length === 0) return <Empty title="No history yet">Every version of {uuid} that has run is kept here.</Empty>;
  return (
    <>
      <p className="pane-note">Versions of the code of {uuid} that have run, the newest first.</p>
      <ol>
        {versions(found.data).map((runs) => (
          <Version key={runs[0]?.id} uuid={uuid} runs={runs} />
        ))}
      </ol>
    </>
  );
}
