// The right end of the pipeline's bar: whether everything is saved, and what can be run.
import { Check, Play, Square, TriangleAlert } from 'lucide-react';

import { saveSummary } from '../../core/notebook/document';
import { openRuns } from '../../core/notebook/standing';
import { PipelineBar } from '../../core/pipeline-bar';
import { plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { Tip } from '../../ui/tip';
import { useActions, useBlocks, useSession, useStore } from './use-session';

function SaveState() {
  const session = useSession();
  const summary = useStore(session.notebook, (now) => {
    const { state, blocks } = saveSummary(now);
    return `${state} ${blocks.join(', ')}`;
  });
  const [state = 'saved', ...rest] = summary.split(' ');
  const blocks = rest.join(' ');
  switch (state) {
    case 'conflict':
    case 'failed':
      return (
        <Tip text={blocks}>
          <span className="save save-bad" role="status">
            <TriangleAlert aria-hidden /> {state === 'conflict' ? 'Changed elsewhere too' : 'Not saved'}
          </span>
        </Tip>
      );
    case 'saved':
      return (
        <span className="save" role="status">
          <Check aria-hidden /> Saved
        </span>
      );
    default:
      return (
        <span className="save" role="status">
          Saving…
        </span>
      );
  }
}

export function EditorBar() {
  const session = useSession();
  const actions = useActions();
  const blocks = useBlocks();
  const stale = useStore(session.standings, (now) => blocks.filter((block) => (now.blocks.get(block.uuid)?.stale.length ?? 0) > 0).length);
  const open = useStore(session.standings, (now) => openRuns(now).length);
  return (
    <PipelineBar>
      <SaveState />
      {open > 0 ? (
        <Button icon={<Square aria-hidden fill="currentColor" />} onClick={() => void session.stopAll()}>
          Stop {open > 1 ? plural(open, 'run') : 'the run'}
        </Button>
      ) : null}
      {stale > 0 ? <Button onClick={actions.runStale}>Run {plural(stale, 'stale block')}</Button> : null}
      <Button look="primary" icon={<Play aria-hidden />} disabledReason={blocks.length === 0 ? 'There is no block to run' : undefined} onClick={actions.runAll}>
        Run pipeline
      </Button>
    </PipelineBar>
  );
}
