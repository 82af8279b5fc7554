// One trigger: what it says in a sentence, its fields, how to call it, and why it does or does not run.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Copy, Play } from 'lucide-react';
import { Link, useNavigate, useParams } from 'react-router';

import { type Trigger, triggers, useChangeTriggers, useCreateTrigger, useStartTrigger } from '../../api/triggers';
import { PipelineBar } from '../../core/pipeline-bar';
import { exact, parseTime, plural, relative } from '../../lib/format';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { Button } from '../../ui/button';
import { SelectField, Switch, TextArea, TextField } from '../../ui/field';
import { Failure } from '../../ui/states';
import { changesIn, emptyForm, type Form, formOf, sentence, toChange, wrongIn } from './trigger-form';
import './trigger-page.css';

const types = [
  { value: 'time', label: 'By a schedule' },
  { value: 'api', label: 'When called by API' },
  { value: 'event', label: 'On an event' },
] satisfies { value: Form['type']; label: string }[];

function Call({ trigger }: { trigger: Trigger }) {
  const [isShown, setShown] = useState(false);
  const [copied, setCopied] = useState(false);
  const rotate = useChangeTriggers();
  const { token } = trigger;
  if (token === null) return null;
  const call = (secret: string) =>
    [
      `curl -X POST ${window.location.origin}/api/pipeline_schedules/${trigger.id}/api_trigger \\`,
      `  --header 'Authorization: Bearer ${secret}' \\`,
      `  --header 'Content-Type: application/json' \\`,
      `  --data '{"pipeline_run": {"variables": {}}}'`,
    ].join('\n');
  return (
    <section className="trigger-part" aria-label="Call">
      <h2 className="section-title">Call it from elsewhere</h2>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="trigger-code" tabIndex={0}>
        {call(isShown ? token : '••••••••')}
      </pre>
      <div className="trigger-buttons">
        <Button
          icon={<Copy aria-hidden />}
          onClick={() => void navigator.clipboard.writeText(call(token)).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy with token'}
        </Button>
        <Button look="quiet" onClick={() => setShown(!isShown)}>
          {isShown ? 'Hide the token' : 'Show the token'}
        </Button>
        <Button look="danger" onClick={() => rotate.mutate({ ids: [trigger.id], change: { rotate_token: true } })}>
          Rotate the token; callers with the old one are refused
        </Button>
      </div>
    </section>
  );
}

function Now({ trigger }: { trigger: Trigger }) {
  const why = useQuery(triggers.why(trigger.id));
  const now = useNow();
  const next = trigger.next_pipeline_run_date === null ? undefined : parseTime(trigger.next_pipeline_run_date);
  return (
    <section className="trigger-part" aria-label="Next">
      <h2 className="section-title">Next run</h2>
      {next === undefined ? null : (
        <p className="text-table">
          {exact(next)} <span className="text-2">({relative(next, now)})</span>
        </p>
      )}
      {why.data === undefined ? null : <p className="text-table text-2">{why.data.headline.replaceAll('`', '')}</p>}
      <p className="text-table">
        <Link className="link" to={`${paths.pipelineRuns(trigger.pipeline_uuid)}?trigger=${trigger.id}`}>
          {plural(trigger.pipeline_runs_count, 'run')} so far
        </Link>
      </p>
    </section>
  );
}

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
          {trigger === undefined ? null : <Now trigger={trigger} />}
          {trigger?.schedule_type === 'api' ? <Call trigger={trigger} /> : null}
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
