// Tabs that are links (every one has an address), tabs inside a page, quiet views over a list, and switches of two or three.
import type { ReactNode } from 'react';
import { Tabs as Radix, ToggleGroup } from 'radix-ui';
import { NavLink } from 'react-router';

import './tabs.css';

export interface TabLink {
  to: string;
  label: string;
  count?: number | undefined;
  end?: boolean;
}

/** Tabs with addresses. */
export function LinkTabs({ label, tabs }: { label: string; tabs: readonly TabLink[] }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <NavLink key={tab.to} to={tab.to} className="tab" end={tab.end ?? false}>
          {tab.label}
          {tab.count === undefined ? null : <span className="tab-count">{tab.count}</span>}
        </NavLink>
      ))}
    </nav>
  );
}

export interface Tab<Name extends string> {
  name: Name;
  label: string;
  count?: number | undefined;
}

/** Tabs inside a page; the panel is the caller's, with `TabPanel` around it. */
export function Tabs<Name extends string>({
  label,
  tabs,
  value,
  onChange,
  bar,
  children,
  className,
}: {
  label: string;
  tabs: readonly Tab<Name>[];
  value: Name;
  onChange: (name: Name) => void;
  /** What stands at the right end of the bar. */
  bar?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Radix.Root
      className={className}
      value={value}
      onValueChange={(name) => {
        const tab = tabs.find((one) => one.name === name);
        if (tab !== undefined) onChange(tab.name);
      }}
    >
      <div className="tabs-bar">
        <Radix.List className="tabs" aria-label={label}>
          {tabs.map((tab) => (
            <Radix.Trigger key={tab.name} value={tab.name} className="tab">
              {tab.label}
              {tab.count === undefined ? null : <span className="tab-count">{tab.count}</span>}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {bar}
      </div>
      {children}
    </Radix.Root>
  );
}

export const TabPanel = Radix.Content;

/** Views over a list: quiet, with counts. */
export function Views<Name extends string>({
  label,
  views,
  value,
  onChange,
}: {
  label: string;
  views: readonly Tab<Name>[];
  value: Name;
  onChange: (name: Name) => void;
}) {
  return (
    <div role="group" aria-label={label} style={{ display: 'flex', gap: 4 }}>
      {views.map((view) => (
        <button
          key={view.name}
          type="button"
          className="view-tab"
          aria-current={view.name === value ? 'true' : undefined}
          onClick={() => onChange(view.name)}
        >
          {view.label}
          {view.count === undefined ? null : <span className="tab-count">{view.count}</span>}
        </button>
      ))}
    </div>
  );
}

/** One of two or three, always visible. */
export function Segments<Name extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly { value: Name; label: ReactNode }[];
  value: Name;
  onChange: (value: Name) => void;
}) {
  return (
    <ToggleGroup.Root
      type="single"
      className="segments"
      aria-label={label}
      value={value}
      onValueChange={(name) => {
        const option = options.find((one) => one.value === name);
        if (option !== undefined) onChange(option.value);
      }}
    >
      {options.map((option) => (
        <ToggleGroup.Item key={option.value} value={option.value} className="segment">
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
