// A file that no block of this notebook runs, over the notebook: written when it is saved, refused when it has changed.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';

import { projectFiles, writeFile } from '../../api/project-files';
import { CodeEditor } from '../../core/code/code-editor';
import { fileLanguage } from '../../core/code/file-language';
import { Button, IconButton } from '../../ui/button';
import { Failure, Skeleton } from '../../ui/states';
import '../../core/tables/reader.css';

const NONE = [] as const;

function Body({ path, text, revision, onClose }: { path: string; text: string; revision: string; onClose: () => void }) {
  const [written, setWritten] = useState(text);
  const [known, setKnown] = useState({ text, revision });
  const [problem, setProblem] = useState<string | null>(null);
  const isSaved = written === known.text;
  const save = async () => {
    try {
      const answer = await writeFile(path, written, known.revision);
      if (answer === 'conflict') setProblem('The file was changed elsewhere meanwhile. Copy what you need, close it and open it again.');
      else {
        setKnown({ text: written, revision: answer.revision });
        setProblem(null);
      }
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {problem === null ? null : (
        <p className="bar bar-failed" role="alert">
          {problem}
        </p>
      )}
      <div className="reader-code">
        <CodeEditor
          label={path}
          language={fileLanguage(path)}
          text={text}
          replaced={0}
          problems={NONE}
          failedAt={null}
          keys={{ run: () => void save(), runAndGoOn: () => void save(), leave: onClose, up: () => undefined, down: () => undefined }}
          onChange={setWritten}
          onFocus={() => undefined}
        />
      </div>
      <footer className="reader-foot">
        <span className="text-meta text-3">{isSaved ? 'Saved' : 'Not saved'}</span>
        <Button look="primary" small disabledReason={isSaved ? 'Nothing was changed' : undefined} onClick={() => void save()}>
          Save
        </Button>
      </footer>
    </>
  );
}

export function FileEditor({ path, onClose }: { path: string; onClose: () => void }) {
  const found = useQuery(projectFiles.content(path));
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="reader reader-file" aria-describedby={undefined}>
          <header className="reader-head">
            <Dialog.Title className="section-title mono">{path}</Dialog.Title>
            <IconButton small look="quiet" label="Close" onClick={onClose}>
              <X aria-hidden />
            </IconButton>
          </header>
          {found.error ? <Failure title="The file could not be opened" error={found.error} /> : null}
          {found.isPending ? <Skeleton width="60%" /> : null}
          {found.data === undefined ? null : found.data.text === null ? (
            <p className="result-nothing">It is no text.</p>
          ) : (
            <Body path={path} text={found.data.text} revision={found.data.revision} onClose={onClose} />
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
