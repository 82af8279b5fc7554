// Buttons. A disabled one keeps its place in the tab order and says why it is disabled.
import type { ComponentProps, ReactNode } from 'react';
import { ChevronDown } from 'lucide-react';
import { Link } from 'react-router';

import { Menu } from './menu';
import { Tip } from './tip';
import './button.css';

type Look = 'plain' | 'primary' | 'quiet' | 'danger';

interface Common {
  look?: Look;
  small?: boolean;
  icon?: ReactNode;
  /** Why it cannot be used now. Disables it. */
  disabledReason?: string | undefined;
}

function classes(look: Look, small: boolean, extra?: string) {
  return ['button', look === 'plain' ? '' : `button-${look}`, small ? 'button-small' : '', extra ?? '']
    .filter(Boolean)
    .join(' ');
}

export function Button({
  look = 'plain',
  small = false,
  icon,
  disabledReason,
  className,
  children,
  onClick,
  ...rest
}: Common & Omit<ComponentProps<'button'>, 'disabled'>) {
  const button = (
    <button
      type="button"
      {...rest}
      className={classes(look, small, className)}
      aria-disabled={disabledReason === undefined ? undefined : true}
      onClick={(event) => {
        if (disabledReason === undefined) onClick?.(event);
        else event.preventDefault();
      }}
    >
      {icon}
      {children}
    </button>
  );
  return disabledReason === undefined ? button : <Tip text={disabledReason}>{button}</Tip>;
}

/** A button that is an icon; its label is read out and shown on hover and focus. */
export function IconButton({
  label,
  keys,
  children,
  className,
  ...rest
}: { label: string; keys?: string; children: ReactNode } & Omit<Common, 'icon'> &
  Omit<ComponentProps<'button'>, 'disabled' | 'children'>) {
  return (
    <Tip text={rest.disabledReason ?? label} keys={keys}>
      <Button look="quiet" {...rest} disabledReason={undefined} aria-label={label} className={`button-icon ${className ?? ''}`}
        {...(rest.disabledReason === undefined ? {} : { 'aria-disabled': true, onClick: undefined })}
      >
        {children}
      </Button>
    </Tip>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  look = 'plain',
  small = false,
  icon,
  className,
  children,
  ...rest
}: Omit<Common, 'disabledReason'> & ComponentProps<typeof Link>) {
  return (
    <Link {...rest} className={classes(look, small, className)}>
      {icon}
      {children}
    </Link>
  );
}

/** A button with a menu of other ways beside it. */
export function SplitButton({
  menu,
  menuLabel,
  ...button
}: { menu: ReactNode; menuLabel: string } & ComponentProps<typeof Button>) {
  const look = button.look ?? 'plain';
  return (
    <span className="button-split">
      <Button {...button} />
      <Menu
        align="end"
        trigger={
          <button
            type="button"
            className={classes(look, button.small ?? false)}
            aria-label={menuLabel}
          >
            <ChevronDown aria-hidden />
          </button>
        }
      >
        {menu}
      </Menu>
    </span>
  );
}
