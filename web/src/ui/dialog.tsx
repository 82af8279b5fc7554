// A question that must be answered before anything else goes on. Most things fit inline and need none.
import type { ReactNode } from 'react';
import { Dialog as Radix } from 'radix-ui';

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
