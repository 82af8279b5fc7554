// How a table is looked at, and how its columns and cells are shown.

import { count, percent, shortCount } from '../../lib/format';

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'contains' | 'null' | 'not_null';

export interface Condition {
  column: string;
  comparison: Comparison;
  value: string;
}

export interface TableView {
  sort: { column: string; down: boolean } | null;
  conditions: readonly Condition[];
  search: string;
}

export const WHOLE: TableView = { sort: null, conditions: [], search: '' };

/** The name of a column as queries have it: one that could be read in another way stands in quotes. */
export function columnName(name: string): string {
  return name === '' || /^[-"]|:/.test(name) ? JSON.stringify(name) : name;
}

/** What is asked of the server for a view. */
export function queryOf(view: TableView): Record<string, string | readonly string[]> {
  return {
    ...(view.sort ? { 'sort[]': [`${view.sort.down ? '-' : ''}${columnName(view.sort.column)}`] } : {}),
    ...(view.conditions.length > 0
      ? { 'filter[]': view.conditions.map((one) => `${columnName(one.column)}:${one.comparison}:${one.value}`) }
      : {}),
    ...(view.search === '' ? {} : { search: view.search }),
  };
}

export const comparisonWords: Record<Comparison, string> = {
  eq: 'is',
  ne: 'is not',
  lt: 'is less than',
  le: 'is at most',
  gt: 'is greater than',
  ge: 'is at least',
  contains: 'contains',
  null: 'is null',
  not_null: 'is not null',
};

/** `dep_delay > 2,000`, for a chip. */
export function conditionWords({ column, comparison, value }: Condition): { property: string; value: string } {
  const signs: Partial<Record<Comparison, string>> = { eq: '=', ne: '≠', lt: '<', le: '≤', gt: '>', ge: '≥' };
  if (comparison === 'null' || comparison === 'not_null') return { property: column, value: comparisonWords[comparison] };
  return { property: `${column} ${signs[comparison] ?? comparisonWords[comparison]}`, value };
}

/** What a click on a header does: upwards, downwards, as it was. */
export function sortedBy(view: TableView, column: string): TableView {
  const { sort } = view;
  if (sort?.column !== column) return { ...view, sort: { column, down: false } };
  return { ...view, sort: sort.down ? null : { column, down: true } };
}

export type ColumnKind = 'number' | 'text' | 'bool' | 'date' | 'time' | 'nested' | 'binary' | 'other';

/** What a type of Arrow is for people. */
export function columnKind(type: string): ColumnKind {
  const plain = /^Dictionary\(\w+, (.+)\)$/.exec(type)?.[1] ?? type;
  if (/^(U?Int|Float|Decimal)/.test(plain)) return 'number';
  if (/^(Large)?Utf8/.test(plain)) return 'text';
  if (plain === 'Boolean') return 'bool';
  if (/^Date/.test(plain)) return 'date';
  if (/^(Timestamp|Time|Duration|Interval)/.test(plain)) return 'time';
  if (/^(Struct|List|LargeList|FixedSizeList|Map|Union)/.test(plain)) return 'nested';
  if (/Binary/.test(plain)) return 'binary';
  return 'other';
}

/** The short name of a type, as people who write Python know it. */
export function typeWords(type: string): string {
  const plain = /^Dictionary\(\w+, (.+)\)$/.exec(type)?.[1] ?? type;
  const known: Record<string, string> = { Boolean: 'bool', Utf8: 'text', LargeUtf8: 'text', Utf8View: 'text', Null: 'null' };
  const found = known[plain];
  if (found !== undefined) return found;
  if (/^Timestamp/.test(plain)) return /"|Some/.test(plain) ? 'timestamp with zone' : 'timestamp';
  if (/^Date/.test(plain)) return 'date';
  if (/^(Large|FixedSize)?List/.test(plain)) return 'list';
  if (/^Struct/.test(plain)) return 'struct';
  if (/^Decimal/.test(plain)) return 'decimal';
  return plain.split('(')[0]?.toLowerCase() ?? plain;
}

export interface ColumnFacts {
  nulls: number;
  min: string | null;
  max: string | null;
  mean: number | null;
  distinct: number | null;
  /** How many values each bar stands for, and what the bars are when they are single values. */
  histogram: { counts: readonly number[]; values: readonly string[] | null } | null;
}

function short(text: string, kind: ColumnKind): string {
  if (kind !== 'number') return text;
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  if (Math.abs(value) >= 1000) return shortCount(Math.round(value));
  return String(Number(value.toPrecision(3))).replace('-', '−');
}

/** What stands below a column's histogram at the left: its range, or how many different values it has. */
export function columnWords(facts: ColumnFacts, rows: number, kind: ColumnKind): string {
  const { min, max, distinct, histogram } = facts;
  if (kind === 'bool' && histogram?.values) {
    const at = histogram.values.indexOf('true');
    const yes = at < 0 ? 0 : (histogram.counts[at] ?? 0);
    const all = histogram.counts.reduce((sum, one) => sum + one, 0);
    return all === 0 ? '' : `${percent(yes / all)} true`;
  }
  if (kind === 'number' && min !== null && max !== null) {
    const [least, most] = [short(min, kind), short(max, kind)];
    // 2013 to 2013 is not 2k to 2k.
    const exact = (text: string) => (Number.isInteger(Number(text)) ? text.replace('-', '−') : short(text, kind));
    if (min === max) return exact(min);
    return least === most ? `${exact(min)}…${exact(max)}` : `${least}…${most}`;
  }
  if (distinct !== null) {
    return distinct === rows - facts.nulls && distinct > 1 ? 'all distinct' : `${distinct < 10_000 ? count(distinct) : shortCount(distinct)} distinct`;
  }
  return min !== null && max !== null && (kind === 'date' || kind === 'time') ? `${min.slice(0, 10)}…${max.slice(0, 10)}` : 'many distinct';
}

/** A bar of a histogram: what it stands for, how many values, and which rows those are in. */
export interface Bar {
  label: string;
  count: number;
  /** None where the rows cannot be asked for. */
  rows: readonly Omit<Condition, 'column'>[] | null;
}

/** Values are cut at so many characters by the server. */
const CUT = 64;

/** A number, or a moment in milliseconds; none for other texts. */
function scalar(text: string, kind: ColumnKind): number | null {
  const value = kind === 'number' ? Number(text) : Date.parse(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? `${text}Z` : text);
  return Number.isFinite(value) ? value : null;
}

/** The same back as text: as exact as a condition needs it. */
function written(value: number, kind: ColumnKind, like: string): string {
  if (kind === 'number') return String(value);
  const text = new Date(value).toISOString();
  if (kind === 'date') return text.slice(0, 10);
  return like.endsWith('Z') ? text : text.replace('Z', '');
}

/** The bars of a column's histogram, with words. */
export function barsOf({ histogram, min, max }: ColumnFacts, kind: ColumnKind): Bar[] {
  if (histogram === null) return [];
  const { counts, values } = histogram;
  if (values !== null) {
    return counts.map((count, at) => {
      const value = values[at] ?? '';
      const isExact = value.length < CUT && ['number', 'text', 'bool', 'date', 'time'].includes(kind);
      return {
        label: value === '' ? '(empty)' : kind === 'time' ? (cellText(value, kind) ?? '') : value.replace(/^-(?=\d)/, '−'),
        count,
        rows: isExact ? [{ comparison: 'eq', value }] : value === '' ? null : [{ comparison: 'contains', value }],
      };
    });
  }
  const least = min === null ? null : scalar(min, kind);
  const most = max === null ? null : scalar(max, kind);
  if (least === null || most === null || min === null || max === null || !['number', 'date', 'time'].includes(kind)) return [];
  const edge = (at: number) => (at === 0 ? min : at === counts.length ? max : written(least + ((most - least) * at) / counts.length, kind, min));
  const digits = (value: number) => (Math.abs(value) >= 100_000 ? shortCount(Math.round(value)) : Math.abs(value) >= 1000 ? count(value) : short(String(value), kind));
  const word = (text: string) => (kind === 'number' ? digits(Number(text)) : text.slice(0, kind === 'date' ? 10 : 16).replace('T', ' '));
  return counts.map((count, at) => ({
    label: `${word(edge(at))}…${word(edge(at + 1))}`,
    count,
    rows: [
      { comparison: 'ge', value: edge(at) },
      { comparison: at === counts.length - 1 ? 'le' : 'lt', value: edge(at + 1) },
    ],
  }));
}

/** `2.5 % null`; nothing when there are none. */
export function nullWords(nulls: number, rows: number): string {
  return nulls > 0 && rows > 0 ? `${percent(nulls / rows)} null` : '';
}

/** A cell as one line of text; null for a null. */
export function cellText(value: unknown, kind: ColumnKind): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') {
    if (kind === 'time') return value.replace('T', ' ').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '').replace(/ 00:00:00$/, '');
    return value;
  }
  if (typeof value === 'number') {
    return String(value).replace('-', '−');
  }
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return JSON.stringify(value);
}

/** How wide a column is for its name and its first values, in pixels. */
export function columnWidth(name: string, texts: readonly (string | null)[], kind: ColumnKind): number {
  const longest = texts.reduce((most, text) => Math.max(most, text?.length ?? 4), 0);
  const header = name.length * 7.4 + 48;
  const cells = longest * (kind === 'number' ? 8 : 7.4) + 20;
  // A range and a share of nulls stand side by side in the header.
  const least = kind === 'number' || kind === 'date' || kind === 'time' ? 128 : 96;
  return Math.round(Math.min(320, Math.max(least, header, cells)));
}

/** Rows as lines of CSV, or as a table of Markdown. */
export function copied(
  columns: readonly string[],
  rows: readonly (readonly (string | null)[])[],
  as: 'csv' | 'markdown',
): string {
  if (as === 'markdown') {
    const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
    return [line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(row.map((cell) => cell ?? '')))].join('\n');
  }
  const quoted = (cell: string | null) => {
    if (cell === null) return '';
    return /[",\n\r]/.test(cell) || cell === '' ? `"${cell.replaceAll('"', '""')}"` : cell;
  };
  return [columns.map(quoted).join(','), ...rows.map((row) => row.map(quoted).join(','))].join('\n');
}
