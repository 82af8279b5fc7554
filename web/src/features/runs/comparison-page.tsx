// Two runs of one pipeline beside each other: what has changed in sentences, then every block with its time, rows and size.
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeftRight } from 'lucide-react';
import { useNavigate, useParams } from 'react-router';

import { type ComparedBlock, runs } from '../../api/runs';
import { change } from '../../core/history';
import { PipelineBar } from '../../core/pipeline-bar';
import { count, duration, parseTime, plural, relative, size } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { useSearch } from '../../lib/search';
import { toneOf, toneWords } from '../../lib/status';
import { Button, ButtonLink } from '../../ui/button';
import { SelectField, Switch } from '../../ui/field';
import { type Column, ListTable } from '../../ui/list-table';
import { Sentence } from '../../ui/sentence';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { toCompare } from './run-model';
import './comparison-page.css';

type Result = NonNullable<ComparedBlock['run']>;

const none = <span className="text-3">–</span>;

function Pair({ block, of, say }: { block: ComparedBlock; of: (result: Result) => number | null; say: (value: number) => string }) {
  const now = block.run === null ? null : of(block.run);
  const before = block.with === null ? null : of(block.with);
  if (now === null && before === null) return none;
  const said = now !== null && before !== null ? change(now, before) : '';
  return (
    <span className="comparison-pair">
      <span className="text-3">{before === null ? '–' : say(before)}</span>
      <span className="comparison-now">{now === null ? '–' : say(now)}</span>
      <span className="comparison-change">{said === 'same' ? '' : said}</span>
    </span>
  );
}

function stateOf(block: ComparedBlock) {
  if (block.run === null) return <span className="text-2">only in the other</span>;
  const tone = toneOf(block.run.status);
  const before = block.with === null ? undefined : toneOf(block.with.status);
  return (
    <Status tone={tone} look="quiet">
      {toneWords[tone]}
      {before === undefined || before === tone ? '' : `, was ${toneWords[before].toLowerCase()}`}
    </Status>
  );
}

const allColumns: Column<ComparedBlock>[] = [
  { id: 'block', header: 'Block', width: 'minmax(140px, 1.2fr)', cell: (block) => <span className="list-name mono">{block.block_uuid}</span> },
  { id: 'state', header: 'State', width: 'minmax(120px, 1fr)', cell: stateOf },
  {
    id: 'code',
    header: 'Code',
    width: '76px',
    cell: (block) =>
      block.is_same_code === null ? none : block.is_same_code ? <span className="text-3">same</span> : <b style={{ fontWeight: 500 }}>changed</b>,
  },
  {
    id: 'time',
    header: 'Time: before, now, change',
    width: 'minmax(180px, 1fr)',
    align: 'right',
    cell: (block) => <Pair block={block} of={(result) => result.seconds} say={(seconds) => duration(seconds * 1000)} />,
  },
  {
    id: 'rows',
    header: 'Rows: before, now, change',
    width: 'minmax(200px, 1fr)',
    align: 'right',
    cell: (block) => <Pair block={block} of={(result) => result.rows} say={count} />,
  },
  {
    id: 'bytes',
    header: 'Size: before, now, change',
    width: 'minmax(180px, 1fr)',
    align: 'right',
    cell: (block) => <Pair block={block} of={(result) => (result.bytes === 0 ? null : result.bytes)} say={size} />,
  },
];

/** Narrow, the rows say enough of how much there is. */
const fewColumns = allColumns.filter((column) => column.id !== 'bytes');

/** Whether something other than the time is different. */
const differs = ({ run, with: other, is_same_code: same }: ComparedBlock) =>
  same !== true || run?.status !== other?.status || run?.rows !== other?.rows || run?.bytes !== other?.bytes;

export function ComparisonPage() {
  const { pipeline = '', run: number = '' } = useParams();
  const id = Number(number);
  const [search, set] = useSearch();
  const navigate = useNavigate();
  const now = useNow();
  const isWide = useIsWide();
  const list = useQuery(runs.list({ pipeline, limit: 60 }));
  const others = useMemo(() => (list.data?.runs ?? []).filter((run) => run.id !== id), [list.data, id]);
  const wanted = Number(search.get('with'));
  const other = Number.isInteger(wanted) && wanted > 0 ? wanted : toCompare(id, others)?.id;
  const compared = useQuery({ ...runs.comparison(id, other ?? 0), enabled: other !== undefined });
  const onlyChanged = search.get('only') === 'changed';
  const groups = useMemo(() => {
    const blocks = compared.data?.blocks ?? [];
    return [{ key: 'all', rows: onlyChanged ? blocks.filter(differs) : blocks }];
  }, [compared.data, onlyChanged]);
  const words = (run: { id: number; status: string; started_at: string | null; created_at: string }) =>
    `Run ${run.id}, ${toneWords[toneOf(run.status)].toLowerCase()}, ${relative(parseTime(run.started_at ?? run.created_at), now)}`;
  const options = others.map((run) => ({ value: String(run.id), label: words(run) }));
  if (other !== undefined && !others.some((run) => run.id === other)) options.unshift({ value: String(other), label: `Run ${other}` });
  const changes = compared.data?.changes ?? [];
  const hidden = (compared.data?.blocks.length ?? 0) - (groups[0]?.rows.length ?? 0);
  return (
    <div className="list-page">
      <PipelineBar>
        {other === undefined ? null : (
          <>
            <Button look="quiet" icon={<ArrowLeftRight aria-hidden />} onClick={() => void navigate(paths.comparison(pipeline, other, id), { replace: true })}>
              Swap
            </Button>
            <ButtonLink to={paths.run(pipeline, other)}>Open run {other}</ButtonLink>
          </>
        )}
        <ButtonLink to={paths.run(pipeline, id)}>Open run {id}</ButtonLink>
      </PipelineBar>
      <div className="page-head">
        <h1 className="page-title">Run {id} beside</h1>
        {options.length === 0 ? null : (
          <SelectField label="The other run" hideLabel value={String(other ?? '')} options={options} onChange={(value) => set({ with: value })} />
        )}
      </div>
      {list.data !== undefined && options.length === 0 ? (
        <Empty title={`${pipeline} has no other run to compare with`} action={<ButtonLink to={paths.run(pipeline, id)}>Open run {id}</ButtonLink>} />
      ) : compared.error !== null ? (
        <Failure title="The runs could not be compared" error={compared.error} onRetry={() => void compared.refetch()} />
      ) : (
        <>
          <section className="comparison-changes" aria-label="What has changed">
            <h2 className="section-title">Changed since {other === undefined ? 'then' : `run ${other}`}</h2>
            {compared.data === undefined ? null : changes.length === 0 ? (
              <p className="text-2 text-table">No change is known between them.</p>
            ) : (
              <ul>
                {changes.map((text) => (
                  <li key={text}>
                    <Sentence text={text} />
                  </li>
                ))}
              </ul>
            )}
            <span className="comparison-only">
              <Switch label="Only blocks that differ" checked={onlyChanged} onChange={(on) => set({ only: on ? 'changed' : undefined })} />
              <span aria-hidden>Only blocks that differ{hidden > 0 ? `; ${plural(hidden, 'block')} left out` : ''}</span>
            </span>
          </section>
          <ListTable
            label={`Blocks of run ${id} beside run ${other ?? ''}`}
            columns={isWide ? allColumns : fewColumns}
            groups={groups}
            keyOf={(block) => block.block_uuid}
            nameOf={(block) => block.block_uuid}
            onOpen={(block) => void navigate(paths.run(pipeline, id, block.block_uuid.split(':')[0]))}
            isLoading={compared.isPending}
            empty={<Empty title="No block differs" action={<Button onClick={() => set({ only: undefined })}>Show all blocks</Button>} />}
          />
        </>
      )}
    </div>
  );
}
