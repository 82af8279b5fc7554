// The backfills of a pipeline: what they cover and how far they are; paused, resumed and deleted many at a time.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { CircleStop, Pause, Play, Plus, Trash2 } from 'lucide-react';
import { Link, useNavigate, useParams } from 'react-router';

import { type Backfill, backfills, useChangeBackfill, useDeleteBackfills } from '../../api/backfills';
import { count, parseTime, plural } from '../../lib/format';
import { useKeys } from '../../lib/keys';
import { useIsWide } from '../../lib/media';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, ButtonLink } from '../../ui/button';
import { SearchField } from '../../ui/field';
import { type Column, KeyHints, ListTable } from '../../ui/list-table';
import { FootQuestion, SelectionFoot } from '../../ui/selection-foot';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { Views } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { intervalInWords, moment } from './backfill-form';
import { countsOf, isOpen, standing } from './progress';
import { ProgressBar } from './progress-bar';
import './backfill.css';

const views = ['all', 'open', 'failed', 'completed', 'new'] as const;
type View = (typeof views)[number];
const viewWords: Record<View, string> = { all: 'All', open: 'Under way', failed: 'Failed', completed: 'Completed', new: 'Not started' };

function isIn(view: View, { status }: Backfill): boolean {
  switch (view) {
    case 'all':
      return true;
    case 'open':
      return isOpen(status);
    case 'new':
      return status === null;
    default:
      return status === view;
  }
}

function Progress({ backfill }: { backfill: Backfill }) {
  const runs = useQuery({ ...backfills.runs(backfill.id), enabled: backfill.status !== null });
  const dates = backfill.pipeline_run_dates_count;
  if (backfill.status === null) return <span className="text-3">–</span>;
  if (runs.data === undefined) return null;
  const counts = countsOf(dates, runs.data);
  return (
    <span className="backfill-progress">
      <ProgressBar counts={counts} />
      <span>
        {count(counts.completed)} of {count(dates)}
      </span>
    </span>
  );
}

function windowOf({ start_datetime: start, end_datetime: end }: Backfill): string {
  return start === null || end === null ? 'no window' : `${moment(start)} to ${moment(end)}`;
}

function columnsOf(isWide: boolean): Column<Backfill>[] {
  const columns: (Column<Backfill> | false)[] = [
    {
      id: 'state',
      header: 'State',
      width: '112px',
      cell: (one) => {
        const { tone, word } = standing(one);
        return (
          <Status tone={tone} look="quiet">
            {word}
          </Status>
        );
      },
    },
    {
      id: 'name',
      header: 'Name',
      width: 'minmax(140px, 1fr)',
      cell: (one) => (
        <Link className="list-name" to={paths.backfill(one.pipeline_uuid, one.id)}>
          {one.name}
        </Link>
      ),
    },
    { id: 'window', header: 'Window (UTC)', width: 'minmax(176px, 1.2fr)', cell: windowOf },
    {
      id: 'interval',
      header: 'Runs',
      width: '124px',
      cell: (one) => (one.interval_type === null ? <span className="text-3">–</span> : intervalInWords(one.interval_type, one.interval_units ?? 1)),
    },
    isWide && {
      id: 'limit',
      header: 'At a time',
      width: '72px',
      align: 'right',
      cell: (one) => {
        const limit = one.settings.pipeline_run_limit;
        return typeof limit === 'number' ? count(limit) : <span className="text-3">–</span>;
      },
    },
    { id: 'progress', header: 'Completed dates', width: 'minmax(160px, 1.2fr)', cell: (one) => <Progress backfill={one} /> },
    {
      id: 'started',
      header: 'Started',
      width: '124px',
      cell: (one) => (one.started_at === null ? <span className="text-3">–</span> : <Time at={parseTime(one.started_at)} />),
    },
  ];
  return columns.filter((column) => column !== false);
}

type Asking = 'cancel' | 'delete';

function Foot({ chosen, onClear }: { chosen: readonly Backfill[]; onClear: () => void }) {
  const [asking, setAsking] = useState<Asking>();
  const change = useChangeBackfill();
  const remove = useDeleteBackfills();
  const open = chosen.filter((one) => isOpen(one.status) && one.status !== 'cancelling');
  const running = open.filter((one) => one.status !== 'paused');
  const paused = open.filter((one) => one.status === 'paused');
  const over = chosen.filter((one) => !isOpen(one.status));
  const failed = change.error ?? remove.error;
  const set = (some: readonly Backfill[], status: 'paused' | 'running' | 'cancelled') => {
    for (const { id } of some) change.mutate({ id, change: { status } });
    setAsking(undefined);
  };
  if (asking === 'cancel') {
    return (
      <FootQuestion
        text={`This stops what runs and what waits of ${plural(open.length, 'backfill')}; what has completed stays.`}
        action={`Cancel ${plural(open.length, 'backfill')}`}
        error={change.error}
        onConfirm={() => set(open, 'cancelled')}
        onKeep={() => setAsking(undefined)}
      />
    );
  }
  if (asking === 'delete') {
    const runs = over.reduce((sum, one) => sum + one.total_run_count, 0);
    return (
      <FootQuestion
        text={`This deletes ${plural(over.length, 'backfill')}; ${over.length === 1 ? 'its' : 'their'} ${plural(runs, 'run')} and what they produced stay.`}
        action={`Delete ${plural(over.length, 'backfill')}`}
        disabledReason={remove.isPending ? 'They are being deleted' : undefined}
        error={remove.error}
        onConfirm={() => void remove.mutateAsync(over.map(({ id }) => id)).then(onClear, () => undefined)}
        onKeep={() => setAsking(undefined)}
      />
    );
  }
  return (
    <SelectionFoot selected={chosen.length} error={failed} onClear={onClear}>
      <Button
        small
        icon={<Pause aria-hidden />}
        disabledReason={running.length === 0 ? 'None of them is running' : undefined}
        onClick={() => set(running, 'paused')}
      >
        Pause {plural(running.length, 'backfill')}
      </Button>
      <Button
        small
        icon={<Play aria-hidden />}
        disabledReason={paused.length === 0 ? 'None of them is paused' : undefined}
        onClick={() => set(paused, 'running')}
      >
        Resume {plural(paused.length, 'backfill')}
      </Button>
      <Button
        small
        look="quiet"
        icon={<CircleStop aria-hidden />}
        disabledReason={open.length === 0 ? 'None of them is under way' : undefined}
        onClick={() => setAsking('cancel')}
      >
        Cancel…
      </Button>
      <Button
        small
        look="quiet"
        icon={<Trash2 aria-hidden />}
        disabledReason={over.length === 0 ? 'What is under way must be cancelled first' : undefined}
        style={over.length === 0 ? undefined : { color: 'var(--status-failed-fg)' }}
        onClick={() => setAsking('delete')}
      >
        Delete…
      </Button>
    </SelectionFoot>
  );
}

export function BackfillsPage() {
  const { pipeline = '' } = useParams();
  const list = useQuery(backfills.list(pipeline));
  const [search, change] = useSearch();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const navigate = useNavigate();
  const isWide = useIsWide();
  const view = oneOf(search.get('view'), views);
  const text = (search.get('search') ?? '').toLowerCase();
  const all = useMemo(() => list.data ?? [], [list.data]);
  const shown = useMemo(() => all.filter((one) => isIn(view, one) && `${one.name} ${windowOf(one)}`.toLowerCase().includes(text)), [all, view, text]);
  const groups = useMemo(() => [{ key: 'all', rows: shown }], [shown]);
  const columns = useMemo(() => columnsOf(isWide), [isWide]);
  const chosen = shown.filter((one) => selected.has(String(one.id)));
  useKeys((event) => {
    if (event.key !== 'n') return;
    event.preventDefault();
    void navigate(paths.backfill(pipeline, 'new'));
  });
  const add = (
    <ButtonLink look="primary" icon={<Plus aria-hidden />} to={paths.backfill(pipeline, 'new')}>
      New backfill
    </ButtonLink>
  );
  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Backfills</h1>
        <Views
          label="Views"
          views={views.map((name) => ({ name, label: viewWords[name], count: all.filter((one) => isIn(name, one)).length }))}
          value={view}
          onChange={(name) => change({ view: name === 'all' ? undefined : name })}
        />
        {all.length === 0 ? null : add}
      </div>
      <div className="filter-line">
        <SearchField label="Name, date" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
        <span className="text-3 text-table">{shown.length === all.length ? plural(all.length, 'backfill') : `${shown.length} of ${all.length}`}</span>
      </div>
      {list.error === null ? null : <Failure title="The backfills could not be loaded" error={list.error} onRetry={() => void list.refetch()} />}
      <ListTable
        label="Backfills"
        columns={columns}
        groups={groups}
        keyOf={(one) => String(one.id)}
        nameOf={(one) => one.name}
        onOpen={(one) => void navigate(paths.backfill(pipeline, one.id))}
        selected={selected}
        onSelect={setSelected}
        isLoading={list.isPending}
        empty={
          list.error !== null ? null : all.length === 0 ? (
            <Empty title={`${pipeline} has no backfill yet`} action={add}>
              A backfill runs the pipeline once for each hour, day or month of a window, as if it had run then.
            </Empty>
          ) : (
            <Empty title="No backfill matches" action={<Button onClick={() => change({ search: undefined, view: undefined })}>Clear the filters</Button>} />
          )
        }
      />
      <div className="list-foot">
        {chosen.length > 0 ? (
          <Foot chosen={chosen} onClear={() => setSelected(new Set())} />
        ) : (
          <KeyHints
            hints={[
              { keys: ['J', 'K'], does: 'move' },
              { keys: ['Enter'], does: 'open' },
              { keys: ['X'], does: 'select' },
              { keys: ['N'], does: 'new' },
            ]}
          />
        )}
      </div>
    </div>
  );
}
