// What can be done with the chosen pipelines. The texts say to how many, and what would be lost.
import { useState } from 'react';
import { useQueries } from '@tanstack/react-query';
import { Copy, Download, Pause, Pencil, Play, Tag, Trash2 } from 'lucide-react';

import { hasForms } from '../../api/forms';
import { pipelines, useChangePipeline, useDeletePipelines } from '../../api/pipelines';
import { useRunPipelines } from '../../api/runs';
import { archiveOf } from '../../api/transfer';
import { useChangeTriggers } from '../../api/triggers';
import { plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { FormDialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { FootQuestion, SelectionFoot } from '../../ui/selection-foot';
import type { Row } from './rows';

function lost(count: { triggers: number; runs: number; open: number }): string {
  const parts = [
    count.runs > 0 ? plural(count.runs, 'run') : '',
    count.triggers > 0 ? plural(count.triggers, 'trigger') : '',
  ].filter(Boolean);
  const rest = parts.length === 0 ? '' : ` and ${parts.length === 1 ? 'its' : 'their'} ${parts.join(' and ')}`;
  return `${rest}${count.open > 0 ? `; ${plural(count.open, 'run')} under way will be stopped` : ''}`;
}

/** The server names the file. */
function download(from: string) {
  const link = document.createElement('a');
  link.href = from;
  link.download = '';
  link.click();
}

/** Says what would go before it goes. */
function ConfirmDelete({ uuids, onDone, onCancel }: { uuids: readonly string[]; onDone: () => void; onCancel: () => void }) {
  const told = useQueries({ queries: uuids.map((uuid) => pipelines.consequences(uuid)) });
  const remove = useDeletePipelines();
  const all = told.flatMap((one) => (one.data === undefined ? [] : [one.data]));
  const isKnown = all.length === uuids.length;
  const sum = {
    triggers: all.reduce((total, one) => total + (typeof one.triggers === 'number' ? one.triggers : one.triggers.length), 0),
    runs: all.reduce((total, one) => total + one.pipeline_runs, 0),
    open: all.reduce((total, one) => total + one.open_pipeline_runs, 0),
  };
  const used = all.flatMap((one) => one.global_data_products);
  const failed = told.find((one) => one.error !== null)?.error ?? remove.error;
  return (
    <FootQuestion
      text={
        <>
          {isKnown ? `This deletes ${plural(uuids.length, 'pipeline')}${lost(sum)}. The files of blocks stay.` : 'Looking what would be lost…'}
          {used.length > 0 ? ` Used by the global data products ${used.join(', ')}.` : ''}
        </>
      }
      action={`Delete ${plural(uuids.length, 'pipeline')}`}
      disabledReason={isKnown ? (remove.isPending ? 'They are being deleted' : undefined) : 'Waiting for what would be lost'}
      error={failed}
      onConfirm={() => void remove.mutateAsync(uuids).then(onDone, () => undefined)}
      onKeep={onCancel}
    />
  );
}

function Ask({
  title,
  label,
  start,
  hint,
  action,
  disabledReason,
  error,
  onSubmit,
  onClose,
}: {
  title: string;
  label: string;
  start: string;
  hint: string;
  action: string;
  disabledReason: string | undefined;
  error: Error | null;
  onSubmit: (text: string) => void;
  onClose: () => void;
}) {
  const [text, setText] = useState(start);
  return (
    <FormDialog title={title} action={action} disabledReason={disabledReason} onSubmit={() => onSubmit(text)} onClose={onClose}>
      {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this one thing */}
      <TextField label={label} value={text} hint={hint} error={error?.message} autoFocus onChange={(event) => setText(event.target.value)} />
    </FormDialog>
  );
}

export function PipelinesFoot({
  rows,
  onClear,
  onClone,
  onForm,
}: {
  rows: readonly Row[];
  onClear: () => void;
  onClone: (uuid: string) => void;
  /** The one that is to run has a form. */
  onForm: (uuid: string) => void;
}) {
  const [asked, setAsked] = useState<'delete' | 'rename' | 'tag'>();
  const run = useRunPipelines();
  const change = useChangePipeline();
  const pause = useChangeTriggers();
  const uuids = rows.map((row) => row.pipeline.uuid);
  const [first] = rows;
  const active = rows.flatMap((row) => row.triggers).filter((trigger) => trigger.status === 'active');
  const paused = rows.flatMap((row) => row.triggers).filter((trigger) => trigger.status === 'inactive');
  const failed = run.error ?? pause.error;
  const start = async () => {
    const [only, ...more] = uuids;
    if (only !== undefined && more.length === 0 && (await hasForms(only))) onForm(only);
    else await run.mutateAsync(uuids).then(onClear);
  };
  if (asked === 'delete') {
    return <ConfirmDelete uuids={uuids} onDone={onClear} onCancel={() => setAsked(undefined)} />;
  }
  return (
    <>
      <SelectionFoot selected={rows.length} error={failed} onClear={onClear}>
        <Button small icon={<Play aria-hidden />} onClick={() => void start().catch(() => undefined)}>
          Run {plural(rows.length, 'pipeline')}
        </Button>
        {active.length > 0 ? (
          <Button
            small
            look="quiet"
            icon={<Pause aria-hidden />}
            onClick={() => pause.mutate({ ids: active.map((one) => one.id), change: { status: 'inactive' } })}
          >
            Pause {plural(active.length, 'trigger')}
          </Button>
        ) : null}
        {paused.length > 0 ? (
          <Button
            small
            look="quiet"
            icon={<Play aria-hidden />}
            onClick={() => pause.mutate({ ids: paused.map((one) => one.id), change: { status: 'active' } })}
          >
            Resume {plural(paused.length, 'trigger')}
          </Button>
        ) : null}
        <Button small look="quiet" icon={<Tag aria-hidden />} onClick={() => setAsked('tag')}>
          Tag
        </Button>
        <Button
          small
          look="quiet"
          icon={<Pencil aria-hidden />}
          disabledReason={rows.length === 1 ? undefined : 'Select one pipeline to rename it'}
          onClick={() => setAsked('rename')}
        >
          Rename
        </Button>
        <Button
          small
          look="quiet"
          icon={<Copy aria-hidden />}
          disabledReason={rows.length === 1 ? undefined : 'Select one pipeline to clone it'}
          onClick={() => (first === undefined ? undefined : onClone(first.pipeline.uuid))}
        >
          Clone
        </Button>
        <Button
          small
          look="quiet"
          icon={<Download aria-hidden />}
          disabledReason={rows.length === 1 ? undefined : 'Select one pipeline to export it'}
          onClick={() => (first === undefined ? undefined : download(archiveOf(first.pipeline.uuid)))}
        >
          Export
        </Button>
        <Button small look="quiet" icon={<Trash2 aria-hidden />} style={{ color: 'var(--status-failed-fg)' }} onClick={() => setAsked('delete')}>
          Delete…
        </Button>
      </SelectionFoot>
      {asked === 'rename' && first !== undefined ? (
        <Ask
          title={`Rename ${first.pipeline.uuid}`}
          label="New name"
          start={first.pipeline.name}
          hint="Its folder and its triggers follow."
          action="Rename"
          disabledReason={change.isPending ? 'It is being changed' : undefined}
          error={change.error}
          onClose={() => setAsked(undefined)}
          onSubmit={(name) =>
            void change.mutateAsync({ uuid: first.pipeline.uuid, change: { name } }).then(
              () => {
                setAsked(undefined);
                onClear();
              },
              () => undefined,
            )
          }
        />
      ) : null}
      {asked === 'tag' ? (
        <Ask
          title={`Tag ${plural(rows.length, 'pipeline')}`}
          label="Tags, separated by commas"
          start={rows.length === 1 ? (first?.pipeline.tags.join(', ') ?? '') : ''}
          hint={rows.length === 1 ? 'These become its tags.' : 'They are added to the tags that each one has.'}
          action="Set tags"
          disabledReason={change.isPending ? 'It is being changed' : undefined}
          error={change.error}
          onClose={() => setAsked(undefined)}
          onSubmit={(text) => {
            const given = text
              .split(',')
              .map((tag) => tag.trim())
              .filter(Boolean);
            const changes = rows.map(({ pipeline }) =>
              change.mutateAsync({
                uuid: pipeline.uuid,
                change: { tags: rows.length === 1 ? given : [...new Set([...pipeline.tags, ...given])] },
              }),
            );
            Promise.all(changes).then(
              () => setAsked(undefined),
              () => undefined,
            );
          }}
        />
      ) : null}
    </>
  );
}
