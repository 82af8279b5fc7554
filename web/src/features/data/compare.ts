// How one version of a table differs from another, as far as their schema and counts tell.
import { typeWords } from '../../core/notebook/table';
import { percent } from '../../lib/format';

export interface Version {
  rows?: number | null | undefined;
  columns: readonly { name: string; type: string }[];
  statistics: readonly { nulls: number; min?: string | null; max?: string | null }[];
}

export interface ColumnChange {
  name: string;
  sign: '+' | '−' | '~';
  /** What it was, and what it is now. */
  before: string;
  after: string;
}

interface Known {
  type: string;
  nulls: number | undefined;
  min: string | null;
  max: string | null;
}

function known(version: Version): Map<string, Known> {
  return new Map(
    version.columns.map((column, at) => {
      const facts = version.statistics[at];
      return [column.name, { type: column.type, nulls: facts?.nulls, min: facts?.min ?? null, max: facts?.max ?? null }];
    }),
  );
}

function nullShare(nulls: number | undefined, rows: number): string {
  return nulls === undefined || rows === 0 ? '' : `${percent(nulls / rows)} null`;
}

const range = ({ min, max }: Known) => (min === null || max === null ? '' : min === max ? min : `${min}…${max}`);

/** What differs between the types, the shares of nulls and the ranges of one column; nothing when all is the same. */
function changed(old: Known, now: Known, oldRows: number, nowRows: number): { before: string; after: string } | undefined {
  if (old.type !== now.type) return { before: typeWords(old.type), after: typeWords(now.type) };
  const [oldNulls, nowNulls] = [nullShare(old.nulls, oldRows), nullShare(now.nulls, nowRows)];
  if (oldNulls !== nowNulls) return { before: oldNulls, after: nowNulls };
  if (range(old) !== range(now)) return { before: range(old), after: range(now) };
  return undefined;
}

/** One line for each column that differs: new ones first, then those that are gone, then those that changed. */
export function columnChanges(before: Version, after: Version): ColumnChange[] {
  const old = known(before);
  const now = known(after);
  const fresh: ColumnChange[] = [];
  const gone: ColumnChange[] = [];
  const other: ColumnChange[] = [];
  for (const [name, column] of now) {
    const was = old.get(name);
    if (was === undefined) {
      fresh.push({ name, sign: '+', before: '', after: typeWords(column.type) });
      continue;
    }
    const words = changed(was, column, before.rows ?? 0, after.rows ?? 0);
    if (words !== undefined) other.push({ name, sign: '~', ...words });
  }
  for (const [name, column] of old) {
    if (!now.has(name)) gone.push({ name, sign: '−', before: typeWords(column.type), after: '' });
  }
  return [...fresh, ...gone, ...other];
}
