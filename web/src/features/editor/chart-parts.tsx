// What charts by columns and charts by code both show: choices in a sentence, and the rows of a table.
import { type Drawn, measureWords } from '../../core/notebook/chart';
import { cellText, columnKind } from '../../core/notebook/table';
import './chart.css';

export function Choice<Value extends string>({ label, value, options, onChange }: { label: string; value: Value; options: readonly (readonly [Value, string])[]; onChange: (value: Value) => void }) {
  return (
    <select
      className="input chart-choice"
      aria-label={label}
      value={value}
      onChange={(event) => {
        const found = options.find(([one]) => one === event.target.value);
        if (found) onChange(found[0]);
      }}
    >
      {options.map(([one, words]) => (
        <option key={one} value={one}>
          {words}
        </option>
      ))}
    </select>
  );
}

export function ChartRows({ drawn }: { drawn: Drawn }) {
  return (
    // A list that scrolls has to be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="chart-rows" tabIndex={0} role="region" aria-label="Rows of the chart">
      <table>
        <thead>
          <tr>
            {drawn.columns.map((column) => (
              <th key={column.name} scope="col" className={`grid-of-${columnKind(column.type)}`}>
                {drawn.measures.includes(column.name) && drawn.places.length > 0 ? measureWords(column.name) : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {drawn.rows.map((row, at) => (
            <tr key={at}>
              {drawn.columns.map((column) => (
                <td key={column.name} className={`grid-of-${columnKind(column.type)}`}>
                  {cellText(row[column.name], columnKind(column.type)) ?? <i className="grid-null">null</i>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
