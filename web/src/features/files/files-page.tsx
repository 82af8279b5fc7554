// The files of the project: found, read, edited, uploaded, moved and deleted.
import { useEffect, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronRight, File as FileIcon, FilePlus, Folder, FolderPlus, Pencil, Trash2, Upload } from 'lucide-react';

import { split, useDeleteFile, useMakeFile, useMoveFile } from '../../api/file-edits';
import { pipelines } from '../../api/pipelines';
import { type FileNode, projectFiles, uploadFile } from '../../api/project-files';
import { queryClient } from '../../api/query-client';
import { plural, size } from '../../lib/format';
import { useSearch } from '../../lib/search';
import { Button, IconButton } from '../../ui/button';
import { FormDialog } from '../../ui/dialog';
import { SearchField, TextField } from '../../ui/field';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { type Draft, FileView } from './file-view';
import { above, blockOf, countOf, find, matching } from './tree';
import './files.css';

type Asked = { what: 'file' | 'folder' } | { what: 'move'; node: FileNode };

/** Asks for a path: of something new, or where something goes. */
function AskPath({ asked, start, onDone, onClose }: { asked: Asked; start: string; onDone: (path: string) => void; onClose: () => void }) {
  const [path, setPath] = useState(start);
  const make = useMakeFile();
  const move = useMoveFile();
  const error = make.error ?? move.error;
  const wanted = path.trim().replace(/^\/+|\/+$/g, '');
  const reason = split(wanted).name === '' ? 'Write a name' : wanted === start && asked.what === 'move' ? 'It is there already' : undefined;
  const title = asked.what === 'move' ? `Rename or move ${asked.node.name}` : `New ${asked.what}`;
  const submit = () => {
    const done =
      asked.what === 'move'
        ? move.mutateAsync({ path: asked.node.path, to: wanted, isFolder: asked.node.children !== null })
        : make.mutateAsync({ path: wanted, isFolder: asked.what === 'folder' });
    void done.then(
      () => onDone(wanted),
      () => undefined,
    );
  };
  return (
    <FormDialog title={title} action={asked.what === 'move' ? 'Move' : `Make the ${asked.what}`} disabledReason={reason} onSubmit={submit} onClose={onClose}>
      {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this one thing */}
      <TextField label="Path in the project" mono autoFocus value={path} error={error?.message} hint={asked.what === 'move' ? 'Pipelines that name it by its old path do not follow.' : 'With its folder, such as utils/dates.py'} onChange={(event) => setPath(event.target.value)} />
    </FormDialog>
  );
}

/** Says what would be lost before it is. */
function ConfirmDelete({ node, onDone, onCancel }: { node: FileNode; onDone: () => void; onCancel: () => void }) {
  const remove = useDeleteFile();
  const all = useQuery(pipelines.list());
  const isFolder = node.children !== null;
  const block = blockOf(node.path);
  const users = block === undefined ? [] : (all.data ?? []).filter((one) => one.blocks.some((other) => other.uuid === block.uuid && other.type === block.type)).map((one) => one.uuid);
  // The list may be read anew, and this bar gone, before the answer is here: what follows must not hang on the bar.
  const drop = () => void remove.mutateAsync({ path: node.path, isFolder }).then(onDone, () => undefined);
  return (
    <div className="browse-bar" role="alert">
      <span>
        {isFolder ? `This deletes the folder ${node.path} and ${plural(countOf(node), 'file')} in it.` : `This deletes ${node.path}.`}
        {users.length === 0 ? '' : ` It is the code of a block of ${users.join(', ')}, which will fail.`} Only Git or a backup brings it back.
        {remove.error === null ? '' : ` ${remove.error.message}`}
      </span>
      <Button look="danger" disabledReason={remove.isPending ? 'It is being deleted' : undefined} onClick={drop}>
        Delete {isFolder ? plural(countOf(node), 'file') : node.name}
      </Button>
      <Button look="quiet" onClick={onCancel}>
        Keep
      </Button>
    </div>
  );
}

function Node({ node, depth, chosen, open, drafts, onChoose }: { node: FileNode; depth: number; chosen: string; open: ReadonlySet<string>; drafts: ReadonlyMap<string, Draft>; onChoose: (node: FileNode) => void }) {
  const isFolder = node.children !== null;
  const isOpen = open.has(node.path);
  const Arrow = isOpen ? ChevronDown : ChevronRight;
  return (
    <li>
      <button
        type="button"
        className="browse-node"
        aria-expanded={isFolder ? isOpen : undefined}
        aria-current={node.path === chosen ? 'true' : undefined}
        style={{ paddingLeft: 8 + depth * 14 }}
        title={node.path}
        onClick={() => onChoose(node)}
      >
        {isFolder ? <Arrow aria-hidden /> : <FileIcon aria-hidden />}
        <span className="cut">{node.name}</span>
        {drafts.has(node.path) ? <span className="browse-mark">not saved</span> : null}
      </button>
      {isFolder && isOpen ? (
        <ul>
          {(node.children ?? []).map((child) => (
            <Node key={child.path} node={child} depth={depth + 1} chosen={chosen} open={open} drafts={drafts} onChoose={onChoose} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

function FolderView({ node, onChoose, onMove, onDelete }: { node: FileNode; onChoose: (path: string) => void; onMove: () => void; onDelete: () => void }) {
  const children = node.children ?? [];
  return (
    <>
      <header className="browse-head">
        <h1 className="mono cut">{node.path}</h1>
        <span className="text-meta text-2">{plural(countOf(node), 'file')}</span>
        <span className="browse-end">
          <IconButton look="quiet" label="Rename or move" onClick={onMove}>
            <Pencil aria-hidden />
          </IconButton>
          <IconButton look="quiet" label={`Delete ${node.name}`} onClick={onDelete}>
            <Trash2 aria-hidden />
          </IconButton>
        </span>
      </header>
      {children.length === 0 ? (
        <Empty title="The folder is empty" />
      ) : (
        <ul className="browse-list" aria-label={`In ${node.path}`}>
          {children.map((child) => (
            <li key={child.path}>
              <button type="button" className="browse-node" onClick={() => onChoose(child.path)}>
                {child.children === null ? <FileIcon aria-hidden /> : <Folder aria-hidden />}
                <span className="cut">{child.name}</span>
              </button>
              <span className="number text-2">{child.children === null ? size(child.size ?? 0) : plural(countOf(child), 'file')}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Where new files go when this one is open; nothing stands for the project itself. */
function folderOf(node: FileNode | undefined): string {
  if (node === undefined) return '';
  return node.children === null ? split(node.path).folder : node.path;
}

export function FilesPage() {
  const [search, change] = useSearch();
  const tree = useQuery(projectFiles.tree());
  const path = search.get('path') ?? '';
  const text = (search.get('search') ?? '').trim();
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => new Set(above(path)));
  const [drafts, setDrafts] = useState<ReadonlyMap<string, Draft>>(new Map());
  const [asked, setAsked] = useState<Asked>();
  const [isDeleting, setDeleting] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [isOver, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const nodes = tree.data ?? [];
  const node = path === '' ? undefined : find(nodes, path);
  const folder = folderOf(node);

  const open = (to: string) => {
    setDeleting(false);
    setOpened((now) => new Set([...now, ...above(to)]));
    change({ path: to });
  };
  const choose = (one: FileNode) => {
    if (one.children !== null) {
      setOpened((now) => {
        const next = new Set(now);
        if (!next.delete(one.path)) next.add(one.path);
        return next;
      });
    }
    setDeleting(false);
    change({ path: one.path });
  };
  const keep = (of: string) => (to: (now: Draft | undefined) => Draft | undefined) =>
    setDrafts((now) => {
      const next = new Map(now);
      const draft = to(now.get(of));
      if (draft === undefined) next.delete(of);
      else next.set(of, draft);
      return next;
    });
  const upload = async (files: readonly File[]) => {
    setProblem(undefined);
    for (const file of files) {
      try {
        // Until the files are listed nobody knows whether the address names a file or a folder.
        const into = folderOf(find(await queryClient.query({ ...projectFiles.tree(), staleTime: 'static' }), path));
        const to = into === '' ? file.name : `${into}/${file.name}`;
        await uploadFile(to, file);
        open(to);
      } catch (error) {
        setProblem(`${file.name} was not uploaded: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await queryClient.invalidateQueries({ queryKey: ['files'] });
  };
  const hasDrafts = drafts.size > 0;
  useEffect(() => {
    if (!hasDrafts) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [hasDrafts]);

  const found = text === '' ? [] : matching(nodes, text);
  return (
    <div className="browse">
      <div className="browse-left">
        <div className="browse-tools">
          <SearchField label="Search the files" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
          <IconButton look="quiet" label="New file" onClick={() => setAsked({ what: 'file' })}>
            <FilePlus aria-hidden />
          </IconButton>
          <IconButton look="quiet" label="New folder" onClick={() => setAsked({ what: 'folder' })}>
            <FolderPlus aria-hidden />
          </IconButton>
          <IconButton look="quiet" label={folder === '' ? 'Upload into the project' : `Upload into ${folder}`} onClick={() => chooser.current?.click()}>
            <Upload aria-hidden />
          </IconButton>
          <input
            ref={chooser}
            type="file"
            multiple
            hidden
            aria-label="Files to upload"
            onChange={(event) => {
              void upload([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
        </div>
        {/* Files can be dropped anywhere on the list; the button above does the same. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <div
          className={`browse-tree ${isOver ? 'browse-tree-over' : ''}`}
          role="group"
          aria-label="Files of the project"
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            void upload([...event.dataTransfer.files]);
          }}
        >
          {tree.error !== null && tree.data === undefined ? (
            <Failure title="The files could not be listed" error={tree.error} onRetry={() => void tree.refetch()} />
          ) : tree.isPending ? (
            <div style={{ display: 'grid', gap: 12, padding: 8 }}>
              {Array.from({ length: 10 }, (_, at) => (
                <Skeleton key={at} width={`${40 + ((at * 13) % 40)}%`} />
              ))}
            </div>
          ) : text !== '' && found.length === 0 ? (
            <Empty look="row" title="No file is called that" action={<Button onClick={() => change({ search: undefined })}>Clear</Button>} />
          ) : (
            <ul>
              {(text === '' ? nodes : found.map((one) => ({ ...one, name: one.path }))).map((one) => (
                <Node key={one.path} node={one} depth={0} chosen={path} open={opened} drafts={drafts} onChoose={choose} />
              ))}
            </ul>
          )}
        </div>
      </div>
      <div className="browse-main">
        {problem === undefined ? null : (
          <div className="browse-bar browse-bar-failed" role="alert">
            <span>{problem}</span>
            <Button look="quiet" onClick={() => setProblem(undefined)}>
              Close
            </Button>
          </div>
        )}
        {isDeleting && node !== undefined ? (
          <ConfirmDelete
            node={node}
            onCancel={() => setDeleting(false)}
            onDone={() => {
              keep(node.path)(() => undefined);
              setDeleting(false);
              change({ path: split(node.path).folder });
            }}
          />
        ) : null}
        {node !== undefined ? (
          node.children === null ? (
            <FileView key={node.path} node={node} draft={drafts.get(node.path)} onDraft={keep(node.path)} onMove={() => setAsked({ what: 'move', node })} onDelete={() => setDeleting(true)} />
          ) : (
            <FolderView node={node} onChoose={open} onMove={() => setAsked({ what: 'move', node })} onDelete={() => setDeleting(true)} />
          )
        ) : (
          <>
            <h1 className="visually-hidden">Files</h1>
            {tree.data === undefined ? null : (
              <Empty title={path === '' ? 'Choose a file' : `There is no ${path}`}>{path === '' ? 'It opens here. Files can be dropped on the list to upload them.' : 'It may have been renamed or deleted.'}</Empty>
            )}
          </>
        )}
      </div>
      {asked === undefined ? null : (
        <AskPath
          asked={asked}
          start={asked.what === 'move' ? asked.node.path : folder === '' ? '' : `${folder}/`}
          onClose={() => setAsked(undefined)}
          onDone={(made) => {
            setAsked(undefined);
            open(made);
          }}
        />
      )}
    </div>
  );
}
