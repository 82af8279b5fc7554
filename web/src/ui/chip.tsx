// Chips: a language or a tag, and a filter that can be changed and taken away.
import type { ReactNode } from 'react';
import { X } from 'lucide-react';

import { Menu } from './menu';
import './chip.css';

export function Chip({ outline = false, children }: { outline?: boolean; children: ReactNode }) {
  return <span className={`chip ${outline ? 'chip-outline' : ''}`}>{children}</span>;
}

/** `property operator value ×`; a click on it opens `menu`, where the value is changed. */
export function FilterChip({
  property,
  value,
  menu,
  onRemove,
}: {
  property: string;
  value: string;
  menu: ReactNode;
  onRemove: () => void;
}) {
  return (
    <span className="filter-chip">
      <Menu
        trigger={
          <button type="button" className="filter-chip-edit">
            {property} <b className="cut">{value}</b>
          </button>
        }
      >
        {menu}
      </Menu>
      <button type="button" className="filter-chip-drop" aria-label={`Remove the filter ${property} ${value}`} onClick={onRemove}>
        <X aria-hidden />
      </button>
    </span>
  );
}
