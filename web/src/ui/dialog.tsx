// A question that must be answered before anything else goes on. Most things fit inline and need none.
import type { ReactNode } from 'react';
import { Dialog as Radix } from 'radix-ui';

import { Button } from './button';
import './dialog.css';

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  return (
    <Radix.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className="dialog" aria-describedby={undefined}>
          <Radix.Title className="sentence">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A dialog with fields: what it will do, or why it cannot yet, stands on its one main button. */
export function FormDialog({
  title,
  action,
  icon,
  look = 'primary',
  disabledReason,
  onSubmit,
  onClose,
  children,
}: {
  title: string;
  action: string;
  icon?: ReactNode;
  look?: 'primary' | 'danger';
  disabledReason?: string | undefined;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      {/* What is wrong with a field is said beside it, in our words. */}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (disabledReason === undefined) onSubmit();
        }}
      >
        {children}
        <div className="dialog-actions">
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button look={look} type="submit" icon={icon} disabledReason={disabledReason}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
