// The files of the project, for the pane beside the notebook.
import { queryOptions } from '@tanstack/react-query';

import { list, map, someNumber, someText, text } from '../lib/json';
import { address, ApiError, ask } from './client';

export interface FileNode {
  name: string;
  path: string;
  size: number | null;
  children: readonly FileNode[] | null;
}

function node(value: unknown): FileNode {
  const from = map(value);
  return {
    name: text(from.name),
    path: text(from.path),
    size: someNumber(from.size),
    children: Array.isArray(from.children) ? list(from.children).map(node) : null,
  };
}

export const projectFiles = {
  tree: () =>
    queryOptions({
      queryKey: ['files', 'tree'],
      queryFn: async ({ signal }): Promise<readonly FileNode[]> => {
        const answer = map(await ask<unknown>('GET', '/api/files', { signal }));
        return node(list(answer.files)[0]).children ?? [];
      },
    }),
  content: (path: string) =>
    queryOptions({
      queryKey: ['files', 'content', path],
      queryFn: async ({ signal }) => {
        const answer = map(await ask<unknown>('GET', '/api/file_contents/{path}', { path: { path }, signal }));
        const file = map(answer.file_content);
        return { text: someText(file.content), revision: text(file.revision) };
      },
      staleTime: 0,
    }),
};

/** Writes a text; tells when the file was changed meanwhile. */
export async function writeFile(path: string, content: string, revision: string): Promise<{ revision: string } | 'conflict'> {
  try {
    const answer = map(
      await ask<unknown>('PUT', '/api/file_contents/{path}', {
        path: { path },
        body: { file_content: { content } },
        headers: { 'if-match': `"${revision}"` },
      }),
    );
    return { revision: text(map(answer.file_content).revision) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return 'conflict';
    throw error;
  }
}

/** Puts a file of this machine into the project. One that is there already is not overwritten. */
export async function uploadFile(path: string, file: File): Promise<void> {
  const response = await fetch(address('/api/file_contents/{path}', { path: { path } }), {
    method: 'PUT',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/octet-stream', 'if-none-match': '*' },
    body: file,
  });
  if (response.ok) return;
  const answer: unknown = await response.json().catch(() => null);
  const message = text(map(map(answer).error).message, `the server answered with ${response.status}`);
  throw new ApiError(response.status, message, 'upload', undefined);
}
