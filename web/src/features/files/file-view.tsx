// One file: its text, which is written when it is saved and never over somebody else's change; beside it its past.
import { useEffect, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Download, History, Pencil, Save, Trash2 } from 'lucide-react';

import { ApiError } from '../../api/client';
import { fileAddress } from '../../api/file-edits';
import { type FileNode, projectFiles, writeFile } from '../../api/project-files';
import { CodeEditor } from '../../core/code/code-editor';
import { fileLanguage } from '../../core/code/file-language';
import { CommitList, VersionOfFile } from '../../core/versions/commit-list';
import { size } from '../../lib/format';
import { useSearch } from '../../lib/search';
import { Button, IconButton } from '../../ui/button';
import { Empty, Failure, Skeleton } from '../../ui/states';

/** What is written and not saved yet, and what it was written over. */
export interface Draft {
  text: string;
  known: { text: string; revision: string };
}

const NONE = [] as const;
const nothing = () => undefined;

async function download(node: FileNode) {
  const response = await fetch(fileAddress(node.path), { credentials: 'same-origin', headers: { accept: 'application/octet-stream' } });
  if (!response.ok) throw new ApiError(response.status, `the server answered with ${response.status}`, 'download', undefined);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = node.name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Editor({ path, start, replaced, onDraft, onSave }: { path: string; start: string; replaced: number; onDraft: (text: string) => void; onSave: () => void }) {
  return (
    <div className="browse-code">
      <CodeEditor
        label={`Text of ${path}`}
        language={fileLanguage(path)}
        text={start}
        replaced={replaced}
        problems={NONE}
        failedAt={null}
        keys={{ run: onSave, runAndGoOn: onSave, leave: nothing, up: nothing, down: nothing }}
        onChange={onDraft}
        onFocus={nothing}
      />
    </div>
  );
}

export function FileView({
  node,
  draft,
  onDraft,
  onMove,
  onDelete,
}: {
  node: FileNode;
  draft: Draft | undefined;
  onDraft: (change: (now: Draft | undefined) => Draft | undefined) => void;
  onMove: () => void;
  onDelete: () => void;
}) {
  const found = useQuery(projectFiles.content(node.path));
  const [problem, setProblem] = useState<'conflict' | Error>();
  const [isSaving, setSaving] = useState(false);
  const [replaced, setReplaced] = useState(0);
  const [search, change] = useSearch();
  const isPastOpen = search.get('past') === '1';
  const text = found.data?.text;
  const known = draft?.known ?? (found.data === undefined || found.data.text === null ? undefined : { text: found.data.text, revision: found.data.revision });
  const written = draft?.text ?? known?.text ?? '';
  const isSame = draft === undefined;

  const save = async () => {
    if (draft === undefined || isSaving) return;
    setSaving(true);
    try {
      const answer = await writeFile(node.path, draft.text, draft.known.revision);
      if (answer === 'conflict') setProblem('conflict');
      else {
        setProblem(undefined);
        await found.refetch();
        // What was typed meanwhile is not saved yet.
        onDraft((now) => (now === undefined || now.text === draft.text ? undefined : { text: now.text, known: { text: draft.text, revision: answer.revision } }));
      }
    } catch (error) {
      setProblem(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setSaving(false);
    }
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void save();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
  /** Keeps what was written here, over what is on the disk now; or takes that. */
  const settle = async (isMine: boolean) => {
    const now = await found.refetch();
    if (now.data === undefined || now.data.text === null) return;
    setProblem(undefined);
    const onDisk = { text: now.data.text, revision: now.data.revision };
    onDraft((mine) => (isMine && mine !== undefined ? { text: mine.text, known: onDisk } : undefined));
    if (!isMine) setReplaced((count) => count + 1);
  };
  /** Writes an older text as one would type it: over what was read, and nothing else. */
  const restore = async (then: string) => {
    if (known === undefined) return;
    try {
      const answer = await writeFile(node.path, then, known.revision);
      if (answer === 'conflict') {
        onDraft(() => ({ text: then, known }));
        setProblem('conflict');
      } else {
        setProblem(undefined);
        await found.refetch();
      }
      setReplaced((count) => count + 1);
    } catch (error) {
      setProblem(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return (
    <>
      <header className="browse-head">
        <h1 className="mono cut">{node.path}</h1>
        <span className="text-meta text-2" role="status">
          {node.size === null ? '' : size(node.size)}
          {text == null ? '' : isSaving ? ', saving' : isSame ? ', saved' : ', not saved'}
        </span>
        <span className="browse-end">
          {text == null ? null : (
            <IconButton look="quiet" label="History" aria-expanded={isPastOpen} onClick={() => change({ past: isPastOpen ? undefined : '1' })}>
              <History aria-hidden />
            </IconButton>
          )}
          <IconButton look="quiet" label="Rename or move" onClick={onMove}>
            <Pencil aria-hidden />
          </IconButton>
          <IconButton look="quiet" label="Download" onClick={() => void download(node).catch((error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))))}>
            <Download aria-hidden />
          </IconButton>
          <IconButton look="quiet" label={`Delete ${node.name}`} onClick={onDelete}>
            <Trash2 aria-hidden />
          </IconButton>
          {text == null ? null : (
            <>
              <Button
                look="quiet"
                disabledReason={isSame ? 'Nothing was changed' : undefined}
                onClick={() => {
                  onDraft(() => undefined);
                  setProblem(undefined);
                  setReplaced((count) => count + 1);
                }}
              >
                Discard
              </Button>
              <Button look="primary" icon={<Save aria-hidden />} disabledReason={isSame ? 'Nothing was changed' : isSaving ? 'It is being saved' : undefined} onClick={() => void save()}>
                Save
              </Button>
            </>
          )}
        </span>
      </header>
      {problem === 'conflict' ? (
        <div className="browse-bar browse-bar-failed" role="alert">
          <span>{node.name} was changed elsewhere meanwhile. Nothing was overwritten.</span>
          <Button onClick={() => void settle(true)}>Keep mine</Button>
          <Button onClick={() => void settle(false)}>Take theirs</Button>
        </div>
      ) : problem === undefined ? null : (
        <div className="browse-bar browse-bar-failed" role="alert">
          <span>{problem.message}</span>
        </div>
      )}
      {found.error !== null && found.data === undefined ? (
        <div style={{ padding: 16 }}>
          <Failure title="The file could not be opened" error={found.error} onRetry={() => void found.refetch()} />
        </div>
      ) : found.isPending ? (
        <div style={{ display: 'grid', gap: 8, padding: 16 }}>
          {Array.from({ length: 8 }, (_, at) => (
            <Skeleton key={at} width={`${30 + ((at * 23) % 50)}%`} />
          ))}
        </div>
      ) : text == null ? (
        <Empty title="It is no text">It can be downloaded, and another program can show it.</Empty>
      ) : (
        <div className="browse-body">
          <Editor
            path={node.path}
            start={written}
            // A file that changes on the disk while nothing is written here shows as it is.
            replaced={replaced + (isSame ? found.dataUpdatedAt : 0)}
            onDraft={(next) => {
              if (known === undefined) return;
              onDraft(() => (next === known.text ? undefined : { text: next, known }));
            }}
            onSave={() => void save()}
          />
          {isPastOpen ? (
            <aside className="browse-past" aria-label={`History of ${node.path}`}>
              <h2 className="section-title">History</h2>
              <CommitList of={{ file: node.path }}>
                {(commit) => (
                  <VersionOfFile
                    commit={commit}
                    path={commit.paths[0] ?? node.path}
                    now={written}
                    refusal={isSame ? undefined : 'Save or discard what is written first'}
                    undo="What is not in a commit is lost."
                    onRestore={restore}
                  />
                )}
              </CommitList>
            </aside>
          ) : null}
        </div>
      )}
    </>
  );
}
