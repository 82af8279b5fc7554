// How to call a trigger from elsewhere, and what callers asked of it.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Copy } from 'lucide-react';
import { Link } from 'react-router';

import { type Trigger, type TriggerCall, triggers, useChangeTriggers } from '../../api/triggers';
import { count, parseTime } from '../../lib/format';
import { paths } from '../../lib/paths';
import type { Tone } from '../../lib/status';
import { Button } from '../../ui/button';
import { PlainHead } from '../../ui/plain-table';
import { Sentence } from '../../ui/sentence';
import { Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';

/** So many calls are shown. */
const CALLS = 50;

export function Call({ trigger }: { trigger: Trigger }) {
  const [isShown, setShown] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [copied, setCopied] = useState(false);
  const rotate = useChangeTriggers();
  const { token } = trigger;
  if (token === null) return null;
  const body = JSON.stringify({ pipeline_run: { variables: trigger.variables } });
  const call = (secret: string) =>
    [
      `curl -X POST ${window.location.origin}/api/pipeline_schedules/${trigger.id}/api_trigger \\`,
      `  --header 'Authorization: Bearer ${secret}' \\`,
      `  --header 'Content-Type: application/json' \\`,
      // A quote inside a quoted word of the shell.
      `  --data '${body.replaceAll("'", `'\\''`)}'`,
    ].join('\n');
  return (
    <section className="trigger-part" aria-label="Call">
      <h2 className="section-title">Call it from elsewhere</h2>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="trigger-code" tabIndex={0}>
        {call(isShown ? token : '••••••••')}
      </pre>
      <p className="text-2 text-meta">The answer names the run. With an Idempotency-Key header, a call that comes again gets the run of the first one.</p>
      {rotate.error === null ? null : <Failure title="The token was not changed" error={rotate.error} />}
      <div className="trigger-buttons">
        {isAsking ? (
          <>
            <span className="text-table">Callers with the old token are refused from then on.</span>
            <Button look="danger" onClick={() => rotate.mutate({ ids: [trigger.id], change: { rotate_token: true } })}>
              Make a new token
            </Button>
            <Button look="quiet" onClick={() => setAsking(false)}>
              Keep
            </Button>
          </>
        ) : (
          <>
            <Button icon={<Copy aria-hidden />} onClick={() => void navigator.clipboard.writeText(call(token)).then(() => setCopied(true))}>
              {copied ? 'Copied' : 'Copy with token'}
            </Button>
            <Button look="quiet" onClick={() => setShown(!isShown)}>
              {isShown ? 'Hide the token' : 'Show the token'}
            </Button>
            <Button look="quiet" style={{ color: 'var(--status-failed-fg)' }} onClick={() => setAsking(true)}>
              New token…
            </Button>
          </>
        )}
      </div>
    </section>
  );
}

const results: Record<TriggerCall['status'], { tone: Tone; word: string }> = {
  started: { tone: 'success', word: 'Started' },
  repeated: { tone: 'skipped', word: 'Same call again' },
  refused: { tone: 'failed', word: 'Refused' },
  full: { tone: 'failed', word: 'Refused, too many wait' },
  failed: { tone: 'failed', word: 'Failed' },
};

export function Calls({ trigger }: { trigger: Trigger }) {
  const list = useQuery(triggers.calls(trigger.id, CALLS));
  const calls = list.data?.calls ?? [];
  const total = list.data?.total ?? 0;
  return (
    <section className="trigger-part" aria-label="Calls">
      <h2 className="section-title trigger-title">
        Calls{' '}
        <span className="text-3 text-meta">{total > calls.length ? `the newest ${count(calls.length)} of ${count(total)}` : total > 0 ? count(total) : ''}</span>
      </h2>
      {list.error === null ? null : <Failure title="The calls could not be loaded" error={list.error} onRetry={() => void list.refetch()} />}
      {list.data !== undefined && calls.length === 0 ? <p className="text-table text-2">Nobody has called it yet.</p> : null}
      {calls.length === 0 ? null : (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="trigger-scroll" role="region" aria-label="List of calls" tabIndex={0}>
          <table className="plain-table">
            <PlainHead columns={['When', 'Result', 'Why', { number: 'Run' }]} />
            <tbody>
              {calls.map((call, index) => {
                const { tone, word } = results[call.status];
                return (
                  <tr key={`${call.at} ${index}`}>
                    <td>
                      <Time at={parseTime(call.at)} />
                    </td>
                    <td>
                      <Status tone={tone} look="quiet">
                        {word}
                      </Status>
                    </td>
                    <td className="text-2">{call.reason === null ? null : <Sentence text={call.reason} />}</td>
                    <td className="number">
                      {call.pipeline_run_id === null ? (
                        <span className="text-3">–</span>
                      ) : (
                        <Link className="link" to={paths.run(trigger.pipeline_uuid, call.pipeline_run_id)}>
                          {call.pipeline_run_id}
                        </Link>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
