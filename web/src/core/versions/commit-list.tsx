// The commits of a file or of a pipeline, newest first: what each is about, how the text was in it, and a way back there.
import { type ReactNode, useState } from 'react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';

import { type Commit, commits, type CommitsOf } from '../../api/commits';
import { plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { Time } from '../../ui/time';
import { difference } from '../notebook/difference';
import { Changes } from './changes';
import './versions.css';

/** `12 lines go, 3 come back`. */
export function restoreWords(now: string, then: string): string {
  const lines = difference(now, then);
  const gone = lines.filter((line) => line.kind === 'gone').length;
  const back = lines.filter((line) => line.kind === 'new').length;
  return `${plural(gone, 'line')} ${gone === 1 ? 'goes' : 'go'}, ${plural(back, 'line')} ${back === 1 ? 'comes' : 'come'} back`;
}

/** The text as it was in a commit beside the text as it is. */
export function VersionOfFile({
  commit,
  path,
  now,
  refusal,
  undo,
  onRestore,
}: {
  commit: Commit;
  /** By the name it had then. */
  path: string;
  /** The text as it is; none when there is no such file any more. */
  now: string | undefined;
  /** Why it cannot be restored at the moment. */
  refusal?: string | undefined;
  /** How the text as it is can be had back. */
  undo: string;
  onRestore: (text: string) => Promise<void> | void;
}) {
  const [isAsked, setAsked] = useState(false);
  const found = useQuery(commits.content(commit.hash, path));
  if (found.error) return <Failure title="The file could not be read from Git" error={found.error} onRetry={() => void found.refetch()} />;
  if (found.isPending) return <Skeleton width="80%" />;
  const then = found.data;
  if (then === null) return <p className="version-note">It was no text then.</p>;
  if (now === undefined) return <p className="version-note">The file is not there any more under this name.</p>;
  if (then === now) return <p className="version-note">The text is the same now.</p>;
  return (
    <>
      <Changes before={then} after={now} beforeLabel={`In ${commit.hash.slice(0, 7)}`} afterLabel="Now" />
      {isAsked ? (
        <div className="version-ask" role="alertdialog" aria-label={`Restore ${path}`}>
          <p>
            {restoreWords(now, then)}. {undo}
          </p>
          <Button small look="quiet" onClick={() => setAsked(false)}>
            Keep it as it is
          </Button>
          <Button
            small
            look="danger"
            // eslint-disable-next-line jsx-a11y/no-autofocus -- the question was asked for
            autoFocus
            disabledReason={refusal}
            onClick={() => {
              setAsked(false);
              void onRestore(then);
            }}
          >
            Replace the text
          </Button>
        </div>
      ) : (
        <Button small disabledReason={refusal} onClick={() => setAsked(true)}>
          Restore this text…
        </Button>
      )}
    </>
  );
}

function Row({ commit, about, children }: { commit: Commit; about?: string | undefined; children: (commit: Commit) => ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="version">
      <button type="button" className="version-head" aria-expanded={isOpen} title={`${commit.hash}\n${commit.subject}`} onClick={() => setOpen((now) => !now)}>
        <span className="version-subject cut">{commit.subject}</span>
        {about === undefined ? null : <span className="text-3">{about}</span>}
        <span className="version-who cut">{commit.author}</span>
        <Time at={commit.at} />
      </button>
      {isOpen ? children(commit) : null}
    </li>
  );
}

export function CommitList({ of, about, children }: { of: CommitsOf; about?: (commit: Commit) => string; children: (commit: Commit) => ReactNode }) {
  const found = useInfiniteQuery(commits.of(of));
  if (found.error && found.data === undefined) {
    return (
      <div className="version-state">
        <Failure title="The commits could not be listed" error={found.error} onRetry={() => void found.refetch()} />
      </div>
    );
  }
  if (found.isPending) {
    return (
      <div style={{ display: 'grid', gap: 12, padding: 12 }} aria-busy="true">
        {[70, 50, 60].map((width) => (
          <Skeleton key={width} width={`${width}%`} />
        ))}
      </div>
    );
  }
  const all = found.data.pages.flatMap((page) => page.commits);
  const isKept = found.data.pages[0]?.isRepository === true;
  if (!isKept) return <Empty title="Git does not keep this project">After `git init` in its folder, every commit is listed here.</Empty>;
  if (all.length === 0) return <Empty title="No commit yet">{'file' in of ? `No commit has ${of.file} in it.` : 'No commit has a file of this pipeline in it.'}</Empty>;
  return (
    <>
      <ol aria-label="Commits">
        {all.map((commit) => (
          <Row key={commit.hash} commit={commit} about={about?.(commit)}>
            {children}
          </Row>
        ))}
      </ol>
      {found.hasNextPage ? (
        <div className="version-more">
          <Button small disabledReason={found.isFetchingNextPage ? 'They are being read' : undefined} onClick={() => void found.fetchNextPage()}>
            Older commits
          </Button>
        </div>
      ) : null}
      {found.isFetchNextPageError ? <Failure title="Older commits could not be listed" error={found.error} onRetry={() => void found.fetchNextPage()} /> : null}
    </>
  );
}
