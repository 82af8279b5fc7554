// The fields of the forms of a pipeline, as people fill them in.
import { SelectField, Switch, TextArea, TextField } from '../../ui/field';
import { type FormField, type FormSection, read, shown, type Values } from './form';
import './form.css';

function hintOf({ about, min, max, isRequired }: FormField): string | undefined {
  const range = min !== undefined && max !== undefined ? `From ${min} to ${max}.` : min !== undefined ? `At least ${min}.` : max !== undefined ? `At most ${max}.` : '';
  const text = [about, range, isRequired ? '' : 'Optional.'].filter((part) => part !== '').join(' ');
  return text === '' ? undefined : text;
}

function FieldView({ field, value, error, onChange }: { field: FormField; value: unknown; error: string | undefined; onChange: (value: unknown) => void }) {
  const text = shown(field, value);
  const around = { label: field.label, hint: hintOf(field), ...(error === undefined ? {} : { error }) };
  const set = (typed: string) => onChange(read(field, typed));
  switch (field.kind) {
    case 'choice':
      return (
        <SelectField
          {...around}
          value={text}
          options={[{ value: '', label: field.isRequired ? 'Choose…' : 'Nothing' }, ...field.options.map((option, index) => ({ value: String(index), label: option.label }))]}
          onChange={set}
        />
      );
    case 'switch':
      return (
        <div className="field">
          <div className="form-switch">
            <Switch label={field.label} checked={value === true} onChange={onChange} />
            <span aria-hidden>{field.label}</span>
          </div>
          {error === undefined ? (
            field.about === '' ? null : <span className="field-hint">{field.about}</span>
          ) : (
            <span className="field-error" role="alert">
              {error}
            </span>
          )}
        </div>
      );
    case 'lines':
    case 'json':
      return <TextArea {...around} mono={field.isMono || field.kind === 'json'} rows={3} value={text} onChange={(event) => set(event.target.value)} />;
    case 'number':
    case 'text':
    case 'day':
      return (
        <TextField
          {...around}
          mono={field.isMono}
          required={field.isRequired}
          value={text}
          {...(field.kind === 'number' ? { inputMode: 'decimal' as const } : field.kind === 'day' ? { type: 'date' } : {})}
          onChange={(event) => set(event.target.value)}
        />
      );
  }
}

export function FormFields({
  sections,
  values,
  wrong,
  onChange,
}: {
  sections: readonly FormSection[];
  values: Values;
  wrong: ReadonlyMap<string, string>;
  onChange: (name: string, value: unknown) => void;
}) {
  return sections.map((section) => (
    <section key={section.key} className="form-section" aria-label={section.title}>
      <header>
        <h2 className="section-title">{section.title}</h2>
        {section.about === '' ? null : <p>{section.about}</p>}
      </header>
      {section.rows.map((row) => (
        <div key={row.map(({ field }) => field.name).join()} className="form-row" style={{ gridTemplateColumns: row.map(({ share }) => `minmax(0, ${share}fr)`).join(' ') }}>
          {row.map(({ field }) => (
            <FieldView key={field.name} field={field} value={values[field.name]} error={wrong.get(field.name)} onChange={(value) => onChange(field.name, value)} />
          ))}
        </div>
      ))}
    </section>
  ));
}
