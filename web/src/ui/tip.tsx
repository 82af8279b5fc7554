// What a thing is or why it cannot be used: on hover and on focus.
import type { ReactElement } from 'react';
import { Tooltip } from 'radix-ui';

import './tip.css';

/** A key of the keyboard, as the hints show it. */
export function Key({ children }: { children: string }) {
  return <kbd className="key">{children}</kbd>;
}

export function Tip({
  text,
  keys,
  side = 'bottom',
  children,
}: {
  text: string;
  keys?: string | undefined;
  side?: 'top' | 'right' | 'bottom' | 'left';
  children: ReactElement;
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" side={side} sideOffset={4} collisionPadding={8}>
          {text}
          {keys === undefined ? null : <Key>{keys}</Key>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

/** Around everything that shows tips. */
export const Tips = Tooltip.Provider;
