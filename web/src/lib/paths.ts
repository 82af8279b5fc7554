// The addresses of the pages. Every view has one that restores it.

const part = encodeURIComponent;

export const paths = {
  home: () => '/',
  pipelines: () => '/pipelines',
  pipeline: (uuid: string) => `/pipelines/${part(uuid)}`,
  editor: (uuid: string, block?: string) => `/pipelines/${part(uuid)}/edit${block === undefined ? '' : `?block=${part(block)}`}`,
  /** The block with what it was given in a run. */
  editorInputs: (uuid: string, block: string, run: number) => `/pipelines/${part(uuid)}/edit?block=${part(block)}&inputs_of=${run}.${part(block)}`,
  pipelineRuns: (uuid: string) => `/pipelines/${part(uuid)}/runs`,
  pipelineTriggers: (uuid: string) => `/pipelines/${part(uuid)}/triggers`,
  pipelineBackfills: (uuid: string) => `/pipelines/${part(uuid)}/backfills`,
  backfill: (uuid: string, id: number | 'new') => `/pipelines/${part(uuid)}/backfills/${id}`,
  pipelineLogs: (uuid: string) => `/pipelines/${part(uuid)}/logs`,
  pipelineSettings: (uuid: string) => `/pipelines/${part(uuid)}/settings`,
  run: (uuid: string, id: number, block?: string) =>
    `/pipelines/${part(uuid)}/runs/${id}${block === undefined ? '' : `?block=${part(block)}`}`,
  comparison: (uuid: string, id: number, other: number) => `/pipelines/${part(uuid)}/runs/${id}/compare?with=${other}`,
  trigger: (uuid: string, id: number) => `/pipelines/${part(uuid)}/triggers/${id}`,
  runs: () => '/runs',
  triggers: () => '/triggers',
  data: () => '/data',
  product: (pipeline: string, block: string, name?: string) =>
    `/data/${part(pipeline)}/${part(block)}${name === undefined ? '' : `?output=${part(name)}`}`,
  logs: () => '/logs',
  files: () => '/files',
  templates: () => '/templates',
  globalProducts: () => '/global-data-products',
  settings: () => '/settings',
};
