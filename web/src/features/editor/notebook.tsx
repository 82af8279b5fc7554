// The blocks in order, with room for a new one between them.
import { useEffect, useState, useTransition } from 'react';
import { Plus, X } from 'lucide-react';

import { Button, IconButton } from '../../ui/button';
import { StatusIcon } from '../../ui/status';
import { AddBlock } from './add-block';
import { BlockCard } from './block-card';
import { useActions, useOrder, useSession, useStore, useView, useViewStore } from './use-session';

function Gap({ after }: { after: string | null }) {
  const actions = useActions();
  const isOpen = useView((now) => now.adding === (after ?? 'top'));
  return (
    <div className={`gap ${isOpen ? 'gap-open' : ''}`}>
      <button type="button" className="gap-add" aria-label={after === null ? 'Add a block at the top' : `Add a block below ${after}`} onClick={() => actions.add(after)}>
        <Plus aria-hidden />
      </button>
      {isOpen ? <AddBlock after={after} /> : null}
    </div>
  );
}

function NoticeBar() {
  const session = useSession();
  const notice = useStore(session.notice, (now) => now);
  if (notice === null) return null;
  return (
    <div className="bar bar-failed notice" role="alert">
      <StatusIcon tone="failed" label="Failed" />
      <span className="bar-text">
        {notice.message}
        {notice.hint === undefined ? null : <span className="text-2"> {notice.hint}</span>}
      </span>
      <IconButton small look="quiet" label="Close" onClick={() => session.notice.set(() => null)}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}

function First() {
  const actions = useActions();
  const isOpen = useView((now) => now.adding === 'top');
  if (isOpen) return <Gap after={null} />;
  return (
    <div className="first">
      <p className="section-title">This pipeline has no blocks yet.</p>
      <p className="text-2 text-table">A block is a file with one function: a loader brings data in, transformers change it, an exporter writes it out.</p>
      <Button look="primary" icon={<Plus aria-hidden />} onClick={() => actions.add(null)}>
        Add the first block
      </Button>
    </div>
  );
}

/** So many blocks are there at once; what comes below them is drawn while one can already read, in short steps. */
const AT_ONCE = 8;

/** Of these the first are seen at once; the others hear whether they are. */
const SEEN_FIRST = 3;

/** The blocks that are drawn: first those down to the selected one. */
function useShown(order: readonly string[]): readonly string[] {
  const selected = useView((now) => now.selected);
  const [areAll, setAll] = useState(false);
  const [, startTransition] = useTransition();
  useEffect(() => startTransition(() => setAll(true)), []);
  if (areAll) return order;
  const at = selected === null ? 0 : order.indexOf(selected);
  return order.slice(0, Math.max(AT_ONCE, at + AT_ONCE / 2));
}

export function Notebook() {
  const order = useOrder();
  const shown = useShown(order);
  const view = useViewStore();
  // Where one begins to look, not where one looks by now.
  const [begin] = useState(() => Math.max(0, order.indexOf(view.get().selected ?? '')));
  return (
    <div className="notebook" id="notebook">
      <NoticeBar />
      <div className="notebook-cards">
        {order.length === 0 ? <First /> : <Gap after={null} />}
        {shown.map((uuid, at) => (
          <div key={uuid}>
            <BlockCard uuid={uuid} startsNear={at >= begin && at < begin + SEEN_FIRST} />
            <Gap after={uuid} />
          </div>
        ))}
      </div>
    </div>
  );
}
