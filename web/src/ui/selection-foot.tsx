// The foot of a list while rows are selected: how many, what can be done with them, what did not work, and the question before something is lost.
import type { ReactNode } from 'react';

import { Button } from './button';
import { Key } from './tip';
import './list-table.css';

function Wrong({ error }: { error: Error | null }) {
  return error === null ? null : (
    <span role="alert" className="list-foot-wrong">
      {error.message}
    </span>
  );
}

export function SelectionFoot({ selected, error, onClear, children }: { selected: number; error: Error | null; onClear: () => void; children: ReactNode }) {
  return (
    <>
      <b className="list-foot-count">{selected} selected</b>
      {children}
      <Wrong error={error} />
      <Button small look="quiet" className="list-foot-end" onClick={onClear}>
        Clear <Key>Esc</Key>
      </Button>
    </>
  );
}

/** What would be lost, and the button that says to how many it happens. */
export function FootQuestion({
  text,
  action,
  disabledReason,
  error,
  onConfirm,
  onKeep,
}: {
  text: ReactNode;
  action: string;
  disabledReason?: string | undefined;
  error: Error | null;
  onConfirm: () => void;
  onKeep: () => void;
}) {
  return (
    <>
      <span className="list-foot-question">{text}</span>
      <Button small look="danger" disabledReason={disabledReason} onClick={onConfirm}>
        {action}
      </Button>
      <Button small look="quiet" onClick={onKeep}>
        Keep
      </Button>
      <Wrong error={error} />
    </>
  );
}
