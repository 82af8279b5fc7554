// What a block run used: its newest attempt beside what is usual, and each attempt with its time, its tests and its error.
import type { ReactNode } from 'react';

import type { BlockRun } from '../../api/runs';
import { count, duration, exact, exactClock, parseTime, plural, size } from '../../lib/format';
import { useNow } from '../../lib/now';
import { toneOf } from '../../lib/status';
import { Button } from '../../ui/button';
import { PlainHead } from '../../ui/plain-table';
import { Empty } from '../../ui/states';
import { Status } from '../../ui/status';
import { figuresOf, tested } from './run-model';

export function known(value: number | null | undefined, say: (value: number) => string): ReactNode {
  return value === null || value === undefined ? <span className="text-3">–</span> : say(value);
}

/** The attempts that the server keeps: the newest of very many. */
function Attempts({ run, onAttempt }: { run: BlockRun; onAttempt: (number: number) => void }) {
  const now = useNow();
  const { attempts } = run;
  if (attempts.length === 0) return null;
  const hasTests = attempts.some((one) => one.tests.length > 0);
  const hasErrors = attempts.some((one) => one.error !== null);
  return (
    <>
      <h3 className="section-title run-attempts-title">
        Attempts {attempts.length < run.attempt ? <span className="text-3 text-meta">the newest {attempts.length} of {count(run.attempt)}</span> : null}
      </h3>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="table-scroll" role="region" aria-label="Attempts" tabIndex={0}>
        <table className="plain-table run-attempts">
          <PlainHead
            columns={[
              'Attempt',
              'State',
              'Started',
              { number: 'Took' },
              { number: 'Processor' },
              { number: 'Memory' },
              { number: 'Rows' },
              { number: 'Size' },
              ...(hasTests ? ['Tests'] : []),
              ...(hasErrors ? ['Error'] : []),
            ]}
          />
          <tbody>
            {attempts.map((one) => {
              const started = parseTime(one.started_at);
              const ended = one.completed_at === null ? now : parseTime(one.completed_at);
              return (
                <tr key={one.number}>
                  <td>
                    {run.attempt > 1 ? (
                      <Button small aria-label={`Log of attempt ${one.number}`} onClick={() => onAttempt(one.number)}>
                        {one.number}
                      </Button>
                    ) : (
                      one.number
                    )}
                  </td>
                  <td>
                    <Status tone={toneOf(one.status)} look="quiet" />
                  </td>
                  <td title={exact(started)}>{exactClock(started)}</td>
                  <td className="number">{duration(Math.max(0, ended - started))}</td>
                  <td className="number">{known(one.usage?.cpu_seconds, (value) => duration(value * 1000))}</td>
                  <td className="number">{known(one.usage?.peak_memory, size)}</td>
                  <td className="number">{known(one.usage?.rows, count)}</td>
                  <td className="number">{known(one.usage?.bytes, size)}</td>
                  {hasTests ? <td>{tested(one.tests)}</td> : null}
                  {hasErrors ? (
                    <td className="run-attempt-error mono" title={one.error ?? undefined}>
                      {one.error ?? ''}
                    </td>
                  ) : null}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** What the newest attempt used beside what is usual, and all attempts that are known. */
export function Resources({ run, onAttempt }: { run: BlockRun; onAttempt: (number: number) => void }) {
  const figures = figuresOf(run);
  if (figures.length === 0 && run.attempts.length === 0) {
    return <Empty look="row" title={run.started_at === null ? `${run.block_uuid} has not started` : 'What it used is known when it has ended'} />;
  }
  return (
    <div className="run-resources">
      {figures.length === 0 ? null : (
      <table className="plain-table run-figures">
        <PlainHead columns={[run.attempt > 1 ? `Attempt ${run.attempt} of ${run.attempt}` : 'In this run', { number: 'Used' }, { number: 'Usual' }, { number: 'Change' }]} />
        <tbody>
          {figures.map((figure) => (
            <tr key={figure.label}>
              <td className="text-2">{figure.label}</td>
              <td className="number">{figure.value}</td>
              <td className="number text-2">{figure.usual === '' ? <span className="text-3">–</span> : figure.usual}</td>
              <td className="number" style={figure.isOdd ? { color: 'var(--status-warning-fg)', fontWeight: 500 } : undefined}>
                {figure.against}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      )}
      <p className="text-3 text-meta">
        {run.usual === null
          ? 'What is usual for this block is known when it has completed in another run.'
          : `Usual is the median of ${plural(run.usual.seconds?.count ?? 0, 'completed run')} of this block.`}
      </p>
      <Attempts run={run} onAttempt={onAttempt} />
    </div>
  );
}
