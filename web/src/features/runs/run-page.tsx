// One run: what happened in a sentence, graph and timeline with one selection, and the panel of the chosen block.
import { memo, type ReactNode, useCallback, useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { CircleStop, GitCompare, RotateCcw, SquarePen } from 'lucide-react';
import { Link, useParams } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { type RunDetail, runs, useCancelRuns, useRetryRuns } from '../../api/runs';
import { historyOf, tookOf } from '../../core/history';
import { PipelineBar } from '../../core/pipeline-bar';
import { RunBars } from '../../core/run-bars';
import { useCalm } from '../../lib/calm';
import { dayAndClock, duration, exact, parseTime, plural, size } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { causeWords, isOver, toneOf, toneWords } from '../../lib/status';
import { Button, ButtonLink, SplitButton } from '../../ui/button';
import { MenuItem } from '../../ui/menu';
import { Sentence } from '../../ui/sentence';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { StatusIcon } from '../../ui/status';
import { Segments } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { BlockPanel, panels } from './block-panel';
import { RunGraph } from './run-graph';
import { blocksOf, criticalPath, fromHere, type RunBlock, toCompare } from './run-model';
import { Timeline } from './timeline';
import { withoutRun } from './what-happened';
import './run-page.css';

const shapes = ['timeline', 'graph'] as const;

const neighboursOf = (run: RunDetail) => ({ pipeline: run.pipeline_uuid, limit: 60 });

const Actions = memo(function Actions({ run, blocks }: { run: RunDetail; blocks: readonly RunBlock[] }) {
  const cancel = useCancelRuns();
  const retry = useRetryRuns();
  const neighbours = useQuery(runs.list(neighboursOf(run)));
  const other = toCompare(run.id, neighbours.data?.runs ?? []);
  if (!isOver(run.status)) {
    return (
      <Button icon={<CircleStop aria-hidden />} disabledReason={cancel.isPending ? 'It is being stopped' : undefined} onClick={() => cancel.mutate([run.id])}>
        Cancel run {run.id}
      </Button>
    );
  }
  const failed = blocks.find((block) => block.tone === 'failed');
  const open = blocks.filter((block) => block.tone === 'failed' || block.tone === 'not-run' || block.tone === 'cancelled');
  const [first] = blocks;
  const from = (name: string) => retry.mutate({ ids: [run.id], from: name });
  const menu = blocks.slice(0, 20).map((block) => (
    <MenuItem key={block.name} about={`Repeats ${plural(fromHere(blocks, block.name).length, 'block')}`} onSelect={() => from(block.name)}>
      From <code>{block.name}</code>
    </MenuItem>
  ));
  return (
    <>
      {retry.error === null ? null : (
        <span role="alert" className="text-table" style={{ color: 'var(--status-failed-fg)' }}>
          {retry.error.message}
        </span>
      )}
      {other === undefined ? null : (
        <ButtonLink look="quiet" icon={<GitCompare aria-hidden />} to={paths.comparison(run.pipeline_uuid, run.id, other.id)}>
          Compare with run {other.id}
        </ButtonLink>
      )}
      {failed === undefined ? null : (
        <ButtonLink icon={<SquarePen aria-hidden />} to={paths.editor(run.pipeline_uuid, failed.name)}>
          Open {failed.name} in the notebook
        </ButtonLink>
      )}
      <SplitButton
        look={open.length > 0 ? 'primary' : 'plain'}
        icon={<RotateCcw aria-hidden />}
        menuLabel="Retry from another block"
        menu={menu}
        onClick={() => {
          if (open.length > 0) retry.mutate({ ids: [run.id] });
          else if (first !== undefined) from(first.name);
        }}
      >
        {open.length > 0
          ? `Retry ${plural(open.length, 'block')}${failed === undefined ? '' : ` from ${failed.name}`}`
          : `Repeat all ${plural(blocks.length, 'block')}`}
      </SplitButton>
    </>
  );
});

function Head({
  run,
  blocks,
  isWhyOpen,
  onWhy,
}: {
  run: RunDetail;
  blocks: readonly RunBlock[];
  isWhyOpen: boolean;
  onWhy: (isOpen: boolean) => void;
}) {
  const now = useNow();
  const why = useQuery({ ...runs.why(run.id), refetchInterval: isOver(run.status) ? false : 5_000 });
  const others = useQuery(runs.list(neighboursOf(run)));
  const history = useMemo(() => {
    const list = others.data?.runs ?? [];
    const whole = historyOf(list);
    const at = whole.past.findIndex((one) => one.id === run.id);
    // Up to 15 runs around this one.
    const end = at < 0 ? whole.past.length : Math.min(whole.past.length, at + 4);
    return { ...whole, past: whole.past.slice(Math.max(0, end - 16), end) };
  }, [others.data, run.id]);
  const tone = toneOf(run.status);
  const took = tookOf(run, now);
  const not = blocks.filter((block) => block.tone === 'not-run').length;
  const how = (['success', 'failed', 'running', 'queued', 'skipped', 'cancelled', 'not-run'] as const)
    .map((one) => ({ one, count: blocks.filter((block) => block.tone === one).length }))
    .filter(({ count }) => count > 0)
    .map(({ one, count }) => `${count} ${toneWords[one].toLowerCase()}`)
    .join(', ');
  const told = why.data === undefined ? (run.reason ?? '') : withoutRun(why.data.headline);
  const variables = Object.entries(run.variables);
  return (
    <header className="run-head">
      <div className="run-say">
        <h1 className="run-sentence sentence">
          <StatusIcon tone={tone} />
          <span>
            {tone === 'success' && told !== '' ? null : (
              <span style={{ color: `var(--status-${tone === 'not-run' || tone === 'never-run' ? 'queued' : tone}-fg)` }}>
                {toneWords[tone]}
                {told === '' ? '' : ': '}
              </span>
            )}
            <Sentence text={told} />
            {tone === 'failed' && not > 0 ? `; ${plural(not, 'block')} ${not === 1 ? 'was' : 'were'} not run` : ''}
          </span>
        </h1>
        <dl className="run-facts">
          <div>
            <dt>Trigger</dt>
            <dd>
              {run.pipeline_schedule_id === null ? (
                causeWords(run.cause)
              ) : (
                <Link className="link" to={paths.trigger(run.pipeline_uuid, run.pipeline_schedule_id)}>
                  {run.pipeline_schedule_name}
                </Link>
              )}
            </dd>
          </div>
          <div>
            <dt>For</dt>
            <dd title={exact(parseTime(run.execution_date))}>{dayAndClock(parseTime(run.execution_date), now)}</dd>
          </div>
          <div>
            <dt>{run.started_at === null ? 'Created' : 'Started'}</dt>
            <dd>
              <Time at={parseTime(run.started_at ?? run.created_at)} />
            </dd>
          </div>
          {took === undefined ? null : (
            <div>
              <dt>{run.completed_at === null ? 'Running for' : 'Took'}</dt>
              <dd>
                {duration(took)}
                {history.usual === undefined ? '' : `, usually ${duration(history.usual)}`}
              </dd>
            </div>
          )}
          <div>
            <dt>Blocks</dt>
            <dd>{how}</dd>
          </div>
          {run.usage?.cpu_seconds === undefined || run.usage.cpu_seconds === null ? null : (
            <div>
              <dt>Processor</dt>
              <dd>{duration(run.usage.cpu_seconds * 1000)}</dd>
            </div>
          )}
          {run.usage?.peak_memory === undefined || run.usage.peak_memory === null ? null : (
            <div>
              <dt>Most memory</dt>
              <dd>
                {size(run.usage.peak_memory)}
                {run.usual?.memory === undefined || run.usual.memory === null ? '' : `, usually ${size(run.usual.memory.median)}`}
              </dd>
            </div>
          )}
          {variables.length > 0 ? (
            <div>
              <dt>Variables</dt>
              <dd className="mono text-meta" style={{ lineHeight: '20px' }}>
                {variables.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}
              </dd>
            </div>
          ) : null}
          {run.retried_run_id === null ? null : (
            <div>
              <dt>Repeats</dt>
              <dd>
                <Link className="link" to={paths.run(run.pipeline_uuid, run.retried_run_id)}>
                  run {run.retried_run_id}
                </Link>
              </dd>
            </div>
          )}
        </dl>
        {why.data !== undefined && why.data.details.length > 0 ? (
          <details className="run-details" open={isWhyOpen} onToggle={({ currentTarget }) => onWhy(currentTarget.open)}>
            <summary>
              Why: <span className="text-2">{plural(why.data.details.length, 'more sentence')}</span>
            </summary>
            <ul>
              {why.data.details.map((detail) => (
                <li key={detail}>
                  <Sentence text={detail} />
                </li>
              ))}
            </ul>
          </details>
        ) : null}
      </div>
      <div className="run-neighbours" role="group" aria-label="Runs before and after">
        <RunBars history={history} linkTo={(id) => paths.run(run.pipeline_uuid, id)} most={16} current={run.id} />
      </div>
    </header>
  );
}

/** Knows the time, so that the rest of the page is not drawn again with every second. */
function TimelineSection({
  run,
  blocks,
  path,
  selected,
  onSelect,
  children,
}: {
  run: RunDetail;
  blocks: readonly RunBlock[];
  path: readonly string[];
  selected: string | undefined;
  onSelect: (name: string) => void;
  children: ReactNode;
}) {
  const clock = useNow();
  const now = isOver(run.status) ? 0 : clock;
  const from = useMemo(() => {
    const starts = blocks.flatMap((block) => block.started ?? []);
    const made = parseTime(run.created_at);
    const first = starts.reduce((least, one) => Math.min(least, one), made);
    return run.started_at === null ? first : parseTime(run.started_at);
  }, [blocks, run.created_at, run.started_at]);
  const to = run.completed_at === null ? Math.max(now, from) : parseTime(run.completed_at);
  const spent = useMemo(() => {
    const onPath = new Set(path);
    return blocks.reduce((sum, block) => (onPath.has(block.name) && block.started !== undefined ? sum + (block.ended ?? to) - block.started : sum), 0);
  }, [blocks, path, to]);
  return (
    <section aria-label="Timeline">
      <div className="run-bar-title">
        <h2 className="section-title">Timeline</h2>
        {path.length > 0 ? <span className="run-legend">Critical path, {duration(spent)} at work</span> : null}
        {children}
      </div>
      <Timeline
        blocks={blocks}
        path={path}
        from={from}
        to={to}
        now={to}
        isOver={run.completed_at !== null}
        isFailed={run.status === 'failed'}
        selected={selected}
        onSelect={onSelect}
      />
    </section>
  );
}

/** The page in its parts, before what is in them. */
function Loading() {
  return (
    <div className="run" role="status" aria-label="Loading the run">
      <div className="run-head">
        <div className="run-say" style={{ display: 'grid', gap: 12, padding: '4px 0 4px 25px' }}>
          <Skeleton width={320} height={16} />
          <Skeleton width="60%" />
        </div>
      </div>
      <div className="run-middle">
        {[0, 1].map((part) => (
          <section key={part} aria-hidden className="run-loading">
            <div className="run-bar-title">
              <Skeleton width={64} />
            </div>
            <div style={{ display: 'grid', alignContent: 'start', gap: 24, padding: 12 }}>
              {[62, 48, 55, 40].map((width) => (
                <Skeleton key={width} width={`${width}%`} />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}

export function RunPage() {
  const { pipeline = '', run: number = '' } = useParams();
  const id = Number(number);
  const [search, change] = useSearch();
  const isWide = useIsWide();
  const run = useQuery(runs.show(id));
  const list = useQuery(runs.blocks(id));
  const definition = useQuery(pipelines.show(pipeline));
  const blocks = useMemo(() => blocksOf(list.data ?? [], definition.data), [list.data, definition.data]);
  const path = useMemo(() => criticalPath(blocks), [blocks]);
  const wanted = search.get('block');
  // Blocks that take an instant would have the panel flicker.
  const atWork = useCalm(blocks.find((block) => block.tone === 'running')?.name, 1_000);
  const selected =
    blocks.find((block) => block.name === wanted) ??
    blocks.find((block) => block.tone === 'failed') ??
    blocks.find((block) => block.name === atWork) ??
    blocks[0];
  const shape = oneOf(search.get('show'), shapes);
  const select = useCallback((name: string) => change({ block: name, child: undefined, attempt: undefined }), [change]);

  if (run.error !== null && run.data === undefined) {
    return (
      <div style={{ padding: 24 }}>
        <Failure title={`Run ${number} cannot be shown`} error={run.error} onRetry={() => void run.refetch()} />
      </div>
    );
  }
  if (list.error !== null && list.data === undefined) {
    return (
      <div style={{ padding: 24 }}>
        <Failure title={`The blocks of run ${number} cannot be shown`} error={list.error} onRetry={() => void list.refetch()} />
      </div>
    );
  }
  // The pipeline says in which order they stand and what hangs on what; without it (it may be gone) they stand as they ran.
  if (run.data === undefined || list.data === undefined || definition.isPending) return <Loading />;
  const graph = (
    <section aria-label="Graph">
      <div className="run-bar-title">
        <h2 className="section-title">Graph</h2>
        {isWide ? null : <Switch shape={shape} onChange={(show) => change({ show })} />}
      </div>
      <RunGraph blocks={blocks} path={path} selected={selected?.name} onSelect={select} />
    </section>
  );
  const timeline = (
    <TimelineSection run={run.data} blocks={blocks} path={path} selected={selected?.name} onSelect={select}>
      {isWide ? null : <Switch shape={shape} onChange={(show) => change({ show })} />}
    </TimelineSection>
  );
  return (
    <div className="run">
      <PipelineBar>
        <Actions run={run.data} blocks={blocks} />
      </PipelineBar>
      <Head
        run={run.data}
        blocks={blocks}
        isWhyOpen={search.get('why') === 'open'}
        onWhy={(isOpen) => change({ why: isOpen ? 'open' : undefined })}
      />
      <div className="run-middle">
        {isWide || shape === 'graph' ? graph : null}
        {isWide || shape === 'timeline' ? timeline : null}
      </div>
      <div className="run-panel">
        {selected === undefined ? (
          <Empty title="This run has no blocks" />
        ) : (
          <BlockPanel
            pipeline={pipeline}
            block={selected}
            blocks={blocks}
            child={search.get('child')}
            onChild={(child) => change({ child, panel: undefined, attempt: undefined })}
            attempt={search.get('attempt')}
            onAttempt={(attempt) => change({ attempt, panel: undefined })}
            panel={oneOf(search.get('panel'), panels)}
            onPanel={(panel) => change({ panel: panel === 'logs' ? undefined : panel })}
          />
        )}
      </div>
    </div>
  );
}

function Switch({ shape, onChange }: { shape: (typeof shapes)[number]; onChange: (shape: (typeof shapes)[number]) => void }) {
  return (
    <Segments
      label="Timeline or graph"
      value={shape}
      onChange={onChange}
      options={[
        { value: 'timeline', label: 'Timeline' },
        { value: 'graph', label: 'Graph' },
      ]}
    />
  );
}
