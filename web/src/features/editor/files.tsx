// The files of the project: folders to unfold, a file to read or edit over the notebook, and upload.
import { useRef, useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ChevronDown, ChevronRight, File as FileIcon, Upload } from 'lucide-react';

import { type FileNode, projectFiles, uploadFile } from '../../api/project-files';
import { Button } from '../../ui/button';
import { Failure, Skeleton } from '../../ui/states';
import { FileEditor } from './file-editor';
import { useActions, useBlocks, useSession } from './use-session';

function Node({ node, depth, onOpen }: { node: FileNode; depth: number; onOpen: (path: string) => void }) {
  const [isOpen, setOpen] = useState(false);
  const isFolder = node.children !== null;
  return (
    <li>
      <button
        type="button"
        aria-expanded={isFolder ? isOpen : undefined}
        className="file"
        style={{ paddingLeft: 12 + depth * 14 }}
        title={node.path}
        onClick={() => (isFolder ? setOpen((now) => !now) : onOpen(node.path))}
      >
        {isFolder ? isOpen ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden /> : <FileIcon aria-hidden />}
        <span className="cut">{node.name}</span>
      </button>
      {isFolder && isOpen ? (
        <ul>
          {(node.children ?? []).map((child) => (
            <Node key={child.path} node={child} depth={depth + 1} onOpen={onOpen} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

export function Files() {
  const session = useSession();
  const actions = useActions();
  const blocks = useBlocks();
  const client = useQueryClient();
  const tree = useQuery(projectFiles.tree());
  const [opened, setOpened] = useState<string | null>(null);
  const chosen = useRef<HTMLInputElement>(null);
  const open = (path: string) => {
    const block = blocks.find((one) => one.file === path);
    if (block) actions.enter(block.uuid);
    else setOpened(path);
  };
  const upload = async (files: readonly File[]) => {
    for (const file of files) await uploadFile(file.name, file).catch(session.say);
    await client.invalidateQueries({ queryKey: ['files'] });
  };
  if (tree.error) return <Failure title="The files could not be listed" error={tree.error} onRetry={() => void tree.refetch()} />;
  return (
    // Files can be dropped anywhere on the list; the button below does the same.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="files"
      role="group"
      aria-label="Files of the project"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void upload([...event.dataTransfer.files]);
      }}
    >
      {tree.isPending ? (
        <div style={{ padding: 12 }}>
          <Skeleton width="60%" />
        </div>
      ) : (
        <ul aria-label="Files">
          {tree.data.map((node) => (
            <Node key={node.path} node={node} depth={0} onOpen={open} />
          ))}
        </ul>
      )}
      <div className="files-foot">
        <input
          ref={chosen}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            void upload([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
        <Button small icon={<Upload aria-hidden />} onClick={() => chosen.current?.click()}>
          Upload into the project
        </Button>
      </div>
      {opened === null ? null : <FileEditor path={opened} onClose={() => setOpened(null)} />}
    </div>
  );
}
