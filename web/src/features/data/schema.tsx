// The columns of a table with their types and how much of them is null.
import { useState } from 'react';

import type { ProductVersion } from '../../api/products';
import { columnKind, nullWords, typeWords } from '../../core/notebook/table';
import { ColumnIcon } from '../../core/tables/column-icon';
import { plural } from '../../lib/format';

export function Schema({ version, chosen, onChoose }: { version: ProductVersion; chosen: string | undefined; onChoose: (name: string) => void }) {
  const [text, setText] = useState('');
  const rows = version.rows ?? 0;
  const shown = version.columns
    .map((column, at) => ({ ...column, nulls: version.statistics[at]?.nulls ?? 0 }))
    .filter((column) => column.name.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <section className="product-schema" aria-label="Schema">
      <div className="product-pane-head">
        <h2 className="section-title">Schema</h2>
        <span className="text-meta text-2">{plural(version.columns.length, 'column')}</span>
      </div>
      {version.columns.length > 12 ? (
        <div className="product-schema-search">
          <input className="input" type="search" aria-label="Search the columns" placeholder="Search the columns" value={text} onChange={(event) => setText(event.target.value)} />
        </div>
      ) : null}
      <ul className="product-columns">
        {shown.map((column) => (
          <li key={column.name}>
            <button type="button" className="product-column" aria-current={column.name === chosen ? 'true' : undefined} onClick={() => onChoose(column.name)}>
              <ColumnIcon kind={columnKind(column.type)} />
              <span className="mono cut">{column.name}</span>
              <span className="text-3 cut" title={typeWords(column.type)}>
                {typeWords(column.type).replace('timestamp with zone', 'timestamptz')}
              </span>
              <span className={column.nulls > 0 ? 'product-nulls' : 'text-3'}>{column.nulls > 0 ? nullWords(column.nulls, rows).replace(' null', '') : '0'}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 ? <p className="product-note">No column is called that.</p> : null}
    </section>
  );
}
