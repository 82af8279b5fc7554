// The tree of files: finding one, what is above it, and what has a text in its path.
import type { FileNode } from '../../api/project-files';

export function find(nodes: readonly FileNode[], path: string): FileNode | undefined {
  for (const node of nodes) {
    if (node.path === path) return node;
    if (node.children !== null && path.startsWith(`${node.path}/`)) return find(node.children, path);
  }
  return undefined;
}

/** `a` and `a/b` for `a/b/c.py`. */
export function above(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

export function matching(nodes: readonly FileNode[], text: string): FileNode[] {
  return nodes.flatMap((node) => (node.children === null ? (node.path.toLowerCase().includes(text.toLowerCase()) ? [node] : []) : matching(node.children, text)));
}

/** How many files there are in a folder, and below. */
export function countOf(node: FileNode): number {
  return node.children === null ? 1 : node.children.reduce((sum, child) => sum + countOf(child), 0);
}

/** The block whose code is in a file: `transformers/clean.py` is that of the transformer `clean`. */
export function blockOf(path: string): { type: string; uuid: string } | undefined {
  const found = /^(data_loader|transformer|data_exporter|sensor|custom|conditional|callback|chart|dbt|extension|markdown|scratchpad)s?\/(.+)\.\w+$/.exec(path);
  const [, type, uuid] = found ?? [];
  return type === undefined || uuid === undefined ? undefined : { type, uuid };
}
