// The blocks as a graph: drag from one to another connects them, a click selects, a double click opens the code.
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { type Connection, Controls, type Edge, Handle, MarkerType, MiniMap, type Node, type NodeProps, Position, ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react';
import '@xyflow/react/dist/style.css';

import { refusal } from '../../core/notebook/document';
import { face } from '../../core/notebook/face';
import { NODE, placed } from '../../core/notebook/layout';
import { type Block, runs } from '../../core/notebook/model';
import { GRAPH_ROOM } from '../../lib/graph-room';
import { kindOf } from '../../lib/kind';
import { useIsDark } from '../../lib/theme';
import { Button } from '../../ui/button';
import { KindTile } from '../../ui/kind';
import { StatusIcon } from '../../ui/status';
import { useActions, useBlocks, useSession, useStanding, useStore, useView } from './use-session';
import { useTicking } from './use-ticking';
import './graph.css';

type BlockNode = Node<{ block: Block }, 'block'>;

/** More blocks than this get a small map of the whole. */
const MANY = 30;

/** Where the edges meet a node, told beforehand: nodes that are not drawn are not measured. */
const HANDLES = [
  { type: 'target' as const, position: Position.Top, x: NODE.width / 2, y: 0, width: 0, height: 0 },
  { type: 'source' as const, position: Position.Bottom, x: NODE.width / 2, y: NODE.height, width: 0, height: 0 },
];

function GraphBlock({ data: { block } }: NodeProps<BlockNode>) {
  const isSelected = useView((now) => now.selected === block.uuid);
  const state = useStanding(block.uuid);
  const now = useTicking(state.newest?.status === 'running');
  const shown = face(state, block.file, now);
  const short = shown.words.replace(/^Stale: .*/, 'Stale').replace(/ × .*/, '').replace(/^Failed at.*/, 'Failed').replace(/^Running .*/, 'Running');
  const fact = shown.tone === 'stale' ? shown.words.replace(/^Stale: /, '') : shown.tone === 'failed' ? shown.short : shown.tone === 'success' || shown.tone === 'running' ? shown.short : '';
  return (
    <div className={`node kind-${kindOf(block.kind)} ${isSelected ? 'node-selected' : ''}`} style={NODE} title={`${block.uuid}: ${shown.words}`}>
      <Handle type="target" position={Position.Top} className="node-handle" />
      <div className="node-name">
        <KindTile kind={kindOf(block.kind)} />
        <span className="mono cut">{block.uuid}</span>
      </div>
      <div className={`node-state tone-${shown.tone}`}>
        <StatusIcon tone={shown.tone} />
        <span className="node-word cut">{short}</span>
        <span className="node-fact cut">{fact}</span>
      </div>
      <Handle type="source" position={Position.Bottom} className="node-handle" />
    </div>
  );
}

const nodeTypes = { block: GraphBlock };

function Flow() {
  // The notebook is drawn first: to find places for a hundred blocks takes longer than a frame.
  const all = useDeferredValue(useBlocks());
  const blocks = useMemo(() => all.filter((block) => runs(block.kind)), [all]);
  const selected = useView((now) => now.selected);
  const actions = useActions();
  const session = useSession();
  // As a text: of all that is told, only what begins and ends to run draws the edges anew.
  const running = useStore(session.standings, (now) => [...now.blocks].flatMap(([uuid, state]) => (state.newest?.status === 'running' ? [uuid] : [])).join('\n'));
  const flow = useReactFlow();
  const isDark = useIsDark();
  const [refused, setRefused] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);

  const places = useMemo(() => new Map(placed(blocks, 'TB').map((node) => [node.id, node])), [blocks]);
  const nodes = useMemo<BlockNode[]>(
    () =>
      blocks.map((block) => ({
        id: block.uuid,
        type: 'block',
        position: { x: places.get(block.uuid)?.x ?? 0, y: places.get(block.uuid)?.y ?? 0 },
        data: { block },
        ...NODE,
        handles: HANDLES,
        draggable: false,
      })),
    [blocks, places],
  );
  const edges = useMemo<Edge[]>(() => {
    const live = new Set(running.split('\n'));
    return blocks.flatMap((block) =>
        block.upstream
          .filter((above) => places.has(above))
          .map((above) => {
            const isLive = live.has(above) || live.has(block.uuid);
            const isNear = above === selected || block.uuid === selected || `${above} ${block.uuid}` === chosen;
            const colour = isLive ? 'var(--graph-edge-live)' : isNear ? 'var(--graph-edge-selected)' : 'var(--graph-edge)';
            return {
              id: `${above} ${block.uuid}`,
              source: above,
              target: block.uuid,
              selected: `${above} ${block.uuid}` === chosen,
              ariaLabel: `${above} to ${block.uuid}`,
              style: { stroke: colour, strokeWidth: 1.25, ...(isLive ? { strokeDasharray: '4 3' } : {}) },
              markerEnd: { type: MarkerType.Arrow, color: colour, width: 14, height: 14 },
            };
          }),
    );
  }, [blocks, places, selected, running, chosen]);
  const edge = edges.find((one) => one.id === chosen);

  const count = blocks.length;
  useEffect(() => {
    const timer = setTimeout(() => void flow.fitView({ maxZoom: 1, padding: GRAPH_ROOM }), 0);
    return () => clearTimeout(timer);
  }, [flow, count]);

  useEffect(() => {
    if (refused === null) return;
    const timer = setTimeout(() => setRefused(null), 6_000);
    return () => clearTimeout(timer);
  }, [refused]);

  const why = useCallback(({ source, target }: Connection | Edge) => refusal(session.notebook.get(), source, target), [session]);
  return (
    <div className="graph" aria-label="Graph of the pipeline" role="group">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: GRAPH_ROOM }}
        minZoom={0.1}
        maxZoom={1.5}
        attributionPosition="bottom-left"
        colorMode={isDark ? 'dark' : 'light'}
        nodesConnectable
        nodesFocusable
        onlyRenderVisibleElements={blocks.length > MANY}
        edgesFocusable
        // The keys belong to the notebook; what is chosen here has a button.
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panActivationKeyCode={null}
        onNodeClick={(_, node) => actions.select(node.id, true)}
        onNodeDoubleClick={(_, node) => actions.enter(node.id)}
        onPaneClick={() => setChosen(null)}
        onEdgesChange={(changes) => {
          for (const one of changes) {
            if (one.type === 'select') setChosen((now) => (one.selected ? one.id : now === one.id ? null : now));
          }
        }}
        onConnect={(connection) => {
          const reason = why(connection);
          if (reason === null) void actions.connect(connection.source, connection.target);
          else setRefused(reason);
        }}
      >
        <Controls showInteractive={false} position="bottom-right" fitViewOptions={{ maxZoom: 1, padding: GRAPH_ROOM }} />
        {blocks.length > MANY ? <MiniMap pannable zoomable position="top-left" /> : null}
      </ReactFlow>
      {edge === undefined ? null : (
        <div className="graph-chosen">
          <span className="mono cut">
            {edge.source} → {edge.target}
          </span>
          <Button
            small
            onClick={() => {
              setChosen(null);
              void actions.disconnect(edge.source, edge.target);
            }}
          >
            Disconnect
          </Button>
        </div>
      )}
      {refused === null ? null : (
        <p className="graph-refused" role="alert">
          {refused}
        </p>
      )}
    </div>
  );
}

export function Graph() {
  return (
    <ReactFlowProvider>
      <Flow />
    </ReactFlowProvider>
  );
}
