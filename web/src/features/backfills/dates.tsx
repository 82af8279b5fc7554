// The dates of a backfill: where the run of each stands, and what the code of one is told.
import { useMemo } from 'react';
import { Link } from 'react-router';

import { tookOf } from '../../core/history';
import { count, duration, parseTime } from '../../lib/format';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { useSearch } from '../../lib/search';
import { type Column, ListTable } from '../../ui/list-table';
import { Empty } from '../../ui/states';
import { Status } from '../../ui/status';
import { Views } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { moment } from './backfill-form';
import { type Counts, type DateLine, type State, states, stateTones, stateWords } from './progress';

function Took({ line }: { line: DateLine }) {
  const now = useNow();
  const took = line.run === undefined ? undefined : tookOf(line.run, now);
  if (took === undefined) return <span className="text-3">–</span>;
  return <span style={line.state === 'running' ? { color: 'var(--accent-fg)' } : undefined}>{duration(took)}</span>;
}

const date: Column<DateLine> = {
  id: 'date',
  header: 'Date (UTC)',
  width: 'minmax(132px, 1fr)',
  cell: (line) => <span className="list-name">{moment(line.date)}</span>,
};

function end(line: DateLine): string {
  const until = line.variables.interval_end_datetime;
  return typeof until === 'string' ? moment(until) : '';
}

const until: Column<DateLine> = { id: 'until', header: 'Until', width: 'minmax(132px, 1fr)', cell: end };

const ofRuns: Column<DateLine>[] = [
  date,
  {
    id: 'state',
    header: 'State',
    width: 'minmax(112px, 1fr)',
    cell: ({ state }) => (
      <Status tone={stateTones[state]} look="quiet">
        {stateWords[state]}
      </Status>
    ),
  },
  {
    id: 'run',
    header: 'Run',
    width: '64px',
    align: 'right',
    cell: ({ run }) =>
      run === undefined ? (
        <span className="text-3">–</span>
      ) : (
        <Link className="link" to={paths.run(run.pipeline_uuid, run.id)} aria-label={`Run ${run.id}`}>
          {run.id}
        </Link>
      ),
  },
  {
    id: 'started',
    header: 'Started',
    width: 'minmax(112px, 1fr)',
    cell: ({ run }) =>
      run === undefined || run.started_at === null ? <span className="text-3">–</span> : <Time at={parseTime(run.started_at)} />,
  },
  { id: 'took', header: 'Duration', width: '88px', align: 'right', cell: (line) => <Took line={line} /> },
];

/** What the code of one date is told, as the code reads it. */
function Told({ line, variables }: { line: DateLine; variables: Record<string, unknown> }) {
  return (
    <section className="backfill-told" aria-label="Variables of the date">
      <h2 className="section-title">
        What <code>kwargs</code> holds in the run of {moment(line.date)}
      </h2>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <dl tabIndex={0} aria-label="Variables">
        {Object.entries({ ...variables, ...line.variables }).map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd className="cut" title={JSON.stringify(value)}>
              <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Dates({
  lines,
  total,
  counts,
  variables,
  isLoading,
  empty,
}: {
  lines: readonly DateLine[];
  /** How many there are; no more than some are listed. */
  total: number;
  /** Where their runs stand; undefined when there are none yet. */
  counts: Counts | undefined;
  variables: Record<string, unknown>;
  isLoading: boolean;
  empty: string;
}) {
  const [search, change] = useSearch();
  const wanted = search.get('view');
  const view = counts === undefined ? undefined : states.find((state) => state === wanted);
  const shown = useMemo(() => (view === undefined ? lines : lines.filter(({ state }) => state === view)), [lines, view]);
  const groups = useMemo(() => [{ key: 'all', rows: shown }], [shown]);
  const columns = useMemo(() => (counts === undefined ? [date, until] : ofRuns), [counts]);
  const chosen = shown.find((line) => line.date === search.get('date')) ?? shown[0];
  const views: { name: State | 'all'; label: string; count: number }[] =
    counts === undefined
      ? []
      : [
          { name: 'all', label: 'All', count: total },
          ...states
            .filter((state) => counts[state] > 0 || state === view)
            .map((state) => ({ name: state, label: stateWords[state], count: counts[state] })),
        ];
  return (
    <div className="backfill-dates">
      {counts === undefined ? null : (
        <Views
          label="Dates by state"
          views={views}
          value={view ?? 'all'}
          onChange={(name) => change({ view: name === 'all' ? undefined : name, date: undefined })}
        />
      )}
      <ListTable
        label="Dates"
        columns={columns}
        groups={groups}
        keyOf={(line) => line.date}
        nameOf={(line) => line.date}
        onOpen={(line) => change({ date: line.date })}
        isLoading={isLoading}
        empty={<Empty title={lines.length === 0 ? empty : 'No date stands there'} />}
      />
      <div className="list-foot">
        {lines.length < total ? `The first ${count(lines.length)} of ${count(total)} dates` : 'Choose a date to see below what its code is told'}
      </div>
      {chosen === undefined ? null : <Told line={chosen} variables={variables} />}
    </div>
  );
}
