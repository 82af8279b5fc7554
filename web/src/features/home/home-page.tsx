// Home: what failed, what runs, what comes next, and how the last days went.
import { useCallback, useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { Link } from 'react-router';

import { forecast } from '../../api/forecast';
import { pipelines } from '../../api/pipelines';
import { type Run, runs, useRetryRuns } from '../../api/runs';
import { byPipeline, historyOf, tookOf } from '../../core/history';
import { count, duration, parseTime, plural } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, ButtonLink } from '../../ui/button';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { StatusIcon } from '../../ui/status';
import { Segments } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { coming, frequent } from './ahead';
import { Days } from './days';
import { dayCounts, failedNow, unlikeUsual, worstDay } from './home-model';
import { Collisions, NextHours } from './next-hours';
import { NextWeek } from './next-week';
import { NotAsUsual } from './not-as-usual';
import { More, Panel } from './panel';
import '../../ui/plain-table.css';
import './home.css';

/** Days of which the runs are counted. */
const DAYS = 30;

/** Hours of a week: how far its forecast reaches. */
const WEEK = 168;

const spans = ['day', 'week'] as const;

const nothing: ReadonlySet<number> = new Set();

function FailedRow({ run }: { run: Run }) {
  const why = useQuery(runs.why(run.id));
  const retry = useRetryRuns();
  const left = run.block_runs_count - run.completed_block_runs_count;
  const said = why.data?.headline.replace(/^Run \d+ failed: /, '') ?? run.reason ?? '';
  return (
    <li className="panel-row">
      <StatusIcon tone="failed" label="Failed" />
      <div className="panel-row-text">
        <div>
          <Link to={paths.run(run.pipeline_uuid, run.id)} className="list-name">
            {run.pipeline_uuid}
          </Link>{' '}
          <span className="text-3 text-meta">
            run {run.id}, <Time at={parseTime(run.completed_at ?? run.created_at)} />
          </span>
        </div>
        <div title={said.replaceAll('`', '')}>
          {said.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
        </div>
        {retry.error === null ? null : <div role="alert">{retry.error.message}</div>}
      </div>
      <Button disabledReason={retry.isPending ? 'It is being retried' : undefined} onClick={() => retry.mutate({ ids: [run.id] })}>
        Retry {plural(left, 'block')}
      </Button>
    </li>
  );
}

function RunningRow({ run, usual }: { run: Run; usual: number | undefined }) {
  const now = useNow();
  const took = tookOf(run, now);
  const share = took === undefined || usual === undefined || usual === 0 ? undefined : Math.min(1, took / usual);
  return (
    <li className="panel-row">
      <StatusIcon tone={run.status === 'running' ? 'running' : 'queued'} label={run.status === 'running' ? 'Running' : 'Queued'} />
      <div className="panel-row-text">
        <div>
          <Link to={paths.run(run.pipeline_uuid, run.id)} className="list-name">
            {run.pipeline_uuid}
          </Link>
        </div>
        <div className="text-3 text-meta">
          {run.status === 'running'
            ? `Block ${Math.min(run.completed_block_runs_count + 1, run.block_runs_count)} of ${run.block_runs_count}`
            : (run.reason ?? 'Waits')}
        </div>
      </div>
      <div className="panel-row-end">
        {took === undefined ? '' : duration(took)}
        {usual === undefined || took === undefined ? '' : ` of about ${duration(usual)}`}
      </div>
      {share === undefined ? null : <span className="panel-progress" style={{ width: `${share * 100}%` }} />}
    </li>
  );
}

export function HomePage() {
  const isWide = useIsWide();
  const hours = isWide ? 24 : 12;
  const past = useQuery(runs.list({ limit: 1000 }));
  const open = useQuery(runs.open());
  const list = useQuery(pipelines.list());
  const [search, change] = useSearch();
  const span = oneOf(search.get('ahead'), spans);
  const ahead = useQuery(forecast(span === 'week' ? WEEK : hours));
  const hour = search.get('hour');
  const showsAll = search.get('hourly') === '1';
  const now = Math.floor(useNow() / 60_000) * 60_000;
  const known = useMemo(() => past.data?.runs ?? [], [past.data]);
  const failed = useMemo(() => failedNow(known), [known]);
  const usual = useMemo(() => new Map([...byPipeline(known)].map(([uuid, some]) => [uuid, historyOf(some).usual])), [known]);
  const planned = useMemo(() => ahead.data?.runs ?? [], [ahead.data]);
  const often = useMemo(() => frequent(planned, span === 'week' ? WEEK : hours), [planned, span, hours]);
  const hidden = showsAll ? nothing : often;
  const next = useMemo(() => coming(planned, hidden, now, hours), [planned, hidden, now, hours]);
  const collisions = ahead.data?.collisions ?? [];
  const perDay = useQuery(runs.days(DAYS));
  const days = useMemo(() => dayCounts(perDay.data ?? []), [perDay.data]);
  const odd = useMemo(() => unlikeUsual(known), [known]);
  const choose = useCallback((at: number | undefined) => change({ hour: at === undefined ? undefined : `${new Date(at).toISOString().slice(0, 16)}Z` }), [change]);
  const running = open.data?.runs ?? [];
  const title = new Date(now).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long' }).replace(' ', ', ').replace(',,', ',');
  const hasNone = list.data?.length === 0;

  return (
    <div className="home">
      <div className="page-head home-head">
        <h1 className="page-title">{title}</h1>
        <span>
          <ButtonLink to={paths.pipelines()}>Open a pipeline…</ButtonLink>
          <ButtonLink look="primary" icon={<Plus aria-hidden />} to={`${paths.pipelines()}?new=blank`}>
            New pipeline
          </ButtonLink>
        </span>
      </div>
      <Panel area="failed" title="Failed" about={failed.length === 0 ? undefined : count(failed.length)} more={<More to={`${paths.runs()}?view=failed`} label="All failures" />}>
        {past.error !== null ? (
          <Failure title="The runs could not be loaded" error={past.error} onRetry={() => void past.refetch()} />
        ) : past.data === undefined ? (
          <p className="panel-empty">
            <Skeleton width={320} />
          </p>
        ) : failed.length === 0 ? (
          <p className="panel-empty">
            {known.length === 0 ? 'Nothing has run yet.' : 'The last run of every pipeline completed.'}
          </p>
        ) : (
          <ul>
            {failed.slice(0, 4).map((run) => (
              <FailedRow key={run.id} run={run} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel area="running" title="Running" about={running.length === 0 ? undefined : count(open.data?.total ?? 0)} more={<More to={paths.runs()} label="All runs" />}>
        {running.length === 0 ? (
          <p className="panel-empty">Nothing runs at the moment.</p>
        ) : (
          <ul>
            {running.slice(0, 4).map((run) => (
              <RunningRow key={run.id} run={run} usual={usual.get(run.pipeline_uuid)} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel
        area="next"
        title={span === 'week' ? 'The coming week' : `Next ${hours} hours`}
        about={
          ahead.data === undefined ? undefined : (
            <>
              {ahead.data.is_cut ? `the first ${plural(planned.length, 'run')}` : plural(planned.length, 'run')}
              {often.size === 0 ? null : (
                <>
                  {', '}
                  <Link className="link" to={`?${new URLSearchParams({ ...(span === 'week' ? { ahead: span } : {}), ...(showsAll ? {} : { hourly: '1' }) }).toString()}`} replace>
                    {showsAll ? 'hide' : 'show'} {plural(often.size, 'trigger')} that {often.size === 1 ? 'starts' : 'start'} hourly or oftener
                  </Link>
                </>
              )}
            </>
          )
        }
        more={
          <>
            <Segments
              label="How far ahead"
              value={span}
              options={[
                { value: 'day', label: `${hours} hours` },
                { value: 'week', label: 'Week' },
              ]}
              onChange={(value) => change({ ahead: value === 'day' ? undefined : value, hour: undefined })}
            />
            <More to={paths.triggers()} label="All triggers" />
          </>
        }
      >
        {ahead.error !== null ? (
          <Failure title="What comes next could not be loaded" error={ahead.error} onRetry={() => void ahead.refetch()} />
        ) : ahead.data === undefined ? (
          <div className={span === 'week' ? 'week-wait' : 'next-wait'}>
            <Skeleton width={320} />
          </div>
        ) : span === 'week' ? (
          <NextWeek
            forecast={ahead.data}
            hidden={hidden}
            now={now}
            chosen={hour === null ? undefined : Date.parse(hour)}
            onChoose={choose}
          />
        ) : (
          <>
            <NextHours list={next} planned={planned} hidden={next.length < planned.length} collisions={collisions} pools={ahead.data.pools} now={now} hours={hours} />
            {collisions.length === 0 ? null : (
              <Collisions list={collisions} nameOf={(id) => planned.find((run) => run.pipeline_schedule_id === id)?.pipeline_uuid} />
            )}
          </>
        )}
      </Panel>
      <Panel area="days" title="Runs per day" about={`${DAYS} days`}>
        {perDay.data === undefined ? (
          <p className="panel-empty">{perDay.error === null ? <Skeleton width={320} /> : 'The runs could not be counted.'}</p>
        ) : hasNone ? (
          <Empty look="row" title="There is no pipeline yet" />
        ) : days.every(({ good, failed: bad, cancelled }) => good + bad + cancelled === 0) ? (
          <p className="panel-empty">No run has ended in these {DAYS} days.</p>
        ) : (
          <Days list={days} now={now} worst={worstDay(days)} />
        )}
      </Panel>
      <Panel area="usual" title="Not as usual" about={odd.length === 0 ? undefined : `${odd.length} of ${plural(list.data?.length ?? 0, 'pipeline')}`}>
        {past.data === undefined ? (
          <p className="panel-empty">{past.error === null ? <Skeleton width={320} /> : 'The runs could not be loaded.'}</p>
        ) : odd.length === 0 ? (
          <p className="panel-empty">The last good run of every pipeline took about as long as usual.</p>
        ) : (
          <NotAsUsual list={odd.slice(0, 5)} />
        )}
      </Panel>
    </div>
  );
}
