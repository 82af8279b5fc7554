// Which page stands at which address. Every page is loaded when it is first opened.
import { createBrowserRouter, Navigate, type RouteObject } from 'react-router';

import { pipelines } from '../api/pipelines';
import { queryClient } from '../api/query-client';
import { runs } from '../api/runs';
import { paths } from '../lib/paths';
import type { Handle } from './crumbs';
import { Frame } from './frame';
import { Broken, Missing } from './lost';

const named = (label: string): Handle => ({ crumbs: () => [{ label }] });

/** The page asks again, and says what went wrong. */
const later = () => undefined;

const inPipeline: Handle = {
  crumbs: ({ pipeline = '' }) => [
    { label: 'Pipelines', to: paths.pipelines() },
    { label: pipeline, to: paths.editor(pipeline), pipeline },
  ],
};

const pages: RouteObject[] = [
  {
    index: true,
    handle: named('Home'),
    lazy: async () => ({ Component: (await import('../features/home/home-page')).HomePage }),
  },
  {
    path: 'triggers',
    handle: named('Triggers'),
    lazy: async () => ({ Component: (await import('../features/triggers/triggers-page')).TriggersPage }),
  },
  {
    path: 'runs',
    handle: named('Runs'),
    lazy: async () => ({ Component: (await import('../features/runs/runs-page')).RunsPage }),
  },
  {
    path: 'data',
    handle: named('Data'),
    lazy: async () => ({ Component: (await import('../features/data/data-page')).DataPage }),
  },
  {
    path: 'data/:pipeline/:block',
    handle: {
      crumbs: ({ pipeline = '', block = '' }) => [
        { label: 'Data', to: paths.data() },
        { label: pipeline, to: `${paths.data()}?pipeline=${encodeURIComponent(pipeline)}` },
        { label: block },
      ],
    } satisfies Handle,
    lazy: async () => ({ Component: (await import('../features/data/product-page')).ProductPage }),
  },
  {
    path: 'logs',
    handle: named('Logs'),
    lazy: async () => ({ Component: (await import('../features/logs/logs-page')).LogsPage }),
  },
  {
    path: 'files',
    handle: named('Files'),
    lazy: async () => ({ Component: (await import('../features/files/files-page')).FilesPage }),
  },
  {
    path: 'templates',
    handle: named('Templates'),
    lazy: async () => ({ Component: (await import('../features/templates/templates-page')).TemplatesPage }),
  },
  {
    path: 'global-data-products',
    handle: named('Global data products'),
    lazy: async () => ({ Component: (await import('../features/global-products/global-products-page')).GlobalProductsPage }),
  },
  {
    path: 'settings',
    handle: { crumbs: () => [{ label: 'Settings', to: paths.settings() }] } satisfies Handle,
    lazy: async () => ({ Component: (await import('../features/settings/settings-page')).SettingsPage }),
    children: [
      { index: true, element: <Navigate to="project" replace /> },
      { path: 'project', handle: named('Project'), lazy: async () => ({ Component: (await import('../features/settings/project')).ProjectSettings }) },
      { path: 'secrets', handle: named('Secrets'), lazy: async () => ({ Component: (await import('../features/settings/secrets')).SecretSettings }) },
      { path: 'variables', handle: named('Variables'), lazy: async () => ({ Component: (await import('../features/settings/variables')).VariableSettings }) },
      { path: 'retention', handle: named('Retention'), lazy: async () => ({ Component: (await import('../features/settings/retention')).RetentionSettings }) },
      { path: 'notifications', handle: named('Notifications'), lazy: async () => ({ Component: (await import('../features/settings/notifications')).NotificationSettings }) },
      { path: 'messages', handle: named('Messages'), lazy: async () => ({ Component: (await import('../features/settings/lists')).MessageSettings }) },
      { path: 'changes', handle: named('Changes'), lazy: async () => ({ Component: (await import('../features/settings/lists')).ChangeSettings }) },
    ],
  },
  {
    path: 'pipelines',
    handle: named('Pipelines'),
    lazy: async () => ({ Component: (await import('../features/pipelines/pipelines-page')).PipelinesPage }),
  },
  {
    path: 'pipelines/:pipeline',
    handle: inPipeline,
    lazy: async () => ({ Component: (await import('../features/pipelines/pipeline-layout')).PipelineLayout }),
    children: [
      { index: true, element: <Navigate to="edit" replace /> },
      {
        path: 'edit',
        lazy: async () => ({ Component: (await import('../features/editor/editor-page')).EditorPage }),
      },
      {
        path: 'runs',
        handle: named('Runs'),
        lazy: async () => ({ Component: (await import('../features/runs/runs-page')).RunsPage }),
      },
      {
        path: 'runs/:run',
        handle: {
          crumbs: ({ pipeline = '', run = '' }) => [{ label: 'Runs', to: paths.pipelineRuns(pipeline) }, { label: `Run ${run}` }],
        } satisfies Handle,
        // Asked for while the page itself is on its way: a run may have thousands of blocks.
        loader: ({ params: { pipeline = '', run = '' } }) => {
          queryClient.query(runs.show(Number(run))).catch(later);
          queryClient.query(runs.blocks(Number(run))).catch(later);
          queryClient.query(pipelines.show(pipeline)).catch(later);
          return null;
        },
        lazy: async () => ({ Component: (await import('../features/runs/run-page')).RunPage }),
      },
      {
        path: 'logs',
        handle: named('Logs'),
        lazy: async () => ({ Component: (await import('../features/logs/logs-page')).LogsPage }),
      },
      {
        path: 'runs/:run/compare',
        handle: {
          crumbs: ({ pipeline = '', run = '' }) => [
            { label: 'Runs', to: paths.pipelineRuns(pipeline) },
            { label: `Run ${run}`, to: paths.run(pipeline, Number(run)) },
            { label: 'Comparison' },
          ],
        } satisfies Handle,
        lazy: async () => ({ Component: (await import('../features/runs/comparison-page')).ComparisonPage }),
      },
      {
        path: 'triggers',
        handle: named('Triggers'),
        lazy: async () => ({ Component: (await import('../features/triggers/triggers-page')).TriggersPage }),
      },
      {
        path: 'triggers/:trigger',
        handle: {
          crumbs: ({ pipeline = '', trigger = '' }) => [
            { label: 'Triggers', to: paths.pipelineTriggers(pipeline) },
            { label: trigger === 'new' ? 'New trigger' : `Trigger ${trigger}` },
          ],
        } satisfies Handle,
        lazy: async () => ({ Component: (await import('../features/triggers/trigger-page')).TriggerPage }),
      },
      {
        path: 'backfills',
        handle: named('Backfills'),
        lazy: async () => ({ Component: (await import('../features/backfills/backfills-page')).BackfillsPage }),
      },
      {
        path: 'backfills/:backfill',
        handle: {
          crumbs: ({ pipeline = '', backfill = '' }) => [
            { label: 'Backfills', to: paths.pipelineBackfills(pipeline) },
            { label: backfill === 'new' ? 'New backfill' : `Backfill ${backfill}` },
          ],
        } satisfies Handle,
        lazy: async () => ({ Component: (await import('../features/backfills/backfill-page')).BackfillPage }),
      },
    ],
  },
];

export const router = createBrowserRouter([
  {
    path: '/',
    Component: Frame,
    // Nothing for a moment, instead of a flash of something else.
    HydrateFallback: () => null,
    errorElement: <Broken />,
    children: [
      { errorElement: <Broken />, children: [...pages, { path: '*', handle: named('Not found'), element: <Missing /> }] },
    ],
  },
]);
