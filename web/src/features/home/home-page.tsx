// Home: what failed, what runs, what comes next, and how the last days went.
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Plus, TriangleAlert } from 'lucide-react';
import { Link } from 'react-router';

import { type Collision, forecast } from '../../api/forecast';
import { pipelines } from '../../api/pipelines';
import { type Run, runs, useRetryRuns } from '../../api/runs';
import { byPipeline, historyOf, tookOf } from '../../core/history';
import { clock, count, day, duration, exact, parseTime, plural } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { useSearch } from '../../lib/search';
import { Button, ButtonLink } from '../../ui/button';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { StatusIcon } from '../../ui/status';
import { Time } from '../../ui/time';
import { collisionInWords, coming, failedNow, frequent, perDay, unlikeUsual } from './home-model';
import '../../ui/plain-table.css';
import './home.css';

const HOUR = 3_600_000;

function Panel({ area, title, about, more, children }: { area: string; title: string; about?: React.ReactNode; more?: { to: string; label: string }; children: React.ReactNode }) {
  return (
    <section className="panel" style={{ gridArea: area }} aria-label={title}>
      <div className="panel-head">
        <h2 className="section-title">{title}</h2>
        {about === undefined ? null : <span className="text-3 text-table">{about}</span>}
        {more === undefined ? null : (
          <Link className="link" to={more.to}>
            {more.label}
          </Link>
        )}
      </div>
      {children}
    </section>
  );
}

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

function Next({
  list,
  hidden,
  collisions,
  now,
  hours,
}: {
  list: ReturnType<typeof coming>;
  /** Whether runs are left out. */
  hidden: boolean;
  collisions: readonly Collision[];
  now: number;
  hours: number;
}) {
  if (list.length === 0 && collisions.length === 0) return <p className="panel-empty">No run is due in the next {hours} hours{hidden ? ' but the hourly ones' : ''}.</p>;
  const share = (at: number) => `${((at - now) / (hours * HOUR)) * 100}%`;
  const step = 2 * HOUR;
  const first = Math.ceil(now / step) * step;
  const marks = Array.from({ length: Math.floor((now + hours * HOUR - first) / step) + 1 }, (_, index) => first + index * step).filter(
    (at) => at < now + (hours - 0.8) * HOUR,
  );
  const lines = list.reduce((most, one) => Math.max(most, one.line + 1), 1);
  return (
    <div className="next">
      <ol className="next-list">
        {list.slice(0, 7).map((one) => (
          <li key={one.key} title={exact(one.at)}>
            <span>{clock(one.at)}</span>
            <Link to={paths.trigger(one.pipeline, one.trigger)} className="cut">
              {one.pipeline}
            </Link>
          </li>
        ))}
      </ol>
      <div className="next-axis" aria-hidden>
        {marks.map((at) => (
          <span key={at} className="next-tick" style={{ left: share(at) }}>
            {clock(at) === '00:00' ? day(at, now) : clock(at)}
          </span>
        ))}
      </div>
      <div className="next-lines" style={{ height: lines * 20 + 16, gridColumn: 2 }} aria-hidden>
        {collisions.map((one) => {
          const from = Math.max(parseTime(one.from), now);
          return (
            <span
              key={`${one.pool} ${one.from}`}
              className="next-collision"
              style={{ left: share(from), width: share(now + Math.max(0, parseTime(one.until) - from)) }}
            />
          );
        })}
        <span className="next-line" style={{ left: 0, background: 'var(--accent-fg)', width: 2 }} />
        {marks.map((at) => (
          <span key={at} className="next-line" style={{ left: share(at) }} />
        ))}
        {list.map((one) => {
          const isLate = one.at - now > hours * HOUR * 0.86;
          return (
            <span
              key={one.key}
              className="next-run"
              style={{
                top: 8 + one.line * 20,
                ...(isLate ? { right: `calc(100% - ${share(one.at + one.takes)})`, flexDirection: 'row-reverse' } : { left: share(one.at) }),
              }}
            >
              <i style={{ width: `${(one.takes / (hours * HOUR)) * 1000}px` }} />
              {one.pipeline}
            </span>
          );
        })}
      </div>
    </div>
  );
}

/** Where pools are short, in words: who wants how much of which, and when. */
function Collisions({ list, nameOf }: { list: readonly Collision[]; nameOf: (trigger: number) => string | undefined }) {
  return (
    <ul className="next-collisions" aria-label="Collisions">
      {list.slice(0, 3).map((one) => {
        const who = [...new Set(one.pipeline_schedule_ids.flatMap((id) => nameOf(id) ?? []))];
        return (
          <li key={`${one.pool} ${one.from}`}>
            <TriangleAlert aria-hidden />
            <span title={exact(parseTime(one.from))}>
              {clock(parseTime(one.from))} to {clock(parseTime(one.until))}
            </span>
            <b>{collisionInWords(one)}</b>
            <span className="cut text-2">{who.join(', ')}</span>
          </li>
        );
      })}
      {list.length > 3 ? <li className="text-2">and {plural(list.length - 3, 'more collision')}</li> : null}
    </ul>
  );
}

function Days({ list, now }: { list: ReturnType<typeof perDay>; now: number }) {
  const most = Math.max(1, ...list.map((one) => one.good));
  const worst = Math.max(1, ...list.map((one) => one.failed));
  const first = list[0];
  return (
    <>
      <div className="days" role="img" aria-label={`Runs per day: ${list.map((one) => `${day(one.at, now)} ${one.good} completed, ${one.failed} failed`).join('; ')}`}>
        {list.map((one) => (
          <div key={one.at} className="days-day" title={`${day(one.at, now)}: ${count(one.good)} completed, ${count(one.failed)} failed`}>
            <div className="days-up">
              <i style={{ height: `${(one.good / most) * 100}%` }} />
            </div>
            <div className="days-down">
              <i style={{ height: `${(one.failed / worst) * 100}%` }} />
            </div>
          </div>
        ))}
      </div>
      <div className="days-axis">
        <span>{first === undefined ? '' : day(first.at, now)}</span>
        <span>
          at most {count(most)} completed and {count(Math.max(...list.map((one) => one.failed)))} failed a day
        </span>
        <span>today</span>
      </div>
    </>
  );
}

export function HomePage() {
  const isWide = useIsWide();
  const hours = isWide ? 24 : 12;
  const past = useQuery(runs.list({ limit: 1000 }));
  const open = useQuery(runs.open());
  const list = useQuery(pipelines.list());
  const ahead = useQuery(forecast(hours));
  const [search] = useSearch();
  const showsAll = search.get('hourly') === '1';
  const now = Math.floor(useNow() / 60_000) * 60_000;
  const known = useMemo(() => past.data?.runs ?? [], [past.data]);
  const failed = useMemo(() => failedNow(known), [known]);
  const usual = useMemo(() => new Map([...byPipeline(known)].map(([uuid, some]) => [uuid, historyOf(some).usual])), [known]);
  const planned = useMemo(() => ahead.data?.runs ?? [], [ahead.data]);
  const often = useMemo(() => frequent(planned, hours), [planned, hours]);
  const next = useMemo(() => coming(planned, showsAll ? new Set() : often, now, hours), [planned, often, showsAll, now, hours]);
  const collisions = ahead.data?.collisions ?? [];
  const days = useMemo(() => perDay(known, now, 30), [known, now]);
  const odd = useMemo(() => unlikeUsual(known), [known]);
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
      <Panel area="failed" title="Failed" about={failed.length === 0 ? undefined : count(failed.length)} more={{ to: `${paths.runs()}?view=failed`, label: 'All failures' }}>
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
      <Panel area="running" title="Running" about={running.length === 0 ? undefined : count(open.data?.total ?? 0)} more={{ to: paths.runs(), label: 'All runs' }}>
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
        title={`Next ${hours} hours`}
        about={
          ahead.data === undefined ? undefined : (
            <>
              {ahead.data.is_cut ? `the first ${plural(planned.length, 'run')}` : plural(planned.length, 'run')}
              {often.size === 0 ? null : (
                <>
                  {', '}
                  <Link className="link" to={showsAll ? paths.home() : `${paths.home()}?hourly=1`} replace>
                    {showsAll ? 'hide' : 'show'} {plural(often.size, 'trigger')} that {often.size === 1 ? 'starts' : 'start'} hourly or oftener
                  </Link>
                </>
              )}
            </>
          )
        }
        more={{ to: paths.triggers(), label: 'All triggers' }}
      >
        {ahead.error !== null ? (
          <Failure title="What comes next could not be loaded" error={ahead.error} onRetry={() => void ahead.refetch()} />
        ) : ahead.data === undefined ? (
          <p className="panel-empty">
            <Skeleton width={320} />
          </p>
        ) : (
          <>
            <Next list={next} hidden={next.length < planned.length} collisions={collisions} now={now} hours={hours} />
            {collisions.length === 0 ? null : (
              <Collisions list={collisions} nameOf={(id) => planned.find((run) => run.pipeline_schedule_id === id)?.pipeline_uuid} />
            )}
          </>
        )}
      </Panel>
      <Panel area="days" title="Runs and failures per day" about={(past.data?.total ?? 0) > known.length ? `the newest ${count(known.length)} runs` : '30 days'}>
        {hasNone ? <Empty look="row" title="There is no pipeline yet" /> : <Days list={days} now={now} />}
      </Panel>
      <Panel area="usual" title="Slower than usual" about={odd.length === 0 ? undefined : `${odd.length} of ${plural(list.data?.length ?? 0, 'pipeline')}`}>
        {odd.length === 0 ? (
          <p className="panel-empty">The last good run of every pipeline took about as long as usual.</p>
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Pipeline</th>
                <th scope="col" className="number">
                  Last
                </th>
                <th scope="col" className="number">
                  Usual
                </th>
                <th scope="col" className="number">
                  Change
                </th>
              </tr>
            </thead>
            <tbody>
              {odd.slice(0, 5).map((one) => (
                <tr key={one.pipeline}>
                  <td>
                    <Link className="list-name" to={paths.run(one.pipeline, one.run.id)}>
                      {one.pipeline}
                    </Link>
                  </td>
                  <td className="number">{duration(one.took)}</td>
                  <td className="number text-2">{duration(one.usual)}</td>
                  <td className="number" style={{ color: 'var(--status-warning-fg)', fontWeight: 500 }}>
                    {one.text}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </div>
  );
}
