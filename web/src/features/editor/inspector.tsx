// The pane at the right: how the blocks hang together, and what is known of the selected one.
import { lazy, Suspense } from 'react';
import { PanelRightClose } from 'lucide-react';

import { IconButton } from '../../ui/button';
import { Empty } from '../../ui/states';
import { TabPanel, Tabs } from '../../ui/tabs';
import { BlockFacts } from './block-facts';
import { BlockSettings } from './block-settings';
import { useBlocks, useStanding, useView, useViewStore } from './use-session';
import { BlockLogs } from './block-logs';
import type { RightTab } from './view';
import { History } from './git-history';

const Graph = lazy(async () => ({ default: (await import('./graph')).Graph }));

const tabs = [
  { name: 'graph', label: 'Graph' },
  { name: 'settings', label: 'Settings' },
  { name: 'logs', label: 'Logs' },
  { name: 'history', label: 'History' },
] as const;

function OfBlock({ tab, uuid }: { tab: Exclude<RightTab, 'history'>; uuid: string }) {
  const block = useBlocks().find((one) => one.uuid === uuid);
  const state = useStanding(uuid);
  if (!block) return null;
  switch (tab) {
    case 'graph':
      return <BlockFacts block={block} state={state} />;
    case 'settings':
      return <BlockSettings key={uuid} block={block} />;
    case 'logs':
      return <BlockLogs uuid={uuid} state={state} />;
  }
}

export function Inspector() {
  const tab = useView((now) => now.right);
  const selected = useView((now) => now.selected);
  const view = useViewStore();
  return (
    <aside className="pane pane-right" aria-label="Graph and facts">
      <Tabs
        label="Right pane"
        className="pane-tabs"
        tabs={tabs}
        value={tab}
        onChange={(right) => view.set((now) => ({ ...now, right }))}
        bar={
          <IconButton look="quiet" small label="Close the pane" keys="]" onClick={() => view.set((now) => ({ ...now, isRightOpen: false }))}>
            <PanelRightClose aria-hidden />
          </IconButton>
        }
      >
        <TabPanel value={tab} className="pane-body">
          {tab === 'graph' ? (
            <Suspense fallback={<div className="graph" aria-busy="true" />}>
              <Graph />
            </Suspense>
          ) : null}
          {tab === 'history' ? (
            <History selected={selected} />
          ) : selected === null ? (
            tab === 'graph' ? null : (
              <Empty title="No block is selected">Select one in the notebook or in the list.</Empty>
            )
          ) : (
            <OfBlock tab={tab} uuid={selected} />
          )}
        </TabPanel>
      </Tabs>
    </aside>
  );
}
