// When a trigger is due, and why it does or does not start.
import { useDeferredValue } from 'react';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { Link } from 'react-router';

import { type Trigger, triggers } from '../../api/triggers';
import { exact, parseTime, plural, relative } from '../../lib/format';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { PlainHead } from '../../ui/plain-table';
import { Sentence } from '../../ui/sentence';
import { Skeleton } from '../../ui/states';
import { besides, inZone } from './next-times';
import type { Form } from './trigger-form';

/** A month: as far as the forecast reaches. */
const HOURS = 744;

/** Of what the form says now, saved or not. */
export function NextTimes({ pipeline, form, id }: { pipeline: string; form: Form; id: number | undefined }) {
  const zone = useDeferredValue(form.zone.trim());
  const interval = useDeferredValue(form.interval.trim());
  const dates = useQuery({
    ...triggers.preview(pipeline, { schedule_type: 'time', schedule_interval: interval, settings: zone === '' ? {} : { timezone: zone } }),
    enabled: interval !== '',
  });
  const forecast = useQuery(triggers.forecast(HOURS));
  const now = useNow();
  const shown = interval === '' || dates.error !== null ? [] : (dates.data ?? []);
  return (
    <section className="trigger-part" aria-label="Next five times">
      <h2 className="section-title trigger-title">
        Next five times {form.on ? null : <span className="text-3 text-meta">once it is on</span>}
      </h2>
      {dates.error === null ? null : (
        <p className="text-table" role="alert" style={{ color: 'var(--status-failed-fg)' }}>
          {dates.error.message}
        </p>
      )}
      {dates.isPending && interval !== '' ? <Skeleton width={280} /> : null}
      {dates.data?.length === 0 ? <p className="text-table text-2">This schedule has no time of its own.</p> : null}
      {shown.length === 0 ? null : (
        <table className="plain-table">
          <PlainHead columns={['Day', ...new Set([zone === '' ? 'UTC' : zone, 'UTC']), 'Due', 'Beside it']} />
          <tbody>
            {shown.map((date) => {
              const at = parseTime(date);
              const local = inZone(at, zone);
              const beside = forecast.data === undefined ? undefined : besides(at, forecast.data, id);
              return (
                <tr key={date} title={exact(at)}>
                  <td style={{ fontWeight: 500 }}>{local.day}</td>
                  <td>{local.clock}</td>
                  {zone === '' || zone === 'UTC' ? null : <td className="text-2">{inZone(at, 'UTC').clock}</td>}
                  <td className="text-2">{relative(at, now)}</td>
                  <td className="text-2">
                    {beside?.isOver === true ? (
                      <span className="trigger-over">
                        <TriangleAlert aria-hidden /> {beside.text}
                      </span>
                    ) : (
                      beside?.text
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Why it starts, or does not, in full. */
export function State({ trigger }: { trigger: Trigger }) {
  const why = useQuery(triggers.why(trigger.id));
  return (
    <section className="trigger-part" aria-label="Now">
      <h2 className="section-title">{trigger.next_pipeline_run_date === null ? 'Now' : 'The next run'}</h2>
      {why.error === null ? null : (
        <p role="alert" className="text-table">
          {why.error.message}
        </p>
      )}
      {why.data === undefined ? null : (
        <p className="text-table">
          <Sentence text={why.data.headline} />
        </p>
      )}
      {why.data === undefined || why.data.details.length === 0 ? null : (
        <ul className="trigger-why">
          {why.data.details.map((detail) => (
            <li key={detail}>
              <Sentence text={detail} />
            </li>
          ))}
        </ul>
      )}
      <p className="text-table">
        <Link className="link" to={`${paths.pipelineRuns(trigger.pipeline_uuid)}?trigger=${trigger.id}`}>
          {plural(trigger.pipeline_runs_count, 'run')} so far
        </Link>
      </p>
    </section>
  );
}
