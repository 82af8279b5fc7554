// The palette between two blocks: search at the top, what is found at the left, what it would make at the right.
import { useMemo, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';

import { readTemplates } from '../../api/notebook';
import { projectBlocks } from '../../api/project-blocks';
import { type Offer, offers } from '../../core/notebook/offers';
import { kindOf, languageName } from '../../lib/kind';
import { KindTile } from '../../ui/kind';
import { Key } from '../../ui/tip';
import { useActions, useOrder, useViewStore } from './use-session';

const KINDS: readonly (string | null)[] = [null, 'data_loader', 'transformer', 'data_exporter', 'sensor', 'custom'];
const kindWords: Readonly<Record<string, string>> = { data_loader: 'loaders', transformer: 'transformers', data_exporter: 'exporters', sensor: 'sensors', custom: 'custom' };

function Marked({ text, search }: { text: string; search: string }) {
  const word = search.trim().split(/\s+/)[0] ?? '';
  const at = word === '' ? -1 : text.toLowerCase().indexOf(word.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <b className="offer-mark">{text.slice(at, at + word.length)}</b>
      {text.slice(at + word.length)}
    </>
  );
}

function Preview({ offer, after }: { offer: Offer; after: string | null }) {
  const takes = after !== null && ['transformer', 'data_exporter', 'custom'].includes(offer.kind);
  const lines = offer.content.trimEnd().split('\n');
  return (
    <div className="offer-preview">
      <p className="section-title">{offer.title}</p>
      <p className="text-table text-2">{offer.about}</p>
      {offer.content === '' ? null : (
        <pre className="offer-code">
          {lines.slice(0, 40).map((line, at) => (
            <span key={at}>
              <span className="offer-number">{at + 1}</span>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
      <dl>
        <div className="fact">
          <dt>Name</dt>
          <dd className="mono">{offer.name}</dd>
        </div>
        <div className="fact">
          <dt>Input</dt>
          <dd className="mono">{takes ? after : 'none'}</dd>
        </div>
      </dl>
    </div>
  );
}

export function AddBlock({ after }: { after: string | null }) {
  const actions = useActions();
  const view = useViewStore();
  const order = useOrder();
  const templates = useQuery({ queryKey: ['block-templates'], queryFn: readTemplates, staleTime: 60_000 });
  const others = useQuery(projectBlocks());
  const [search, setSearch] = useState('');
  const [kind, setKind] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(
    () => offers(templates.data ?? [], others.data ?? [], new Set(order), search, kind),
    [templates.data, others.data, order, search, kind],
  );
  const current = found[Math.min(at, found.length - 1)];
  const close = () => view.set((now) => ({ ...now, adding: null }));
  const insert = (offer: Offer | undefined) => {
    if (offer === undefined || isBusy) return;
    setBusy(true);
    const { name, kind: type, language, template } = offer;
    void actions
      .create({ name, type, language, ...(template === null ? (offer.group === 'New' ? { content: '' } : {}) : { template }) }, after)
      .finally(() => setBusy(false));
  };
  const go = (to: number) => {
    const next = Math.min(found.length - 1, Math.max(0, to));
    setAt(next);
    list.current?.querySelector(`[data-at="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <div className="add" role="dialog" aria-label={after === null ? 'Add a block' : `Add a block below ${after}`}>
      <div className="add-search">
        <Search aria-hidden />
        <input
          // eslint-disable-next-line jsx-a11y/no-autofocus -- it opens because somebody asked for it
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls="offers"
          aria-activedescendant={current === undefined ? undefined : `offer-${found.indexOf(current)}`}
          aria-label="Search templates and blocks"
          placeholder="Search templates and blocks, or name a new one"
          value={search}
          spellCheck={false}
          onChange={(event) => {
            setSearch(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') go(at + 1);
            else if (event.key === 'ArrowUp') go(at - 1);
            else if (event.key === 'Enter') insert(current);
            else if (event.key === 'Escape') close();
            else if (event.key === 'Tab') {
              const next = KINDS.indexOf(kind) + (event.shiftKey ? -1 : 1);
              setKind(KINDS[(next + KINDS.length) % KINDS.length] ?? null);
              setAt(0);
            } else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
        <span className="text-3 text-meta">{found.length}</span>
      </div>
      <div className="add-body">
        <div className="offers" id="offers" role="listbox" aria-label="What can be added" ref={list}>
          {found.map((offer, index) => (
            <div key={offer.id} role="presentation">
              {found[index - 1]?.group === offer.group ? null : (
                <p className="offers-group" role="presentation">
                  {offer.group}
                </p>
              )}
              {/* The keys are those of the search field, which keeps the focus. */}
              {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus */}
              <div
                id={`offer-${index}`}
                data-at={index}
                role="option"
                aria-selected={offer === current}
                className={`offer ${offer === current ? 'offer-here' : ''}`}
                onMouseMove={() => setAt(index)}
                onClick={() => insert(offer)}
              >
                <KindTile kind={kindOf(offer.kind)} />
                <span className={`cut offer-title ${offer.group === 'Blocks in this project' ? 'mono' : ''}`}>
                  <Marked text={offer.title} search={search} />
                </span>
                <span className="text-3 text-meta">{languageName(offer.language)}</span>
              </div>
            </div>
          ))}
          {found.length === 0 ? <p className="result-nothing">Nothing fits “{search}”.</p> : null}
        </div>
        {current === undefined ? <div className="offer-preview" /> : <Preview offer={current} after={after} />}
      </div>
      <footer className="add-foot">
        <Key>↵</Key> {after === null ? 'Insert at the top' : `Insert after ${after}`}
        <Key>Tab</Key> Kind: {kind === null ? 'all' : (kindWords[kind] ?? kind)}
        <span className="card-gap" />
        <Key>↑</Key>
        <Key>↓</Key> Choose <Key>Esc</Key> Close
      </footer>
    </div>
  );
}
