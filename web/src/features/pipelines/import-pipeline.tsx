// Takes a pipeline out of a zip archive, after it was said what that writes and what would be lost.
import { useRef, useState } from 'react';
import { FileArchive } from 'lucide-react';
import { useNavigate } from 'react-router';

import { type ImportedFile, type PipelineImport, useImportPipeline, useImportPreview } from '../../api/transfer';
import { plural, size } from '../../lib/format';
import { paths } from '../../lib/paths';
import { Button } from '../../ui/button';
import { FormDialog } from '../../ui/dialog';
import { Switch } from '../../ui/field';
import { Failure, Skeleton } from '../../ui/states';
import './import-pipeline.css';

const fates: readonly { fate: ImportedFile['fate']; title: (files: number) => string }[] = [
  { fate: 'overwritten', title: (files) => `${plural(files, 'file')} of the project would be lost` },
  { fate: 'new', title: (files) => plural(files, 'new file') },
  { fate: 'same', title: (files) => `${plural(files, 'file')} the project has already` },
];

function Written({ told }: { told: PipelineImport }) {
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="import-files" role="region" aria-label="What it writes" tabIndex={0}>
      {fates.map(({ fate, title }) => {
        const files = told.files.filter((file) => file.fate === fate);
        if (files.length === 0) return null;
        return (
          <section key={fate} className={`import-${fate}`}>
            <h3>{title(files.length)}</h3>
            <ul>
              {files.map((file) => (
                <li key={file.path}>
                  <span className="mono">{file.path}</span>
                  <span className="text-2">
                    {size(file.bytes)}
                    {file.used_by.length === 0 ? '' : `; used by ${file.used_by.join(', ')}`}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      {told.triggers.length === 0 ? null : (
        <section>
          <h3>{plural(told.triggers.length, 'trigger')}, switched off</h3>
          <p className="text-2">{told.triggers.join(', ')}</p>
        </section>
      )}
    </div>
  );
}

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File>();
  const [mayLose, setMayLose] = useState(false);
  const preview = useImportPreview(file);
  const take = useImportPipeline();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const told = file === undefined ? undefined : (preview.data ?? undefined);
  const lost = told?.files.filter((one) => one.fate === 'overwritten').length ?? 0;
  const reason =
    file === undefined
      ? 'Choose an archive first'
      : told === undefined
        ? 'Its content is not known yet'
        : take.isPending
          ? 'It is being taken in'
          : lost > 0 && !mayLose
            ? `Allow first that ${plural(lost, 'file')} of the project ${lost === 1 ? 'is' : 'are'} lost`
            : undefined;
  const choose = (chosen: File | undefined) => {
    if (chosen === undefined) return;
    take.reset();
    setMayLose(false);
    setFile(chosen);
  };
  const submit = () => {
    if (file === undefined) return;
    void take.mutateAsync({ file, overwrite: lost > 0 }).then(
      (made) => {
        onClose();
        void navigate(paths.editor(made.pipeline_uuid));
      },
      // The dialog says why.
      () => undefined,
    );
  };
  return (
    <FormDialog
      title={told === undefined ? 'Import a pipeline' : `Import ${told.pipeline_uuid}`}
      action={told === undefined ? 'Import' : lost > 0 ? `Import and overwrite ${plural(lost, 'file')}` : `Import ${told.pipeline_uuid}`}
      look={lost > 0 ? 'danger' : 'primary'}
      disabledReason={reason}
      onSubmit={submit}
      onClose={onClose}
    >
      <input
        ref={input}
        type="file"
        accept=".zip,application/zip"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Archive"
        onChange={(event) => {
          choose(event.target.files?.[0]);
          // The same file may be chosen again after it was changed.
          event.target.value = '';
        }}
      />
      <div
        role="presentation"
        className="import-drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          choose(event.dataTransfer.files[0]);
        }}
      >
        <Button icon={<FileArchive aria-hidden />} onClick={() => input.current?.click()}>
          {file === undefined ? 'Choose a zip archive…' : 'Choose another…'}
        </Button>
        <span className="cut text-2" title={file?.name}>
          {file === undefined ? 'or drop it here' : `${file.name}, ${size(file.size)}`}
        </span>
      </div>
      {file === undefined ? (
        <p className="text-2 text-table">It is shown what the archive would write before anything is written. Archives come from Export, here or in another project.</p>
      ) : preview.error !== null ? (
        <Failure title="This archive cannot be taken in" error={preview.error} />
      ) : told === undefined ? (
        <Skeleton width={240} />
      ) : (
        <Written told={told} />
      )}
      {lost === 0 ? null : (
        <div className="import-allow">
          <Switch checked={mayLose} onChange={setMayLose} label={`Overwrite ${plural(lost, 'file')} of the project`} />
          <span aria-hidden>Overwrite {plural(lost, 'file')} of the project</span>
        </div>
      )}
      {take.error === null ? null : <Failure title="The pipeline was not taken in" error={take.error} />}
    </FormDialog>
  );
}
