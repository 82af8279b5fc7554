// How it went: a round or octagonal icon with a word. Never colour alone.
import type { ReactNode } from 'react';

import { type Tone, toneWords } from '../lib/status';
import './status.css';

function Shape({ tone }: { tone: Tone }) {
  switch (tone) {
    case 'success':
      return (
        <>
          <circle cx="7" cy="7" r="6.25" fill="currentColor" />
          <path d="m4.4 7.2 1.8 1.8 3.5-3.7" fill="none" stroke="var(--bg-surface)" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
        </>
      );
    case 'failed':
      return (
        <>
          <path d="M4.5.9h5L13.1 4.5v5L9.5 13.1h-5L.9 9.5v-5z" fill="currentColor" />
          <path d="m5 5 4 4m0-4-4 4" stroke="var(--bg-surface)" strokeWidth="1.5" strokeLinecap="round" />
        </>
      );
    case 'running':
      return (
        <g className="status-turning" fill="none" strokeWidth="1.8">
          <circle cx="7" cy="7" r="5.6" stroke="currentColor" opacity=".25" />
          <path d="M7 1.4A5.6 5.6 0 0 1 12.6 7" stroke="currentColor" strokeLinecap="round" />
        </g>
      );
    case 'stale':
      return (
        <g fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round">
          <circle cx="7" cy="7" r="5.8" />
          <path d="M7 3.8V7l2 1.4" />
        </g>
      );
    case 'queued':
      return <circle cx="7" cy="7" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2.3 2.1" />;
    case 'skipped':
      return (
        <g fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="round" strokeLinejoin="round">
          <circle cx="7" cy="7" r="5.8" />
          <path d="m4.6 5 2 2-2 2M7.4 5l2 2-2 2" />
        </g>
      );
    case 'cancelled':
      return (
        <g fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round">
          <circle cx="7" cy="7" r="5.8" />
          <path d="m3.2 10.8 7.6-7.6" />
        </g>
      );
    case 'not-run':
    case 'never-run':
      return (
        <g fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round">
          <circle cx="7" cy="7" r="5.8" />
          <path d="M4.6 7h4.8" />
        </g>
      );
  }
}

/** Only where a word stands right beside it, or with a label of its own. */
export function StatusIcon({ tone, label }: { tone: Tone; label?: string }) {
  return (
    <svg
      className={`status-icon tone-${tone}`}
      viewBox="0 0 14 14"
      role={label === undefined ? undefined : 'img'}
      aria-label={label}
      aria-hidden={label === undefined ? true : undefined}
    >
      <Shape tone={tone} />
    </svg>
  );
}

/** `look`: `quiet` leaves the word of what is normal grey; `chip` puts both on a tint. */
export function Status({
  tone,
  look = 'plain',
  children,
}: {
  tone: Tone;
  look?: 'plain' | 'quiet' | 'chip';
  children?: ReactNode;
}) {
  const isNormal = tone !== 'failed' && tone !== 'running' && tone !== 'stale';
  const quiet = look === 'quiet' && isNormal ? 'status-quiet' : '';
  return (
    <span className={`status tone-${tone} ${look === 'chip' ? 'status-chip' : quiet}`}>
      <StatusIcon tone={tone} />
      <span className="status-word">{children ?? toneWords[tone]}</span>
    </span>
  );
}
