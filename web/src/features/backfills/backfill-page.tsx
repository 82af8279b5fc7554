// One backfill: what it says in words, its fields, what starting it would do, and where each of its dates stands.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { CircleStop, Pause, Play, RotateCcw, Trash2 } from 'lucide-react';
import { Link, useNavigate, useParams } from 'react-router';

import { type Backfill, backfills, type ChangedBackfill, useChangeBackfill, useCreateBackfill, useDeleteBackfills } from '../../api/backfills';
import type { Run } from '../../api/runs';
import { historyOf } from '../../core/history';
import { PipelineBar } from '../../core/pipeline-bar';
import { changesIn } from '../../lib/changes';
import { duration, parseTime, plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { variablesOf } from '../../lib/variables';
import { Button } from '../../ui/button';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';
import { emptyForm, type Form, formOf, sentence, toChange, toStart, wrongIn } from './backfill-form';
import { Dates } from './dates';
import { Fields } from './fields';
import { countsOf, isOpen, leftOf, linesOf, standing } from './progress';
import { ProgressBar } from './progress-bar';
import './backfill.css';

function firstWrong(form: Form): string | undefined {
  const { name, start, end, units, limit, variables } = wrongIn(form);
  return name ?? start ?? end ?? units ?? limit ?? variables;
}

/** How many at a time, and how long that takes. */
function pace(limit: number | null, seconds: number | null): string {
  const many = limit === null ? 'as many at a time as the server lets in' : `${limit} at a time`;
  return seconds === null ? `${many}; nothing has run yet that says how long it takes` : `${many}, about ${duration(seconds * 1000)} in all`;
}

function New({ pipeline }: { pipeline: string }) {
  const [form, setForm] = useState(() => emptyForm(Date.now()));
  const create = useCreateBackfill();
  const navigate = useNavigate();
  // Its name and variables change nothing of what would run.
  const window = { ...form, name: 'new', variables: '' };
  const isWhole = firstWrong(window) === undefined;
  const asked = toChange(window, {}, false);
  const preview = useQuery({ ...backfills.previewOfNew(pipeline, asked), enabled: isWhole });
  const found = isWhole && preview.error === null ? preview.data : undefined;
  const lines = useMemo(() => linesOf(found?.pipeline_run_dates ?? [], []), [found]);
  const reason = firstWrong(form) ?? preview.error?.message ?? (create.isPending ? 'It is being made' : undefined);
  const save = (status: 'initial' | undefined) =>
    void create.mutateAsync({ pipeline, backfill: { ...toChange(form, {}, false), ...(status === undefined ? {} : { status }) } }).then(
      (made) => void navigate(paths.backfill(pipeline, made.id)),
      () => undefined,
    );
  const total = found?.total_run_count;
  return (
    <div className="backfill">
      <PipelineBar>
        <Button disabledReason={reason} onClick={() => save(undefined)}>
          Save without starting
        </Button>
        <Button look="primary" icon={<Play aria-hidden />} disabledReason={reason} onClick={() => save('initial')}>
          {total === undefined ? 'Start' : `Start ${plural(total, 'run')}`}
        </Button>
      </PipelineBar>
      <div className="backfill-head">
        <h1 className="page-title">{sentence(form, total)}</h1>
        {create.error === null ? null : <Failure title="The backfill was not made" error={create.error} />}
        {isWhole && preview.error !== null ? (
          <Failure title="What would run cannot be said" error={preview.error} onRetry={() => void preview.refetch()} />
        ) : null}
        <p className="backfill-facts" role="status">
          {found === undefined ? 'What will run is shown as soon as the fields say it.' : `Would run ${pace(found.pipeline_run_limit, found.expected_seconds)}.`}
        </p>
      </div>
      <div className="backfill-columns">
        <Fields form={form} wrong={wrongIn(form)} isLocked={false} onChange={(some) => setForm({ ...form, ...some })} />
        <Dates
          lines={lines}
          total={total ?? 0}
          counts={undefined}
          variables={variablesOf(form.variables) ?? {}}
          isLoading={isWhole && preview.isPending}
          empty="The fields say no date yet"
        />
      </div>
    </div>
  );
}

/** What is asked before it is done. */
interface Question {
  text: string;
  answer: string;
  act: () => void;
}

function Ask({ question, onClose }: { question: Question; onClose: () => void }) {
  return (
    <div className="backfill-ask" role="alertdialog" aria-label={question.answer}>
      <span>{question.text}</span>
      <Button
        small
        look="danger"
        onClick={() => {
          onClose();
          question.act();
        }}
      >
        {question.answer}
      </Button>
      {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the question was just asked for */}
      <Button small look="quiet" autoFocus onClick={onClose}>
        Keep it as it is
      </Button>
    </div>
  );
}

function Stored({ backfill, runs }: { backfill: Backfill; runs: readonly Run[] | undefined }) {
  const saved = formOf(backfill);
  const [form, setForm] = useState(saved);
  const [question, setQuestion] = useState<Question>();
  const change = useChangeBackfill();
  const remove = useDeleteBackfills();
  const navigate = useNavigate();
  const { id, pipeline_uuid: pipeline, status } = backfill;
  const open = isOpen(status);
  const again = useQuery({ ...backfills.preview(id, true), enabled: !open });
  const everything = useQuery({ ...backfills.preview(id, false), enabled: !open });
  const known = useMemo(() => runs ?? [], [runs]);
  const lines = useMemo(() => linesOf(backfill.pipeline_run_dates, known), [backfill.pipeline_run_dates, known]);
  const counts = countsOf(backfill.pipeline_run_dates_count, known);
  const left = status === 'running' ? leftOf(counts, historyOf(known).usual, Number(backfill.settings.pipeline_run_limit)) : undefined;
  const changes = changesIn(form, saved);
  const wrong = wrongIn(form);
  const failed = change.error ?? remove.error;
  const send = (wanted: ChangedBackfill) => change.mutate({ id, change: wanted });
  const waits = change.isPending || remove.isPending ? 'The last step is being done' : undefined;
  const unsaved = changes > 0 ? 'Save or discard your changes first' : waits;
  const rest = again.data?.total_run_count;
  const all = everything.data?.total_run_count;
  const { tone, word } = standing(backfill);
  const underWay = counts.running + counts.queued;

  const ask = {
    cancel: () =>
      setQuestion({
        text: `This stops ${plural(counts.running, 'run')} under way and ${plural(counts.queued, 'run')} that ${counts.queued === 1 ? 'waits' : 'wait'}. What has completed stays.`,
        answer: `Cancel ${plural(underWay, 'run')}`,
        act: () => send({ status: 'cancelled' }),
      }),
    all: () =>
      setQuestion({
        text: `This makes ${plural(all ?? 0, 'new run')}, also for the dates that have completed; what those produced is made anew. The earlier runs stay in the list of runs.`,
        answer: `Run all ${plural(all ?? 0, 'date')} again`,
        act: () => send(toStart(backfill, false)),
      }),
    remove: () =>
      setQuestion({
        text: `This deletes the backfill ${backfill.name}. Its ${plural(backfill.total_run_count, 'run')} and what they produced stay.`,
        answer: 'Delete the backfill',
        act: () => void remove.mutateAsync([id]).then(() => navigate(paths.pipelineBackfills(pipeline)), () => undefined),
      }),
  };

  return (
    <div className="backfill">
      <PipelineBar>
        {changes > 0 ? <span className="text-3 text-table">{plural(changes, 'change')} not saved</span> : null}
        {changes > 0 ? (
          <>
            <Button look="quiet" onClick={() => setForm(saved)}>
              Discard
            </Button>
            <Button look="primary" disabledReason={firstWrong(form) ?? waits} onClick={() => send(toChange(form, backfill.settings, open))}>
              Save
            </Button>
          </>
        ) : null}
        <Button
          look="quiet"
          icon={<Trash2 aria-hidden />}
          disabledReason={open ? 'It is under way: cancel it first' : waits}
          style={open ? undefined : { color: 'var(--status-failed-fg)' }}
          onClick={ask.remove}
        >
          Delete…
        </Button>
        {open ? (
          <Button
            icon={<CircleStop aria-hidden />}
            disabledReason={status === 'cancelling' ? 'Its runs are being stopped' : waits}
            onClick={ask.cancel}
          >
            Cancel…
          </Button>
        ) : null}
        {status === 'running' || status === 'initial' ? (
          <Button icon={<Pause aria-hidden />} disabledReason={unsaved} onClick={() => send({ status: 'paused' })}>
            Pause
          </Button>
        ) : null}
        {status === 'paused' ? (
          <Button look={changes > 0 ? 'plain' : 'primary'} icon={<Play aria-hidden />} disabledReason={unsaved} onClick={() => send({ status: 'running' })}>
            Resume
          </Button>
        ) : null}
        {status === null ? (
          <Button
            look={changes > 0 ? 'plain' : 'primary'}
            icon={<Play aria-hidden />}
            disabledReason={unsaved ?? everything.error?.message}
            onClick={() => send(toStart(backfill, false))}
          >
            {all === undefined ? 'Start' : `Start ${plural(all, 'run')}`}
          </Button>
        ) : null}
        {status !== null && !open ? (
          <>
            <Button icon={<RotateCcw aria-hidden />} disabledReason={unsaved ?? everything.error?.message} onClick={ask.all}>
              Run all again…
            </Button>
            <Button
              look={changes > 0 ? 'plain' : 'primary'}
              icon={<Play aria-hidden />}
              disabledReason={unsaved ?? again.error?.message ?? (rest === 0 ? 'The run of every date has completed' : undefined)}
              onClick={() => send(toStart(backfill, true))}
            >
              {rest === undefined ? 'Run what is missing or failed' : `Run ${plural(rest, 'missing or failed date', 'missing or failed dates')}`}
            </Button>
          </>
        ) : null}
      </PipelineBar>
      <div className="backfill-head">
        <div className="backfill-title">
          <h1 className="page-title">{backfill.name}</h1>
          <Status tone={tone} look="chip">
            {word}
          </Status>
        </div>
        {question === undefined ? null : <Ask question={question} onClose={() => setQuestion(undefined)} />}
        {failed === null ? null : <Failure title="It was not done" error={failed} />}
        <div className="backfill-facts">
          {status === null ? null : <ProgressBar counts={counts} />}
          <span>{sentence(form, backfill.pipeline_run_dates_count)}</span>
          {status === null && everything.data !== undefined ? (
            <span>Would run {pace(everything.data.pipeline_run_limit, everything.data.expected_seconds)}</span>
          ) : null}
          {left === undefined ? null : <span>About {duration(left)} left</span>}
          {backfill.started_at === null ? null : (
            <span>
              Started <Time at={parseTime(backfill.started_at)} />
            </span>
          )}
          {!open && backfill.started_at !== null && backfill.completed_at !== null ? (
            <span>Took {duration(parseTime(backfill.completed_at) - parseTime(backfill.started_at))}</span>
          ) : null}
          {status === 'paused' && counts.running > 0 ? <span>{plural(counts.running, 'run')} under way, which will go on to the end</span> : null}
          {backfill.pipeline_schedule_id === null ? null : (
            <Link className="link" to={`${paths.pipelineRuns(pipeline)}?trigger=${backfill.pipeline_schedule_id}`}>
              {plural(backfill.total_run_count, 'run')} in the list
            </Link>
          )}
        </div>
      </div>
      <div className="backfill-columns">
        <Fields form={form} wrong={wrong} isLocked={open} onChange={(some) => setForm({ ...form, ...some })} />
        <Dates
          lines={lines}
          total={backfill.pipeline_run_dates_count}
          counts={status === null ? undefined : counts}
          variables={backfill.variables}
          isLoading={runs === undefined}
          empty="Its window says no date"
        />
      </div>
    </div>
  );
}

function Existing({ pipeline, id }: { pipeline: string; id: number }) {
  const found = useQuery({ ...backfills.show(id), enabled: Number.isInteger(id) });
  const runs = useQuery({ ...backfills.runs(id), enabled: found.data !== undefined });
  const error = found.error ?? (runs.data === undefined ? runs.error : null);
  if (!Number.isInteger(id) || (found.data !== undefined && found.data.pipeline_uuid !== pipeline)) {
    return <Empty title={`${pipeline} has no such backfill`} />;
  }
  if (error !== null && (found.data === undefined || runs.data === undefined)) {
    return (
      <div style={{ padding: 24 }}>
        <Failure
          title={`Backfill ${id} cannot be shown`}
          error={error}
          onRetry={() => {
            void found.refetch();
            void runs.refetch();
          }}
        />
      </div>
    );
  }
  if (found.data === undefined) {
    return (
      <div className="backfill">
        <Skeleton width={360} height={24} />
      </div>
    );
  }
  // A fresh form when what was saved differs from what it began with; the state of its runs changes nothing of it.
  return <Stored key={JSON.stringify(formOf(found.data))} backfill={found.data} runs={runs.data} />;
}

export function BackfillPage() {
  const { pipeline = '', backfill = '' } = useParams();
  return backfill === 'new' ? <New pipeline={pipeline} /> : <Existing key={backfill} pipeline={pipeline} id={Number(backfill)} />;
}
