// The past of what is open: what has run of a block, what Git has of its file, and the commits of the whole pipeline.
// Going back is an ordinary edit: it is saved over nothing that somebody else wrote meanwhile.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronRight } from 'lucide-react';

import { ApiError } from '../../api/client';
import type { Commit } from '../../api/commits';
import { projectFiles, writeFile } from '../../api/project-files';
import { CommitList, VersionOfFile } from '../../core/versions/commit-list';
import { plural } from '../../lib/format';
import { Failure, Skeleton } from '../../ui/states';
import { Segments } from '../../ui/tabs';
import { RanVersions } from './block-history';
import { useBlocks, useCell, useSession, useView, useViewStore } from './use-session';

/** The file of a block: what is restored is written into its card. */
function OfBlock({ uuid, commit, path }: { uuid: string; commit: Commit; path: string }) {
  const session = useSession();
  const cell = useCell(uuid);
  return (
    <VersionOfFile
      commit={commit}
      path={path}
      now={cell?.text}
      undo="Ctrl Z in the code takes that back."
      refusal={cell?.save.state === 'conflict' ? 'The file was changed elsewhere too: choose a text in the card first' : undefined}
      onRestore={(text) => session.put(uuid, text)}
    />
  );
}

/** Another file of the pipeline. */
function OfFile({ commit, path }: { commit: Commit; path: string }) {
  const session = useSession();
  const found = useQuery(projectFiles.content(path));
  const isGone = found.error instanceof ApiError && found.error.status === 404;
  if (found.error && !isGone) return <Failure title="The file could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (found.isPending) return <Skeleton width="80%" />;
  const { text, revision } = found.data ?? { text: null, revision: '' };
  const restore = async (then: string) => {
    try {
      const answer = await writeFile(path, then, revision);
      if (answer === 'conflict') session.say(new Error(`${path} was changed elsewhere meanwhile. Nothing was overwritten.`));
    } catch (error) {
      session.say(error);
    }
    await found.refetch();
  };
  return <VersionOfFile commit={commit} path={path} now={text ?? undefined} undo="What is not in a commit is lost." onRestore={restore} />;
}

function FileOfCommit({ commit, path }: { commit: Commit; path: string }) {
  const [isOpen, setOpen] = useState(false);
  const block = useBlocks().find((one) => one.file === path);
  const Arrow = isOpen ? ChevronDown : ChevronRight;
  return (
    <li>
      <button type="button" className="version-head version-path" aria-expanded={isOpen} title={path} onClick={() => setOpen((now) => !now)}>
        <Arrow aria-hidden />
        <span className="mono cut">{path}</span>
      </button>
      {!isOpen ? null : block === undefined ? <OfFile commit={commit} path={path} /> : <OfBlock uuid={block.uuid} commit={commit} path={path} />}
    </li>
  );
}

function OfPipeline() {
  const { pipeline } = useSession();
  return (
    <CommitList of={{ pipeline }} about={(commit) => plural(commit.paths.length, 'file')}>
      {(commit) => (
        <ul className="version-files">
          {commit.paths.map((path) => (
            <FileOfCommit key={path} commit={commit} path={path} />
          ))}
        </ul>
      )}
    </CommitList>
  );
}

function CommitsOfBlock({ uuid }: { uuid: string }) {
  const file = useBlocks().find((one) => one.uuid === uuid)?.file ?? null;
  if (file === null) return <p className="pane-note">{uuid} has no file.</p>;
  return <CommitList of={{ file }}>{(commit) => <OfBlock uuid={uuid} commit={commit} path={commit.paths[0] ?? file} />}</CommitList>;
}

const pasts = [
  { value: 'runs', label: 'Runs' },
  { value: 'commits', label: 'Commits' },
  { value: 'pipeline', label: 'Pipeline' },
] as const;

export function History({ selected }: { selected: string | null }) {
  const view = useViewStore();
  const chosen = useView((now) => now.past);
  // Without a block there is only what concerns all of them.
  const past = selected === null ? 'pipeline' : chosen;
  return (
    <div className="facts">
      {selected === null ? (
        <p className="pane-note">Commits of this pipeline and its blocks. Select a block for its own.</p>
      ) : (
        <div className="pane-part">
          <Segments label="Which past" options={pasts} value={chosen} onChange={(next) => view.set((now) => ({ ...now, past: next }))} />
        </div>
      )}
      {past === 'pipeline' ? <OfPipeline /> : selected === null ? null : past === 'runs' ? <RanVersions uuid={selected} /> : <CommitsOfBlock key={selected} uuid={selected} />}
    </div>
  );
}
