// Over the code of a block that is run on what it was given in an earlier run: what that was, and a way back.
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';

import { type Inputs, inputs } from '../../api/inputs';
import { count, plural } from '../../lib/format';
import { IconButton } from '../../ui/button';
import { useSession, useView, useViewStore } from './use-session';

function given({ inputs: all, variables, date }: Inputs): string {
  const parts = all.map(({ block_uuid, pipeline_run_id, outputs }) => {
    const rows = outputs.find((output) => typeof output.rows === 'number')?.rows;
    return `${block_uuid}${typeof rows === 'number' ? `, ${count(rows)} rows` : ''} of run ${pipeline_run_id}`;
  });
  return [...parts, plural(Object.keys(variables).length, 'variable'), `the date ${date.slice(0, 19).replace('T', ' ')}`].join('; ');
}

export function InputsBar({ uuid }: { uuid: string }) {
  const run = useView((now) => (now.inputsOf?.block === uuid ? now.inputsOf.run : null));
  return run === null ? null : <Bar uuid={uuid} run={run} />;
}

function Bar({ uuid, run }: { uuid: string; run: number }) {
  const { pipeline } = useSession();
  const view = useViewStore();
  const found = useQuery(inputs.of(pipeline, run, uuid));
  return (
    <div className="bar bar-inputs" role="group" aria-label={`Inputs of ${uuid}`}>
      <span className="bar-text">
        <b>Runs on what it was given in run {run}.</b>{' '}
        <span className="text-2">
          {found.error ? found.error.message : found.data === undefined ? '' : found.data === null ? 'That run is gone: the newest outputs are taken again when this is closed.' : given(found.data)}
        </span>
      </span>
      <IconButton small look="quiet" label="Run on the newest inputs again" onClick={() => view.set((now) => ({ ...now, inputsOf: null }))}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}
