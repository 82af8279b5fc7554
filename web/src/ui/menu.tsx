// Menus that open from a button.
import type { ReactElement, ReactNode } from 'react';
import { Check } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { Link } from 'react-router';

import { Key } from './tip';
import './menu.css';

export function Menu({
  trigger,
  align = 'start',
  startsOpen = false,
  children,
}: {
  trigger: ReactElement;
  align?: 'start' | 'end';
  /** It came into being because somebody pressed its button. */
  startsOpen?: boolean;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.Root defaultOpen={startsOpen}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface Item {
  icon?: ReactNode;
  /** A second line that says what it does. */
  about?: string;
  keys?: string;
  danger?: boolean;
  /** Why it cannot be chosen now; shown as its second line. */
  disabledReason?: string | undefined;
  children: ReactNode;
}

function Inside({ icon, about, keys, disabledReason, children }: Item) {
  const second = disabledReason ?? about;
  return (
    <>
      {icon}
      <span className="menu-item-text">
        {children}
        {second === undefined ? null : <span className="menu-item-about">{second}</span>}
      </span>
      {keys === undefined ? null : <Key>{keys}</Key>}
    </>
  );
}

export function MenuItem({ onSelect, ...item }: Item & { onSelect: () => void }) {
  return (
    <DropdownMenu.Item
      className={`menu-item ${item.danger === true ? 'menu-item-danger' : ''}`}
      disabled={item.disabledReason !== undefined}
      onSelect={onSelect}
    >
      <Inside {...item} />
    </DropdownMenu.Item>
  );
}

export function MenuLink({ to, ...item }: Item & { to: string }) {
  return (
    <DropdownMenu.Item className="menu-item" asChild>
      <Link to={to}>
        <Inside {...item} />
      </Link>
    </DropdownMenu.Item>
  );
}

/** An item that is on or off; choosing it keeps the menu open. */
export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.CheckboxItem
      className="menu-item"
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <Check aria-hidden style={{ visibility: checked ? 'visible' : 'hidden' }} />
      <span className="menu-item-text">{children}</span>
    </DropdownMenu.CheckboxItem>
  );
}

/** One of several values. */
export function MenuChoice<Value extends string>({
  value,
  options,
  onChange,
}: {
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <DropdownMenu.RadioGroup value={value}>
      {options.map((option) => (
        <DropdownMenu.RadioItem
          key={option.value}
          className="menu-item"
          value={option.value}
          onSelect={() => onChange(option.value)}
        >
          <Check aria-hidden style={{ visibility: option.value === value ? 'visible' : 'hidden' }} />
          <span className="menu-item-text">{option.label}</span>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

export function MenuLine() {
  return <DropdownMenu.Separator className="menu-line" />;
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="menu-label">{children}</DropdownMenu.Label>;
}
