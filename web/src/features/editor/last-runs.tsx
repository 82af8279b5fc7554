// How the pipeline ran lately, and what starts it.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { runs } from '../../api/runs';
import { count, duration, parseTime, plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { toneOf, toneWords } from '../../lib/status';
import { useSession, useStore } from './use-session';

const SHOWN = 30;
const HEIGHT = 28;

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

export function LastRuns() {
  const session = useSession();
  const found = useQuery(runs.list({ pipeline: session.pipeline, limit: SHOWN, statuses: ['completed', 'failed', 'cancelled'] }));
  const schedules = useStore(session.facts, (now) => now?.schedules);
  const past = (found.data?.runs ?? []).flatMap((run) => {
    if (run.started_at === null || run.completed_at === null) return [];
    return [{ ...run, took: parseTime(run.completed_at) - parseTime(run.started_at) }];
  });
  const usual = median(past.filter((run) => run.status === 'completed').map((run) => run.took));
  const most = Math.max(1, ...past.map((run) => run.took));
  const failed = past.filter((run) => run.status === 'failed').length;
  return (
    <div className="pane-foot">
      {past.length === 0 ? null : (
        <section className="pane-part">
          <h3 className="pane-title">
            Last {plural(past.length, 'run')}
            {usual === null ? null : <span className="text-3 text-meta">median {duration(usual)}</span>}
          </h3>
          <div className="last-runs">
            {[...past].reverse().map((run) => (
              <Link
                key={run.id}
                to={paths.run(session.pipeline, run.id)}
                className={`last-run last-run-${run.status}`}
                style={{ height: run.status === 'failed' ? HEIGHT : Math.max(3, Math.sqrt(run.took / most) * HEIGHT) }}
                title={`Run ${run.id}: ${toneWords[toneOf(run.status)]}, ${duration(run.took)}`}
                aria-label={`Run ${run.id}: ${toneWords[toneOf(run.status)]}, ${duration(run.took)}`}
              />
            ))}
          </div>
          <p className="text-meta text-3">{failed === 0 ? 'None failed' : `${count(failed)} of ${past.length} failed`}</p>
        </section>
      )}
      {schedules === undefined || schedules.length === 0 ? null : (
        <section className="pane-part">
          <h3 className="pane-title">{schedules.length === 1 ? 'Trigger' : 'Triggers'}</h3>
          {schedules.slice(0, 3).map((schedule) => (
            <p key={schedule.id} className="text-table text-2">
              <span className="mono">{schedule.name}</span>: {schedule.active ? (schedule.interval ?? schedule.type) : 'paused'}
            </p>
          ))}
        </section>
      )}
    </div>
  );
}
