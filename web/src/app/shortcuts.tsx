// The sheet of keyboard shortcuts, on "?".
import { Dialog } from 'radix-ui';

import { shortcutGroups } from '../core/shortcuts';
import { Key } from '../ui/tip';
import './shortcuts.css';

export function Shortcuts({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="sheet" aria-describedby={undefined}>
          <Dialog.Title className="page-title">Keyboard shortcuts</Dialog.Title>
          <div className="sheet-groups">
            {shortcutGroups.map((group) => (
              <section key={group.title} className="sheet-group">
                <h3 className="section-title">{group.title}</h3>
                <dl>
                  {group.keys.map(({ keys, does }) => (
                    <div key={does} className="sheet-row">
                      <dt>{does}</dt>
                      <dd>
                        {keys.map((key) => (
                          <Key key={key}>{key}</Key>
                        ))}
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
