// The triggers of the project, or of one pipeline: when runs start, on and off, many at a time.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { CalendarClock, Pause, Play, Plus, Radio, Trash2, Webhook } from 'lucide-react';
import { Link, useNavigate, useParams } from 'react-router';

import { hasForms } from '../../api/forms';
import { type Trigger, triggers, useChangeTriggers, useDeleteTriggers, useStartTrigger } from '../../api/triggers';
import { count, exact, parseTime, plural, relative, zone } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { scheduleInWords } from '../../lib/schedule';
import { oneOf, useSearch } from '../../lib/search';
import { toneOf } from '../../lib/status';
import { Button, ButtonLink } from '../../ui/button';
import { SearchField, Switch } from '../../ui/field';
import { type Column, KeyHints, ListTable } from '../../ui/list-table';
import { FootQuestion, SelectionFoot } from '../../ui/selection-foot';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { Views } from '../../ui/tabs';

const views = ['all', 'on', 'off'] as const;
const viewWords = { all: 'All', on: 'On', off: 'Paused' };

const icons: Record<string, typeof CalendarClock> = { api: Webhook, event: Radio };

const isIn = (view: (typeof views)[number], trigger: Trigger) =>
  view === 'all' || (view === 'on') === (trigger.status === 'active');

function Next({ at }: { at: string }) {
  const now = useNow();
  const next = parseTime(at);
  return <span title={exact(next)}>{relative(next, now)}</span>;
}

function columnsOf(isWide: boolean, isOfOne: boolean, onSwitch: (trigger: Trigger, on: boolean) => void): Column<Trigger>[] {
  const columns: (Column<Trigger> | false)[] = [
    {
      id: 'on',
      header: 'On',
      width: '36px',
      cell: (trigger) => (
        <Switch label={`${trigger.name} is on`} checked={trigger.status === 'active'} onChange={(on) => onSwitch(trigger, on)} />
      ),
    },
    {
      id: 'name',
      header: 'Name',
      width: 'minmax(140px, 1fr)',
      cell: (trigger) => {
        const Icon = icons[trigger.schedule_type] ?? CalendarClock;
        return (
          <Link className="list-name" to={paths.trigger(trigger.pipeline_uuid, trigger.id)}>
            <Icon aria-hidden size={14} style={{ verticalAlign: -2 }} /> {trigger.name}
          </Link>
        );
      },
    },
    !isOfOne && { id: 'pipeline', header: 'Pipeline', width: 'minmax(120px, 1fr)', cell: (trigger) => trigger.pipeline_uuid },
    {
      id: 'schedule',
      header: 'Schedule',
      width: 'minmax(140px, 1.2fr)',
      cell: (trigger) => (
        <span style={trigger.status === 'active' ? undefined : { color: 'var(--text-tertiary)' }}>{scheduleInWords(trigger)}</span>
      ),
    },
    {
      id: 'next',
      header: 'Next run',
      width: '128px',
      cell: (trigger) =>
        trigger.next_pipeline_run_date === null ? <span className="text-3">–</span> : <Next at={trigger.next_pipeline_run_date} />,
    },
    {
      id: 'last',
      header: 'Last run',
      width: '112px',
      cell: (trigger) =>
        trigger.last_pipeline_run_status === null ? (
          <Status tone="never-run" look="quiet" />
        ) : (
          <Status tone={toneOf(trigger.last_pipeline_run_status)} look="quiet" />
        ),
    },
    { id: 'runs', header: 'Runs', width: '56px', align: 'right', cell: (trigger) => count(trigger.pipeline_runs_count) },
    isWide && { id: 'about', header: 'Description', width: 'minmax(120px, 1.4fr)', cell: (trigger) => trigger.description ?? '' },
  ];
  return columns.filter((column) => column !== false);
}

export function TriggersPage() {
  const { pipeline } = useParams();
  const list = useQuery(triggers.list(pipeline));
  const [search, change] = useSearch();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [isAsking, setAsking] = useState(false);
  const set = useChangeTriggers();
  const remove = useDeleteTriggers();
  const start = useStartTrigger();
  const navigate = useNavigate();
  const isWide = useIsWide();
  const view = oneOf(search.get('view'), views);
  const text = (search.get('search') ?? '').toLowerCase();
  const all = useMemo(() => list.data ?? [], [list.data]);
  const shown = useMemo(
    () => all.filter((one) => isIn(view, one) && `${one.name} ${one.pipeline_uuid} ${one.description ?? ''}`.toLowerCase().includes(text)),
    [all, view, text],
  );
  const { mutate } = set;
  const columns = useMemo(
    () => columnsOf(isWide, pipeline !== undefined, (trigger, on) => mutate({ ids: [trigger.id], change: { status: on ? 'active' : 'inactive' } })),
    [isWide, pipeline, mutate],
  );
  const groups = useMemo(() => [{ key: 'all', rows: shown }], [shown]);
  const chosen = shown.filter((trigger) => selected.has(String(trigger.id)));
  const ids = chosen.map((trigger) => trigger.id);
  const failed = set.error ?? start.error;
  const isAllOn = chosen.every((trigger) => trigger.status === 'active');
  const clear = () => {
    setSelected(new Set());
    setAsking(false);
  };
  const runNow = (trigger: Trigger) => {
    const started = async () => {
      // Its own page has the form.
      if (await hasForms(trigger.pipeline_uuid)) await navigate(`${paths.trigger(trigger.pipeline_uuid, trigger.id)}?run=now`);
      else await start.mutateAsync({ id: trigger.id }).then((run) => navigate(paths.run(run.pipeline_uuid, run.id)));
    };
    // The page says why it did not start.
    started().catch(() => undefined);
  };
  const add = pipeline === undefined ? null : (
    <ButtonLink look="primary" icon={<Plus aria-hidden />} to={`${paths.pipelineTriggers(pipeline)}/new`}>
      New trigger
    </ButtonLink>
  );
  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Triggers</h1>
        <Views
          label="Views"
          views={views.map((name) => ({ name, label: viewWords[name], count: all.filter((one) => isIn(name, one)).length }))}
          value={view}
          onChange={(name) => change({ view: name === 'all' ? undefined : name })}
        />
        {add}
      </div>
      <div className="filter-line">
        <SearchField label="Name, pipeline, description" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
        <span className="text-3 text-table">{shown.length === all.length ? plural(all.length, 'trigger') : `${shown.length} of ${all.length}`}</span>
      </div>
      {list.error === null ? null : <Failure title="The triggers could not be loaded" error={list.error} onRetry={() => void list.refetch()} />}
      {failed === null ? null : <Failure title="The trigger was not changed" error={failed} />}
      <ListTable
        label="Triggers"
        columns={columns}
        groups={groups}
        keyOf={(trigger) => String(trigger.id)}
        nameOf={(trigger) => `${trigger.name} of ${trigger.pipeline_uuid}`}
        onOpen={(trigger) => void navigate(paths.trigger(trigger.pipeline_uuid, trigger.id))}
        selected={selected}
        onSelect={setSelected}
        isLoading={list.isPending}
        onKey={(key, trigger) => (key === 'r' ? runNow(trigger) : undefined)}
        actions={(trigger) => (
          <Button small icon={<Play aria-hidden />} onClick={() => runNow(trigger)}>
            Run now
          </Button>
        )}
        empty={
          all.length === 0 ? (
            <Empty title={pipeline === undefined ? 'No pipeline has a trigger yet' : `${pipeline} has no trigger yet`} action={add}>
              A trigger starts runs by a schedule, a call of the API, or an event of another system.
            </Empty>
          ) : (
            <Empty title="No trigger matches" action={<Button onClick={() => change({ search: undefined, view: undefined })}>Clear the filters</Button>} />
          )
        }
      />
      <div className="list-foot">
        {chosen.length === 0 ? (
          <>
            <KeyHints hints={[{ keys: ['J', 'K'], does: 'move' }, { keys: ['Enter'], does: 'open' }, { keys: ['X'], does: 'select' }, { keys: ['R'], does: 'run now' }]} />
            <span className="list-foot-end">Times in {zone}</span>
          </>
        ) : isAsking ? (
          <FootQuestion
            text={`This deletes ${plural(chosen.length, 'trigger')}; their runs stay.`}
            action={`Delete ${plural(chosen.length, 'trigger')}`}
            disabledReason={remove.isPending ? 'They are being deleted' : undefined}
            error={remove.error}
            onConfirm={() => void remove.mutateAsync(ids).then(clear, () => undefined)}
            onKeep={() => setAsking(false)}
          />
        ) : (
          <SelectionFoot selected={chosen.length} error={remove.error} onClear={clear}>
            <Button
              small
              icon={isAllOn ? <Pause aria-hidden /> : <Play aria-hidden />}
              onClick={() => set.mutate({ ids, change: { status: isAllOn ? 'inactive' : 'active' } })}
            >
              {isAllOn ? 'Pause' : 'Turn on'} {plural(chosen.length, 'trigger')}
            </Button>
            <Button small look="quiet" icon={<Trash2 aria-hidden />} style={{ color: 'var(--status-failed-fg)' }} onClick={() => setAsking(true)}>
              Delete…
            </Button>
          </SelectionFoot>
        )}
      </div>
    </div>
  );
}
