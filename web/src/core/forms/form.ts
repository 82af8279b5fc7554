// The forms of a pipeline (interactions), read from their files: which fields people see, and what their values are.
import type { PipelineForms } from '../../api/forms';
import { isMap, list, map, someNumber, text, type Json } from '../../lib/json';

export type FieldKind = 'choice' | 'switch' | 'number' | 'text' | 'lines' | 'day' | 'json';

export interface FormField {
  /** The variable that it sets. */
  name: string;
  label: string;
  about: string;
  kind: FieldKind;
  isWhole: boolean;
  isMono: boolean;
  options: { label: string; value: unknown }[];
  min: number | undefined;
  max: number | undefined;
  isRequired: boolean;
}

/** One form of one block. */
export interface FormSection {
  key: string;
  title: string;
  about: string;
  /** Fields that stand beside each other, with their shares of the row. */
  rows: { field: FormField; share: number }[][];
}

export type Values = Readonly<Record<string, unknown>>;

function kindOf(input: Json, style: Json, types: readonly string[], hasOptions: boolean): FieldKind {
  if (hasOptions) return 'choice';
  if (input.type === 'switch' || input.type === 'checkbox' || (types[0] === 'boolean' && input.type === undefined)) return 'switch';
  const isNumber = types.includes('integer') || types.includes('float');
  if (isNumber || (types.length === 0 && style.input_type === 'number')) return 'number';
  if (types.includes('dictionary') || types.includes('list')) return 'json';
  if (types.includes('date')) return 'day';
  return input.type === 'code' || style.multiline === true ? 'lines' : 'text';
}

function fieldOf(key: string, variable: Json, inputs: Json, change: Json): FormField | undefined {
  if (change.disabled === true) return undefined;
  const input = map(inputs[text(variable.input)]);
  const style = map(input.style);
  const own = list(change.types);
  const types = (own.length > 0 ? own : list(variable.types)).map((one) => text(one));
  const options = list(input.options)
    .filter(isMap)
    .map((option) => ({ label: text(option.label) === '' ? JSON.stringify(option.value) : text(option.label), value: option.value }));
  const name = [change.uuid_override, variable.uuid, key].map((one) => text(one)).find((one) => one !== '') ?? key;
  return {
    name,
    label: text(variable.name) === '' ? name : text(variable.name),
    about: text(variable.description),
    kind: kindOf(input, style, types, options.length > 0),
    isWhole: types.includes('integer') && !types.includes('float'),
    isMono: input.type === 'code' || style.monospace === true,
    options,
    min: someNumber(style.min) ?? undefined,
    max: someNumber(style.max) ?? undefined,
    isRequired: (typeof change.required === 'boolean' ? change.required : variable.required) === true,
  };
}

/** The forms that some blocks use. */
export function usedBy(forms: PipelineForms, blocks: readonly string[]): PipelineForms {
  return { ...forms, used: Object.fromEntries(Object.entries(map(forms.used)).filter(([block]) => blocks.includes(block))) };
}

/** What was chosen, in words: `City Berlin, Days 3`. */
export function choiceWords(sections: readonly FormSection[], values: Values): string {
  const said = (field: FormField) => {
    const value = values[field.name];
    const text = field.kind === 'choice' ? (field.options[Number(shown(field, value) || NaN)]?.label ?? '') : field.kind === 'switch' ? (value === true ? 'on' : '') : shown(field, value);
    return text === '' ? [] : [`${field.label} ${text}`];
  };
  return sections.flatMap(fieldsOf).flatMap(said).join(', ');
}

/** What people see of the forms, in the order of the file. A form that is not there is left out: the checks of the project tell of it. */
export function sectionsOf({ used, files }: PipelineForms): FormSection[] {
  const named = new Map(files.map((file) => [file.uuid.replace(/\.ya?ml$/, ''), file]));
  return Object.entries(map(used)).flatMap(([block, uses]) =>
    list(uses)
      .filter(isMap)
      .flatMap((use): FormSection[] => {
        const uuid = text(use.uuid).replace(/\.ya?ml$/, '');
        const file = named.get(uuid);
        if (file === undefined) return [];
        const changes = map(use.variables);
        const fields = new Map(
          Object.entries(map(file.variables)).flatMap(([key, variable]) => {
            const field = fieldOf(key, map(variable), map(file.inputs), map(changes[key]));
            return field === undefined ? [] : [[key, field] as const];
          }),
        );
        const layout = list(use.layout).length > 0 ? list(use.layout) : list(file.layout);
        const rows = layout
          .map((row) =>
            list(row).flatMap((cell) => {
              const { variable, width } = map(cell);
              const field = fields.get(text(variable));
              // What stands in the layout twice is shown once.
              return field !== undefined && fields.delete(text(variable)) ? [{ field, share: someNumber(width) ?? 1 }] : [];
            }),
          )
          .filter((row) => row.length > 0);
        // What the layout does not name comes after it: the server wants it all the same.
        for (const field of fields.values()) rows.push([{ field, share: 1 }]);
        return rows.length === 0 ? [] : [{ key: `${block} ${uuid}`, title: text(use.name) === '' ? uuid : text(use.name), about: text(use.description), rows }];
      }),
  );
}

export const fieldsOf = (section: FormSection) => section.rows.flatMap((row) => row.map(({ field }) => field));

/** What a field shows of its value. */
export function shown(field: FormField, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (field.kind === 'choice') {
    const at = field.options.findIndex((option) => JSON.stringify(option.value) === JSON.stringify(value));
    return at < 0 ? '' : String(at);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What was typed as a value of the field's kind, or the text itself while it is none; undefined for nothing. */
export function read(field: FormField, text: string): unknown {
  if (text.trim() === '') return undefined;
  if (field.kind === 'choice') return field.options[Number(text)]?.value;
  if (field.kind === 'number') return String(Number(text)) === text.trim() ? Number(text) : text;
  return text;
}

function wrongWith(field: FormField, value: unknown, isNeeded: boolean): string | undefined {
  // A switch that nobody touched is off.
  if (value === undefined || value === null || value === '') return isNeeded && field.kind !== 'switch' ? 'This must be given' : undefined;
  if (field.kind === 'number') {
    const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
    if (Number.isNaN(number)) return 'This must be a number';
    if (field.isWhole && !Number.isInteger(number)) return 'This must be a whole number';
    if (field.min !== undefined && number < field.min) return `This must be at least ${field.min}`;
    if (field.max !== undefined && number > field.max) return `This must be at most ${field.max}`;
  }
  if (field.kind === 'json' && typeof value === 'string') {
    try {
      JSON.parse(value);
    } catch {
      return 'This must be JSON, such as ["a", "b"]';
    }
  }
  return undefined;
}

/**
 * What must be put right, by variable; `known` counts where nothing is chosen. A form is used when one of its variables is chosen;
 * `isWhole` wants all of them used.
 */
export function wrongIn(sections: readonly FormSection[], chosen: Values, known: Values, isWhole: boolean): ReadonlyMap<string, string> {
  const wrong = new Map<string, string>();
  for (const section of sections) {
    const fields = fieldsOf(section);
    const isUsed = isWhole || fields.some(({ name }) => chosen[name] !== undefined);
    for (const field of fields) {
      const text = wrongWith(field, chosen[field.name] ?? known[field.name], isUsed && field.isRequired);
      if (text !== undefined) wrong.set(field.name, text);
    }
  }
  return wrong;
}

/** The values as the server gets them, when nothing is wrong: numbers and JSON that were typed become what they say. */
export function settled(sections: readonly FormSection[], values: Values): Record<string, unknown> {
  const after: Record<string, unknown> = { ...values };
  for (const section of sections) {
    const fields = fieldsOf(section);
    const isUsed = fields.some(({ name }) => values[name] !== undefined);
    for (const { name, kind, isRequired } of fields) {
      const value = values[name];
      if (kind === 'number' && typeof value === 'string' && value.trim() !== '') after[name] = Number(value);
      if (kind === 'json' && typeof value === 'string') after[name] = JSON.parse(value);
      if (kind === 'switch' && value === undefined && isRequired && isUsed) after[name] = false;
    }
  }
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined));
}

/** What the server says is wrong, by variable; nothing when its words are about something else than these forms. */
export function refusals(sections: readonly FormSection[], message: string): ReadonlyMap<string, string> {
  const known = new Set(sections.flatMap(fieldsOf).map(({ name }) => name));
  const parts = message.split(/; (?=`)/).map((part) => /^`([^`]+)` (must .*)$/s.exec(part));
  const found = new Map<string, string>();
  for (const part of parts) {
    const name = part?.[1] ?? '';
    if (!known.has(name)) return new Map();
    found.set(name, `This ${part?.[2] ?? ''}`);
  }
  return found;
}
