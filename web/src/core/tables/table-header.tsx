// The header of a column: its type and name, how its values are spread, how many are null.
import type { ReactNode } from 'react';
import { ArrowDown, ArrowUp, Braces, Calendar, Clock, EyeOff, Hash, ListFilter, ToggleLeft, Type } from 'lucide-react';

import type { Column } from '../notebook/model';
import { type ColumnFacts, type ColumnKind, columnWords, nullWords, typeWords } from '../notebook/table';
import { count } from '../../lib/format';
import { Menu, MenuItem, MenuLine } from '../../ui/menu';

const icons: Record<ColumnKind, typeof Hash> = {
  number: Hash,
  text: Type,
  bool: ToggleLeft,
  date: Calendar,
  time: Clock,
  nested: Braces,
  binary: Braces,
  other: Type,
};

const HEIGHT = 20;

function Histogram({ facts, rows, width }: { facts: ColumnFacts; rows: number; width: number }) {
  const { histogram, nulls } = facts;
  if (histogram === null || rows === 0) return <span className="hist" />;
  const { counts, values } = histogram;
  const nullBar = nulls > 0 ? 10 : 0;
  const room = width - 20 - nullBar;
  const most = Math.max(1, ...counts, 0);
  const gap = values === null ? 0.5 : 2;
  const each = room / counts.length;
  const scale = (value: number) => (value === 0 ? 0 : Math.max(1, (value / most) * HEIGHT));
  const nullHeight = Math.max(2, (nulls / rows) * HEIGHT);
  return (
    <svg className="hist" width={width - 20} height={HEIGHT} aria-hidden>
      {counts.map((value, at) => (
        <rect key={at} x={at * each} width={Math.max(0.5, each - gap)} y={HEIGHT - scale(value)} height={scale(value)}>
          <title>{`${values?.[at] === undefined ? '' : `${values[at]}: `}${count(value)}`}</title>
        </rect>
      ))}
      {nulls > 0 ? (
        <rect className="hist-null" x={room + 3} width={7} y={HEIGHT - nullHeight} height={nullHeight}>
          <title>{`null: ${count(nulls)}`}</title>
        </rect>
      ) : null}
    </svg>
  );
}

export function TableHeader({
  column,
  index,
  left,
  width,
  known,
  sort,
  isMarked,
  isFiltered,
  onSort,
  onHide,
  filter,
}: {
  column: Column & { kind: ColumnKind };
  index: number;
  left: number;
  width: number;
  known: { facts: ColumnFacts; rows: number } | undefined;
  sort: 'up' | 'down' | null;
  isMarked: boolean;
  isFiltered: boolean;
  onSort: () => void;
  onHide: () => void;
  filter: ReactNode;
}) {
  const Icon = icons[column.kind];
  const Arrow = sort === 'up' ? ArrowUp : ArrowDown;
  return (
    <div
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={sort === null ? 'none' : sort === 'up' ? 'ascending' : 'descending'}
      className={`grid-title ${sort === null && !isMarked ? '' : 'grid-title-sorted'} ${isFiltered ? 'grid-title-filtered' : ''}`}
      style={{ left, width }}
    >
      <div className="grid-title-row">
        <button type="button" className="grid-title-name" onClick={onSort} title={`${column.name}, ${typeWords(column.type)}: click sorts`}>
          <Icon aria-hidden />
          <span className="cut">{column.name}</span>
          {sort === null ? null : <Arrow aria-hidden className="grid-title-arrow" />}
        </button>
        <Menu
          align="end"
          trigger={
            <button type="button" className={`grid-title-more ${isFiltered ? 'grid-title-on' : ''}`} aria-label={`Filter or hide ${column.name}`}>
              <ListFilter aria-hidden />
            </button>
          }
        >
          {filter}
          <MenuLine />
          <MenuItem icon={<EyeOff aria-hidden />} onSelect={onHide}>
            Hide {column.name}
          </MenuItem>
        </Menu>
      </div>
      {known === undefined ? <span className="hist" /> : <Histogram facts={known.facts} rows={known.rows} width={width} />}
      <div className="grid-title-facts">
        <span className="cut">{column.kind === 'nested' ? typeWords(column.type) : known === undefined ? typeWords(column.type) : columnWords(known.facts, known.rows, column.kind)}</span>
        {known === undefined ? null : <span className="grid-title-nulls">{nullWords(known.facts.nulls, known.rows)}</span>}
      </div>
    </div>
  );
}
