// The saved views of a list: chosen from a menu, saved under a name, renamed and removed.
import { useMemo, useState, useSyncExternalStore } from 'react';
import { Bookmark, ChevronDown, Trash2 } from 'lucide-react';
import { useNavigate } from 'react-router';

import { nameRefused, readViews, type SavedView, viewIn, withView } from '../lib/saved-views';
import { useSearch } from '../lib/search';
import { Button, IconButton } from '../ui/button';
import { Dialog, FormDialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu';
import './saved-views.css';

const watchers = new Set<() => void>();

function subscribe(watcher: () => void) {
  watchers.add(watcher);
  // Another window has saved one.
  window.addEventListener('storage', watcher);
  return () => {
    watchers.delete(watcher);
    window.removeEventListener('storage', watcher);
  };
}

function useViews(page: string): [SavedView[], (views: readonly SavedView[]) => void] {
  const key = `baton.views.${page}`;
  const stored = useSyncExternalStore(subscribe, () => localStorage.getItem(key));
  const views = useMemo(() => readViews(stored), [stored]);
  const keep = (wanted: readonly SavedView[]) => {
    if (wanted.length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(wanted));
    for (const watcher of watchers) watcher();
  };
  return [views, keep];
}

function SaveDialog({ views, onSave, onClose }: { views: readonly SavedView[]; onSave: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const reason = nameRefused(views, name);
  return (
    <FormDialog title="Save this view" action="Save view" disabledReason={reason} onSubmit={() => onSave(name.trim())} onClose={onClose}>
      <TextField
        label="Name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={name.trim() === '' ? undefined : reason}
        hint="Its filters are kept in this browser. The address shows the same view to others."
        // eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this one thing
        autoFocus
      />
    </FormDialog>
  );
}

function Renamed({ view, views, onRename, onRemove }: { view: SavedView; views: readonly SavedView[]; onRename: (name: string) => void; onRemove: () => void }) {
  const [name, setName] = useState(view.name);
  const refused = nameRefused(views, name, view.name);
  return (
    <li>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (refused === undefined) onRename(name.trim());
        }}
      >
        <TextField label={`Name of the view ${view.name}`} hideLabel value={name} onChange={(event) => setName(event.target.value)} error={refused} />
        <Button type="submit" disabledReason={name.trim() === view.name ? 'It has this name already' : refused}>
          Rename
        </Button>
        <IconButton label={`Remove the view ${view.name}`} onClick={onRemove}>
          <Trash2 aria-hidden />
        </IconButton>
      </form>
    </li>
  );
}

function ManageDialog({ views, keep, onClose }: { views: readonly SavedView[]; keep: (views: readonly SavedView[]) => void; onClose: () => void }) {
  const [removed, setRemoved] = useState<SavedView>();
  return (
    <Dialog title="Saved views" onClose={onClose}>
      <div className="dialog-body">
        <ul className="saved-views">
          {views.map((view) => (
            <Renamed
              key={view.name}
              view={view}
              views={views}
              onRename={(name) => keep(withView(views.filter((one) => one.name !== view.name), { ...view, name }))}
              onRemove={() => {
                setRemoved(view);
                keep(views.filter((one) => one.name !== view.name));
              }}
            />
          ))}
        </ul>
        {views.length === 0 ? <p className="text-2 text-table">No view is saved.</p> : null}
        <div className="dialog-actions">
          {removed === undefined ? null : (
            <Button
              look="quiet"
              onClick={() => {
                keep(withView(views, removed));
                setRemoved(undefined);
              }}
            >
              Bring {removed.name} back
            </Button>
          )}
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Dialog>
  );
}

/** `names` are what the address of the page says of its view. */
export function SavedViews({ page, names }: { page: string; names: readonly string[] }) {
  const [views, keep] = useViews(page);
  const [asked, setAsked] = useState<'save' | 'manage'>();
  const [search] = useSearch();
  const navigate = useNavigate();
  const now = viewIn(search, names);
  const here = views.find((view) => view.search === now);
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button small look="quiet" icon={<Bookmark aria-hidden />}>
            <span className="cut saved-views-here">{here === undefined ? 'Saved views' : here.name}</span> <ChevronDown aria-hidden />
          </Button>
        }
      >
        {views.length === 0 ? null : (
          <>
            <MenuChoice
              value={here?.name ?? ''}
              options={views.map(({ name }) => ({ value: name, label: name }))}
              onChange={(name) => void navigate(`?${views.find((view) => view.name === name)?.search ?? ''}`)}
            />
            <MenuLine />
          </>
        )}
        <MenuItem
          disabledReason={here !== undefined ? `It is saved as ${here.name}` : now === '' ? 'Nothing is filtered or sorted' : undefined}
          onSelect={() => setAsked('save')}
        >
          Save this view…
        </MenuItem>
        <MenuItem disabledReason={views.length === 0 ? 'No view is saved' : undefined} onSelect={() => setAsked('manage')}>
          Rename or remove…
        </MenuItem>
      </Menu>
      {asked === 'save' ? (
        <SaveDialog
          views={views}
          onSave={(name) => {
            keep(withView(views, { name, search: now }));
            setAsked(undefined);
          }}
          onClose={() => setAsked(undefined)}
        />
      ) : null}
      {asked === 'manage' ? <ManageDialog views={views} keep={keep} onClose={() => setAsked(undefined)} /> : null}
    </>
  );
}
