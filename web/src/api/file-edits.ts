// Making, moving and deleting files and folders of the project.
import { useMutation } from '@tanstack/react-query';

import { address, ask } from './client';
import { queryClient } from './query-client';

/** `transformers/clean.py` is the file `clean.py` of the folder `transformers`. */
export function split(path: string): { folder: string; name: string } {
  const at = path.lastIndexOf('/');
  return { folder: at < 0 ? '' : path.slice(0, at), name: path.slice(at + 1) };
}

const refresh = () => queryClient.invalidateQueries({ queryKey: ['files'] });

export function useMakeFile() {
  return useMutation({
    mutationFn: async ({ path, isFolder }: { path: string; isFolder: boolean }) => {
      const { folder, name } = split(path);
      if (isFolder) await ask('POST', '/api/folders', { body: { folder: { name, path: folder } } });
      else await ask('POST', '/api/files', { body: { file: { name, dir_path: folder, content: '' } } });
    },
    onSettled: refresh,
  });
}

export function useMoveFile() {
  return useMutation({
    mutationFn: async ({ path, to, isFolder }: { path: string; to: string; isFolder: boolean }) => {
      const { folder, name } = split(to);
      if (isFolder) await ask('PUT', '/api/folders/{path}', { path: { path }, body: { folder: { name, dir_path: folder } } });
      else await ask('PUT', '/api/files/{path}', { path: { path }, body: { file: { name, dir_path: folder } } });
    },
    onSettled: refresh,
  });
}

export function useDeleteFile() {
  return useMutation({
    mutationFn: async ({ path, isFolder }: { path: string; isFolder: boolean }) => {
      if (isFolder) await ask('DELETE', '/api/folders/{path}', { path: { path }, query: { force: true } });
      else await ask('DELETE', '/api/files/{path}', { path: { path } });
    },
    onSettled: refresh,
  });
}

/** Where the bytes of a file are. */
export function fileAddress(path: string): string {
  return address('/api/file_contents/{path}', { path: { path } });
}
