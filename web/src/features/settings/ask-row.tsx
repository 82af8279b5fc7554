// The question in a row of settings, before something is lost; and what did not work.
import type { ReactNode } from 'react';

import { Button } from '../../ui/button';

export function AskRow({ action, isPending, onConfirm, onKeep, children }: { action: string; isPending: boolean; onConfirm: () => void; onKeep: () => void; children: ReactNode }) {
  return (
    <span className="settings-ask">
      <span>{children}</span>
      <Button look="danger" disabledReason={isPending ? 'It is being done' : undefined} onClick={onConfirm}>
        {action}
      </Button>
      <Button look="quiet" onClick={onKeep}>
        Keep
      </Button>
    </span>
  );
}

export function RowFailure({ error }: { error: Error | null }) {
  return error === null ? null : (
    <span className="settings-ask" role="alert" style={{ color: 'var(--status-failed-fg)' }}>
      {error.message}
    </span>
  );
}
