// The coming hours: a list by the clock, the runs on an axis, how many are at work at once, and where pools are short.
import { Fragment } from 'react';
import { TriangleAlert } from 'lucide-react';
import { Link } from 'react-router';

import type { Collision, PlannedRun, PoolLoad } from '../../api/forecast';
import { clock, count, day, exact, parseTime, plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { collisionInWords, collisionTime, type coming, fullest, loadOf } from './ahead';

const HOUR = 3_600_000;

/** Steps of the load. */
const STEP = 300_000;

/** Of all runs, also of those that are not drawn one by one; what falls into a collision is marked. */
function Load({ planned, collisions, now, hours }: { planned: readonly PlannedRun[]; collisions: readonly Collision[]; now: number; hours: number }) {
  const load = loadOf(planned, now, hours, STEP);
  const most = load.reduce((found, one) => Math.max(found, one), 0);
  if (most === 0) return null;
  const short = collisions.map((one) => ({ from: parseTime(one.from), until: Math.max(parseTime(one.until), parseTime(one.from) + 1) }));
  const isShort = (index: number) => short.some((one) => one.from < now + (index + 1) * STEP && one.until > now + index * STEP);
  const bars = (marked: boolean) =>
    load.map((value, index) => (value === 0 || isShort(index) !== marked ? '' : `M${index + 0.1} 1V${1 - value / most}h0.8V1z`)).join('');
  const pools = [...new Set(collisions.map((one) => one.pool))];
  return (
    <>
      <div className="next-load-about">
        <span>At work at once</span>
        <span className="text-3">
          at most {plural(most, 'run')}
        </span>
      </div>
      <svg
        className="next-load"
        role="img"
        aria-label={`Runs at work at once in the next ${hours} hours: at most ${count(most)}${pools.length === 0 ? '' : `; places are short in ${pools.join(', ')}`}`}
        viewBox={`0 0 ${load.length} 1`}
        preserveAspectRatio="none"
      >
        <path d={bars(false)} fill="var(--chart-histogram)" />
        <path d={bars(true)} fill="var(--status-warning-fg)" />
      </svg>
    </>
  );
}

/** So many pools are drawn. */
const POOLS = 3;

/** The places that are wanted of each pool, and the line of those that it has. */
function Pools({ pools, now, hours }: { pools: readonly PoolLoad[]; now: number; hours: number }) {
  const list = fullest(pools, now, hours, STEP);
  return (
    <>
      {list.slice(0, POOLS).map(({ pool, slots, wanted, most }) => {
        const top = Math.max(most, slots);
        const bars = (isOver: boolean) =>
          wanted.map((value, index) => (value === 0 || value > slots !== isOver ? '' : `M${index} 1V${1 - value / top}h1V1z`)).join('');
        const said = `at most ${count(most)} of ${plural(slots, 'place')} wanted`;
        return (
          <Fragment key={pool}>
            <div className="next-load-about">
              <span className="cut" title={pool}>
                Pool {pool}
              </span>
              <span className={most > slots ? 'next-load-over' : 'text-3'}>{said}</span>
            </div>
            <svg
              className="next-load next-load-pool"
              role="img"
              aria-label={`Pool ${pool} in the next ${hours} hours: ${said}`}
              viewBox={`0 0 ${wanted.length} 1`}
              preserveAspectRatio="none"
            >
              <path d={bars(false)} fill="var(--chart-histogram)" />
              <path d={bars(true)} fill="var(--status-warning-fg)" />
              <path d={`M0 ${1 - slots / top}H${wanted.length}`} stroke="var(--text-secondary)" strokeDasharray="4 3" vectorEffect="non-scaling-stroke" fill="none" />
            </svg>
          </Fragment>
        );
      })}
      {list.length > POOLS ? <div className="next-load-about text-3">and {plural(list.length - POOLS, 'more pool')}</div> : null}
    </>
  );
}

export function NextHours({
  list,
  planned,
  hidden,
  collisions,
  pools,
  now,
  hours,
}: {
  list: ReturnType<typeof coming>;
  /** All runs, drawn or not. */
  planned: readonly PlannedRun[];
  /** Whether runs are left out. */
  hidden: boolean;
  collisions: readonly Collision[];
  pools: readonly PoolLoad[];
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
      <Load planned={planned} collisions={collisions} now={now} hours={hours} />
      <Pools pools={pools} now={now} hours={hours} />
    </div>
  );
}

/** Where pools are short, in words: who wants how much of which, and when. */
export function Collisions({ list, nameOf }: { list: readonly Collision[]; nameOf: (trigger: number) => string | undefined }) {
  return (
    <ul className="next-collisions" aria-label="Collisions">
      {list.slice(0, 3).map((one) => {
        const who = [...new Set(one.pipeline_schedule_ids.flatMap((id) => nameOf(id) ?? []))];
        return (
          <li key={`${one.pool} ${one.from}`}>
            <TriangleAlert aria-hidden />
            <span title={exact(parseTime(one.from))}>
              {collisionTime(one)}
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
