// The secrets by name. A value can be written, never read.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Copy, KeyRound, Trash2 } from 'lucide-react';

import { pipelines } from '../../api/pipelines';
import { type Secret, settings, useDeleteSecret, useSaveSecret } from '../../api/settings';
import { parseTime } from '../../lib/format';
import { Button, IconButton } from '../../ui/button';
import { SelectField, TextField } from '../../ui/field';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { Time } from '../../ui/time';
import { AskRow, RowFailure } from './ask-row';

function scopeWords(secret: Secret): string {
  if (secret.pipeline_uuid !== null) return `only ${secret.pipeline_uuid}`;
  return secret.scope === 'project' ? 'this project' : 'all pipelines';
}

function Row({ secret }: { secret: Secret }) {
  const [asked, setAsked] = useState<'value' | 'delete'>();
  const [value, setValue] = useState('');
  const save = useSaveSecret();
  const remove = useDeleteSecret();
  const done = () => {
    setAsked(undefined);
    setValue('');
  };
  return (
    <li className="settings-row">
      <span className="mono cut" title={secret.name}>
        {secret.name}
      </span>
      <span className="text-2 cut">{scopeWords(secret)}</span>
      <span className="text-2">
        <Time at={parseTime(secret.updated_at)} />
      </span>
      <span className="settings-row-actions">
        <IconButton small look="quiet" label={`Copy get_secret_value('${secret.name}')`} onClick={() => void navigator.clipboard.writeText(`get_secret_value('${secret.name}')`)}>
          <Copy aria-hidden />
        </IconButton>
        <IconButton small look="quiet" label={`Give ${secret.name} another value`} onClick={() => setAsked('value')}>
          <KeyRound aria-hidden />
        </IconButton>
        <IconButton small look="quiet" label={`Delete ${secret.name}`} onClick={() => setAsked('delete')}>
          <Trash2 aria-hidden />
        </IconButton>
      </span>
      {asked === 'value' ? (
        <form
          className="settings-ask"
          onSubmit={(event) => {
            event.preventDefault();
            if (value === '') return;
            const given = { name: secret.name, value, scope: secret.scope, pipeline_uuid: secret.pipeline_uuid };
            save.mutateAsync({ secret: given, isNew: false }).then(done, () => undefined);
          }}
        >
          <TextField label={`New value of ${secret.name}`} hideLabel placeholder="New value" type="password" autoComplete="new-password" value={value} onChange={(event) => setValue(event.target.value)} />
          <Button look="primary" type="submit" disabledReason={value === '' ? 'Write the new value' : undefined}>
            Replace the value
          </Button>
          <Button look="quiet" onClick={done}>
            Keep
          </Button>
        </form>
      ) : null}
      {asked === 'delete' ? (
        <AskRow action={`Delete ${secret.name}`} isPending={remove.isPending} onConfirm={() => void remove.mutateAsync(secret).then(done, () => undefined)} onKeep={done}>
          Its value is lost, and blocks that ask for {secret.name} fail.
        </AskRow>
      ) : null}
      <RowFailure error={save.error ?? remove.error} />
    </li>
  );
}

function NewSecret({ known }: { known: readonly Secret[] }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const [pipeline, setPipeline] = useState('');
  const all = useQuery(pipelines.list());
  const save = useSaveSecret();
  const isThere = known.some((one) => one.name === name.trim() && (one.pipeline_uuid ?? '') === pipeline);
  const reason = name.trim() === '' ? 'Name the secret' : isThere ? 'There is a secret of this name' : value === '' ? 'Write its value' : undefined;
  return (
    <section className="settings-part" aria-label="New secret">
      <h3 className="section-title">New secret</h3>
      <form
        className="settings-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason !== undefined) return;
          save.mutateAsync({ secret: { name: name.trim(), value, ...(pipeline === '' ? {} : { pipeline_uuid: pipeline }) }, isNew: true }).then(
            () => {
              setName('');
              setValue('');
            },
            () => undefined,
          );
        }}
      >
        <div className="settings-fields">
          <TextField label="Name" mono value={name} error={isThere ? 'There is a secret of this name' : undefined} onChange={(event) => setName(event.target.value)} />
          <TextField label="Value" type="password" autoComplete="new-password" value={value} onChange={(event) => setValue(event.target.value)} />
          <SelectField label="For" value={pipeline} options={[{ value: '', label: 'All pipelines' }, ...(all.data ?? []).map((one) => ({ value: one.uuid, label: `Only ${one.uuid}` }))]} onChange={setPipeline} />
          <Button look="primary" type="submit" disabledReason={reason}>
            Add secret
          </Button>
        </div>
        {save.error === null ? null : <Failure title="The secret was not stored" error={save.error} />}
      </form>
    </section>
  );
}

export function SecretSettings() {
  const found = useQuery(settings.secrets());
  return (
    <div className="settings-page">
      <h1 className="page-title">Secrets</h1>
      <p className="text-table text-2">Values are stored encrypted. They can be replaced, not read, and are kept out of logs.</p>
      {found.error === null ? null : <Failure title="The secrets could not be listed" error={found.error} onRetry={() => void found.refetch()} />}
      <section className="settings-part" aria-label="Secrets">
        {found.isPending ? (
          <div className="settings-body">
            <Skeleton width="50%" />
          </div>
        ) : (found.data ?? []).length === 0 ? (
          <Empty look="row" title="No secret yet">
            A block reads one with get_secret_value(&apos;name&apos;); a configuration with {'{{ mage_secret_var(\'name\') }}'}.
          </Empty>
        ) : (
          <ul>
            {(found.data ?? []).map((secret) => (
              <Row key={`${secret.scope} ${secret.pipeline_uuid ?? ''} ${secret.name}`} secret={secret} />
            ))}
          </ul>
        )}
      </section>
      <NewSecret known={found.data ?? []} />
    </div>
  );
}
