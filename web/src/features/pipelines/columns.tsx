// The columns of the list of pipelines.
import { Pause } from 'lucide-react';
import { Link } from 'react-router';

import { RunBars } from '../../core/run-bars';
import { duration, exact, parseTime, relative } from '../../lib/format';
import { paths } from '../../lib/paths';
import { toneOf, toneWords } from '../../lib/status';
import { Chip } from '../../ui/chip';
import type { Column } from '../../ui/list-table';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';
import type { Row } from './rows';

const none = <span className="text-3">–</span>;

function LastRun({ row }: { row: Row }) {
  if (row.last === undefined) return <Status tone="never-run" look="quiet" />;
  const tone = toneOf(row.last.status);
  return (
    <Link to={paths.run(row.pipeline.uuid, row.last.id)} tabIndex={-1}>
      <Status tone={tone} look="quiet">
        {toneWords[tone]}{' '}
        <span className="text-3">
          <Time at={parseTime(row.last.started_at ?? row.last.created_at)} />
        </span>
      </Status>
    </Link>
  );
}

function NextRun({ at, now }: { at: number; now: number }) {
  const isSoon = at - now < 3_600_000;
  return (
    <span title={exact(at)} style={isSoon ? { color: 'var(--text-primary)' } : undefined}>
      {relative(at, now)}
    </span>
  );
}

/** The type of a pipeline when it is not the usual one. */
function typeChip(type: string): string | undefined {
  return { integration: 'sync', streaming: 'stream', pyspark: 'spark' }[type];
}

export function columnsOf(isWide: boolean, now: number, isByTag: boolean): Column<Row>[] {
  const columns: (Column<Row> & { wideOnly?: true })[] = [
    {
      id: 'name',
      header: 'Name',
      width: 'minmax(160px, 1.6fr)',
      sorts: true,
      cell: ({ pipeline }) => (
        <>
          <Link className="list-name" to={paths.editor(pipeline.uuid)} title={pipeline.description ?? pipeline.uuid}>
            {pipeline.uuid}
          </Link>
          {typeChip(pipeline.type) === undefined ? null : <> <Chip>{typeChip(pipeline.type)}</Chip></>}
        </>
      ),
    },
    {
      id: 'bars',
      header: 'Last 14 runs',
      width: '84px',
      cell: (row) => <RunBars history={row.history} linkTo={(id) => paths.run(row.pipeline.uuid, id)} />,
    },
    { id: 'last', header: 'Last run', width: 'minmax(176px, 1fr)', sorts: true, cell: (row) => <LastRun row={row} /> },
    {
      id: 'schedule',
      header: 'Schedule',
      width: 'minmax(140px, 1.1fr)',
      cell: ({ schedule, isPaused }) =>
        schedule === undefined ? (
          <span className="text-3">No trigger</span>
        ) : isPaused ? (
          <span className="text-3">
            <Pause aria-hidden size={12} style={{ verticalAlign: -1 }} /> Paused, {schedule}
          </span>
        ) : (
          <span title={schedule}>{schedule}</span>
        ),
    },
    {
      id: 'next',
      header: 'Next run',
      width: 'minmax(108px, .6fr)',
      sorts: true,
      cell: ({ next }) => (next === undefined ? none : <NextRun at={next} now={now} />),
    },
    {
      id: 'usual',
      header: 'Usual time',
      width: '84px',
      align: 'right',
      sorts: true,
      wideOnly: true,
      cell: ({ history }) => (history.usual === undefined ? none : duration(history.usual)),
    },
    {
      id: 'tags',
      header: 'Tags',
      width: 'minmax(80px, .7fr)',
      wideOnly: true,
      cell: ({ pipeline }) => (
        <span style={{ display: 'inline-flex', gap: 4 }}>
          {pipeline.tags.slice(isByTag ? 1 : 0).map((tag) => (
            <Chip key={tag} outline>
              {tag}
            </Chip>
          ))}
        </span>
      ),
    },
    {
      id: 'blocks',
      header: 'Blocks',
      width: '56px',
      align: 'right',
      sorts: true,
      wideOnly: true,
      cell: ({ pipeline }) => pipeline.blocks.length,
    },
  ];
  return columns.filter((column) => isWide || column.wideOnly !== true);
}
