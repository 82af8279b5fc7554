// The variables of a pipeline, which its blocks read from their keyword arguments.
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Copy, Trash2 } from 'lucide-react';

import { pipelines } from '../../api/pipelines';
import { queryClient } from '../../api/query-client';
import { removeVariable, setVariable } from '../../api/variables';
import { readValue, shownValue } from '../../core/values';
import { useSearch } from '../../lib/search';
import { Button, IconButton } from '../../ui/button';
import { SelectField, TextField } from '../../ui/field';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { AskRow, RowFailure } from './ask-row';

const refresh = () => queryClient.invalidateQueries({ queryKey: pipelines.all });

function useSet(pipeline: string) {
  return useMutation({
    mutationFn: ({ name, value, isNew }: { name: string; value: unknown; isNew: boolean }) => setVariable(pipeline, name, value, isNew),
    onSettled: refresh,
  });
}

function Row({ pipeline, name, value }: { pipeline: string; name: string; value: unknown }) {
  const [written, setWritten] = useState(shownValue(value));
  const [isAsked, setAsked] = useState(false);
  const set = useSet(pipeline);
  const remove = useMutation({ mutationFn: () => removeVariable(pipeline, name), onSettled: refresh });
  const isSame = written === shownValue(value);
  return (
    <li className="settings-row settings-row-variable">
      <span className="mono cut" title={name}>
        {name}
      </span>
      <form
        className="settings-fields"
        style={{ alignItems: 'center', flexWrap: 'nowrap' }}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isSame) set.mutate({ name, value: readValue(written), isNew: false });
        }}
      >
        <TextField label={`Value of ${name}`} hideLabel mono value={written} onChange={(event) => setWritten(event.target.value)} />
        <Button type="submit" disabledReason={isSame ? 'Nothing was changed' : undefined}>
          Save
        </Button>
      </form>
      <span className="settings-row-actions">
        <IconButton small look="quiet" label={`Copy kwargs['${name}']`} onClick={() => void navigator.clipboard.writeText(`kwargs['${name}']`)}>
          <Copy aria-hidden />
        </IconButton>
        <IconButton small look="quiet" label={`Remove ${name}`} onClick={() => setAsked(true)}>
          <Trash2 aria-hidden />
        </IconButton>
      </span>
      {isAsked ? (
        <AskRow action={`Remove ${name}`} isPending={remove.isPending} onConfirm={() => remove.mutate()} onKeep={() => setAsked(false)}>
          Blocks of {pipeline} that read kwargs[&apos;{name}&apos;] will not find it.
        </AskRow>
      ) : null}
      <RowFailure error={set.error ?? remove.error} />
    </li>
  );
}

function NewVariable({ pipeline, known }: { pipeline: string; known: readonly string[] }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const set = useSet(pipeline);
  const isThere = known.includes(name.trim());
  const reason = name.trim() === '' ? 'Name the variable' : isThere ? 'There is a variable of this name' : undefined;
  return (
    <section className="settings-part" aria-label="New variable">
      <h3 className="section-title">New variable of {pipeline}</h3>
      <form
        className="settings-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason !== undefined) return;
          set.mutateAsync({ name: name.trim(), value: readValue(value), isNew: true }).then(
            () => {
              setName('');
              setValue('');
            },
            () => undefined,
          );
        }}
      >
        <div className="settings-fields">
          <TextField label="Name" mono value={name} error={isThere ? 'There is a variable of this name' : undefined} onChange={(event) => setName(event.target.value)} />
          <TextField label="Value, as text or JSON" mono value={value} onChange={(event) => setValue(event.target.value)} />
          <Button look="primary" type="submit" disabledReason={reason}>
            Add variable
          </Button>
        </div>
        {set.error === null ? null : <Failure title="The variable was not stored" error={set.error} />}
      </form>
    </section>
  );
}

export function VariableSettings() {
  const [search, change] = useSearch();
  const all = useQuery(pipelines.list());
  const names = (all.data ?? []).map((one) => one.uuid);
  const pipeline = names.find((name) => name === search.get('pipeline')) ?? names[0];
  const found = useQuery({ ...pipelines.show(pipeline ?? ''), enabled: pipeline !== undefined });
  const variables = Object.entries(found.data?.variables ?? {});
  const failed = all.error ?? found.error;
  return (
    <div className="settings-page">
      <h1 className="page-title">Variables</h1>
      {failed === null ? null : <Failure title="The variables could not be listed" error={failed} onRetry={() => void (all.error === null ? found : all).refetch()} />}
      {all.data !== undefined && pipeline === undefined ? <Empty look="row" title="Variables belong to a pipeline, and there is none yet" /> : null}
      {pipeline === undefined ? null : (
        <>
          <div style={{ maxWidth: 320 }}>
            <SelectField label="Pipeline" value={pipeline} options={names.map((name) => ({ value: name, label: name }))} onChange={(name) => change({ pipeline: name })} />
          </div>
          <section className="settings-part" aria-label={`Variables of ${pipeline}`}>
            {found.isPending ? (
              <div className="settings-body">
                <Skeleton width="50%" />
              </div>
            ) : variables.length === 0 ? (
              <Empty look="row" title={`${pipeline} has no variable yet`}>
                A block reads one as kwargs[&apos;name&apos;]; a trigger may give it another value.
              </Empty>
            ) : (
              <ul>
                {variables.map(([name, value]) => (
                  <Row key={`${pipeline} ${name} ${shownValue(value)}`} pipeline={pipeline} name={name} value={value} />
                ))}
              </ul>
            )}
          </section>
          <NewVariable key={pipeline} pipeline={pipeline} known={variables.map(([name]) => name)} />
        </>
      )}
    </div>
  );
}
