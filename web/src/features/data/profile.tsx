// What is known of one column: how its values are spread, their range, how many are null.
import { useQuery } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight } from 'lucide-react';

import { type TableOf, tables } from '../../api/tables';
import type { Column } from '../../core/notebook/model';
import { type ColumnFacts, columnKind, typeWords, WHOLE } from '../../core/notebook/table';
import { ColumnIcon } from '../../core/tables/column-icon';
import { count, percent } from '../../lib/format';
import { IconButton } from '../../ui/button';
import { Failure, Skeleton } from '../../ui/states';

const WIDTH = 288;
const HEIGHT = 112;

function Spread({ facts }: { facts: ColumnFacts }) {
  if (facts.histogram === null) return null;
  const { counts, values } = facts.histogram;
  const most = Math.max(1, ...counts);
  const each = WIDTH / counts.length;
  const gap = values === null ? 1 : Math.min(4, each / 4);
  return (
    <svg className="profile-spread" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`How the values of the column are spread, from ${facts.min ?? 'none'} to ${facts.max ?? 'none'}`}>
      {counts.map((value, at) => {
        const height = value === 0 ? 0 : Math.max(1, (value / most) * HEIGHT);
        return (
          <rect key={at} x={at * each} width={Math.max(0.5, each - gap)} y={HEIGHT - height} height={height}>
            <title>{`${values?.[at] === undefined ? '' : `${values[at]}: `}${count(value)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

/** A number of a column, without the digits that nobody reads. */
function shown(value: string | number): string {
  const number = typeof value === 'number' ? value : Number(value);
  if (value === '' || !Number.isFinite(number)) return String(value);
  const whole = Number.isInteger(number) && Math.abs(number) < 1e15;
  return (whole ? count(number) : String(Number(number.toPrecision(5)))).replace('-', '−');
}

function Line({ label, children, isLoud = false }: { label: string; children: string; isLoud?: boolean }) {
  return (
    <div className="profile-line">
      <dt>{label}</dt>
      <dd className={isLoud ? 'product-nulls' : ''} title={children}>
        {children}
      </dd>
    </div>
  );
}

/** What was counted when the product was stored; the rest is counted when somebody looks. */
export interface StoredFacts {
  nulls: number;
  min: string | null;
  max: string | null;
}

export function Profile({
  of,
  column,
  columns,
  stored,
  rows,
  onChoose,
}: {
  of: TableOf;
  column: Column;
  columns: readonly Column[];
  stored: StoredFacts | undefined;
  rows: number;
  onChoose: (name: string) => void;
}) {
  const found = useQuery(tables.facts(of, WHOLE, [column.name]));
  const counted = found.data?.columns.get(column.name);
  const facts: ColumnFacts | undefined = counted ?? (stored === undefined ? undefined : { ...stored, mean: null, distinct: null, histogram: null });
  const at = columns.findIndex((one) => one.name === column.name);
  const before = columns[at - 1];
  const after = columns[at + 1];
  return (
    <section className="product-profile" aria-label={`Profile of ${column.name}`}>
      <div className="product-pane-head">
        <ColumnIcon kind={columnKind(column.type)} />
        <h2 className="section-title mono cut">{column.name}</h2>
        <span className="text-meta text-2 cut">{typeWords(column.type)}</span>
        <span className="product-tools">
          <IconButton small look="quiet" label="The column before" disabledReason={before === undefined ? 'This is the first column' : undefined} onClick={() => (before === undefined ? undefined : onChoose(before.name))}>
            <ChevronLeft aria-hidden />
          </IconButton>
          <IconButton small look="quiet" label="The next column" disabledReason={after === undefined ? 'This is the last column' : undefined} onClick={() => (after === undefined ? undefined : onChoose(after.name))}>
            <ChevronRight aria-hidden />
          </IconButton>
        </span>
      </div>
      <div className="profile-body">
        {found.error !== null ? (
          <Failure title="The column could not be counted" error={found.error} onRetry={() => void found.refetch()} />
        ) : facts === undefined ? (
          <Skeleton width="100%" height={HEIGHT} />
        ) : (
          <>
            <Spread facts={facts} />
            <dl className="profile-lines">
              {facts.min === null ? null : <Line label="Smallest">{shown(facts.min)}</Line>}
              {facts.max === null ? null : <Line label="Largest">{shown(facts.max)}</Line>}
              {facts.mean === null ? null : <Line label="Mean">{shown(facts.mean)}</Line>}
              <Line label="Distinct">{counted === undefined ? '…' : counted.distinct === null ? 'many' : count(counted.distinct)}</Line>
              <Line label="Null" isLoud={facts.nulls > 0}>
                {facts.nulls === 0 ? '0' : `${count(facts.nulls)}, ${percent(facts.nulls / Math.max(1, rows))}`}
              </Line>
              <Line label="Rows">{count(rows)}</Line>
            </dl>
          </>
        )}
      </div>
    </section>
  );
}
