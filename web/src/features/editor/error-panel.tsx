// Why a block failed: the message first, then the user's own frames, then what was changed since it last went well.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Copy, History, Play } from 'lucide-react';

import { readRanCode } from '../../api/notebook';
import { failedLine, took } from '../../core/notebook/face';
import type { Block, Failure } from '../../core/notebook/model';
import type { BlockState } from '../../core/notebook/standing';
import { carets } from '../../lib/caret';
import { duration } from '../../lib/format';
import { Button } from '../../ui/button';
import { Time } from '../../ui/time';
import { Changes } from '../../core/versions/changes';
import { FailureHead, Frames, messageParts } from './failure-parts';
import { useActions, useCell, useSession, useView, useViewStore } from './use-session';

function copy(failure: Failure) {
  const frames = failure.frames.map(({ file, line, function: name, code, caret }) => {
    const below = code === null || caret === null ? '' : `\n    ${carets(code, caret)}`;
    return `  ${file}, line ${line}, in ${name}\n    ${code ?? ''}${below}`;
  });
  void navigator.clipboard.writeText([failure.message, ...frames].join('\n'));
}

/** What was changed in the code since it last went well. */
function SinceGood({ state, uuid }: { state: BlockState; uuid: string }) {
  const good = state.output?.blockRun.id ?? null;
  const session = useSession();
  const cell = useCell(uuid);
  const code = useQuery({
    queryKey: ['ran-code', good],
    queryFn: () => readRanCode(good ?? 0),
    enabled: good !== null,
    staleTime: Infinity,
  });
  const endedAt = state.output?.blockRun.endedAt ?? null;
  if (good === null || endedAt === null || typeof code.data !== 'string' || !cell) return null;
  const before = code.data;
  const isSame = before === cell.text;
  return (
    <div className="error-part">
      <div className="error-part-head">
        <h4 className="section-title">
          Changed since the last good run, <Time at={endedAt} />
        </h4>
        {isSame ? null : (
          <button
            type="button"
            className="link text-table"
            onClick={() => session.put(uuid, before)}
          >
            Restore the code
          </button>
        )}
      </div>
      {isSame ? <p className="text-table text-2">The code is the same.</p> : <Changes before={before} after={cell.text} beforeLabel="Last good run" afterLabel="Now" />}
    </div>
  );
}

export function ErrorPanel({ uuid, block, state, failure }: { uuid: string; block: Block; state: BlockState; failure: Failure }) {
  const actions = useActions();
  const view = useViewStore();
  const inputsOf = useView((now) => (now.inputsOf?.block === uuid ? now.inputsOf.run : null));
  const [isWhole, setWhole] = useState(false);
  const { rest } = messageParts(failure);
  const line = failedLine(state, block.file);
  const last = failure.frames.at(-1);
  const ended = state.newest?.endedAt ?? null;
  const ms = took(state, ended ?? 0);
  return (
    <div className="error" role="group" aria-label={`Why ${uuid} failed`}>
      <FailureHead failure={failure} label="Failed">
        <p className="text-meta text-2">
          {line === null ? (last ? `${last.file}, line ${last.line}` : '') : `Line ${line} of ${uuid}`}
          {last && last.function !== '<module>' ? `, in ${last.function}. ` : ' '}
          {rest === '' ? null : (
            <button type="button" className="link" onClick={() => setWhole((now) => !now)}>
              {isWhole ? 'Show less of the message' : `The message has ${rest.split('\n').length} more lines`}
            </button>
          )}
        </p>
        {isWhole ? <pre className="error-rest">{rest}</pre> : null}
      </FailureHead>
      {failure.frames.length === 0 ? null : (
        <div className="error-part">
          <h4 className="section-title">Your code, most recent call last</h4>
          <Frames frames={failure.frames} file={block.file} onLine={(number) => actions.enter(uuid, number)} />
        </div>
      )}
      <SinceGood state={state} uuid={uuid} />
      <div className="error-foot">
        <Button icon={<Play aria-hidden />} onClick={() => actions.run(uuid)}>
          Run again
        </Button>
        {state.newest === null || inputsOf === state.newest.run ? null : (
          <Button icon={<History aria-hidden />} onClick={() => view.set((now) => ({ ...now, inputsOf: state.newest === null ? null : { block: uuid, run: state.newest.run } }))}>
            Open its exact inputs
          </Button>
        )}
        <Button look="quiet" icon={<Copy aria-hidden />} onClick={() => copy(failure)}>
          Copy error
        </Button>
        <span className="text-meta text-3 error-when">
          {ms === null ? 'Failed' : `Failed after ${duration(ms)}`}
          {ended === null ? null : (
            <>
              , <Time at={ended} />
            </>
          )}
        </span>
      </div>
    </div>
  );
}
