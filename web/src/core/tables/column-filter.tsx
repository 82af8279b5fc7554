// A condition on a column, inside the menu of its header.
import { useState } from 'react';

import type { Column } from '../notebook/model';
import { type ColumnKind, type Comparison, comparisonWords, type Condition } from '../notebook/table';
import { Button } from '../../ui/button';

function comparisons(kind: ColumnKind): readonly Comparison[] {
  switch (kind) {
    case 'number':
    case 'date':
    case 'time':
      return ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'null', 'not_null'];
    case 'bool':
      return ['eq', 'null', 'not_null'];
    case 'text':
      return ['contains', 'eq', 'ne', 'null', 'not_null'];
    case 'nested':
    case 'binary':
    case 'other':
      return ['contains', 'null', 'not_null'];
  }
}

export function ColumnFilter({ column, onFilter }: { column: Column & { kind: ColumnKind }; onFilter: (condition: Condition) => void }) {
  const offered = comparisons(column.kind);
  const [comparison, setComparison] = useState<Comparison>(offered[0] ?? 'eq');
  const [value, setValue] = useState('');
  const needsValue = comparison !== 'null' && comparison !== 'not_null';
  const isReady = !needsValue || value !== '';
  const apply = () => {
    if (!isReady) return;
    onFilter({ column: column.name, comparison, value: needsValue ? value : '' });
    // Closes the menu as choosing an item does.
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  };
  return (
    // The menu takes letters as a search through its items; here they are for the fields.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <form
      className="column-filter"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' && event.key !== 'Tab') event.stopPropagation();
        if (event.key === 'Enter') apply();
      }}
      onSubmit={(event) => event.preventDefault()}
    >
      <label className="field-label" htmlFor={`filter-${column.name}`}>
        Rows where <span className="mono">{column.name}</span>
      </label>
      <select
        className="input"
        aria-label="Comparison"
        value={comparison}
        onChange={(event) => {
          const next = offered.find((one) => one === event.target.value);
          if (next !== undefined) setComparison(next);
        }}
      >
        {offered.map((one) => (
          <option key={one} value={one}>
            {comparisonWords[one]}
          </option>
        ))}
      </select>
      {needsValue ? <input id={`filter-${column.name}`} className="input" value={value} placeholder={column.kind === 'bool' ? 'true or false' : 'Value'} onChange={(event) => setValue(event.target.value)} /> : null}
      <Button look="primary" small disabledReason={isReady ? undefined : 'Say with which value'} onClick={apply}>
        Filter
      </Button>
    </form>
  );
}
