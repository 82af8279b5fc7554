// The fields of a backfill.
import { SelectField, TextArea, TextField } from '../../ui/field';
import type { Form, Unit, Wrong } from './backfill-form';

const units = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const satisfies readonly Unit[];

export function Fields({
  form,
  wrong,
  isLocked,
  onChange,
}: {
  form: Form;
  wrong: Wrong;
  /** Whether runs of it are under way. */
  isLocked: boolean;
  onChange: (some: Partial<Form>) => void;
}) {
  const unitOptions = units.map((unit) => ({ value: unit, label: form.units.trim() === '1' ? unit : `${unit}s` }));
  return (
    <section className="backfill-part" aria-label="Fields">
      <TextField
        label="Name"
        value={form.name}
        placeholder="Such as January again"
        error={form.name === '' ? undefined : wrong.name}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <TextField
        label="First date (UTC)"
        type="datetime-local"
        value={form.start}
        readOnly={isLocked}
        error={wrong.start}
        onChange={(event) => onChange({ start: event.target.value })}
      />
      <TextField
        label="Last date (UTC)"
        type="datetime-local"
        value={form.end}
        readOnly={isLocked}
        error={wrong.end}
        onChange={(event) => onChange({ end: event.target.value })}
      />
      <div className="backfill-pair">
        <TextField
          label="One run every"
          inputMode="numeric"
          value={form.units}
          readOnly={isLocked}
          error={wrong.units}
          onChange={(event) => onChange({ units: event.target.value })}
        />
        {isLocked ? (
          <TextField label="Unit" value={unitOptions.find(({ value }) => value === form.unit)?.label ?? form.unit} readOnly />
        ) : (
          <SelectField label="Unit" value={form.unit} options={unitOptions} onChange={(unit) => onChange({ unit })} />
        )}
      </div>
      <TextArea
        label="Variables"
        mono
        rows={4}
        value={form.variables}
        readOnly={isLocked}
        hint="Every run gets them, beside those of its date."
        error={wrong.variables}
        onChange={(event) => onChange({ variables: event.target.value })}
      />
      {isLocked ? <p className="field-hint">Its window and variables stay as they are while it is under way; cancel it to change them.</p> : null}
      <TextField
        label="Runs at a time"
        inputMode="numeric"
        value={form.limit}
        placeholder="No limit of its own"
        hint="Can be changed while it is under way. What runs goes on."
        error={wrong.limit}
        onChange={(event) => onChange({ limit: event.target.value })}
      />
    </section>
  );
}
