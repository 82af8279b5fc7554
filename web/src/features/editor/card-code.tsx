// The code of a card, and the same as plain text for cards that are far from what is seen.
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';

import { readRanCode } from '../../api/notebook';
import { changedLines } from '../../core/notebook/difference';
import type { Cell } from '../../core/notebook/document';
import { CodeEditor, type CodeKeys } from '../../core/code/code-editor';
import { LINE, MOST_LINES } from '../../core/code/code-language';
import { completer } from './completing';
import { useActions, useCell, useProblems, useSession, useStanding, useViewStore } from './use-session';

/** The lines that are other ones than when the block last ran well; none where it never did. */
function useChanged(cell: Cell): readonly number[] | undefined {
  const state = useStanding(cell.block.uuid);
  const good = state.output?.blockRun.id ?? null;
  const isOther = state.newest?.status === 'failed' || state.stale.some((one) => one.reason === 'code');
  const code = useQuery({
    queryKey: ['ran-code', good],
    queryFn: () => readRanCode(good ?? 0),
    enabled: good !== null && isOther,
    staleTime: Infinity,
  });
  const before = isOther ? code.data : undefined;
  const { text } = cell;
  return useMemo(() => (typeof before === 'string' ? changedLines(before, text) : undefined), [before, text]);
}

/** As high as the editor that comes in its place. */
export function PlainCode({ text }: { text: string }) {
  const lines = Math.min(MOST_LINES, text.split('\n').length);
  return (
    <pre className="code code-plain" style={{ height: lines * LINE + 12 }}>
      {text}
    </pre>
  );
}

export function CardCode({ uuid, failedAt }: { uuid: string; failedAt: number | null }) {
  const cell = useCell(uuid);
  return cell === undefined ? null : <Code cell={cell} failedAt={failedAt} />;
}

function Code({ cell, failedAt }: { cell: Cell; failedAt: number | null }) {
  const session = useSession();
  const actions = useActions();
  const view = useViewStore();
  const { uuid, language } = cell.block;
  const problems = useProblems(uuid);
  const changed = useChanged(cell);
  const keys = useMemo<CodeKeys>(
    () => ({
      run: () => actions.run(uuid),
      runAndGoOn: () => {
        actions.run(uuid);
        const { order } = session.notebook.get();
        const next = order[order.indexOf(uuid) + 1];
        if (next !== undefined) actions.enter(next);
      },
      leave: () => {
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        actions.select(uuid);
      },
      up: () => {
        const { order } = session.notebook.get();
        const next = order[order.indexOf(uuid) - 1];
        if (next !== undefined) actions.enter(next);
      },
      down: () => {
        const { order } = session.notebook.get();
        const next = order[order.indexOf(uuid) + 1];
        if (next !== undefined) actions.enter(next);
      },
    }),
    [actions, session, uuid],
  );
  const complete = useMemo(() => (language === 'python' || language === 'sql' ? completer(session, uuid) : undefined), [language, session, uuid]);
  return (
    <CodeEditor
      label={`Code of ${uuid}`}
      language={language}
      text={cell.text}
      replaced={cell.replaced}
      problems={problems}
      failedAt={failedAt}
      {...(changed === undefined ? {} : { changed })}
      keys={keys}
      {...(complete === undefined ? {} : { complete })}
      onChange={(text) => session.edit(uuid, text)}
      onFocus={() => actions.select(uuid)}
      onPlace={(place) => view.set((now) => ({ ...now, place }))}
      onView={(editor) => actions.seen(uuid, editor)}
    />
  );
}
