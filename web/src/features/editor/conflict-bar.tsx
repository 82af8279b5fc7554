// What is said when a block could not be saved, or when its file was changed by somebody else meanwhile.
import { useState } from 'react';

import type { Cell } from '../../core/notebook/document';
import { Button } from '../../ui/button';
import { StatusIcon } from '../../ui/status';
import { Changes } from '../../core/versions/changes';
import { useCell, useSession } from './use-session';

interface Said {
  cell: Cell;
  onAgain: () => void;
  onResolve: (keep: 'mine' | 'theirs') => void;
}

export function ConflictBar({ uuid }: { uuid: string }) {
  const cell = useCell(uuid);
  const session = useSession();
  return cell === undefined ? null : <SaveBar cell={cell} onAgain={() => void session.flush()} onResolve={(keep) => session.resolve(uuid, keep)} />;
}

export function SaveBar(said: Said) {
  const { state } = said.cell.save;
  return state === 'failed' || state === 'conflict' ? <Bar {...said} /> : null;
}

function Bar({ cell, onAgain, onResolve }: Said) {
  const [isOpen, setOpen] = useState(true);
  const { uuid } = cell.block;
  const { save } = cell;
  if (save.state === 'failed') {
    return (
      <div className="bar bar-failed" role="alert">
        <StatusIcon tone="failed" label="Failed" />
        <span className="cut">Not saved: {save.message}. What is written here is kept.</span>
        <Button small onClick={onAgain}>
          Save again
        </Button>
      </div>
    );
  }
  if (save.state !== 'conflict') return null;
  return (
    <div className="conflict" role="alert">
      <div className="bar bar-stale">
        <StatusIcon tone="stale" label="Conflict" />
        <span className="bar-text">
          <b>{cell.block.file ?? uuid}</b> was changed elsewhere while it was changed here. Both are kept until one is chosen.
        </span>
        <Button small look="quiet" aria-expanded={isOpen} onClick={() => setOpen((now) => !now)}>
          {isOpen ? 'Hide the difference' : 'Show the difference'}
        </Button>
        <Button small onClick={() => onResolve('theirs')}>
          Take the file
        </Button>
        <Button small onClick={() => onResolve('mine')}>
          Keep mine
        </Button>
      </div>
      {isOpen ? <Changes before={save.theirs} after={cell.text} beforeLabel="In the file" afterLabel="Written here" /> : null}
    </div>
  );
}
