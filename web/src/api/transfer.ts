// Pipelines as zip archives: out of the project, and into it.
import { useMutation, useQuery } from '@tanstack/react-query';

import { address, ask } from './client';
import type { components } from './generated/schema';
import { pipelines } from './pipelines';
import { queryClient } from './query-client';

export type PipelineImport = components['schemas']['PipelineImport'];
export type ImportedFile = components['schemas']['ImportedFile'];

/** A browser does not always know what a zip is. */
const asZip = (file: File) => new Blob([file], { type: 'application/zip' });

/** Where the archive of a pipeline is fetched. */
export const archiveOf = (pipeline: string) => address('/api/pipelines/{pipeline}/archive', { path: { pipeline } });

/** What taking in an archive would write. */
export function useImportPreview(file: File | undefined) {
  return useQuery({
    queryKey: ['imports', file?.name, file?.size, file?.lastModified],
    queryFn: async ({ signal }) => {
      if (file === undefined) return null;
      return (await ask<{ pipeline_import: PipelineImport }>('POST', '/api/pipeline_imports/preview', { bytes: asZip(file), signal })).pipeline_import;
    },
    enabled: file !== undefined,
    // The project may have changed since.
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
}

export function useImportPipeline() {
  return useMutation({
    mutationFn: async ({ file, overwrite }: { file: File; overwrite: boolean }) =>
      (
        await ask<{ pipeline_import: PipelineImport }>('POST', '/api/pipeline_imports', {
          query: overwrite ? { overwrite: 1 } : {},
          bytes: asZip(file),
        })
      ).pipeline_import,
    onSuccess: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: pipelines.all }),
        queryClient.invalidateQueries({ queryKey: ['triggers'] }),
        queryClient.invalidateQueries({ queryKey: ['files'] }),
      ]),
  });
}
