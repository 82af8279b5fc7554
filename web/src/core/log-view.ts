// What is shown of many logs: their records in the order of time, narrowed, with repeats folded, and how many there are of what.

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type LevelName = (typeof levels)[number];

export interface LogRecord {
  pipeline_run_id: number;
  /** Seconds since 1970. */
  timestamp: number;
  level: string;
  block_uuid: string | null;
  message: string;
}

/** A record, and of which pipeline and block it is; child runs such as `clean:0` are those of their block. */
export interface Entry<Record extends LogRecord = LogRecord> {
  key: string;
  record: Record;
  pipeline: string;
  block: string | null;
  level: LevelName;
}

export function levelOf(level: string): LevelName {
  switch (level.toLowerCase()) {
    case 'error':
    case 'critical':
    case 'exception':
      return 'error';
    case 'warning':
    case 'warn':
      return 'warn';
    case 'debug':
      return 'debug';
    default:
      return 'info';
  }
}

/** The records of several runs as one list, oldest first. */
export function merged<Record extends LogRecord>(logs: readonly { pipeline: string; records: readonly Record[] }[]): Entry<Record>[] {
  const entries = logs.flatMap(({ pipeline, records }) =>
    records.map((record, at): Entry<Record> => ({
      key: `${record.pipeline_run_id} ${at}`,
      record,
      pipeline,
      block: record.block_uuid === null ? null : (record.block_uuid.split(':')[0] ?? null),
      level: levelOf(record.level),
    })),
  );
  // Equal times keep the order of their log.
  return entries.sort((one, other) => one.record.timestamp - other.record.timestamp);
}

export interface Filter {
  /** Empty for all. */
  levels: readonly LevelName[];
  pipelines: readonly string[];
  blocks: readonly string[];
  /** Seconds since 1970. */
  from: number | null;
  to: number | null;
}

type Part = 'levels' | 'pipelines' | 'blocks' | 'time';

function meets(entry: Entry, filter: Filter, without?: Part): boolean {
  const { timestamp } = entry.record;
  return (
    (without === 'levels' || filter.levels.length === 0 || filter.levels.includes(entry.level)) &&
    (without === 'pipelines' || filter.pipelines.length === 0 || filter.pipelines.includes(entry.pipeline)) &&
    (without === 'blocks' || filter.blocks.length === 0 || (entry.block !== null && filter.blocks.includes(entry.block))) &&
    (without === 'time' || ((filter.from === null || timestamp >= filter.from) && (filter.to === null || timestamp <= filter.to)))
  );
}

export function narrowed<Record extends LogRecord>(entries: readonly Entry<Record>[], filter: Filter): Entry<Record>[] {
  return entries.filter((entry) => meets(entry, filter));
}

export interface Facets {
  levels: ReadonlyMap<string, number>;
  pipelines: ReadonlyMap<string, number>;
  blocks: ReadonlyMap<string, number>;
}

/** How many records each choice would show, if only that choice were made and the others stayed. */
export function facetsOf(entries: readonly Entry[], filter: Filter): Facets {
  const facets = { levels: new Map<string, number>(), pipelines: new Map<string, number>(), blocks: new Map<string, number>() };
  const add = (to: Map<string, number>, name: string) => to.set(name, (to.get(name) ?? 0) + 1);
  for (const entry of entries) {
    if (meets(entry, filter, 'levels')) add(facets.levels, entry.level);
    if (meets(entry, filter, 'pipelines')) add(facets.pipelines, entry.pipeline);
    if (entry.block !== null && meets(entry, filter, 'blocks')) add(facets.blocks, entry.block);
  }
  return facets;
}

export interface Bucket {
  /** Seconds since 1970. */
  from: number;
  to: number;
  all: number;
  warnings: number;
  errors: number;
}

/** How many records there are in each of `count` equal parts of a time. */
export function bucketsOf(entries: readonly Entry[], filter: Filter, from: number, to: number, count: number): Bucket[] {
  const step = Math.max(0.001, (to - from) / count);
  const buckets = Array.from({ length: count }, (_, at) => ({ from: from + at * step, to: from + (at + 1) * step, all: 0, warnings: 0, errors: 0 }));
  for (const entry of entries) {
    if (!meets(entry, filter, 'time')) continue;
    const bucket = buckets[Math.min(count - 1, Math.floor((entry.record.timestamp - from) / step))];
    if (bucket === undefined) continue;
    bucket.all += 1;
    if (entry.level === 'warn') bucket.warnings += 1;
    if (entry.level === 'error') bucket.errors += 1;
  }
  return buckets;
}

/** A line as it is shown: the first or a later line of a record, or many alike ones folded to one. */
export interface Line<Record extends LogRecord = LogRecord> {
  key: string;
  entry: Entry<Record>;
  text: string;
  isFirst: boolean;
  /** Records that are folded into this line; 1 when none are. */
  times: number;
  /** Seconds from the first to the last of them. */
  over: number;
}

/** So many alike ones in a row are folded. */
const FOLDED = 4;

const alike = (entry: Entry) => `${entry.record.pipeline_run_id} ${entry.block ?? ''} ${entry.level} ${entry.record.message.replace(/\d+([.,:]\d+)*/g, '#')}`;

/** The lines of records; those in `open` are not folded. */
export function linesOf<Record extends LogRecord>(entries: readonly Entry<Record>[], isFolding: boolean, open: ReadonlySet<string>): Line<Record>[] {
  const lines: Line<Record>[] = [];
  let at = 0;
  while (at < entries.length) {
    const entry = entries[at];
    if (entry === undefined) break;
    let end = at + 1;
    if (isFolding) {
      const kind = alike(entry);
      for (let next = entries[end]; next !== undefined && alike(next) === kind; next = entries[end]) end += 1;
    }
    const last = entries[end - 1] ?? entry;
    if (end - at >= FOLDED && !open.has(entry.key)) {
      const over = last.record.timestamp - entry.record.timestamp;
      lines.push({ key: entry.key, entry, text: entry.record.message.split('\n')[0] ?? '', isFirst: true, times: end - at, over });
    } else {
      for (const one of entries.slice(at, end)) {
        const texts = one.record.message.replace(/\n$/, '').split('\n');
        texts.forEach((text, index) => lines.push({ key: `${one.key} ${index}`, entry: one, text, isFirst: index === 0, times: 1, over: 0 }));
      }
    }
    at = end;
  }
  return lines;
}

/** The lines in which a text stands, in whatever case. */
export function matchesOf(lines: readonly Line[], text: string): number[] {
  if (text === '') return [];
  const wanted = text.toLowerCase();
  return lines.flatMap((line, at) => (line.text.toLowerCase().includes(wanted) ? [at] : []));
}

/** A text in parts, every second of which is a match. */
export function marked(text: string, wanted: string): string[] {
  if (wanted === '') return [text];
  const parts: string[] = [];
  const low = text.toLowerCase();
  const needle = wanted.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(needle); at >= 0; at = low.indexOf(needle, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...parts, text.slice(from)];
}

/** The records as the lines of a file. */
export function asText(entries: readonly Entry[]): string {
  return entries
    .map(({ record, pipeline, level }) => `${new Date(record.timestamp * 1000).toISOString()} ${level.toUpperCase()} ${pipeline} run ${record.pipeline_run_id}${record.block_uuid === null ? '' : ` ${record.block_uuid}`}: ${record.message}`)
    .join('\n');
}
