// One trigger: what it says in a sentence, its fields, how to call it, and why it does or does not run.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useNavigate, useParams } from 'react-router';

import { type Trigger, triggers, useChangeTriggers, useCreateTrigger, useStartTrigger } from '../../api/triggers';
import { PipelineBar } from '../../core/pipeline-bar';
import { plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { Button } from '../../ui/button';
import { SelectField, Switch, TextArea, TextField } from '../../ui/field';
import { Failure } from '../../ui/states';
import { Call, Calls } from './trigger-calls';
import { changesIn, emptyForm, type Form, formOf, sentence, toChange, wrongIn } from './trigger-form';
import { NextTimes, State } from './trigger-times';
import './trigger-page.css';

const types = [
  { value: 'time', label: 'By a schedule' },
  { value: 'api', label: 'When called by API' },
  { value: 'event', label: 'On an event' },
] satisfies { value: Form['type']; label: string }[];

function Edit({ pipeline, trigger }: { pipeline: string; trigger: Trigger | undefined }) {
  const saved = trigger === undefined ? emptyForm : formOf(trigger);
  const [form, setForm] = useState(saved);
  const create = useCreateTrigger();
  const change = useChangeTriggers();
  const start = useStartTrigger();
  const navigate = useNavigate();
  const wrong = wrongIn(form);
  const changes = changesIn(form, saved);
  const failed = create.error ?? change.error ?? start.error;
  const set = (some: Partial<Form>) => setForm({ ...form, ...some });
  const reason =
    wrong.name ?? wrong.interval ?? wrong.variables ?? (trigger !== undefined && changes === 0 ? 'Nothing has changed' : undefined);
  const save = () => {
    const wanted = toChange(form, trigger?.settings ?? {});
    if (trigger === undefined) {
      create.mutate({ pipeline, trigger: wanted }, { onSuccess: (made) => void navigate(paths.trigger(pipeline, made.id)) });
    } else change.mutate({ ids: [trigger.id], change: wanted });
  };
  return (
    <div className="trigger">
      <PipelineBar>
        {trigger !== undefined && changes > 0 ? <span className="text-3 text-table">{plural(changes, 'change')} not saved</span> : null}
        {trigger !== undefined && changes > 0 ? (
          <Button look="quiet" onClick={() => setForm(saved)}>
            Discard
          </Button>
        ) : null}
        {trigger === undefined ? null : (
          <Button
            icon={<Play aria-hidden />}
            onClick={() => start.mutate(trigger.id, { onSuccess: (run) => void navigate(paths.run(pipeline, run.id)) })}
          >
            Run now
          </Button>
        )}
        <Button look="primary" disabledReason={reason} onClick={save}>
          {trigger === undefined ? 'Create' : 'Save'}
        </Button>
      </PipelineBar>
      <h1 className="trigger-sentence">{sentence(form)}</h1>
      {failed === null ? null : <Failure title="It was not saved" error={failed} />}
      <div className="trigger-columns">
        <section className="trigger-part" aria-label="Fields">
          <TextField label="Name" value={form.name} error={form.name === '' ? undefined : wrong.name} onChange={(event) => set({ name: event.target.value })} />
          <SelectField label="Starts" value={form.type} options={types} onChange={(type) => set({ type })} />
          {form.type === 'time' ? (
            <TextField
              label="Schedule"
              mono
              value={form.interval}
              hint="A cron expression, or @hourly, @daily, @weekly, @monthly, @always_on, @once"
              error={wrong.interval}
              onChange={(event) => set({ interval: event.target.value })}
            />
          ) : null}
          {form.type === 'time' ? (
            <TextField label="Time zone" value={form.zone} placeholder="UTC" hint="A name such as Europe/Berlin" onChange={(event) => set({ zone: event.target.value })} />
          ) : null}
          <TextArea label="Variables" mono rows={4} value={form.variables} error={wrong.variables} onChange={(event) => set({ variables: event.target.value })} />
          <TextField label="Description" value={form.description} onChange={(event) => set({ description: event.target.value })} />
          <div className="trigger-switch">
            <Switch label="Skip while a run of it is under way" checked={form.skip} onChange={(skip) => set({ skip })} />
            <span aria-hidden>Skip while a run of it is under way</span>
          </div>
          <div className="trigger-switch">
            <Switch label="On" checked={form.on} onChange={(on) => set({ on })} />
            <span aria-hidden>{form.on ? 'On' : 'Paused'}</span>
          </div>
        </section>
        <div className="trigger-side">
          {form.type === 'time' ? <NextTimes pipeline={pipeline} form={form} id={trigger?.id} /> : null}
          {trigger === undefined ? null : <State trigger={trigger} />}
          {trigger?.schedule_type === 'api' ? (
            <>
              <Call trigger={trigger} />
              <Calls trigger={trigger} />
            </>
          ) : null}
        </div>
      </div>
    </div>
  );
}

export function TriggerPage() {
  const { pipeline = '', trigger: id = '' } = useParams();
  const isNew = id === 'new';
  const found = useQuery({ ...triggers.show(Number(id)), enabled: !isNew });
  if (isNew) return <Edit pipeline={pipeline} trigger={undefined} />;
  if (found.error !== null && found.data === undefined) {
    return (
      <div style={{ padding: 24 }}>
        <Failure title={`Trigger ${id} cannot be shown`} error={found.error} onRetry={() => void found.refetch()} />
      </div>
    );
  }
  // A fresh form for what was saved meanwhile.
  return found.data === undefined ? null : <Edit key={found.data.updated_at} pipeline={pipeline} trigger={found.data} />;
}
