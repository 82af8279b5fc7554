// The forms of the pipeline (interactions) in the editor: filled in before the blocks run that use them, and on their cards what was chosen.
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';

import { forms } from '../../api/forms';
import { choiceWords, sectionsOf, usedBy } from '../../core/forms/form';
import { RunDialog } from '../../core/forms/run-dialog';
import { plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { useActions, useSession, useStore, useView, useViewStore } from './use-session';

export function RunForm() {
  const session = useSession();
  const view = useViewStore();
  const asking = useView((now) => now.asking);
  const answers = useView((now) => now.answers);
  const known = useStore(session.facts, (now) => now?.variables);
  // Known before somebody runs a block, so that no run waits for it.
  useQuery(forms.of(session.pipeline));
  if (asking === null) return null;
  const { wishes, blocks } = asking;
  const [only] = blocks.length === 1 ? blocks : [];
  const isAll = wishes.some((wish) => wish.block === undefined);
  const close = () => view.set((now) => ({ ...now, asking: null }));
  return (
    <RunDialog
      pipeline={session.pipeline}
      what={isAll ? session.pipeline : (only ?? plural(blocks.length, 'block'))}
      blocks={blocks}
      known={known}
      {...(answers === null ? {} : { before: answers })}
      start={async (variables) => {
        await Promise.all(wishes.map((wish) => session.start({ ...wish, variables })));
        view.set((now) => ({ ...now, asking: null, answers: variables }));
      }}
      onClose={close}
    />
  );
}

export function FormBar({ uuid }: { uuid: string }) {
  const answers = useView((now) => now.answers);
  return answers === null ? null : <Bar uuid={uuid} answers={answers} />;
}

function Bar({ uuid, answers }: { uuid: string; answers: Readonly<Record<string, unknown>> }) {
  const { pipeline } = useSession();
  const actions = useActions();
  const found = useQuery(forms.of(pipeline)).data;
  const sections = useMemo(() => (found === undefined ? [] : sectionsOf(usedBy(found, [uuid]))), [found, uuid]);
  if (sections.length === 0) return null;
  const words = choiceWords(sections, answers);
  return (
    <div className="bar bar-inputs" role="group" aria-label={`Form of ${uuid}`}>
      <span className="bar-text">
        <b>{sections.map(({ title }) => title).join(', ')}:</b> <span className="text-2">{words === '' ? 'nothing was chosen' : words}</span>
      </span>
      <Button small look="quiet" onClick={() => actions.askAgain(uuid)}>
        Change…
      </Button>
    </div>
  );
}
