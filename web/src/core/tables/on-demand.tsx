// A button whose menu comes into being when it is first pressed: the headers of a wide table would be made of closed menus otherwise.
import { cloneElement, type ComponentProps, type ReactElement, useState } from 'react';

export function OnDemand({ button, opens, children }: { button: ReactElement<ComponentProps<'button'>>; opens: 'menu' | 'dialog'; children: (button: ReactElement) => ReactElement }) {
  const [isUsed, setUsed] = useState(false);
  if (isUsed) return children(button);
  return cloneElement(button, { 'aria-haspopup': opens, 'aria-expanded': false, onClick: () => setUsed(true) });
}
