// When there is nothing to show: nothing yet, nothing at all, or not now.
import type { ReactNode } from 'react';

import { Button } from './button';
import { StatusIcon } from './status';
import './states.css';

/** One sentence why, one button with the next step. */
export function Empty({
  title,
  children,
  action,
  look = 'center',
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  look?: 'center' | 'row';
}) {
  return (
    <div className={`state state-bare ${look === 'center' ? 'state-center' : ''}`}>
      <div className="state-text">
        <p className="section-title">{title}</p>
        {children === undefined ? null : <p className="state-about">{children}</p>}
      </div>
      {action}
    </div>
  );
}

/** What did not work, what is safe, and a way to try again. */
export function Failure({
  title,
  error,
  onRetry,
}: {
  title: string;
  error: unknown;
  onRetry?: (() => void) | undefined;
}) {
  return (
    <div className="state state-failure" role="alert">
      <StatusIcon tone="failed" label="Failed" />
      <div className="state-text">
        <p>{title}</p>
        <p className="state-about">{error instanceof Error ? error.message : String(error)}</p>
      </div>
      {onRetry === undefined ? null : <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

/** The place of something that comes. */
export function Skeleton({ width, height = 12 }: { width: number | string; height?: number }) {
  return <span className="skeleton" style={{ width, height }} aria-hidden />;
}
