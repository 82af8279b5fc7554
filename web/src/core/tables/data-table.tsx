// A table of any size: only the rows and columns that are seen are drawn, and only pages that are seen are asked for.
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Columns3, Copy, Download, Maximize2, Minimize2, Search, X } from 'lucide-react';

import { downloadOf, PAGE, type Page, type TableOf, tables } from '../../api/tables';
import type { Column, Product } from '../notebook/model';
import { cellText, columnKind, columnWidth, type Condition, conditionWords, copied, sortedBy, type TableView, WHOLE } from '../notebook/table';
import { useCalm } from '../../lib/calm';
import { count, plural, size } from '../../lib/format';
import { FilterChip } from '../../ui/chip';
import { IconButton } from '../../ui/button';
import { Menu, MenuCheck, MenuItem } from '../../ui/menu';
import { Empty, Failure } from '../../ui/states';
import { CellReader } from './cell-reader';
import type { Known } from './column-spread';
import { TableHeader } from './table-header';
import { type At, cellId, type DrawnColumn, TableRow } from './table-row';
import './table.css';

const ROW = 26;
const HEAD = 64;
const NUMBERS = 48;
const SHOWN = 8;
const SHOWN_LARGE = 24;
/** A page of a browser is not higher than about 33 million pixels. */
const MOST_ROWS = 1_200_000;
/** Columns whose facts are asked for together. */
const TOGETHER = 8;

/** So long something has to be seen before it is asked for: what one only scrolls past is not. */
const SEEN_FOR = 60;

/** The parts that have been in sight for a while: each change of what is asked draws the table once more. */
function useSeen(parts: readonly number[]): readonly number[] {
  const key = useCalm([...new Set(parts)].join(), SEEN_FOR) ?? '';
  return useMemo(() => (key === '' ? [] : key.split(',').map(Number)), [key]);
}

/** Changes with each answer, and says nothing of what is in it: that would be compared value by value. */
const whenRead = (found: readonly { dataUpdatedAt: number }[]) => found.map((one) => one.dataUpdatedAt).join();

const dataOf = <Data,>(found: readonly { data?: Data | undefined }[]) => found.map((one) => one.data);

/** What is known of the columns in sight, asked for in groups. */
function useFacts(of: TableOf, view: TableView, columns: readonly Column[], seen: readonly number[]): ReadonlyMap<string, Known> {
  const groups = useSeen(seen.map((at) => Math.floor(at / TOGETHER)));
  const names = (group: number) => columns.slice(group * TOGETHER, (group + 1) * TOGETHER).map((column) => column.name);
  const found = useQueries({
    queries: groups.map((group) => ({ ...tables.facts(of, view, names(group)), placeholderData: keepPreviousData })),
    combine: dataOf,
  });
  return useMemo(() => new Map(found.flatMap((one) => [...(one?.columns ?? [])].map(([name, facts]) => [name, { facts, rows: one?.rows ?? 0 }]))), [found]);
}

/**
 * How many places there are for what is drawn: as many as were ever drawn at once. Contiguous numbers get different ones by their remainder,
 * and however far one scrolls all places are taken again: no element is made or thrown away.
 */
function useSlots(drawn: number): number {
  const [most, setMost] = useState(drawn);
  if (drawn > most) setMost(drawn);
  return Math.max(most, drawn);
}

/** In the order of their places, in which their elements stand: in any other order they would be moved, which makes them anew for the browser. */
const inSlots = <Item extends { slot: number }>(items: readonly Item[]) => items.toSorted((one, other) => one.slot - other.slot);

export function DataTable({
  of,
  product,
  pipeline,
  pipelineRun,
  block,
  tools: toolsId,
  fills = false,
  view: given,
  onView,
  marked,
}: {
  of: TableOf;
  product: Product;
  pipeline: string;
  pipelineRun: number;
  block: string;
  /** The id of the element in which search, columns and downloads stand. */
  tools: string;
  /** As high as the place it has, instead of as high as its rows. */
  fills?: boolean;
  /** Sort and filters, where somebody else keeps them. */
  view?: TableView;
  onView?: (view: TableView) => void;
  /** A column that is looked at elsewhere. */
  marked?: string | undefined;
}) {
  const [own, setOwn] = useState<TableView>(WHOLE);
  const view = given ?? own;
  const setView = onView ?? setOwn;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [isLarge, setLarge] = useState(false);
  const [isSearching, setSearching] = useState(false);
  const [at, setAt] = useState<At>({ row: 0, column: 0 });
  const [reading, setReading] = useState<At | null>(null);
  const [tools, setTools] = useState<Element | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => setTools(document.getElementById(toolsId)), [toolsId]);

  const first = useQuery({ ...tables.page(of, view, 0), placeholderData: keepPreviousData });
  const total = first.data?.total ?? product.rows ?? 0;
  const rows = Math.min(total, MOST_ROWS);
  const all = first.data?.columns ?? product.columns;
  const columns = useMemo(() => all.map((column, place) => ({ ...column, place, kind: columnKind(column.type) })).filter((column) => !hidden.has(column.name)), [all, hidden]);

  // Widths come from the first rows that were seen, and then stay: nothing moves while one scrolls or sorts.
  const sample = useRef<Page | undefined>(undefined);
  if (sample.current === undefined && first.data !== undefined) sample.current = first.data;
  const from = sample.current;
  const widths = useMemo(
    () => columns.map((column) => columnWidth(column.name, (from?.rows ?? []).slice(0, 50).map((row) => cellText(row[column.place], column.kind)), column.kind)),
    [columns, from],
  );

  // Both hear of one scroll: without drawing at once for each, they are drawn together.
  const down = useVirtualizer({ useFlushSync: false, count: rows, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 6, scrollPaddingStart: HEAD });
  const across = useVirtualizer({
    useFlushSync: false,
    horizontal: true,
    count: columns.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => widths[index] ?? 120,
    overscan: 2,
    scrollPaddingStart: NUMBERS,
  });
  useEffect(() => across.measure(), [across, widths]);
  useEffect(() => {
    const place = columns.findIndex((column) => column.name === marked);
    if (place >= 0) across.scrollToIndex(place, { align: 'center' });
    // It goes there when another column is marked or the widths are known, not whenever something else changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [marked, widths]);

  const drawn = down.getVirtualItems();
  const seen = across.getVirtualItems();
  const drawnPages = [...new Set(drawn.map((item) => Math.floor(item.index / PAGE)))];
  const pages = useSeen(drawnPages);
  useQueries({ queries: pages.map((page) => tables.page(of, view, page)), combine: whenRead });
  // A page that was looked at before is there at once.
  const client = useQueryClient();
  const byPage = new Map(drawnPages.map((page) => [page, client.getQueryData<Page>(tables.page(of, view, page).queryKey)]));
  const valuesOf = (row: number) => byPage.get(Math.floor(row / PAGE))?.rows[row % PAGE];
  const facts = useFacts(of, view, all, seen.flatMap((item) => columns[item.index]?.place ?? []));
  const sorted = view.sort?.column;
  const columnSlots = useSlots(seen.length);
  const drawnColumns = useMemo<readonly DrawnColumn[]>(() => {
    const placed = seen.flatMap((item) => {
      const column = columns[item.index];
      if (!column) return [];
      return [{ slot: item.index % columnSlots, index: item.index, place: column.place, kind: column.kind, left: item.start + NUMBERS, width: item.size, isMarked: column.name === sorted || column.name === marked }];
    });
    return inSlots(placed);
  }, [seen, columns, sorted, marked, columnSlots]);
  const slots = useSlots(drawn.length);
  const drawnRows = inSlots(drawn.map((item) => ({ slot: item.index % slots, index: item.index, top: item.start + HEAD })));

  const change = (next: TableView) => {
    setView(next);
    box.current?.scrollTo({ top: 0 });
    setAt((now) => ({ ...now, row: 0 }));
  };
  // Headers are drawn anew when they are other ones, not when what they do would be written down anew.
  const latest = useRef({ view, change });
  useEffect(() => {
    latest.current = { view, change };
  });
  const sortBy = useCallback((name: string) => latest.current.change(sortedBy(latest.current.view, name)), []);
  const hide = useCallback((name: string) => setHidden((now) => new Set(now).add(name)), []);
  const only = useCallback((name: string, rows: readonly Omit<Condition, 'column'>[]) => {
    const { view: before, change: to } = latest.current;
    to({ ...before, conditions: [...before.conditions.filter((one) => one.column !== name), ...rows.map((one) => ({ ...one, column: name }))] });
  }, []);
  const filter = useCallback((condition: Condition) => {
    const { view: before, change: to } = latest.current;
    to({ ...before, conditions: [...before.conditions, condition] });
  }, []);

  const move = (row: number, column: number) => {
    const next = { row: Math.min(rows - 1, Math.max(0, row)), column: Math.min(columns.length - 1, Math.max(0, column)) };
    setAt(next);
    down.scrollToIndex(next.row);
    across.scrollToIndex(next.column);
  };
  const press = (event: KeyboardEvent) => {
    // What stands in the header, or was opened from there, has keys of its own.
    if (event.target instanceof Element && event.target.closest('button, input, select, [role="menu"], [role="dialog"]') !== null) return;
    const by = Math.max(1, Math.floor(((box.current?.clientHeight ?? 0) - HEAD) / ROW) - 1);
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(at.row + 1, at.column),
      ArrowUp: () => move(at.row - 1, at.column),
      ArrowRight: () => move(at.row, at.column + 1),
      ArrowLeft: () => move(at.row, at.column - 1),
      PageDown: () => move(at.row + by, at.column),
      PageUp: () => move(at.row - by, at.column),
      Home: () => move(event.ctrlKey ? 0 : at.row, 0),
      End: () => move(event.ctrlKey ? rows - 1 : at.row, columns.length - 1),
      Enter: () => setReading(at),
    };
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.shiftKey || (event.key === 'Enter' && event.ctrlKey)) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  };

  const copy = (as: 'csv' | 'markdown') => {
    const lines = (first.data?.rows ?? []).map((row) => columns.map((column) => cellText(row[column.place], column.kind)));
    void navigator.clipboard.writeText(copied(columns.map((column) => column.name), lines, as));
  };

  if (first.error !== null && first.data === undefined) {
    return <Failure title="The table could not be loaded" error={first.error} onRetry={() => void first.refetch()} />;
  }
  const isNarrowed = view.conditions.length > 0 || view.search !== '';
  const last = Math.min(rows, Math.floor((down.scrollOffset ?? 0) / ROW) + Math.floor(((down.scrollRect?.height ?? HEAD + SHOWN * ROW) - HEAD) / ROW));
  const top = Math.min(last, Math.floor((down.scrollOffset ?? 0) / ROW) + 1);
  const height = HEAD + Math.min(Math.max(rows, 1), isLarge ? SHOWN_LARGE : SHOWN) * ROW + 12;
  const readColumn = reading === null ? undefined : columns[reading.column];
  return (
    <>
      {tools === null
        ? null
        : createPortal(
            <>
              {isSearching ? (
                <span className="table-search">
                  <input
                    className="input"
                    // eslint-disable-next-line jsx-a11y/no-autofocus -- it opens because somebody asked to write here
                    autoFocus
                    aria-label="Search the table"
                    placeholder="Search all rows"
                    defaultValue={view.search}
                    onKeyDown={(event) => {
                      if (event.key === 'Enter') change({ ...view, search: event.currentTarget.value.trim() });
                      if (event.key === 'Escape') {
                        setSearching(false);
                        change({ ...view, search: '' });
                      }
                    }}
                  />
                </span>
              ) : null}
              <IconButton look="quiet" small label="Search the table" aria-pressed={isSearching} onClick={() => setSearching((now) => !now)}>
                <Search aria-hidden />
              </IconButton>
              <Menu
                align="end"
                trigger={
                  <button type="button" className="button button-quiet button-small">
                    <Columns3 aria-hidden />
                    {hidden.size > 0 ? `${columns.length} of ${all.length} columns` : plural(all.length, 'column')}
                  </button>
                }
              >
                {all.map((column) => (
                  <MenuCheck
                    key={column.name}
                    checked={!hidden.has(column.name)}
                    onChange={(isShown) =>
                      setHidden((now) => {
                        const next = new Set(now);
                        if (isShown) next.delete(column.name);
                        else if (next.size < all.length - 1) next.add(column.name);
                        return next;
                      })
                    }
                  >
                    {column.name}
                  </MenuCheck>
                ))}
              </Menu>
              <Menu align="end" trigger={<button type="button" className="button button-quiet button-small button-icon" aria-label="Copy or download"><Copy aria-hidden /></button>}>
                <MenuItem icon={<Copy aria-hidden />} about={`The first ${count(Math.min(PAGE, total))} rows`} onSelect={() => copy('csv')}>
                  Copy as CSV
                </MenuItem>
                <MenuItem icon={<Copy aria-hidden />} about={`The first ${count(Math.min(PAGE, total))} rows`} onSelect={() => copy('markdown')}>
                  Copy as Markdown
                </MenuItem>
                <MenuItem icon={<Download aria-hidden />} about={`All ${count(product.rows ?? 0)} rows`} onSelect={() => window.location.assign(downloadOf(pipeline, block, pipelineRun, product.name, 'csv'))}>
                  Download CSV
                </MenuItem>
                <MenuItem icon={<Download aria-hidden />} about={`All ${count(product.rows ?? 0)} rows`} onSelect={() => window.location.assign(downloadOf(pipeline, block, pipelineRun, product.name, 'parquet'))}>
                  Download Parquet
                </MenuItem>
              </Menu>
              {fills ? null : (
                <IconButton look="quiet" small label={isLarge ? 'Fewer rows' : 'More rows'} onClick={() => setLarge((now) => !now)}>
                  {isLarge ? <Minimize2 aria-hidden /> : <Maximize2 aria-hidden />}
                </IconButton>
              )}
            </>,
            tools,
          )}
      <div
        ref={box}
        className={`grid ${fills ? 'grid-fills' : ''} ${first.isPlaceholderData ? 'grid-old' : ''}`}
        role="grid"
        aria-label={`Output ${product.name} of ${block}`}
        aria-rowcount={total + 1}
        aria-colcount={columns.length + 1}
        aria-activedescendant={cellId(block, at)}
        tabIndex={0}
        style={fills ? undefined : { height }}
        onKeyDown={press}
      >
        <div className="grid-all" style={{ width: across.getTotalSize() + NUMBERS, height: down.getTotalSize() + HEAD }}>
          <div className="grid-head" role="row" aria-rowindex={1} style={{ width: across.getTotalSize() + NUMBERS }}>
            <div className="grid-corner" role="columnheader" aria-label="Row" />
            {seen.map((item) => {
              const column = columns[item.index];
              if (!column) return null;
              return (
                <TableHeader
                  key={column.name}
                  column={column}
                  index={item.index}
                  left={item.start + NUMBERS}
                  width={item.size}
                  known={facts.get(column.name)}
                  sort={sorted === column.name ? (view.sort?.down === true ? 'down' : 'up') : null}
                  isMarked={marked === column.name}
                  isFiltered={view.conditions.some((one) => one.column === column.name)}
                  onSort={sortBy}
                  onHide={hide}
                  onOnly={only}
                  onFilter={filter}
                />
              );
            })}
          </div>
          {drawnRows.map((row) => (
            <TableRow
              key={row.slot}
              index={row.index}
              top={row.top}
              values={valuesOf(row.index)}
              columns={drawnColumns}
              here={at.row === row.index ? at.column : null}
              block={block}
              onPlace={setAt}
              onRead={setReading}
            />
          ))}
        </div>
        {total === 0 && first.data !== undefined ? (
          <Empty
            look="row"
            title={`0 rows × ${all.length}`}
            action={
              isNarrowed ? (
                <button type="button" className="button" onClick={() => change({ ...WHOLE, sort: view.sort })}>
                  Clear {plural(view.conditions.length + (view.search === '' ? 0 : 1), 'filter')}
                </button>
              ) : undefined
            }
          >
            {isNarrowed ? `No row of ${count(product.rows ?? 0)} meets the filters.` : 'The block gave an empty table.'}
          </Empty>
        ) : null}
      </div>
      <footer className="grid-foot">
        <span>
          Rows {count(top)}–{count(last)} of {count(total)}
          {isNarrowed ? ` (${count(product.rows ?? 0)} in all)` : ''}
          {total > MOST_ROWS ? `; the first ${count(MOST_ROWS)} can be scrolled to` : ''}
        </span>
        {view.sort === null ? null : (
          <button type="button" className="grid-chip" onClick={() => change({ ...view, sort: null })} aria-label={`Do not sort by ${view.sort.column}`}>
            {view.sort.down ? '↓' : '↑'} <span className="mono">{view.sort.column}</span> <X aria-hidden />
          </button>
        )}
        {view.conditions.map((condition, index) => {
          const words = conditionWords(condition);
          return (
            <FilterChip
              key={`${condition.column}-${index}`}
              property={words.property}
              value={words.value}
              menu={<MenuItem onSelect={() => change({ ...view, conditions: view.conditions.filter((one) => one !== condition) })}>Remove this filter</MenuItem>}
              onRemove={() => change({ ...view, conditions: view.conditions.filter((one) => one !== condition) })}
            />
          );
        })}
        {view.search === '' ? null : (
          <button type="button" className="grid-chip" onClick={() => change({ ...view, search: '' })} aria-label="Do not search">
            “{view.search}” <X aria-hidden />
          </button>
        )}
        <span className="grid-size">{size(product.bytes)}</span>
      </footer>
      {reading !== null && readColumn ? (
        <CellReader title={`${readColumn.name}, row ${count(reading.row + 1)}`} value={valuesOf(reading.row)?.[readColumn.place]} onClose={() => setReading(null)} />
      ) : null}
    </>
  );
}
