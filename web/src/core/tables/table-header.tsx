// The header of a column: its type and name, how its values are spread, how many are null.
import { memo } from 'react';
import { ArrowDown, ArrowUp, EyeOff, ListFilter } from 'lucide-react';

import type { Column } from '../notebook/model';
import { type ColumnKind, columnWords, type Condition, nullWords, typeWords } from '../notebook/table';
import { Menu, MenuItem, MenuLine } from '../../ui/menu';
import { ColumnFilter } from './column-filter';
import { ColumnIcon } from './column-icon';
import { ColumnSpread, type Known } from './column-spread';
import { OnDemand } from './on-demand';

export const TableHeader = memo(function TableHeader({
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
  onOnly,
  onFilter,
}: {
  column: Column & { kind: ColumnKind };
  index: number;
  left: number;
  width: number;
  known: Known | undefined;
  sort: 'up' | 'down' | null;
  isMarked: boolean;
  isFiltered: boolean;
  onSort: (column: string) => void;
  onHide: (column: string) => void;
  /** Narrows the table to rows that meet these. */
  onOnly: (column: string, rows: readonly Omit<Condition, 'column'>[]) => void;
  onFilter: (condition: Condition) => void;
}) {
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
        <button type="button" className="grid-title-name" onClick={() => onSort(column.name)} title={`${column.name}, ${typeWords(column.type)}: click sorts`}>
          <ColumnIcon kind={column.kind} />
          <span className="cut">{column.name}</span>
          {sort === null ? null : <Arrow aria-hidden className="grid-title-arrow" />}
        </button>
        <OnDemand
          opens="menu"
          button={
            <button type="button" className={`grid-title-more ${isFiltered ? 'grid-title-on' : ''}`} aria-label={`Filter or hide ${column.name}`}>
              <ListFilter aria-hidden />
            </button>
          }
        >
          {(button) => (
            <Menu align="end" startsOpen trigger={button}>
              <ColumnFilter column={column} onFilter={onFilter} />
              <MenuLine />
              <MenuItem icon={<EyeOff aria-hidden />} onSelect={() => onHide(column.name)}>
                Hide {column.name}
              </MenuItem>
            </Menu>
          )}
        </OnDemand>
      </div>
      <ColumnSpread name={column.name} kind={column.kind} known={known} width={width - 20} onOnly={(rows) => onOnly(column.name, rows)} />
      <div className="grid-title-facts">
        <span className="cut">{column.kind === 'nested' ? typeWords(column.type) : known === undefined ? typeWords(column.type) : columnWords(known.facts, known.rows, column.kind)}</span>
        {known === undefined ? null : <span className="grid-title-nulls">{nullWords(known.facts.nulls, known.rows)}</span>}
      </div>
    </div>
  );
});
