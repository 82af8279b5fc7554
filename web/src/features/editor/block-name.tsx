// The name of a block; F2 or a double click changes it in place.
import { useState } from 'react';

import { useActions, useView, useViewStore } from './use-session';

function Renaming({ uuid }: { uuid: string }) {
  const [name, setName] = useState(uuid);
  const actions = useActions();
  const view = useViewStore();
  const leave = () => view.set((now) => ({ ...now, renaming: null }));
  return (
    <input
      className="input input-mono card-rename"
      aria-label={`New name of ${uuid}`}
      // eslint-disable-next-line jsx-a11y/no-autofocus -- it opens because somebody asked to write here
      autoFocus
      value={name}
      spellCheck={false}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setName(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') void actions.rename(uuid, name);
        if (event.key === 'Escape') leave();
      }}
      onBlur={leave}
    />
  );
}

export function BlockName({ uuid }: { uuid: string }) {
  const isRenaming = useView((now) => now.renaming === uuid);
  const actions = useActions();
  const view = useViewStore();
  if (isRenaming) return <Renaming uuid={uuid} />;
  return (
    <button
      type="button"
      className="card-name mono cut"
      title={`${uuid}: double-click or F2 renames`}
      onClick={() => actions.select(uuid)}
      onDoubleClick={() => view.set((now) => ({ ...now, renaming: uuid }))}
    >
      {uuid}
    </button>
  );
}
