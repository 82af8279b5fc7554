// A table of things: thousands of rows, groups, a selection, and the keys J, K, Enter, X and Escape.
import { type ReactNode, useMemo, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ChevronDown, ChevronRight } from 'lucide-react';

import { useKeys } from '../lib/keys';
import { Checkbox } from './field';
import { Skeleton } from './states';
import { Key } from './tip';
import './list-table.css';

export interface Column<Row> {
  id: string;
  header: string;
  /** A track of a CSS grid. */
  width: string;
  align?: 'right';
  sorts?: boolean;
  cell: (row: Row) => ReactNode;
}

export interface Group<Row> {
  key: string;
  /** Without a title its rows stand for themselves. */
  title?: string;
  /** Only what needs a look. */
  about?: ReactNode;
  rows: readonly Row[];
}

export interface Sort {
  column: string;
  down: boolean;
}

type Line<Row> = { group: Group<Row> } | { row: Row };

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  groups: readonly Group<Row>[];
  keyOf: (row: Row) => string;
  nameOf: (row: Row) => string;
  onOpen?: (row: Row) => void;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  actions?: (row: Row) => ReactNode;
  /** Skeletons stand where rows will. */
  isLoading?: boolean;
  /** Instead of rows when there are none. */
  empty?: ReactNode;
  /** Above the head, inside the panel. */
  above?: ReactNode;
  /** Keys of this list beside those that every list has. */
  onKey?: (key: string, row: Row) => void;
}

const HEIGHT = 28;

export function ListTable<Row>(props: Props<Row>) {
  const { columns, groups, keyOf, nameOf, onOpen, sort, onSort, selected, onSelect, actions } = props;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState<string>();
  const anchor = useRef<string>(undefined);
  const body = useRef<HTMLDivElement>(null);

  const lines = useMemo(
    () =>
      groups.flatMap((group): Line<Row>[] => {
        const rows = group.rows.map((row) => ({ row }));
        if (group.title === undefined) return rows;
        return closed.has(group.key) ? [{ group }] : [{ group }, ...rows];
      }),
    [groups, closed],
  );
  const rows = useMemo(() => lines.flatMap((line) => ('row' in line ? [line.row] : [])), [lines]);

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => body.current,
    estimateSize: () => HEIGHT,
    overscan: 12,
  });

  const canSelect = selected !== undefined && onSelect !== undefined;
  const tracks = [canSelect ? '16px' : '', ...columns.map((column) => column.width)].join(' ');

  function toggle(key: string, range: boolean) {
    if (!canSelect) return;
    const next = new Set(selected);
    const keys = rows.map(keyOf);
    const from = range && anchor.current !== undefined ? keys.indexOf(anchor.current) : -1;
    const to = keys.indexOf(key);
    if (from >= 0) {
      for (const one of keys.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
    } else if (!next.delete(key)) next.add(key);
    anchor.current = key;
    onSelect(next);
  }

  function move(by: number) {
    const at = rows.findIndex((row) => keyOf(row) === active);
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next === undefined) return;
    const key = keyOf(next);
    setActive(key);
    virtual.scrollToIndex(lines.findIndex((line) => 'row' in line && keyOf(line.row) === key));
  }

  useKeys((event) => {
    const current = rows.find((row) => keyOf(row) === active);
    const isOnControl = event.target instanceof HTMLElement && event.target.closest('button, a') !== null;
    if (event.key === 'j' || event.key === 'ArrowDown') move(1);
    else if (event.key === 'k' || event.key === 'ArrowUp') move(-1);
    else if (event.key === 'x' && current !== undefined) toggle(keyOf(current), event.shiftKey);
    else if (event.key === 'Escape' && canSelect && selected.size > 0) onSelect(new Set());
    else if (event.key === 'Enter' && current !== undefined && !isOnControl) onOpen?.(current);
    else if (current !== undefined) {
      props.onKey?.(event.key, current);
      return;
    } else return;
    if (event.key !== 'Enter' || !isOnControl) event.preventDefault();
  });

  const chosen = rows.filter((row) => selected?.has(keyOf(row)) === true).length;
  return (
    <div className="list">
      {props.above}
      <div
        className="list-body"
        ref={body}
        role="grid"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        aria-multiselectable={canSelect}
        tabIndex={0}
      >
        <div role="row" className="list-row list-head" style={{ gridTemplateColumns: tracks }}>
          {canSelect ? (
            <span role="columnheader" className="list-cell-check">
              <Checkbox
                label="Select all"
                checked={chosen === 0 ? false : chosen === rows.length ? true : 'indeterminate'}
                onChange={(all) => onSelect(all ? new Set(rows.map(keyOf)) : new Set())}
              />
            </span>
          ) : null}
          {columns.map((column) => (
            <span
              key={column.id}
              role="columnheader"
              className={`list-cell ${column.align === 'right' ? 'list-cell-right' : ''}`}
              aria-sort={sort?.column === column.id ? (sort.down ? 'descending' : 'ascending') : undefined}
            >
              {column.sorts === true && onSort !== undefined ? (
                <button
                  type="button"
                  className="list-sort"
                  onClick={() => onSort({ column: column.id, down: sort?.column === column.id && !sort.down })}
                >
                  {column.header}
                  {sort?.column !== column.id ? null : sort.down ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />}
                </button>
              ) : (
                column.header
              )}
            </span>
          ))}
        </div>
        {props.isLoading === true ? (
          <Loading columns={columns} tracks={tracks} canSelect={canSelect} />
        ) : rows.length === 0 && lines.length === 0 ? (
          <div role="row">
            <div role="gridcell">{props.empty}</div>
          </div>
        ) : (
          <div className="list-all" role="presentation" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = lines[item.index];
              if (line === undefined) return null;
              const place = { position: 'absolute', top: 0, left: 0, right: 0, transform: `translateY(${item.start}px)` } as const;
              if ('group' in line) {
                const { group } = line;
                const isClosed = closed.has(group.key);
                return (
                  <div key={`group ${group.key}`} role="row" style={place}>
                    <div role="gridcell" className="list-group">
                      <button
                        type="button"
                        aria-expanded={!isClosed}
                        onClick={() => {
                          const next = new Set(closed);
                          if (!next.delete(group.key)) next.add(group.key);
                          setClosed(next);
                        }}
                      >
                        {isClosed ? <ChevronRight aria-hidden /> : <ChevronDown aria-hidden />}
                        {group.title}
                      </button>
                      <span className="text-3">{group.rows.length}</span>
                      {group.about}
                    </div>
                  </div>
                );
              }
              const { row } = line;
              const key = keyOf(row);
              return (
                // The keys work on the whole page (see useKeys), and the name is a link.
                // eslint-disable-next-line jsx-a11y/click-events-have-key-events
                <div
                  key={key}
                  role="row"
                  tabIndex={-1}
                  className="list-row"
                  data-open={onOpen === undefined ? undefined : ''}
                  data-active={key === active ? '' : undefined}
                  aria-selected={canSelect ? selected.has(key) : undefined}
                  style={{ ...place, gridTemplateColumns: tracks }}
                  onClick={(event) => {
                    setActive(key);
                    if (event.target instanceof HTMLElement && event.target.closest('a, button, [role=menuitem]') !== null) return;
                    if (canSelect && (event.shiftKey || event.ctrlKey || event.metaKey)) toggle(key, event.shiftKey);
                    else onOpen?.(row);
                  }}
                >
                  {canSelect ? (
                    // Shift-click takes all between; the box itself answers to the keyboard.
                    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
                    <span
                      role="gridcell"
                      className="list-cell-check"
                      onClick={(event) => {
                        event.stopPropagation();
                        if (event.shiftKey) toggle(key, true);
                      }}
                    >
                      <Checkbox label={`Select ${nameOf(row)}`} checked={selected.has(key)} onChange={() => toggle(key, false)} />
                    </span>
                  ) : null}
                  {columns.map((column) => (
                    <span key={column.id} role="gridcell" className={`list-cell ${column.align === 'right' ? 'list-cell-right' : ''}`}>
                      {column.cell(row)}
                    </span>
                  ))}
                  {actions === undefined ? null : (
                    <span role="gridcell" className="list-actions">
                      {actions(row)}
                    </span>
                  )}
                </div>
              );
            })}
          </div>
        )}
      </div>
    </div>
  );
}

function Loading<Row>({ columns, tracks, canSelect }: { columns: readonly Column<Row>[]; tracks: string; canSelect: boolean }) {
  return Array.from({ length: 12 }, (_, index) => (
    <div key={index} role="row" className="list-row" style={{ gridTemplateColumns: tracks }}>
      {canSelect ? (
        <span role="gridcell">
          <Skeleton width={15} height={15} />
        </span>
      ) : null}
      {columns.map((column) => (
        <span key={column.id} role="gridcell" className={`list-cell ${column.align === 'right' ? 'list-cell-right' : ''}`}>
          <Skeleton width={`${50 + ((index * 7 + column.id.length * 11) % 30)}%`} />
        </span>
      ))}
    </div>
  ));
}

/** What the keys do, in the foot of a list. */
export function KeyHints({ hints }: { hints: readonly { keys: readonly string[]; does: string }[] }) {
  return hints.map(({ keys, does }) => (
    <span key={does} className="list-hint">
      {keys.map((key) => (
        <Key key={key}>{key}</Key>
      ))}
      {does}
    </span>
  ));
}
