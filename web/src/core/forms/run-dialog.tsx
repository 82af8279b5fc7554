// The forms of a pipeline, filled in for one run.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';

import { forms } from '../../api/forms';
import { FormDialog } from '../../ui/dialog';
import { Failure, Skeleton } from '../../ui/states';
import { refusals, sectionsOf, settled, usedBy, type Values, wrongIn } from './form';
import { FormFields } from './form-fields';

export function RunDialog({
  pipeline,
  what = pipeline,
  blocks,
  known,
  before = {},
  start,
  onClose,
}: {
  pipeline: string;
  /** What runs, where it is less than the pipeline; and then its blocks. */
  what?: string;
  blocks?: readonly string[];
  /** What was chosen the time before. */
  before?: Values;
  /** What counts without a choice; undefined while it is not known yet. */
  known: Values | undefined;
  /** Starts the run with what was chosen, and goes to it. */
  start: (variables: Record<string, unknown>) => Promise<unknown>;
  onClose: () => void;
}) {
  const found = useQuery(forms.of(pipeline));
  const sections = useMemo(
    () => (found.data === undefined ? undefined : sectionsOf(blocks === undefined ? found.data : usedBy(found.data, blocks))),
    [found.data, blocks],
  );
  const [chosen, setChosen] = useState<Values>(before);
  const [isTried, setTried] = useState(false);
  const [isStarting, setStarting] = useState(false);
  const [error, setError] = useState<unknown>();
  const values = { ...known, ...chosen };
  const wrong = sections === undefined ? new Map<string, string>() : wrongIn(sections, chosen, known ?? {}, true);
  const refused = refusals(sections ?? [], error instanceof Error ? error.message : '');
  const run = () => {
    setTried(true);
    if (sections === undefined || wrong.size > 0) return;
    setStarting(true);
    setError(undefined);
    start(settled(sections, chosen)).catch((failure: unknown) => {
      setError(failure);
      setStarting(false);
    });
  };
  return (
    <FormDialog
      title={`Run ${what}`}
      action={`Run ${what}`}
      icon={<Play aria-hidden />}
      disabledReason={isStarting ? 'It is being started' : sections === undefined || known === undefined ? 'Its form is being loaded' : undefined}
      onSubmit={run}
      onClose={onClose}
    >
      {found.error !== null ? <Failure title="The forms of the pipeline could not be loaded" error={found.error} onRetry={() => void found.refetch()} /> : null}
      {sections === undefined || known === undefined ? (
        found.error === null ? (
          <Skeleton width={240} />
        ) : null
      ) : sections.length === 0 ? (
        <p className="text-table">It has no form: it runs as it is.</p>
      ) : (
        <FormFields
          sections={sections}
          values={values}
          wrong={refused.size > 0 ? refused : isTried ? wrong : new Map()}
          onChange={(name, value) => {
            setChosen({ ...chosen, [name]: value });
            setError(undefined);
          }}
        />
      )}
      {error === undefined || refused.size > 0 ? null : <Failure title="The run was not started" error={error} />}
    </FormDialog>
  );
}
