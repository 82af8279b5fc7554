// The graph of a run: what hangs on what, and how each block stands.
import { memo, useMemo } from 'react';
import dagre from '@dagrejs/dagre';
import { Controls, type Edge, Handle, type Node, type NodeHandle, type NodeProps, Position, ReactFlow } from '@xyflow/react';

import { count, duration } from '../../lib/format';
import { GRAPH_ROOM } from '../../lib/graph-room';
import { keeping } from '../../lib/keeping';
import { toneWords } from '../../lib/status';
import { useIsDark } from '../../lib/theme';
import { KindTile } from '../../ui/kind';
import { Status } from '../../ui/status';
import { inLayers, type RunBlock } from './run-model';
import '@xyflow/react/dist/style.css';
import './run-graph.css';

const WIDTH = 160;
const HEIGHT = 48;

/**
 * Over so many blocks, all at once would be dots: the view begins around the chosen one, and only what is in sight is drawn.
 * The layout library takes 7 s for 1,000 blocks; plain layers take 5 ms.
 */
const MANY = 120;

type Shown = Pick<RunBlock, 'name' | 'kind' | 'tone'> & { fact: string; isSelected: boolean };
type BlockNode = Node<Shown, 'block'>;

function isSameNode(a: BlockNode, b: BlockNode): boolean {
  const [one, other] = [a.data, b.data];
  return one.tone === other.tone && one.fact === other.fact && one.isSelected === other.isSelected && one.kind === other.kind && a.position === b.position;
}

const isSameEdge = (a: Edge, b: Edge) => a.className === b.className;

function factOf(block: RunBlock): string {
  if (block.runs.length > 1) return `${count(block.runs.length - 1)} runs`;
  if (block.attempts > 1) return `attempt ${block.attempts}`;
  if (block.started !== undefined && block.ended !== undefined) return duration(block.ended - block.started);
  return '';
}

function BlockView({ data: { name, kind, tone, fact, isSelected } }: NodeProps<BlockNode>) {
  return (
    <div className={`run-node kind-${kind} ${isSelected ? 'run-node-selected' : ''}`} title={name}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <span className="run-node-name">
        <KindTile kind={kind} /> <span className="cut">{name}</span>
      </span>
      <span className="run-node-state">
        <Status tone={tone} look="quiet">
          {toneWords[tone]}
        </Status>
        <span>{fact}</span>
      </span>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

const nodeTypes = { block: BlockView };

/** Where the edges meet a node: said beforehand, or the library draws every node once to measure it. */
const handles: NodeHandle[] = [
  { type: 'target', position: Position.Top, x: WIDTH / 2, y: 0, width: 1, height: 1 },
  { type: 'source', position: Position.Bottom, x: WIDTH / 2, y: HEIGHT, width: 1, height: 1 },
];
const ORIGIN = { x: 0, y: 0 };
const measured = { width: WIDTH, height: HEIGHT };

/** Where each block stands, layer under layer. */
function layout(blocks: readonly RunBlock[]): Map<string, { x: number; y: number }> {
  if (blocks.length > MANY) return inLayers(blocks, WIDTH + 20, HEIGHT + 32);
  const graph = new dagre.graphlib.Graph().setGraph({ rankdir: 'TB', nodesep: 20, ranksep: 32 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const block of blocks) graph.setNode(block.name, { width: WIDTH, height: HEIGHT });
  for (const block of blocks) for (const from of block.upstream) graph.setEdge(from, block.name);
  dagre.layout(graph);
  return new Map(
    blocks.map(({ name }) => {
      // Its types know no places; the layout has put them there.
      // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment
      const { x, y }: { x: number; y: number } = graph.node(name);
      return [name, { x: x - WIDTH / 2, y: y - HEIGHT / 2 }];
    }),
  );
}

function edgeClass(from: RunBlock | undefined, to: RunBlock, next: ReadonlyMap<string, string>, selected: string | undefined): string {
  if (to.tone === 'running') return 'edge-live';
  if (from !== undefined && next.get(from.name) === to.name) return 'edge-critical';
  if (to.started === undefined) return 'edge-idle';
  return from?.name === selected || to.name === selected ? 'edge-selected' : '';
}

export const RunGraph = memo(function RunGraph({
  blocks,
  path,
  selected,
  onSelect,
}: {
  blocks: readonly RunBlock[];
  path: readonly string[];
  selected: string | undefined;
  onSelect: (name: string) => void;
}) {
  const isDark = useIsDark();
  const shape = blocks.map((block) => `${block.name}<${block.upstream.join()}`).join(';');
  // The places change with the shape of the graph, not with the state of a block.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const places = useMemo(() => layout(blocks), [shape]);
  const keepNodes = useMemo(() => keeping(isSameNode), []);
  const keepEdges = useMemo(() => keeping(isSameEdge), []);
  const nodes = useMemo(
    () =>
      keepNodes(
        blocks.map((block): BlockNode => ({
          id: block.name,
          type: 'block',
          position: places.get(block.name) ?? ORIGIN,
          width: WIDTH,
          height: HEIGHT,
          measured,
          handles,
          data: { name: block.name, kind: block.kind, tone: block.tone, fact: factOf(block), isSelected: block.name === selected },
          ariaLabel: `${block.name}, ${toneWords[block.tone]}`,
        })),
      ),
    [blocks, places, selected, keepNodes],
  );
  const edges = useMemo(() => {
    const named = new Map(blocks.map((block) => [block.name, block]));
    const next = new Map(path.flatMap((name, index) => (path[index + 1] === undefined ? [] : [[name, path[index + 1] ?? ''] as const])));
    return keepEdges(
      blocks.flatMap((to) =>
        to.upstream.map((from): Edge => ({
          id: `${from}>${to.name}`,
          source: from,
          target: to.name,
          className: edgeClass(named.get(from), to, next, selected),
          focusable: false,
        })),
      ),
    );
  }, [blocks, path, selected, keepEdges]);
  const isLarge = blocks.length > MANY;
  return (
    <div className="run-graph">
      <ReactFlow
        key={shape}
        colorMode={isDark ? 'dark' : 'light'}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable
        onNodeClick={(_, node) => onSelect(node.id)}
        onSelectionChange={({ nodes: [node] }) => {
          if (node !== undefined && node.id !== selected) onSelect(node.id);
        }}
        fitView
        fitViewOptions={isLarge ? { nodes: [{ id: selected ?? '' }], maxZoom: 0.7 } : { padding: GRAPH_ROOM, maxZoom: 1 }}
        onlyRenderVisibleElements={isLarge}
        minZoom={0.1}
        maxZoom={1.5}
        attributionPosition="bottom-left"
      >
        <Controls showInteractive={false} orientation="horizontal" position="bottom-right" fitViewOptions={{ padding: GRAPH_ROOM, maxZoom: 1 }} />
      </ReactFlow>
    </div>
  );
});
