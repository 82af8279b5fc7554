// A cell that is too long for its column, whole.
import { Copy, X } from 'lucide-react';
import { Dialog } from 'radix-ui';

import { Button, IconButton } from '../../ui/button';
import './reader.css';

function whole(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') {
    // JSON that came as text is easier to read in lines.
    if (/^\s*[[{]/.test(value)) {
      try {
        return JSON.stringify(JSON.parse(value), null, 2);
      } catch {
        return value;
      }
    }
    return value;
  }
  return JSON.stringify(value, null, 2);
}

export function CellReader({ title, value, onClose }: { title: string; value: unknown; onClose: () => void }) {
  const text = whole(value);
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="reader" aria-describedby={undefined}>
          <header className="reader-head">
            <Dialog.Title className="section-title mono">{title}</Dialog.Title>
            <Button small look="quiet" icon={<Copy aria-hidden />} onClick={() => void navigator.clipboard.writeText(text)}>
              Copy
            </Button>
            <IconButton small look="quiet" label="Close" onClick={onClose}>
              <X aria-hidden />
            </IconButton>
          </header>
          <pre className="value">{text}</pre>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
