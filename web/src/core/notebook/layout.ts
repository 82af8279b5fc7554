// Where the nodes of the graph stand: in layers, from the top down or from left to right.
import dagre from '@dagrejs/dagre';

export const NODE = { width: 160, height: 48 };

export interface PlacedNode {
  id: string;
  x: number;
  y: number;
}

export function placed(blocks: readonly { uuid: string; upstream: readonly string[] }[], direction: 'TB' | 'LR'): PlacedNode[] {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: direction === 'TB' ? 20 : 16, ranksep: direction === 'TB' ? 40 : 56, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(blocks.map((block) => block.uuid));
  for (const block of blocks) graph.setNode(block.uuid, { ...NODE });
  for (const block of blocks) {
    for (const above of block.upstream) if (known.has(above)) graph.setEdge(above, block.uuid);
  }
  dagre.layout(graph);
  return blocks.map(({ uuid }) => {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- dagre gives what was put in, with its place
    const node: { x: number; y: number } = graph.node(uuid);
    return { id: uuid, x: node.x - NODE.width / 2, y: node.y - NODE.height / 2 };
  });
}
