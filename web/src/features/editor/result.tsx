// What a block produced: its table, other values, tests, lines; or why it failed, first of all.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronRight } from 'lucide-react';

import { readLogs } from '../../api/notebook';
import { isBusy, mainFrame, shape } from '../../core/notebook/face';
import type { Block, Product } from '../../core/notebook/model';
import type { BlockState } from '../../core/notebook/standing';
import { DataTable } from '../../core/tables/data-table';
import { ProductText } from '../../core/tables/product-text';
import { size } from '../../lib/format';
import { IconButton } from '../../ui/button';
import { Tabs, TabPanel, type Tab } from '../../ui/tabs';
import { ChartPanel } from './chart-panel';
import { ErrorPanel } from './error-panel';
import { LogLines } from './log-lines';
import { TestList } from './test-list';
import { useSession, useView, useViewStore } from './use-session';
import { useLasting } from './use-ticking';
import { type ResultTab, toggled } from './view';

function tabsOf(state: BlockState, products: readonly Product[]): Tab<ResultTab>[] {
  const frames = products.filter((product) => product.kind === 'frame');
  const others = products.length - frames.length;
  return [
    ...(frames.length > 0 ? [{ name: 'data' as const, label: 'Data', count: frames.length > 1 ? frames.length : undefined }] : []),
    ...(frames.length > 0 ? [{ name: 'chart' as const, label: 'Chart' }] : []),
    ...(others > 0 ? [{ name: 'text' as const, label: others > 1 ? 'Values' : 'Value', count: others > 1 ? others : undefined }] : []),
    ...(state.tests === null ? [] : [{ name: 'tests' as const, label: 'Tests', count: state.tests.total }]),
    { name: 'logs' as const, label: 'Logs' },
  ];
}

/** The lines of the newest run: those that were heard, else those that are stored. */
function Logs({ state, name }: { state: BlockState; name: string }) {
  const run = state.newest?.run ?? 0;
  const isOver = !isBusy(state);
  const stored = useQuery({
    queryKey: ['block-logs', run, name],
    queryFn: ({ signal }) => readLogs(run, name, signal),
    enabled: isOver && state.logs.length === 0,
    staleTime: Infinity,
  });
  const lines = state.logs.length > 0 ? state.logs : (stored.data ?? []);
  if (lines.length === 0 && isOver && !stored.isPending) {
    return <p className="result-nothing">It printed nothing in run {run}.</p>;
  }
  return <LogLines lines={lines} dropped={state.dropped} isLive={!isOver} />;
}

function OneLine({ products, state, onOpen }: { products: readonly Product[]; state: BlockState; onOpen: () => void }) {
  const frame = mainFrame(products);
  return (
    <button type="button" className="result-folded" onClick={onOpen} aria-expanded={false}>
      <ChevronRight aria-hidden />
      {frame ? shape(frame) : state.newest?.status === 'failed' ? 'Failed' : 'Result'}
      <span className="text-3">{frame ? size(frame.bytes) : ''}</span>
    </button>
  );
}

export function Result({ uuid, state, block }: { uuid: string; state: BlockState; block: Block }) {
  const session = useSession();
  const view = useViewStore();
  const isQuiet = useView((now) => now.quiet.has(uuid));
  const chosen = useView((now) => now.tabs.get(uuid));
  const [shown, setShown] = useState<string | null>(null);
  const { newest, output } = state;
  // What it produced before stays until it is clear that the new run takes a while.
  const isLong = useLasting(isBusy(state));
  if (!newest) return null;
  if (isLong || (isBusy(state) && (output === null || state.logs.length > 0))) {
    return state.logs.length > 0 ? (
      <div className="result">
        <LogLines lines={state.logs} dropped={state.dropped} isLive />
      </div>
    ) : null;
  }
  const products = output?.products ?? [];
  const tabs = tabsOf(state, products);
  const first = tabs[0]?.name ?? 'logs';
  const tab = tabs.some((one) => one.name === chosen) && chosen !== undefined ? chosen : first;
  const toggle = () => view.set((now) => ({ ...now, quiet: toggled(now.quiet, uuid) }));
  if (isQuiet) return <OneLine products={products} state={state} onOpen={toggle} />;
  const hasFailed = newest.status === 'failed' && newest.failure !== null;
  const isOld = output !== null && output.blockRun.run !== newest.run && !isBusy(state);
  const frames = products.filter((product) => product.kind === 'frame');
  const frame = frames.find((product) => product.name === shown) ?? frames[0];
  const id = output?.blockRun.id ?? null;
  const isEmpty = products.length === 0 && !hasFailed;
  if (isEmpty && tab === 'logs' && chosen === undefined && state.logs.length === 0) return null;
  return (
    <div className="result">
      {hasFailed && newest.failure ? <ErrorPanel uuid={uuid} block={block} state={state} failure={newest.failure} /> : null}
      {hasFailed && products.length === 0 && state.tests === null && chosen === undefined ? null : (
        <Tabs
          label={`Result of ${uuid}`}
          className="result-tabs"
          tabs={tabs}
          value={tab}
          onChange={(name) => view.set((now) => ({ ...now, tabs: new Map(now.tabs).set(uuid, name) }))}
          bar={
            <span className="result-tools">
              {isOld ? <span className="text-meta text-3">of run {output.blockRun.run}, the last good one</span> : null}
              {frames.length > 1 && (tab === 'data' || tab === 'chart') ? (
                <select className="input result-which" aria-label="Which output" value={frame?.name ?? ''} onChange={(event) => setShown(event.target.value)}>
                  {frames.map((one) => (
                    <option key={one.name}>{one.name}</option>
                  ))}
                </select>
              ) : null}
              <span className="result-tools-place" id={`tools-${uuid}`} />
              <IconButton look="quiet" small label="Fold the result" onClick={toggle}>
                <ChevronDown aria-hidden />
              </IconButton>
            </span>
          }
        >
          <TabPanel value={tab} className="result-panel" tabIndex={-1}>
            {tab === 'data' && frame && id !== null && output ? (
              <DataTable key={`${id}-${frame.name}`} of={{ blockRun: id, product: frame.name }} product={frame} pipeline={session.pipeline} pipelineRun={output.blockRun.run} block={uuid} tools={`tools-${uuid}`} />
            ) : null}
            {tab === 'chart' && frame && id !== null && output ? <ChartPanel key={frame.name} of={{ blockRun: id, product: frame.name }} run={output.blockRun.run} block={uuid} columns={frame.columns} /> : null}
            {tab === 'text' && id !== null ? (
              products.filter((product) => product.kind !== 'frame').map((product) => <ProductText key={product.name} of={{ blockRun: id, product: product.name }} product={product} />)
            ) : null}
            {tab === 'tests' && state.tests ? <TestList uuid={uuid} tests={state.tests} /> : null}
            {tab === 'logs' ? <Logs state={state} name={uuid} /> : null}
          </TabPanel>
        </Tabs>
      )}
    </div>
  );
}
