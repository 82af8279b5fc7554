// The runs of the project, or of one pipeline: found, filtered, stopped and retried many at a time, as they happen.
import { useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { CalendarClock, CircleStop, CodeXml, History, Radio, RotateCcw, Trash2, User, Webhook, Workflow } from 'lucide-react';
import { Link, useNavigate, useParams } from 'react-router';

import { useIsLive } from '../../api/live';
import { pipelines } from '../../api/pipelines';
import { type Run, runs, useCancelRuns, useDeleteRuns, useRetryRuns } from '../../api/runs';
import { byPipeline, historyOf, tookOf } from '../../core/history';
import { AgainstUsual } from '../../core/run-bars';
import { SavedViews } from '../../core/saved-views';
import { count, dayAndClock, day, duration, exact, parseTime, plural, zone } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { causeWords, isOver, toneOf } from '../../lib/status';
import { Button } from '../../ui/button';
import { FilterChip } from '../../ui/chip';
import { SearchField } from '../../ui/field';
import { type Column, type Group, KeyHints, ListTable } from '../../ui/list-table';
import { Menu, MenuChoice } from '../../ui/menu';
import { FootQuestion, SelectionFoot } from '../../ui/selection-foot';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { Views } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { WhatHappened } from './what-happened';

const views = ['all', 'failed', 'running', 'queued', 'cancelled'] as const;
type View = (typeof views)[number];

const viewWords: Record<View, string> = { all: 'All', failed: 'Failed', running: 'Running', queued: 'Queued', cancelled: 'Cancelled' };
const statuses: Record<View, string[]> = {
  all: [],
  failed: ['failed'],
  running: ['running'],
  queued: ['initial'],
  cancelled: ['cancelled'],
};

/** What the address says of a view. */
const viewNames = ['view', 'search', 'pipeline', 'trigger'] as const;

/** So many rows come at a time. */
const PAGE = 500;

const causeIcons: Record<string, typeof User> = { hand: User, call: Webhook, event: Radio, completion: Workflow, backfill: History, code: CodeXml, again: RotateCcw };

function TriggerCell({ run }: { run: Run }) {
  const Icon = causeIcons[run.cause] ?? CalendarClock;
  const words = run.pipeline_schedule_name ?? causeWords(run.cause);
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6, maxWidth: '100%', verticalAlign: 'bottom' }} title={words}>
      <Icon aria-hidden size={14} style={{ flex: 'none' }} /> <span className="cut">{words}</span>
    </span>
  );
}

function LogicalDate({ at }: { at: number }) {
  return <span title={exact(at)}>{dayAndClock(at, useNow())}</span>;
}

function Duration({ run }: { run: Run }) {
  const now = useNow();
  const took = tookOf(run, now);
  if (took === undefined) return <span className="text-3">–</span>;
  return <span style={run.completed_at === null ? { color: 'var(--accent-fg)' } : undefined}>{duration(took)}</span>;
}

function Against({ run, usual }: { run: Run; usual: number | undefined }) {
  const now = useNow();
  const took = tookOf(run, now);
  if (took === undefined || usual === undefined || run.status === 'failed' || run.status === 'cancelled') return null;
  return <AgainstUsual took={took} usual={usual} live={run.status === 'running'} />;
}

function columnsOf(isWide: boolean, usual: ReadonlyMap<string, number | undefined>, isOfOne: boolean): Column<Run>[] {
  const columns: (Column<Run> | false)[] = [
    { id: 'state', header: 'State', width: '104px', cell: (run) => <Status tone={toneOf(run.status)} look="quiet" /> },
    !isOfOne && {
      id: 'pipeline',
      header: 'Pipeline',
      width: 'minmax(120px, 1fr)',
      cell: (run) => (
        <Link className="list-name" to={paths.run(run.pipeline_uuid, run.id)}>
          {run.pipeline_uuid}
        </Link>
      ),
    },
    {
      id: 'id',
      header: 'Run',
      width: '56px',
      align: 'right',
      cell: (run) => (
        <Link to={paths.run(run.pipeline_uuid, run.id)} className={isOfOne ? 'list-name' : ''}>
          {run.id}
        </Link>
      ),
    },
    { id: 'trigger', header: 'Trigger', width: 'minmax(112px, .8fr)', cell: (run) => <TriggerCell run={run} /> },
    isWide && {
      id: 'date',
      header: 'Logical date',
      width: '112px',
      cell: (run) => <LogicalDate at={parseTime(run.execution_date)} />,
    },
    {
      id: 'started',
      header: 'Started',
      width: '124px',
      cell: (run) => <Time at={parseTime(run.started_at ?? run.created_at)} />,
    },
    { id: 'duration', header: 'Duration', width: '84px', align: 'right', cell: (run) => <Duration run={run} /> },
    isWide && {
      id: 'against',
      header: 'Against usual',
      width: '128px',
      cell: (run) => <Against run={run} usual={usual.get(run.pipeline_uuid)} />,
    },
    { id: 'what', header: 'What happened', width: 'minmax(160px, 2.4fr)', cell: (run) => <WhatHappened run={run} /> },
  ];
  return columns.filter((column) => column !== false);
}

/** What is under way comes first, then the days. */
function groupsOf(list: readonly Run[], now: number): Group<Run>[] {
  const open = list.filter((run) => !isOver(run.status));
  const days = new Map<string, Run[]>();
  for (const run of list) {
    if (!isOver(run.status)) continue;
    const at = parseTime(run.started_at ?? run.created_at);
    const name = day(at, now);
    const title = name === day(now, now) ? 'Today' : name === day(now - 86_400_000, now) ? 'Yesterday' : name;
    days.set(title, [...(days.get(title) ?? []), run]);
  }
  const failed = (some: readonly Run[]) => some.filter((run) => run.status === 'failed').length;
  return [
    ...(open.length > 0 ? [{ key: 'open', title: 'Running and queued', rows: open }] : []),
    ...[...days].map(([title, some]) => ({
      key: title,
      title,
      about: failed(some) > 0 ? <span className="text-3">{failed(some)} failed</span> : null,
      rows: some,
    })),
  ];
}

function Foot({ chosen, onClear }: { chosen: readonly Run[]; onClear: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const cancel = useCancelRuns();
  const retry = useRetryRuns();
  const remove = useDeleteRuns();
  const open = chosen.filter((run) => !isOver(run.status));
  const over = chosen.filter((run) => isOver(run.status));
  const again = chosen.filter((run) => run.status === 'failed' || run.status === 'cancelled');
  const failed = cancel.error ?? retry.error ?? remove.error;
  // The foot goes when the rows do: what follows must not hang on it. It says itself what went wrong.
  const then = (done: Promise<unknown>) => void done.then(onClear, () => undefined);
  if (isAsking) {
    return (
      <FootQuestion
        text={`This deletes ${plural(over.length, 'run')} with what ${over.length === 1 ? 'it' : 'they'} logged and produced.`}
        action={`Delete ${plural(over.length, 'run')}`}
        disabledReason={remove.isPending ? 'They are being deleted' : undefined}
        error={remove.error}
        onConfirm={() => then(remove.mutateAsync(over.map((run) => run.id)))}
        onKeep={() => setAsking(false)}
      />
    );
  }
  return (
    <SelectionFoot selected={chosen.length} error={failed} onClear={onClear}>
      <Button
        small
        icon={<RotateCcw aria-hidden />}
        disabledReason={again.length === 0 ? 'None of them failed or was cancelled' : undefined}
        onClick={() => then(retry.mutateAsync({ ids: again.map((run) => run.id) }))}
      >
        Retry {plural(again.length, 'run')}
      </Button>
      <Button
        small
        look="quiet"
        icon={<CircleStop aria-hidden />}
        disabledReason={open.length === 0 ? 'All of them have ended' : undefined}
        onClick={() => then(cancel.mutateAsync(open.map((run) => run.id)))}
      >
        Cancel {plural(open.length, 'run')}
      </Button>
      <Button
        small
        look="quiet"
        icon={<Trash2 aria-hidden />}
        disabledReason={over.length === 0 ? 'A run that is under way cannot be deleted' : undefined}
        style={over.length === 0 ? undefined : { color: 'var(--status-failed-fg)' }}
        onClick={() => setAsking(true)}
      >
        Delete…
      </Button>
    </SelectionFoot>
  );
}

export function RunsPage() {
  const { pipeline: ofOne } = useParams();
  const [search, change] = useSearch();
  const [limit, setLimit] = useState(PAGE);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const navigate = useNavigate();
  const isWide = useIsWide();
  const isLive = useIsLive();
  const retry = useRetryRuns();
  const all = useQuery(pipelines.list());

  const view = oneOf(search.get('view'), views);
  const text = (search.get('search') ?? '').trim().toLowerCase();
  const chosenPipeline = search.get('pipeline') ?? undefined;
  const pipeline = ofOne ?? chosenPipeline;
  const trigger = search.get('trigger');
  const filter = { pipeline, ...(trigger === null ? {} : { trigger: Number(trigger) }) };
  const list = useQuery({ ...runs.list({ ...filter, statuses: statuses[view], limit }), placeholderData: keepPreviousData });
  const failed = useQuery(runs.list({ ...filter, statuses: statuses.failed, limit: 1 }));
  const running = useQuery(runs.list({ ...filter, statuses: statuses.running, limit: 1 }));
  const queued = useQuery(runs.list({ ...filter, statuses: statuses.queued, limit: 1 }));
  const counts: Partial<Record<View, number | undefined>> = {
    failed: failed.data?.total,
    running: running.data?.total,
    queued: queued.data?.total,
  };

  const found = useMemo(
    () =>
      (list.data?.runs ?? []).filter(
        (run) =>
          text === '' ||
          String(run.id) === text ||
          `${run.pipeline_uuid} ${run.pipeline_schedule_name ?? ''} ${run.reason ?? ''}`.toLowerCase().includes(text),
      ),
    [list.data, text],
  );
  const minute = Math.floor(useNow() / 60_000) * 60_000;
  const groups = useMemo(() => groupsOf(found, minute), [found, minute]);
  const columns = useMemo(() => {
    const usual = new Map([...byPipeline(list.data?.runs ?? [])].map(([uuid, some]) => [uuid, historyOf(some).usual]));
    return columnsOf(isWide, usual, ofOne !== undefined);
  }, [list.data, isWide, ofOne]);
  const chosen = found.filter((run) => selected.has(String(run.id)));
  const total = list.data?.total ?? 0;
  const filters = (text === '' ? 0 : 1) + (chosenPipeline === undefined ? 0 : 1) + (view === 'all' ? 0 : 1) + (trigger === null ? 0 : 1);
  const pipelineMenu = (
    <MenuChoice
      value={chosenPipeline ?? ''}
      options={(all.data ?? []).map(({ uuid }) => ({ value: uuid, label: uuid }))}
      onChange={(uuid) => change({ pipeline: uuid })}
    />
  );

  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Runs</h1>
        <Views
          label="Views"
          views={views.map((name) => ({ name, label: viewWords[name], count: counts[name] }))}
          value={view}
          onChange={(name) => change({ view: name === 'all' ? undefined : name })}
        />
        <span className="text-table" role="status">
          {isLive ? (
            <>
              <span aria-hidden style={{ color: 'var(--accent-fg)' }}>
                ●
              </span>{' '}
              Live
            </>
          ) : (
            <span style={{ color: 'var(--status-warning-fg)' }}>Not live</span>
          )}
        </span>
      </div>
      <div className="filter-line">
        <SearchField label={ofOne === undefined ? 'Pipeline, run number, trigger' : 'Run number, trigger'} value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
        {ofOne !== undefined ? null : chosenPipeline === undefined ? (
          <Menu
            trigger={
              <Button small look="quiet">
                + Pipeline
              </Button>
            }
          >
            {pipelineMenu}
          </Menu>
        ) : (
          <FilterChip property="Pipeline is" value={chosenPipeline} menu={pipelineMenu} onRemove={() => change({ pipeline: undefined })} />
        )}
        {trigger === null ? null : (
          <Button small onClick={() => change({ trigger: undefined })}>
            Trigger {trigger} ×
          </Button>
        )}
        <span className="text-3 text-table">
          {list.data === undefined ? '' : found.length < total ? `${count(found.length)} of ${plural(total, 'run')}` : plural(total, 'run')}
        </span>
        {total > limit ? (
          <Button small look="quiet" onClick={() => setLimit(limit + PAGE)}>
            Show older runs
          </Button>
        ) : null}
        <span className="filter-rest">
          <SavedViews page={ofOne === undefined ? 'runs' : 'runs of one pipeline'} names={viewNames} />
        </span>
      </div>
      {list.error === null ? null : (
        <div style={{ marginBottom: 12 }}>
          <Failure title="The runs could not be loaded; these are the last that are known" error={list.error} onRetry={() => void list.refetch()} />
        </div>
      )}
      {retry.error === null ? null : <Failure title="The run was not retried" error={retry.error} />}
      <ListTable
        label="Runs"
        columns={columns}
        groups={groups}
        keyOf={(run) => String(run.id)}
        nameOf={(run) => `run ${run.id} of ${run.pipeline_uuid}`}
        onOpen={(run) => void navigate(paths.run(run.pipeline_uuid, run.id))}
        selected={selected}
        onSelect={setSelected}
        isLoading={list.isPending}
        onKey={(key, run) => {
          if (key === 'r' && (run.status === 'failed' || run.status === 'cancelled')) retry.mutate({ ids: [run.id] });
        }}
        empty={
          filters === 0 ? (
            <Empty title="Nothing has run yet">A run starts when a trigger is due, when the API is called, or when somebody runs a pipeline.</Empty>
          ) : (
            <Empty
              title="No run matches"
              action={
                <Button onClick={() => change({ search: undefined, pipeline: undefined, view: undefined, trigger: undefined })}>
                  Clear {plural(filters, 'filter')}
                </Button>
              }
            />
          )
        }
      />
      <div className="list-foot">
        {chosen.length > 0 ? (
          <Foot chosen={chosen} onClear={() => setSelected(new Set())} />
        ) : (
          <>
            <KeyHints
              hints={[
                { keys: ['J', 'K'], does: 'move' },
                { keys: ['Enter'], does: 'open' },
                { keys: ['X'], does: 'select' },
                { keys: ['R'], does: 'retry' },
              ]}
            />
            <span className="list-foot-end">Times in {zone}</span>
          </>
        )}
      </div>
    </div>
  );
}
