// The line at the bottom: problems of the code, where the caret is, whether the server is heard.
import { CircleAlert, TriangleAlert, X } from 'lucide-react';

import { plural } from '../../lib/format';
import { IconButton } from '../../ui/button';
import { useActions, useOrder, useSession, useStore, useView, useViewStore } from './use-session';

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
