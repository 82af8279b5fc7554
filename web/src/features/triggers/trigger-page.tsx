// One trigger: what it says in a sentence, its fields, how to call it, and why it does or does not run.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useNavigate, useParams } from 'react-router';

import { forms, hasForms } from '../../api/forms';
import { pipelines } from '../../api/pipelines';
import { type Trigger, triggers, useChangeTriggers, useCreateTrigger, useStartTrigger } from '../../api/triggers';
import { refusals, sectionsOf, settled, wrongIn as wrongFields } from '../../core/forms/form';
import { FormFields } from '../../core/forms/form-fields';
import { RunDialog } from '../../core/forms/run-dialog';
import { PipelineBar } from '../../core/pipeline-bar';
import { changesIn } from '../../lib/changes';
import { plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { useSearch } from '../../lib/search';
import { variablesOf } from '../../lib/variables';
import { Button } from '../../ui/button';
import { SelectField, Switch, TextArea, TextField } from '../../ui/field';
import { Failure } from '../../ui/states';
import { Call, Calls } from './trigger-calls';
import { emptyForm, type Form, formOf, sentence, toChange, wrongIn } from './trigger-form';
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
  const [search, changeSearch] = useSearch();
  const own = useQuery(pipelines.show(pipeline));
  const found = useQuery(forms.of(pipeline));
  const sections = useMemo(() => (found.data === undefined ? [] : sectionsOf(found.data)), [found.data]);
  const known = own.data?.variables ?? {};
  const chosen = variablesOf(form.variables);
  const wrongOfForms = wrongFields(sections, chosen ?? {}, known, false);
  const failed = create.error ?? change.error ?? start.error;
  // What the server refused stands at its fields when all of them are here.
  const refused = refusals(sections, (create.error ?? change.error)?.message ?? '');
  const set = (some: Partial<Form>) => {
    setForm({ ...form, ...some });
    create.reset();
    change.reset();
  };
  const choose = (name: string, value: unknown) => {
    const after = Object.fromEntries(Object.entries({ ...chosen, [name]: value }).filter(([, one]) => one !== undefined));
    set({ variables: JSON.stringify(after, null, 2) });
  };
  const reason =
    wrong.name ??
    wrong.interval ??
    wrong.variables ??
    (wrongOfForms.size > 0 ? 'Not everything in its form is right' : trigger !== undefined && changes === 0 ? 'Nothing has changed' : undefined);
  const save = () => {
    const said = toChange(form, trigger?.settings ?? {});
    const wanted = { ...said, variables: settled(sections, said.variables ?? {}) };
    const saving =
      trigger === undefined
        ? create.mutateAsync({ pipeline, trigger: wanted }).then((made) => navigate(paths.trigger(pipeline, made.id)))
        : change.mutateAsync({ ids: [trigger.id], change: wanted });
    // The page says what was wrong.
    saving.catch(() => undefined);
  };
  const startNow = (id: number, variables?: Record<string, unknown>) =>
    start.mutateAsync({ id, ...(variables === undefined ? {} : { variables }) }).then((run) => navigate(paths.run(pipeline, run.id)));
  const runNow = async (id: number) => {
    if (await hasForms(pipeline)) changeSearch({ run: 'now' });
    else await startNow(id);
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
            onClick={() => void runNow(trigger.id).catch(() => undefined)}
          >
            Run now
          </Button>
        )}
        <Button look="primary" disabledReason={reason} onClick={save}>
          {trigger === undefined ? 'Create' : 'Save'}
        </Button>
      </PipelineBar>
      <h1 className="trigger-sentence">{sentence(form)}</h1>
      {failed === null || refused.size > 0 || search.has('run') ? null : <Failure title={failed === start.error ? 'It was not started' : 'It was not saved'} error={failed} />}
      {trigger === undefined || !search.has('run') ? null : (
        <RunDialog
          pipeline={pipeline}
          known={own.data === undefined ? undefined : { ...known, ...trigger.variables }}
          start={(variables) => startNow(trigger.id, variables)}
          onClose={() => {
            changeSearch({ run: undefined });
            start.reset();
          }}
        />
      )}
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
          {found.error === null ? null : <Failure title="The forms of the pipeline could not be loaded" error={found.error} onRetry={() => void found.refetch()} />}
          {chosen === undefined ? null : <FormFields sections={sections} values={{ ...known, ...chosen }} wrong={refused.size > 0 ? refused : wrongOfForms} onChange={choose} />}
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
