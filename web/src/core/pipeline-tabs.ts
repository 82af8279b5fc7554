// The tabs of a pipeline. A tab is here when its page exists.
import { paths } from '../lib/paths';

export function pipelineTabs(uuid: string) {
  return [
    { to: paths.editor(uuid), label: 'Editor' },
    { to: paths.pipelineRuns(uuid), label: 'Runs' },
    { to: paths.pipelineTriggers(uuid), label: 'Triggers' },
    { to: paths.pipelineBackfills(uuid), label: 'Backfills' },
    { to: paths.pipelineLogs(uuid), label: 'Logs' },
  ];
}
