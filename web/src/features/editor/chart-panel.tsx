// A chart of what a block produced: a sentence says what it shows, the server computes it over all rows, and the
// pipeline keeps it when somebody wants that.
import { lazy, Suspense, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Code, Plus, Trash2 } from 'lucide-react';

import { changeChart, charts, keepChart, type Kept, removeChart } from '../../api/charts';
import type { TableOf } from '../../api/tables';
import {
  AGGREGATIONS,
  aggregations,
  CHART_TYPES,
  chartTypes,
  type ChartWish,
  chartWords,
  configurationOf,
  groupable,
  INTERVALS,
  isOverTime,
  measurable,
  measureWords,
  type Metric,
  missing,
  usualChart,
  usualColumn,
  wishOf,
  withType,
} from '../../core/notebook/chart';
import { codeConfiguration, startingCode, withCodeType } from '../../core/notebook/code-chart';
import type { Column } from '../../core/notebook/model';
import { freeName, nameOf } from '../../core/notebook/offers';
import { Button } from '../../ui/button';
import { Failure } from '../../ui/states';
import { ChartRows, Choice } from './chart-parts';
import { CodeChartPanel } from './code-chart';
import { useBlocks, useSession } from './use-session';
import './chart.css';

const Picture = lazy(() => import('./chart-picture'));

const named = (columns: readonly Column[]) => columns.map((column) => [column.name, column.name] as const);

/** `Bars of the average of dep_delay by carrier, the largest first`. */
function Sentence({ wish, columns, onChange }: { wish: ChartWish; columns: readonly Column[]; onChange: (wish: ChartWish) => void }) {
  const [metric, ...others] = wish.metrics;
  const [by = '', ...further] = wish.groupBy;
  const offered = aggregations.filter((one) => measurable(one, columns).length > 0);
  const setMetric = (next: Metric | null) => onChange({ ...wish, metrics: next === null ? [] : [next, ...others] });
  const groups = groupable(wish.type, columns);
  return (
    <div className="chart-sentence">
      <Choice label="Type of chart" value={wish.type} options={chartTypes.map((type) => [type, CHART_TYPES[type]] as const)} onChange={(type) => onChange(withType(wish, type, columns))} />
      {wish.type === 'histogram' ? null : (
        <>
          <span className="text-2">of the</span>
          <Choice
            label="What is measured"
            value={metric?.aggregation ?? 'rows'}
            options={[['rows', 'number of rows'] as const, ...offered.map((one) => [one, AGGREGATIONS[one]] as const)]}
            onChange={(aggregation) => {
              if (aggregation === 'rows') {
                setMetric(null);
                return;
              }
              const kept = measurable(aggregation, columns).find((one) => one.name === metric?.column)?.name;
              const column = kept ?? usualColumn(aggregation, columns, by);
              if (column !== undefined) setMetric({ aggregation, column });
            }}
          />
          {metric === undefined ? null : <Choice label="Column that is measured" value={metric.column} options={named(measurable(metric.aggregation, columns))} onChange={(column) => setMetric({ ...metric, column })} />}
        </>
      )}
      <span className="text-2">{wish.type === 'histogram' ? 'of' : 'by'}</span>
      <Choice
        label="Column of the groups"
        value={by}
        options={[...(wish.type === 'table' ? [['', 'nothing'] as const] : []), ...named(groups)]}
        onChange={(column) => onChange({ ...wish, groupBy: column === '' ? [] : [column, ...further] })}
      />
      {isOverTime(wish.type) ? (
        <Choice
          label="Parts of the time"
          value={wish.interval ?? 'auto'}
          options={[['auto', 'as fine as fits'] as const, ...INTERVALS.map((one) => [one, one === 'original' ? 'as it is' : `each ${one}`] as const)]}
          onChange={(interval) => onChange({ ...wish, interval: interval === 'auto' ? null : interval })}
        />
      ) : null}
      {wish.type === 'bar chart' ? (
        <Choice
          label="Order of the bars"
          value={wish.order ?? 'none'}
          options={[['descending', 'largest first'] as const, ['ascending', 'smallest first'] as const, ['none', 'by name'] as const]}
          onChange={(order) => onChange({ ...wish, order: order === 'none' ? null : order })}
        />
      ) : null}
    </div>
  );
}

function Chart({ of, wish, columns }: { of: TableOf; wish: ChartWish; columns: readonly Column[] }) {
  const why = missing(wish, columns);
  const found = useQuery({ ...charts.of(of, wish), enabled: why === null, placeholderData: keepPreviousData });
  if (why !== null) return <p className="result-nothing">{why}</p>;
  if (found.error) return <Failure title="The chart could not be computed" error={found.error} onRetry={() => void found.refetch()} />;
  const drawn = found.data;
  if (drawn === undefined) return <div className="chart-picture" aria-busy="true" />;
  const words = chartWords(drawn);
  const label = `${CHART_TYPES[drawn.type]}: ${drawn.measures.map(measureWords).join(', ')} by ${drawn.places.join(', ')}. ${words}.`;
  return (
    <figure className={found.isPlaceholderData ? 'grid-old' : ''}>
      {drawn.rows.length === 0 ? (
        <p className="result-nothing">There is no value to show.</p>
      ) : drawn.type === 'table' ? (
        <ChartRows drawn={drawn} />
      ) : (
        <Suspense fallback={<div className="chart-picture" aria-busy="true" />}>
          <Picture drawn={drawn} label={label} />
        </Suspense>
      )}
      <figcaption className="chart-words">{words}</figcaption>
    </figure>
  );
}

/** How a chart is called that somebody keeps. */
function usualName(block: string, wish: ChartWish): string {
  const [metric] = wish.metrics;
  return nameOf([block, ...(metric === undefined ? [] : [metric.aggregation, metric.column]), ...(wish.groupBy.length === 0 ? [] : ['by', ...wish.groupBy])].join(' '));
}

export function ChartPanel({ of, run, block, columns }: { of: TableOf; run: number; block: string; columns: readonly Column[] }) {
  const session = useSession();
  const blocks = useBlocks();
  const kept = useQuery(charts.kept(session.pipeline));
  const own = (kept.data ?? []).filter((chart) => chart.upstream.includes(block));
  const [chosen, setChosen] = useState<string | null>(null);
  const [draft, setDraft] = useState<ChartWish | null>(null);
  const [removing, setRemoving] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const current: Kept | undefined = chosen === 'new' ? undefined : (own.find((chart) => chart.uuid === chosen) ?? own[0]);
  const wish = current === undefined ? (draft ?? usualChart(columns)) : wishOf(current.configuration);
  const work = (done: Promise<unknown>) => {
    setBusy(true);
    void done.catch(session.say).finally(() => setBusy(false));
  };
  const choose = (uuid: string) => {
    setChosen(uuid);
    setRemoving(false);
  };
  if (kept.isPending) return <div className="chart-picture" aria-busy="true" />;
  const nameFor = (chart: ChartWish, more = '') => {
    const taken = new Set([...(kept.data ?? []).map((one) => one.uuid), ...blocks.map((one) => one.uuid)]);
    return freeName(nameOf(usualName(block, chart) + more), taken);
  };
  const keep = () => {
    if (wish !== null) work(keepChart(session.pipeline, { block, name: nameFor(wish), configuration: configurationOf(wish) }).then(choose));
  };
  const write = () => {
    if (wish === null) return;
    const chart = withCodeType({ type: wish.type, names: { x: '', y: '', index: '' }, legend: '' }, wish.type);
    work(keepChart(session.pipeline, { block, name: nameFor(wish, ' code'), configuration: codeConfiguration(chart), content: startingCode(wish.type, wish) }).then(choose));
  };
  const end =
    current === undefined ? (
      <span className="chart-end chart-ends">
        <Button small look="quiet" icon={<Code aria-hidden />} onClick={write} disabledReason={isBusy ? 'It is being made' : undefined}>
          Write its code
        </Button>
        <Button small onClick={keep} disabledReason={wish !== null && missing(wish, columns) !== null ? 'There is nothing to keep yet' : isBusy ? 'It is being kept' : undefined}>
          Keep this chart
        </Button>
      </span>
    ) : removing ? (
      <span className="chart-remove chart-end" role="alertdialog" aria-label={`Delete ${current.name}`}>
        <span className="text-table">The pipeline loses this chart. Its file stays on the disk.</span>
        <Button small look="danger" onClick={() => work(removeChart(session.pipeline, current.uuid).then(() => setRemoving(false)))}>
          Delete {current.name}
        </Button>
        <Button small look="quiet" onClick={() => setRemoving(false)}>
          Keep it
        </Button>
      </span>
    ) : (
      <Button small look="quiet" className="chart-end" icon={<Trash2 aria-hidden />} onClick={() => setRemoving(true)}>
        Delete…
      </Button>
    );
  return (
    <div className="chart-panel">
      {own.length === 0 ? null : (
        <div className="chart-kept" role="group" aria-label="Charts of this block">
          {own.map((chart) => (
            <button key={chart.uuid} type="button" className="chart-name mono" aria-pressed={chart === current} onClick={() => choose(chart.uuid)}>
              {chart.name}
            </button>
          ))}
          <button type="button" className="chart-name" aria-pressed={current === undefined} onClick={() => choose('new')}>
            <Plus aria-hidden /> New chart
          </button>
        </div>
      )}
      {wish === null && current !== undefined ? (
        <CodeChartPanel key={current.uuid} chart={current} run={run} wish={draft ?? usualChart(columns)} end={end} />
      ) : wish === null ? null : (
        <>
          <div className="chart-head">
            <Sentence
              wish={wish}
              columns={columns}
              onChange={(next) => {
                if (current === undefined) setDraft(next);
                else work(changeChart(session.pipeline, current.uuid, configurationOf(next, current.configuration)));
              }}
            />
            {end}
          </div>
          <Chart of={of} wish={wish} columns={columns} />
        </>
      )}
    </div>
  );
}
