// How many runs completed, failed and were cancelled on each of the last days.
import { Link } from 'react-router';

import { count, day } from '../../lib/format';
import { paths } from '../../lib/paths';
import type { DayCount, worstDay } from './home-model';

const inWords = (one: DayCount, now: number) =>
  `${day(one.at, now)}: ${count(one.good)} completed, ${count(one.failed)} failed${one.cancelled === 0 ? '' : `, ${count(one.cancelled)} cancelled`}`;

export function Days({ list, now, worst }: { list: readonly DayCount[]; now: number; worst: ReturnType<typeof worstDay> }) {
  const most = Math.max(1, ...list.map((one) => one.good + one.cancelled));
  const mostFailed = Math.max(0, ...list.map((one) => one.failed));
  const first = list[0];
  return (
    <>
      <div className="days-box">
        <div className="days-scale" aria-hidden>
          <span>{count(most)}</span>
          <span>0</span>
          <span>{mostFailed === 0 ? '' : count(mostFailed)}</span>
        </div>
        <div className="days" role="img" aria-label={`Runs per day. ${list.map((one) => inWords(one, now)).join('; ')}`}>
          {list.map((one) => (
            <div key={one.at} className="days-day" title={inWords(one, now)}>
              <div className="days-up">
                <i className="days-cancelled" style={{ height: `${(one.cancelled / most) * 100}%` }} />
                <i style={{ height: `${(one.good / most) * 100}%` }} />
              </div>
              <div className="days-down">
                <i style={{ height: `${(one.failed / Math.max(1, mostFailed)) * 100}%` }} />
              </div>
            </div>
          ))}
        </div>
      </div>
      <div className="days-axis">
        <span>{first === undefined ? '' : day(first.at, now)}</span>
        <span>today</span>
      </div>
      <p className="days-said">
        {worst === undefined ? (
          'None of them failed.'
        ) : (
          <span>
            <b>
              {count(worst.failed)} failed on {day(worst.at, now)}
            </b>
            {worst.most === null ? null : (
              <>
                , {worst.most.failed === worst.failed ? 'all' : count(worst.most.failed)} of{' '}
                <Link className="link" to={`${paths.runs()}?view=failed&pipeline=${encodeURIComponent(worst.most.pipeline)}`}>
                  {worst.most.pipeline}
                </Link>
              </>
            )}
          </span>
        )}
        <span className="days-keys" aria-hidden>
          <i /> completed <i className="days-cancelled" /> cancelled <i className="days-failed" /> failed
        </span>
      </p>
    </>
  );
}
