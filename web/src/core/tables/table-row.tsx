// A row of a table, as far as its columns are seen. Drawn again only when something of it is another one.
import { memo } from 'react';

import { cellText, type ColumnKind } from '../notebook/table';
import { count } from '../../lib/format';

/** A column that is drawn. */
export interface DrawnColumn {
  /** Columns that come into sight take the places, and the elements, of those that went. */
  slot: number;
  /** Among those that are not hidden. */
  index: number;
  /** In the values of a row. */
  place: number;
  kind: ColumnKind;
  left: number;
  width: number;
  isMarked: boolean;
}

export interface At {
  row: number;
  column: number;
}

export const cellId = (block: string, { row, column }: At) => `${block}-cell-${row}-${column}`;

export const TableRow = memo(function TableRow({
  index,
  top,
  values,
  columns,
  here,
  block,
  onPlace,
  onRead,
}: {
  index: number;
  top: number;
  /** None as long as they are not there. */
  values: readonly unknown[] | undefined;
  columns: readonly DrawnColumn[];
  /** The column that the keyboard is at, if it is in this row. */
  here: number | null;
  block: string;
  onPlace: (at: At) => void;
  onRead: (at: At) => void;
}) {
  return (
    <div role="row" aria-rowindex={index + 2} className={values === undefined ? 'grid-row grid-wait' : 'grid-row'} style={{ transform: `translateY(${top}px)` }}>
      <div className="grid-number" role="rowheader">
        {count(index + 1)}
      </div>
      {columns.map((column) => {
        const at = { row: index, column: column.index };
        const text = cellText(values?.[column.place], column.kind);
        return (
          // The keys of the grid do what a click does.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={column.slot}
            // Named is only the cell that the grid points at: the others would all get another name with each row that is scrolled.
            {...(here === column.index ? { id: cellId(block, at) } : {})}
            role="gridcell"
            tabIndex={-1}
            aria-colindex={column.index + 2}
            aria-selected={here === column.index}
            className={`grid-cell grid-of-${column.kind} ${column.isMarked ? 'grid-sorted' : ''} ${here === column.index ? 'grid-here' : ''}`}
            style={{ left: column.left, width: column.width }}
            onClick={() => onPlace(at)}
            onDoubleClick={() => onRead(at)}
          >
            {values === undefined ? null : (text ?? <i className="grid-null">null</i>)}
          </div>
        );
      })}
    </div>
  );
});
