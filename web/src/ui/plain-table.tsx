// Heads of plain tables.
import './plain-table.css';

/** A column of words by its name; one of numbers, which stand at the right, as `{ number: name }`. */
export type PlainColumn = string | { number: string };

export function PlainHead({ columns }: { columns: readonly PlainColumn[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) =>
          typeof column === 'string' ? (
            <th key={column} scope="col">
              {column}
            </th>
          ) : (
            <th key={column.number} scope="col" className="number">
              {column.number}
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}
