// Taking a block out of the pipeline: what stays, what is cut off, and a way back.
import { above, below } from '../../core/notebook/document';
import { plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { useActions, useSession, useViewStore } from './use-session';

export function RemoveBar({ uuid }: { uuid: string }) {
  const actions = useActions();
  const view = useViewStore();
  const notebook = useSession().notebook.get();
  const readers = below(notebook, uuid).filter((one) => notebook.cells.get(one)?.block.upstream.includes(uuid));
  const file = notebook.cells.get(uuid)?.block.file;
  const inputs = above(notebook, uuid).length;
  return (
    <div className="bar bar-failed" role="alertdialog" aria-label={`Remove ${uuid}`}>
      <span className="bar-text">
        {readers.length > 0 ? `${readers.join(', ')} ${readers.length === 1 ? 'loses' : 'lose'} this input. ` : ''}
        {inputs > 0 ? `${plural(inputs, 'block')} above it ${inputs === 1 ? 'stays' : 'stay'}. ` : ''}
        {file ? `The file ${file} stays on the disk.` : ''}
      </span>
      <Button small look="quiet" onClick={() => view.set((now) => ({ ...now, removing: null }))}>
        Cancel
      </Button>
      <Button
        small
        look="danger"
        // eslint-disable-next-line jsx-a11y/no-autofocus -- the question was asked for, and Escape leaves it
        autoFocus
        onClick={() => void actions.remove(uuid)}
      >
        Remove {uuid}
        {readers.length > 0 ? ` and ${plural(readers.length, 'connection')}` : ''}
      </Button>
    </div>
  );
}
