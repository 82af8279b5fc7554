// The line at the bottom: problems of the code, where the caret is, whether the server is heard.
import { useQuery } from '@tanstack/react-query';
import { CircleAlert, SquareTerminal, TriangleAlert, X } from 'lucide-react';

import { terminals } from '../../api/terminal';
import { plural } from '../../lib/format';
import { IconButton } from '../../ui/button';
import { Tip } from '../../ui/tip';
import { useActions, useOrder, useSession, useStore, useView, useViewStore } from './use-session';
import { TERMINAL_BUTTON, TERMINAL_SCREEN } from './view';

function Problems() {
  const session = useSession();
  const order = useOrder();
  const actions = useActions();
  const view = useViewStore();
  const problems = useStore(session.problems, (now) => now);
  const listed = order.flatMap((uuid) => (problems.get(uuid) ?? []).map((problem) => ({ uuid, problem })));
  return (
    <section className="drawer" aria-label="Problems">
      <header className="drawer-head">
        <h3 className="section-title">Problems</h3>
        <IconButton small look="quiet" label="Close" onClick={() => view.set((now) => ({ ...now, areProblemsOpen: false }))}>
          <X aria-hidden />
        </IconButton>
      </header>
      {listed.length === 0 ? <p className="result-nothing">No problem was found in the code of the blocks.</p> : null}
      <ul>
        {listed.map(({ uuid, problem }, at) => (
          <li key={`${uuid}-${problem.code}-${problem.line}-${at}`}>
            <button type="button" className="problem" onClick={() => actions.enter(uuid, problem.line ?? 1)}>
              {problem.severity === 'error' ? (
                <CircleAlert aria-label="Error" className="tone-failed status-icon" />
              ) : (
                <TriangleAlert aria-label="Warning" className="tone-stale status-icon" />
              )}
              <span className="problem-text">{problem.message}</span>
              <span className="text-3 mono">
                {uuid}:{problem.line ?? 1}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function TerminalButton() {
  const view = useViewStore();
  const isOpen = useView((now) => now.isTerminalOpen);
  const isOff = useQuery(terminals()).data?.is_offered === false;
  return (
    <Tip text={isOff ? 'The server was started with --no-terminal' : isOpen ? 'Go to the terminal' : 'A shell in the folder of the project'} keys={isOff ? undefined : isOpen ? 'F6' : 'T'}>
      <button
        type="button"
        id={TERMINAL_BUTTON}
        className="status-line-button"
        aria-expanded={isOpen}
        aria-disabled={isOff ? true : undefined}
        onClick={() => {
          if (isOpen) document.getElementById(TERMINAL_SCREEN)?.querySelector('textarea')?.focus();
          else if (!isOff) view.set((now) => ({ ...now, isTerminalOpen: true }));
        }}
      >
        <SquareTerminal aria-hidden /> Terminal
      </button>
    </Tip>
  );
}

export function StatusLine() {
  const session = useSession();
  const view = useViewStore();
  const order = useOrder();
  const total = useStore(session.problems, (now) => order.reduce((sum, uuid) => sum + (now.get(uuid)?.length ?? 0), 0));
  const isOpen = useView((now) => now.areProblemsOpen);
  const place = useView((now) => now.place);
  const isLive = useStore(session.isLive, (now) => now);
  return (
    <>
      {isOpen ? <Problems /> : null}
      <footer className="status-line">
        <button
          type="button"
          className="status-line-button"
          aria-expanded={isOpen}
          aria-label={plural(total, 'problem')}
          onClick={() => view.set((now) => ({ ...now, areProblemsOpen: !now.areProblemsOpen }))}
        >
          <CircleAlert aria-hidden /> Problems {total}
        </button>
        <TerminalButton />
        <span className="card-gap" />
        {place === null ? null : (
          <span>
            Ln {place.line}, Col {place.column}
          </span>
        )}
        {isLive ? null : <span className="tone-stale outline-word">Not live: reconnecting</span>}
      </footer>
    </>
  );
}
