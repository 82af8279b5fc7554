// A block of the notebook: who it is and how it stands, its code, what it produced.
import { memo, type RefObject, useEffect, useRef, useState } from 'react';
import { ArrowDown, ArrowUp, ChevronDown, ChevronRight, CornerDownRight, Ellipsis, Pencil, Play, Plus, Settings2, Square, Trash2, X } from 'lucide-react';

import { above, below } from '../../core/notebook/document';
import { face, failedLine, isBusy, progress } from '../../core/notebook/face';
import { type Block, runs } from '../../core/notebook/model';
import { type BlockState, NEVER } from '../../core/notebook/standing';
import { plural } from '../../lib/format';
import { kindOf, languageName } from '../../lib/kind';
import { Button, IconButton, SplitButton } from '../../ui/button';
import { Chip } from '../../ui/chip';
import { KindTile } from '../../ui/kind';
import { Menu, MenuItem, MenuLine } from '../../ui/menu';
import { Sentence } from '../../ui/sentence';
import { StatusIcon } from '../../ui/status';
import { CardCode, PlainCode } from './card-code';
import { BlockName } from './block-name';
import { ConflictBar } from './conflict-bar';
import { InputsBar } from './inputs-bar';
import { RemoveBar } from './remove-bar';
import { Result } from './result';
import { FormBar } from './run-form';
import { useActions, useBlock, useBlocks, useCell, useSession, useStanding, useStore, useView, useViewStore } from './use-session';
import { useLasting, useTicking } from './use-ticking';
import { toggled } from './view';

/** Blocks are prepared this far from the part of the notebook that is seen. */
const NEAR = '400px 0px';

/** Whether the element is, or has been, near the part of the notebook that is seen. */
function useNear(startsNear: boolean) {
  const place = useRef<HTMLElement>(null);
  const [isNear, setNear] = useState(startsNear);
  useEffect(() => {
    const element = place.current;
    if (element === null || isNear) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setNear(true);
      },
      { root: element.closest('.notebook'), rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [isNear]);
  return { place, isNear };
}

const Inputs = memo(function Inputs({ block }: { block: Block }) {
  const actions = useActions();
  const kinds = new Map(useBlocks().map((one) => [one.uuid, one.kind]));
  const inputs = block.upstream.filter((uuid) => kinds.has(uuid));
  if (inputs.length === 0) return null;
  const chip = (uuid: string, number: number) => (
    <span key={uuid} className="card-input">
      <button type="button" onClick={() => actions.select(uuid, true)} title={`Go to ${uuid}`}>
        {inputs.length > 1 ? <span className="text-3">{number}</span> : null}
        <KindTile kind={kindOf(kinds.get(uuid) ?? '')} />
        <span className="mono cut">{uuid}</span>
      </button>
      <button
        type="button"
        className="card-input-drop"
        aria-label={`Disconnect ${uuid} from ${block.uuid}`}
        onClick={() => void actions.disconnect(uuid, block.uuid)}
      >
        <X aria-hidden />
      </button>
    </span>
  );
  return (
    <span className="card-inputs">
      <span aria-hidden className="text-3">
        ←
      </span>
      <span className="visually-hidden">Reads from</span>
      <span className="card-inputs-all">{inputs.map((uuid, at) => chip(uuid, at + 1))}</span>
      {inputs.length > 1 ? (
        <Menu
          trigger={
            <button type="button" className="card-inputs-few">
              {plural(inputs.length, 'input')}
            </button>
          }
        >
          {inputs.map((uuid) => (
            <MenuItem key={uuid} icon={<KindTile kind={kindOf(kinds.get(uuid) ?? '')} />} onSelect={() => actions.select(uuid, true)}>
              {uuid}
            </MenuItem>
          ))}
        </Menu>
      ) : null}
    </span>
  );
});

function Standing({ state, file }: { state: BlockState; file: string | null }) {
  const busy = state.newest?.status === 'running';
  const now = useTicking(busy);
  const shown = face(state, file, now);
  const done = progress(state, now);
  // Where there is little room, `336,776 rows × 19` does without its word.
  const [before, rows, after] = shown.words.split(/( rows?)(?= ×)/);
  return (
    <>
      <span className={`card-state tone-${shown.tone}`} title={`${shown.words} ${shown.more}`.trim().replaceAll('`', '')}>
        <StatusIcon tone={shown.tone} />
        <span className={shown.tone === 'success' ? 'cut text-2' : 'card-state-words cut'}>
          {before}
          <span className="card-rows">{rows}</span>
          {after}
          {shown.tone === 'success' && shown.more !== '' ? ` · ${shown.more}` : ''}
        </span>
        {shown.tone === 'success' || shown.more === '' ? null : (
          <span className="card-state-more cut">
            <Sentence text={shown.more} />
          </span>
        )}
      </span>
      {done === null ? null : <span className="card-progress" style={{ width: `${done * 100}%` }} />}
    </>
  );
}

const RunButton = memo(function RunButton({ uuid, isSelected }: { uuid: string; isSelected: boolean }) {
  const actions = useActions();
  const session = useSession();
  const isBusyNow = useStore(session.standings, (now) => isBusy(now.blocks.get(uuid) ?? NEVER));
  if (useLasting(isBusyNow)) {
    return (
      <Button small icon={<Square aria-hidden fill="currentColor" />} onClick={() => actions.stop(uuid)}>
        Stop
      </Button>
    );
  }
  const notebook = session.notebook.get();
  const up = above(notebook, uuid).length;
  const down = below(notebook, uuid).length;
  return (
    <SplitButton
      small
      look={isSelected ? 'primary' : 'plain'}
      className="card-run"
      aria-label={`Run ${uuid}`}
      icon={<Play aria-hidden fill="currentColor" />}
      onClick={() => actions.run(uuid)}
      menuLabel={`Other ways to run ${uuid}`}
      menu={
        <>
          <MenuItem icon={<Play aria-hidden />} keys="Ctrl ↵" onSelect={() => actions.run(uuid)}>
            Run this block
          </MenuItem>
          <MenuItem
            icon={<CornerDownRight aria-hidden />}
            disabledReason={up === 0 ? 'It reads from no other block' : undefined}
            onSelect={() => actions.run(uuid, { above: true })}
          >
            Run with {up === 0 ? 'upstream' : `${up} upstream`}
          </MenuItem>
          <MenuItem
            icon={<ArrowDown aria-hidden />}
            disabledReason={down === 0 ? 'No block reads from it' : undefined}
            onSelect={() => actions.run(uuid, { below: true })}
          >
            {down === 0 ? 'Run from here' : `Run ${down + 1} blocks from here`}
          </MenuItem>
        </>
      }
    />
  );
});

const More = memo(function More({ uuid }: { uuid: string }) {
  const actions = useActions();
  const view = useViewStore();
  return (
    <Menu
      align="end"
      trigger={
        <Button look="quiet" small className="button-icon" aria-label={`More for ${uuid}`}>
          <Ellipsis aria-hidden />
        </Button>
      }
    >
      <MenuItem icon={<Pencil aria-hidden />} keys="F2" onSelect={() => setTimeout(() => view.set((now) => ({ ...now, renaming: uuid })), 0)}>
        Rename
      </MenuItem>
      <MenuItem icon={<Plus aria-hidden />} keys="B" onSelect={() => setTimeout(() => actions.add(uuid), 0)}>
        Add a block below
      </MenuItem>
      <MenuItem icon={<ArrowUp aria-hidden />} keys="Alt ↑" onSelect={() => actions.move(uuid, -1)}>
        Move up
      </MenuItem>
      <MenuItem icon={<ArrowDown aria-hidden />} keys="Alt ↓" onSelect={() => actions.move(uuid, 1)}>
        Move down
      </MenuItem>
      <MenuItem icon={<ChevronRight aria-hidden />} onSelect={() => view.set((now) => ({ ...now, folded: toggled(now.folded, uuid) }))}>
        Fold
      </MenuItem>
      <MenuItem icon={<Settings2 aria-hidden />} onSelect={() => view.set((now) => ({ ...now, right: 'settings', isRightOpen: true, selected: uuid }))}>
        Settings
      </MenuItem>
      <MenuLine />
      <MenuItem icon={<Trash2 aria-hidden />} danger onSelect={() => setTimeout(() => view.set((now) => ({ ...now, removing: uuid })), 0)}>
        Remove from the pipeline
      </MenuItem>
    </Menu>
  );
});

/** Draws the whole of a card when it comes near: a hundred at once would take long to open. */
export const BlockCard = memo(function BlockCard({ uuid, startsNear }: { uuid: string; startsNear: boolean }) {
  const { place, isNear } = useNear(startsNear);
  return isNear ? <Card uuid={uuid} /> : <FarCard uuid={uuid} place={place} />;
});

/** As high as the card before its result, with what one may search for in the page. */
function FarCard({ uuid, place }: { uuid: string; place: RefObject<HTMLElement | null> }) {
  const cell = useCell(uuid);
  const state = useStanding(uuid);
  const isFolded = useView((now) => now.folded.has(uuid));
  if (cell === undefined) return null;
  const kind = kindOf(cell.block.kind);
  return (
    <section ref={place} id={`block-${uuid}`} data-run={state.newest?.run} data-status={state.newest?.status} aria-label={`Block ${uuid}`} className={`card card-far kind-${kind}`}>
      <header className="card-head">
        <span className="card-name mono cut">{uuid}</span>
      </header>
      {isFolded || cell.block.file === null ? null : <PlainCode text={cell.text} />}
    </section>
  );
}

/** What is typed draws its code anew, not the card: what is seen of the text is drawn by those who show it. */
const Card = memo(function Card({ uuid }: { uuid: string }) {
  const block = useBlock(uuid);
  const state = useStanding(uuid);
  const actions = useActions();
  const view = useViewStore();
  const isSelected = useView((now) => now.selected === uuid);
  const isFolded = useView((now) => now.folded.has(uuid));
  const isRemoving = useView((now) => now.removing === uuid);
  if (!block) return null;
  const kind = kindOf(block.kind);
  const fold = () => view.set((now) => ({ ...now, folded: toggled(now.folded, uuid) }));
  return (
    // A press anywhere in the card selects it; for the keyboard the focus of what is inside does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      id={`block-${uuid}`}
      data-run={state.newest?.run}
      data-status={state.newest?.status}
      aria-label={`Block ${uuid}`}
      className={`card kind-${kind} ${isSelected ? 'card-selected' : ''} ${state.newest?.status === 'running' ? 'card-running' : ''}`}
      style={block.color !== null && kind === 'custom' ? { '--kind-mark': `var(--block-${block.color}, var(--kind-custom-mark))` } : undefined}
      onPointerDown={() => actions.select(uuid)}
      onFocus={() => actions.select(uuid)}
    >
      <header className="card-head">
        <IconButton look="quiet" small label={isFolded ? `Unfold ${uuid}` : `Fold ${uuid}`} aria-expanded={!isFolded} onClick={fold}>
          {isFolded ? <ChevronRight aria-hidden /> : <ChevronDown aria-hidden />}
        </IconButton>
        <KindTile kind={kind} />
        <BlockName uuid={uuid} />
        <span className="card-language">
          <Chip>{languageName(block.language)}</Chip>
        </span>
        <Inputs block={block} />
        <span className="card-gap" />
        {runs(block.kind) ? (
          <>
            <Standing state={state} file={block.file} />
            <RunButton uuid={uuid} isSelected={isSelected} />
          </>
        ) : null}
        <More uuid={uuid} />
      </header>
      {isRemoving ? <RemoveBar uuid={uuid} /> : null}
      {isFolded ? null : (
        <>
          <ConflictBar uuid={uuid} />
          <InputsBar uuid={uuid} />
          <FormBar uuid={uuid} />
          {block.file === null ? null : <CardCode uuid={uuid} failedAt={state.newest?.status === 'failed' ? failedLine(state, block.file) : null} />}
          <Result uuid={uuid} state={state} block={block} />
        </>
      )}
    </section>
  );
});

