// How the values of a column are spread: small in its header, and on demand bar by bar, each of which narrows the table.
import type { ReactElement } from 'react';
import { Popover } from 'radix-ui';

import { type Bar, barsOf, type ColumnFacts, type ColumnKind, type Condition, columnWords } from '../notebook/table';
import { count, percent } from '../../lib/format';
import { OnDemand } from './on-demand';

const HEIGHT = 20;

export interface Known {
  facts: ColumnFacts;
  rows: number;
}

function Small({ known: { facts, rows }, width }: { known: Known; width: number }) {
  const { histogram, nulls } = facts;
  if (histogram === null || rows === 0) return null;
  const { counts, values } = histogram;
  const room = width - (nulls > 0 ? 10 : 0);
  const most = Math.max(1, ...counts);
  const gap = values === null ? 0.5 : 2;
  const each = room / counts.length;
  const scale = (value: number) => (value === 0 ? 0 : Math.max(1, (value / most) * HEIGHT));
  const nullHeight = Math.max(2, (nulls / rows) * HEIGHT);
  // One shape: forty of them in each header would be most of what a table consists of.
  const bars = counts.map((value, at) => `M${(at * each).toFixed(1)} ${HEIGHT}v${-scale(value)}h${Math.max(0.5, each - gap)}v${scale(value)}z`);
  return (
    <svg width={width} height={HEIGHT} aria-hidden>
      <path d={bars.join('')} />
      {nulls > 0 ? <rect className="hist-null" x={room + 3} width={7} y={HEIGHT - nullHeight} height={nullHeight} /> : null}
    </svg>
  );
}

function Line({ bar, most, isNull = false, onOnly }: { bar: Bar; most: number; isNull?: boolean; onOnly: (rows: readonly Omit<Condition, 'column'>[]) => void }) {
  const { rows } = bar;
  const inside = (
    <>
      <span className={`spread-label cut ${isNull ? 'grid-null' : ''}`}>{bar.label}</span>
      <span className="spread-bar" aria-hidden>
        <span className={isNull ? 'spread-null' : ''} style={{ width: `${(bar.count / most) * 100}%` }} />
      </span>
      <span className="spread-count">{count(bar.count)}</span>
    </>
  );
  if (rows === null || bar.count === 0) return <div className="spread-line">{inside}</div>;
  return (
    <Popover.Close asChild>
      <button type="button" className="spread-line" title="Show only these rows" onClick={() => onOnly(rows)}>
        {inside}
      </button>
    </Popover.Close>
  );
}

interface Spread {
  name: string;
  kind: ColumnKind;
  known: Known;
  onOnly: (rows: readonly Omit<Condition, 'column'>[]) => void;
}

export function ColumnSpread({ known, width, ...of }: Omit<Spread, 'known'> & { known: Known | undefined; width: number }) {
  if (known === undefined || known.facts.histogram === null) return <span className="hist" />;
  return (
    <OnDemand
      opens="dialog"
      button={
        <button type="button" className="hist" aria-label={`How ${of.name} is spread`}>
          <Small known={known} width={width} />
        </button>
      }
    >
      {(button) => <Whole {...of} known={known} button={button} />}
    </OnDemand>
  );
}

function Whole({ name, kind, known: { facts, rows }, button, onOnly }: Spread & { button: ReactElement }) {
  const bars = barsOf(facts, kind);
  const most = Math.max(1, facts.nulls, ...bars.map((bar) => bar.count));
  return (
    <Popover.Root defaultOpen>
      <Popover.Trigger asChild>{button}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu spread" align="start" sideOffset={4} collisionPadding={8} aria-label={`How ${name} is spread`}>
          <p className="section-title mono cut">{name}</p>
          <dl className="spread-facts">
            <div className="fact">
              <dt>Values</dt>
              <dd>{columnWords(facts, rows, kind)}</dd>
            </div>
            {facts.distinct === null ? null : (
              <div className="fact">
                <dt>Distinct</dt>
                <dd>{count(facts.distinct)}</dd>
              </div>
            )}
            {facts.mean === null ? null : (
              <div className="fact">
                <dt>Mean</dt>
                <dd>{String(Number(facts.mean.toPrecision(6))).replace('-', '−')}</dd>
              </div>
            )}
            <div className="fact">
              <dt>Null</dt>
              <dd>{facts.nulls === 0 ? 'none' : `${count(facts.nulls)} of ${count(rows)}, ${percent(facts.nulls / rows)}`}</dd>
            </div>
          </dl>
          {bars.length === 0 ? null : (
            <div className="spread-lines">
              {bars.map((bar, at) => (
                <Line key={at} bar={bar} most={most} onOnly={onOnly} />
              ))}
              {facts.nulls === 0 ? null : <Line bar={{ label: 'null', count: facts.nulls, rows: [{ comparison: 'null', value: '' }] }} most={most} isNull onOnly={onOnly} />}
            </div>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
