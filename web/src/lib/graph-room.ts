// The room around a graph that is fitted into its place; below it stand its buttons.
export const GRAPH_ROOM = { x: '12px', top: '12px', bottom: '48px' } as const;
