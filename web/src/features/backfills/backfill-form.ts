// The form of a backfill: what its fields hold, what the server gets, and what it says in words.
import type { Backfill, ChangedBackfill } from '../../api/backfills';
import { count, plural } from '../../lib/format';
import { variablesOf } from '../../lib/variables';

export type Unit = NonNullable<Backfill['interval_type']>;

export interface Form {
  name: string;
  /** Moments in UTC, as a field for date and time holds them. */
  start: string;
  end: string;
  unit: Unit;
  units: string;
  /** How many runs at a time; empty without a limit. */
  limit: string;
  variables: string;
}

/** The setting that says how many runs are under way at a time. */
const LIMIT = 'pipeline_run_limit';
/** The setting that leaves dates alone that have completed. */
const ONLY_MISSING = 'only_missing';

const DAY = 86_400_000;

function field(text: string | null): string {
  if (text === null) return '';
  const [date = '', time = '00:00'] = text.replace('T', ' ').split(' ');
  const short = time.split('.')[0] ?? '';
  return `${date}T${short.endsWith(':00') && short.length > 5 ? short.slice(0, 5) : short}`;
}

/** The days of the week that has passed. */
export function emptyForm(now: number): Form {
  const today = Math.floor(now / DAY) * DAY;
  const at = (moment: number) => new Date(moment).toISOString().slice(0, 16);
  return { name: '', start: at(today - 7 * DAY), end: at(today - DAY), unit: 'day', units: '1', limit: '', variables: '{}' };
}

export function formOf(backfill: Backfill): Form {
  const limit = backfill.settings[LIMIT];
  return {
    name: backfill.name,
    start: field(backfill.start_datetime),
    end: field(backfill.end_datetime),
    // Mage calls an interval of so many seconds `custom`.
    unit: backfill.interval_type === 'custom' ? 'second' : (backfill.interval_type ?? 'day'),
    units: String(backfill.interval_units ?? 1),
    limit: typeof limit === 'number' ? String(limit) : '',
    variables: JSON.stringify(backfill.variables, null, 2),
  };
}

export interface Wrong {
  name?: string;
  start?: string;
  end?: string;
  units?: string;
  limit?: string;
  variables?: string;
}

const isCount = (text: string) => /^[1-9]\d{0,8}$/.test(text.trim());

/** What must be put right before it can be saved. */
export function wrongIn(form: Form): Wrong {
  return {
    ...(form.name.trim() === '' ? { name: 'Give it a name' } : {}),
    ...(form.start === '' ? { start: 'Say where the window begins' } : {}),
    ...(form.end === ''
      ? { end: 'Say where the window ends' }
      : form.start !== '' && form.end < form.start
        ? { end: 'It ends before it begins' }
        : {}),
    ...(isCount(form.units) ? {} : { units: 'A number from 1 on' }),
    ...(form.limit.trim() === '' || isCount(form.limit) ? {} : { limit: 'A number from 1 on, or nothing' }),
    ...(variablesOf(form.variables) === undefined ? { variables: 'This must be a JSON object, such as {"month": 1}' } : {}),
  };
}

type Settings = Backfill['settings'];

function settingsOf(form: Form, settings: Settings): Settings {
  const rest = Object.fromEntries(Object.entries(settings).filter(([name]) => name !== LIMIT));
  return form.limit.trim() === '' ? rest : { ...rest, [LIMIT]: Number(form.limit) };
}

/** Only its name and how many runs at a time can be changed while it is under way. */
export function toChange(form: Form, settings: Settings, isOpen: boolean): ChangedBackfill {
  const always = { name: form.name.trim(), settings: settingsOf(form, settings) };
  if (isOpen) return always;
  return {
    ...always,
    start_datetime: form.start,
    end_datetime: form.end,
    interval_type: form.unit,
    interval_units: Number(form.units),
    variables: variablesOf(form.variables) ?? {},
  };
}

/** Starts it: all its dates, or those that have not completed. */
export function toStart(backfill: Backfill, onlyMissing: boolean): ChangedBackfill {
  return { status: 'initial', settings: { ...backfill.settings, [ONLY_MISSING]: onlyMissing } };
}

/** `one a day`, `one every 6 hours`. */
export function intervalInWords(unit: Unit, units: number): string {
  const name = unit === 'custom' ? 'second' : unit;
  if (units === 1) return `one ${name === 'hour' ? 'an' : 'a'} ${name}`;
  return `one every ${count(units)} ${name}s`;
}

/** A moment of UTC without what says nothing: `2026-01-31`, `2026-01-31 06:00`. */
export function moment(text: string): string {
  return field(text).replace('T', ' ').replace(/ 00:00$/, '');
}

export function sentence(form: Form, runs: number | undefined): string {
  const isWhole = form.start !== '' && form.end !== '' && isCount(form.units);
  if (!isWhole) return 'A run for each interval of a window';
  const many = runs === undefined ? 'Runs' : plural(runs, 'run');
  const limit = isCount(form.limit) ? `, ${form.limit} at a time` : '';
  return `${many}, ${intervalInWords(form.unit, Number(form.units))} from ${moment(form.start)} to ${moment(form.end)}${limit}`;
}
