// What the notebook is made of: its blocks in order, the files of the project, the variables.
import { PanelLeftClose, PanelLeftOpen, Plus } from 'lucide-react';

import { face } from '../../core/notebook/face';
import type { Block } from '../../core/notebook/model';
import { kindOf } from '../../lib/kind';
import { IconButton } from '../../ui/button';
import { KindTile } from '../../ui/kind';
import { StatusIcon } from '../../ui/status';
import { TabPanel, Tabs } from '../../ui/tabs';
import { Key, Tip } from '../../ui/tip';
import { Files } from './files';
import { LastRuns } from './last-runs';
import { useActions, useBlocks, useStanding, useView, useViewStore } from './use-session';
import { useTicking } from './use-ticking';
import { Variables } from './variables';

function Row({ block }: { block: Block }) {
  const actions = useActions();
  const state = useStanding(block.uuid);
  const isSelected = useView((now) => now.selected === block.uuid);
  const now = useTicking(state.newest?.status === 'running');
  const shown = face(state, block.file, now);
  return (
    <li>
      <button
        type="button"
        className="outline-row"
        aria-current={isSelected ? 'true' : undefined}
        onClick={() => actions.select(block.uuid, true)}
        onDoubleClick={() => actions.enter(block.uuid)}
        title={`${block.uuid}: ${shown.words} ${shown.more}`.trim().replaceAll('`', '')}
      >
        <KindTile kind={kindOf(block.kind)} />
        <span className="mono cut outline-name">{block.uuid}</span>
        {shown.tone === 'never-run' ? null : (
          <span className={`outline-state tone-${shown.tone}`}>
            <StatusIcon tone={shown.tone} label={shown.words} />
            <span className={shown.tone === 'success' || shown.tone === 'running' ? 'text-2' : 'outline-word'}>{shown.short}</span>
          </span>
        )}
      </button>
    </li>
  );
}

function Outline() {
  const blocks = useBlocks();
  const actions = useActions();
  return (
    <>
      <ol className="outline" aria-label="Blocks">
        {blocks.map((block) => (
          <Row key={block.uuid} block={block} />
        ))}
        <li>
          <button type="button" className="outline-row outline-add" onClick={() => actions.add(blocks.at(-1)?.uuid ?? null)}>
            <Plus aria-hidden />
            <span className="outline-name">Add block</span>
            <Key>B</Key>
          </button>
        </li>
      </ol>
      <LastRuns />
    </>
  );
}

function StripRow({ block }: { block: Block }) {
  const actions = useActions();
  const state = useStanding(block.uuid);
  const isSelected = useView((now) => now.selected === block.uuid);
  const shown = face(state, block.file, 0);
  return (
    <Tip text={`${block.uuid}: ${shown.words}`} side="right">
      <button type="button" className="strip-row" aria-current={isSelected ? 'true' : undefined} aria-label={`${block.uuid}: ${shown.words}`} onClick={() => actions.select(block.uuid, true)}>
        <KindTile kind={kindOf(block.kind)} />
        {shown.tone === 'never-run' ? null : (
          <span className={`strip-state tone-${shown.tone}`}>
            <StatusIcon tone={shown.tone} />
          </span>
        )}
      </button>
    </Tip>
  );
}

function Strip() {
  const blocks = useBlocks();
  const actions = useActions();
  const view = useViewStore();
  return (
    <nav className="strip" aria-label="Blocks">
      <IconButton look="quiet" label="Show the list of blocks" keys="[" onClick={() => view.set((now) => ({ ...now, isLeftOpen: true }))}>
        <PanelLeftOpen aria-hidden />
      </IconButton>
      <div className="strip-blocks">
        {blocks.map((block) => (
          <StripRow key={block.uuid} block={block} />
        ))}
        <IconButton look="quiet" label="Add a block" keys="B" onClick={() => actions.add(blocks.at(-1)?.uuid ?? null)}>
          <Plus aria-hidden />
        </IconButton>
      </div>
    </nav>
  );
}

const tabs = [
  { name: 'blocks', label: 'Blocks' },
  { name: 'files', label: 'Files' },
  { name: 'variables', label: 'Variables' },
] as const;

export function LeftPane() {
  const isOpen = useView((now) => now.isLeftOpen);
  const tab = useView((now) => now.left);
  const view = useViewStore();
  if (!isOpen) return <Strip />;
  return (
    <aside className="pane pane-left" aria-label="What the notebook is made of">
      <Tabs
        label="Left pane"
        className="pane-tabs"
        tabs={tabs}
        value={tab}
        onChange={(left) => view.set((now) => ({ ...now, left }))}
        bar={
          <IconButton look="quiet" small label="Fold to a strip" keys="[" onClick={() => view.set((now) => ({ ...now, isLeftOpen: false }))}>
            <PanelLeftClose aria-hidden />
          </IconButton>
        }
      >
        <TabPanel value={tab} className="pane-body">
          {tab === 'blocks' ? <Outline /> : null}
          {tab === 'files' ? <Files /> : null}
          {tab === 'variables' ? <Variables /> : null}
        </TabPanel>
      </Tabs>
    </aside>
  );
}
