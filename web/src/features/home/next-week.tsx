// The coming week by the hour: how many runs start, and where a pool is short.
import { memo, useMemo, useRef, useState } from 'react';
import { TriangleAlert } from 'lucide-react';
import { Link } from 'react-router';

import type { Forecast } from '../../api/forecast';
import { clock, day, duration, exact, parseTime, plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { collisionInWords, collisionTime, type WeekHour, weekOf, worst } from './ahead';

const WEEK = 168 * 3_600_000;

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });

const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -24, ArrowDown: 24 };

/** So many runs of an hour are listed. */
const LISTED = 12;

function label(hour: WeekHour, now: number): string {
  const when = `${weekday.format(hour.at)} ${day(hour.at, now)} ${clock(hour.at)}`;
  if (hour.state === 'over') return `${when}: over`;
  if (hour.state === 'unknown') return `${when}: not known yet`;
  const short = worst(hour.collisions);
  return `${when}: ${hour.runs.length === 0 ? 'no run starts' : `${plural(hour.runs.length, 'run')} start`}${short === undefined ? '' : `; ${collisionInWords(short)}`}`;
}

/** A quarter, half, three quarters or all of what the busiest hour has. */
const shade = (runs: number, most: number) => (runs === 0 ? 0 : Math.ceil((runs / Math.max(1, most)) * 4));

function Hour({ hour, now }: { hour: WeekHour; now: number }) {
  const listed = hour.runs.slice(0, LISTED);
  return (
    <div className="week-hour" role="region" aria-label={`${day(hour.at, now)} ${clock(hour.at)}`}>
      <h3 className="section-title">
        {weekday.format(hour.at)} {day(hour.at, now)}, {clock(hour.at)} to {clock(hour.until)}
      </h3>
      {hour.runs.length === 0 ? <p className="text-2">No run starts in this hour.</p> : null}
      <ol>
        {listed.map((run) => {
          const at = parseTime(run.starts_at);
          const takes = parseTime(run.ends_at) - at;
          return (
            <li key={`${run.pipeline_schedule_id} ${run.starts_at}`} title={exact(at)}>
              <span>{clock(at)}</span>
              <Link to={paths.trigger(run.pipeline_uuid, run.pipeline_schedule_id)} className="cut">
                {run.pipeline_uuid}
              </Link>
              <span className="text-3">{takes > 0 ? `about ${duration(takes)}` : ''}</span>
            </li>
          );
        })}
      </ol>
      {hour.runs.length > LISTED ? <p className="text-2">and {plural(hour.runs.length - LISTED, 'more run')}</p> : null}
      {hour.collisions.map((one) => (
        <p key={`${one.pool} ${one.from}`} className="week-short">
          <TriangleAlert aria-hidden /> {collisionTime(one)}: {collisionInWords(one)}
        </p>
      ))}
    </div>
  );
}

/** Not drawn again with every second. */
export const NextWeek = memo(function NextWeek({
  forecast,
  hidden,
  now,
  chosen,
  onChoose,
}: {
  forecast: Forecast;
  /** Triggers that are left out. */
  hidden: ReadonlySet<number>;
  now: number;
  /** When the chosen hour begins. */
  chosen: number | undefined;
  onChoose: (at: number | undefined) => void;
}) {
  const days = useMemo(() => {
    const last = forecast.runs.at(-1);
    const knownUntil = forecast.is_cut && last !== undefined ? parseTime(last.starts_at) : now + WEEK;
    const shown = forecast.runs.filter((run) => !hidden.has(run.pipeline_schedule_id));
    return weekOf(shown, forecast.collisions, { now, knownUntil });
  }, [forecast, hidden, now]);
  const hours = days.flat();
  const grid = useRef<HTMLDivElement>(null);
  const [reached, setReached] = useState<number>();
  const most = hours.reduce((found, hour) => Math.max(found, hour.runs.length), 0);
  const open = hours.find((hour) => hour.at === chosen && hour.state === 'known');
  // One of the hours is in the order of Tab; the arrow keys go from there.
  const at = hours.find((hour) => hour.at === (reached ?? chosen))?.at ?? hours.find((hour) => hour.state === 'known')?.at;

  function move(event: React.KeyboardEvent, from: number) {
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = hours[from + by];
    if (next === undefined) return;
    setReached(next.at);
    grid.current?.querySelector<HTMLElement>(`[data-hour="${from + by}"]`)?.focus();
  }

  return (
    <div className="week">
      <div className="week-grid" role="grid" aria-label="The coming week by the hour" ref={grid}>
        <div role="row">
          <span role="columnheader" className="week-day">
            <span className="visually-hidden">Day</span>
          </span>
          {Array.from({ length: 24 }, (_, hour) => (
            <span key={hour} role="columnheader" className="week-tick">
              {String(hour).padStart(2, '0')}
            </span>
          ))}
        </div>
        {days.map((list, row) => (
          <div key={list[0]?.at ?? row} role="row">
            <span role="rowheader" className="week-day">
              {row === 0 ? 'Today' : `${weekday.format(list[0]?.at)} ${day(list[0]?.at ?? now, now)}`}
            </span>
            {list.map((hour, column) => {
              const index = row * 24 + column;
              const short = worst(hour.collisions);
              const isOff = hour.state !== 'known';
              return (
                <span key={column} role="gridcell" aria-selected={hour === open}>
                  <button
                    type="button"
                    data-hour={index}
                    tabIndex={hour.at === at ? 0 : -1}
                    className={`week-cell week-${hour.state} week-shade-${shade(hour.runs.length, most)} ${short === undefined || isOff ? '' : 'week-over-limit'}`}
                    aria-label={label(hour, now)}
                    title={label(hour, now)}
                    aria-disabled={isOff ? true : undefined}
                    onKeyDown={(event) => move(event, index)}
                    onClick={() => {
                      if (isOff) return;
                      setReached(hour.at);
                      onChoose(hour === open ? undefined : hour.at);
                    }}
                  >
                    {isOff ? '' : short === undefined ? hour.runs.length || '' : `${short.wanted}/${short.slots}`}
                  </button>
                </span>
              );
            })}
          </div>
        ))}
      </div>
      {open === undefined ? (
        <p className="week-legend">
          The figure is how many runs start in the hour
          {hours.some((hour) => hour.collisions.length > 0) ? '; 5/4 means that 5 places are wanted of a pool of 4' : ''}. Choose an hour to see them.
        </p>
      ) : (
        <Hour hour={open} now={now} />
      )}
    </div>
  );
});
