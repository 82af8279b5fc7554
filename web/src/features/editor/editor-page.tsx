// The notebook of a pipeline, between what it is made of (left) and how it hangs together (right).
import { lazy, memo, Suspense, useEffect, useMemo, useRef } from 'react';
import { useQuery } from '@tanstack/react-query';
import { NavigationType, useLocation, useNavigationType, useParams, useSearchParams } from 'react-router';

import { terminals } from '../../api/terminal';
import { goToLine } from '../../core/code/code-editor';
import { Failure, Skeleton } from '../../ui/states';
import { type Actions, createActions } from './actions';
import { EditorBar } from './editor-bar';
import { Inspector } from './inspector';
import { LeftPane } from './left-pane';
import { Notebook } from './notebook';
import { RunForm } from './run-form';
import { Splitter } from './splitter';
import { createSession } from './session';
import { StatusLine } from './status-line';
import { useKeys } from './use-keys';
import { OpenNotebook, useStore } from './use-session';
import { createView, inputsOfText, LEFT, RIGHT, textOfInputs } from './view';
import './editor.css';
import './card.css';

/** Marks what this page itself put into the address. */
const OURS = 'selection';

/** Keeps the selected block in the address, and selects the one that a link or going back puts there. */
function useAddress(view: ReturnType<typeof createView>, actions: Actions) {
  const [search, setSearch] = useSearchParams();
  const location = useLocation();
  const type = useNavigationType();
  const named = search.get('block');
  const inputsNamed = search.get('inputs_of');
  const selected = useStore(view, (now) => now.selected);
  const inputs = useStore(view, (now) => textOfInputs(now.inputsOf));
  const here = `${named} ${inputsNamed}`;
  const before = useRef(here);
  // The address follows a selection a little later: what comes back then is no wish to select it again.
  const state: unknown = location.state;
  const isOurs = state === OURS && type !== NavigationType.Pop;
  useEffect(() => {
    const isNew = here !== before.current;
    before.current = here;
    if (selected === named && inputs === inputsNamed) return;
    if (isNew && !isOurs && named !== null) {
      view.set((now) => ({ ...now, inputsOf: inputsOfText(inputsNamed) }));
      actions.select(named, true);
      return;
    }
    setSearch(
      (now) => {
        const next = new URLSearchParams(now);
        if (selected === null) next.delete('block');
        else next.set('block', selected);
        if (inputs === null) next.delete('inputs_of');
        else next.set('inputs_of', inputs);
        return next;
      },
      { replace: true, preventScrollReset: true, state: OURS },
    );
    // What it does with is the same for as long as the page is there.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected, inputs, here, isOurs]);
}

function Loading() {
  return (
    <div className="notebook" aria-busy="true">
      {[3, 8, 5].map((lines) => (
        <div key={lines} className="card card-loading">
          <div className="card-head">
            <Skeleton width={18} height={18} />
            <Skeleton width={160} />
          </div>
          <div style={{ padding: '8px 44px', display: 'grid', gap: 8 }}>
            {Array.from({ length: lines }, (_, at) => (
              <Skeleton key={at} width={`${80 - ((at * 37) % 50)}%`} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

// What they show they take from the stores: a move of the caret draws none of them anew.
const Left = memo(LeftPane);
const Middle = memo(Notebook);
const Right = memo(Inspector);
const Bar = memo(EditorBar);
const Line = memo(StatusLine);
const TerminalPanel = lazy(async () => {
  // A terminal measures its letters once, when it opens.
  const [panel] = await Promise.all([import('./terminal-panel'), document.fonts.load("13px 'JetBrains Mono Variable'")]);
  return panel;
});

function Open({ pipeline, block, inputs }: { pipeline: string; block: string | null; inputs: string | null }) {
  const open = useMemo(() => {
    const session = createSession(pipeline);
    const view = createView(block, inputsOfText(inputs));
    return { session, view, actions: createActions(session, view, goToLine) };
    // The block of the address is where one begins; afterwards the view says which one it is.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [pipeline]);
  const { session, view, actions } = open;
  useEffect(() => session.open(), [session]);
  useKeys(open);
  const phase = useStore(session.phase, (now) => now);
  const isLeftOpen = useStore(view, (now) => now.isLeftOpen);
  const isRightOpen = useStore(view, (now) => now.isRightOpen);
  const hasTerminal = useStore(view, (now) => now.isTerminalOpen);
  const isTerminalOff = useQuery(terminals()).data?.is_offered === false;
  const leftWidth = useStore(view, (now) => now.leftWidth);
  const rightWidth = useStore(view, (now) => now.rightWidth);
  useAddress(view, actions);

  // The first look at a block that the address names.
  useEffect(() => {
    const { selected } = view.get();
    if (phase.state === 'open' && selected !== null) {
      requestAnimationFrame(() => document.getElementById(`block-${selected}`)?.scrollIntoView({ block: 'start' }));
    }
  }, [phase.state, view]);

  if (phase.state === 'failed') {
    return (
      <div style={{ padding: 24 }}>
        <Failure title={`The notebook of ${pipeline} could not be opened`} error={phase.error} onRetry={() => void session.refresh()} />
      </div>
    );
  }
  return (
    <OpenNotebook value={open}>
      <Bar />
      <div
        className="editor"
        style={{
          '--left': isLeftOpen ? `${leftWidth}px` : 'var(--size-left-strip)',
          '--right': isRightOpen ? `${rightWidth}px` : '0px',
        }}
      >
        <Left />
        {isLeftOpen ? (
          <Splitter label="Width of the left pane" side="left" width={leftWidth} {...LEFT} onChange={(width) => view.set((now) => ({ ...now, leftWidth: width }))} />
        ) : null}
        {phase.state === 'loading' ? <Loading /> : <Middle />}
        {isRightOpen ? (
          <>
            <Splitter label="Width of the right pane" side="right" width={rightWidth} {...RIGHT} onChange={(width) => view.set((now) => ({ ...now, rightWidth: width }))} />
            <Right />
          </>
        ) : null}
        {hasTerminal && !isTerminalOff ? (
          <Suspense fallback={<section className="shell" aria-label="Terminal" aria-busy="true" />}>
            <TerminalPanel />
          </Suspense>
        ) : null}
        <Line />
      </div>
      <RunForm />
    </OpenNotebook>
  );
}

export function EditorPage() {
  const { pipeline = '' } = useParams();
  const [search] = useSearchParams();
  return <Open key={pipeline} pipeline={pipeline} block={search.get('block')} inputs={search.get('inputs_of')} />;
}
