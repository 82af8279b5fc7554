// The blocks of a run as graph, timeline and panel show them.
import type { BlockSummary, Pipeline } from '../../api/pipelines';
import type { Attempt, BlockRun, Run, Spread } from '../../api/runs';
import { offUsual } from '../../core/history';
import { count, duration, parseTime, size } from '../../lib/format';
import { kindOf, type Kind } from '../../lib/kind';
import { blockTone, type Tone, toneOf } from '../../lib/status';

export interface RunBlock {
  name: string;
  kind: Kind;
  tone: Tone;
  /** The block runs behind it: one, and for a dynamic block also its children. */
  runs: BlockRun[];
  upstream: string[];
  started: number | undefined;
  ended: number | undefined;
  attempts: number;
  /** Why it did not run, in the server's words. */
  reason: string | null;
}

/** `hours_of_origin:jfk` belongs to `hours_of_origin`. */
function declared(name: string): string {
  return name.split(':')[0] ?? name;
}

const worst: Tone[] = ['failed', 'running', 'queued', 'cancelled', 'not-run', 'skipped', 'success'];

function together(runs: readonly BlockRun[]): Tone {
  const tones = runs.map(blockTone);
  return worst.find((tone) => tones.includes(tone)) ?? 'queued';
}

/** The blocks of a run, in the order of the pipeline; blocks that the pipeline no longer has come last. */
export function blocksOf(runs: readonly BlockRun[], pipeline: Pipeline | undefined): RunBlock[] {
  const groups = new Map<string, BlockRun[]>();
  for (const run of runs) {
    const name = declared(run.block_uuid);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [run]);
    else group.push(run);
  }
  const known = new Map((pipeline?.blocks ?? []).map((block) => [block.uuid, block]));
  const order = new Map([...known.keys()].map((name, index) => [name, index]));
  const place = (name: string) => order.get(name) ?? order.size;
  return [...groups]
    .map(([name, some]): RunBlock => {
      const block: BlockSummary | undefined = known.get(name);
      const starts = some.flatMap((run) => (run.started_at === null ? [] : [parseTime(run.started_at)]));
      const ends = some.flatMap((run) => (run.completed_at === null || run.started_at === null ? [] : [parseTime(run.completed_at)]));
      const isOpen = some.some((run) => run.status === 'running' || run.status === 'initial' || run.status === 'queued');
      return {
        name,
        kind: kindOf(block?.type ?? 'custom'),
        tone: together(some),
        runs: some,
        upstream: (block?.upstream_blocks ?? []).filter((one) => groups.has(one)),
        started: starts.length === 0 ? undefined : Math.min(...starts),
        ended: isOpen || ends.length === 0 ? undefined : Math.max(...ends),
        attempts: Math.max(...some.map((run) => run.attempt)),
        reason: some.find((run) => run.reason !== null)?.reason ?? null,
      };
    })
    .sort((a, b) => place(a.name) - place(b.name));
}

/** The way through the run that decided how long it took: back from the block that ended last, always to the input that came last. */
export function criticalPath(blocks: readonly RunBlock[]): string[] {
  const ran = new Map(blocks.flatMap((block) => (block.started === undefined ? [] : [[block.name, block] as const])));
  const end = (block: RunBlock) => block.ended ?? Infinity;
  const latest = (some: Iterable<RunBlock>) => {
    let last: RunBlock | undefined;
    for (const block of some) if (last === undefined || end(block) > end(last)) last = block;
    return last;
  };
  const path = new Set<string>();
  let at = latest(ran.values());
  while (at !== undefined && !path.has(at.name)) {
    path.add(at.name);
    at = latest(at.upstream.flatMap((name) => ran.get(name) ?? []));
  }
  return [...path].reverse();
}

/** The block and all that come after it, as a retry from there repeats them. */
export function fromHere(blocks: readonly RunBlock[], name: string): string[] {
  const below = new Map<string, string[]>();
  for (const block of blocks) {
    for (const one of block.upstream) {
      const list = below.get(one);
      if (list === undefined) below.set(one, [block.name]);
      else list.push(block.name);
    }
  }
  const found = new Set([name]);
  // A set that grows while it is walked: what is added is walked too.
  for (const one of found) for (const next of below.get(one) ?? []) found.add(next);
  return blocks.map((block) => block.name).filter((one) => found.has(one));
}

export interface Segment {
  number: number;
  from: number;
  to: number;
  tone: Tone;
  error: string | null;
  /** The one that decided how it went. */
  isLast: boolean;
}

/** The attempts of a block as pieces of its time, where it had more than one; a dynamic block has child runs instead. */
export function segmentsOf(block: RunBlock, now: number): Segment[] {
  const [run] = block.runs;
  if (run === undefined || block.runs.length > 1 || run.attempts.length < 2) return [];
  return run.attempts.map((one) => ({
    number: one.number,
    from: parseTime(one.started_at),
    to: one.completed_at === null ? now : parseTime(one.completed_at),
    tone: toneOf(one.status),
    error: one.error,
    isLast: one.number === run.attempt,
  }));
}

/** `3 passed`, `1 of 4 failed`. */
export function tested(tests: Attempt['tests']): string {
  const failed = tests.filter((one) => one.status === 'failed' || one.status === 'error').length;
  const passed = tests.filter((one) => one.status === 'passed').length;
  if (tests.length === 0) return '';
  return failed === 0 ? `${count(passed)} passed` : `${count(failed)} of ${count(tests.length)} failed`;
}

export interface Figure {
  label: string;
  value: string;
  usual: string;
  /** How far off the usual it is; empty inside the usual zone. */
  against: string;
  isOdd: boolean;
}

/** What the newest attempt of a block run used, beside what is usual for the block. */
export function figuresOf(run: BlockRun): Figure[] {
  const { usage, usual } = run;
  const took = run.started_at === null || run.completed_at === null ? undefined : (parseTime(run.completed_at) - parseTime(run.started_at)) / 1000;
  const seconds = (value: number) => duration(value * 1000);
  const rows: [string, number | null | undefined, (value: number) => string, Spread | null | undefined][] = [
    ['Time, with its retries', took, seconds, usual?.seconds],
    ['Rows read', usage?.rows_in, count, undefined],
    ['Rows made', usage?.rows, count, usual?.rows],
    ['Size of what it made', usage?.bytes, size, undefined],
    ['Processor time', usage?.cpu_seconds, seconds, undefined],
    ['Most memory at a time', usage?.peak_memory, size, usual?.memory],
  ];
  return rows.flatMap(([label, value, say, spread]): Figure[] => {
    if (value === null || value === undefined) return [];
    const usually = spread === null || spread === undefined ? '' : say(spread.median);
    return [{ label, value: say(value), usual: usually, ...offUsual(value, spread) }];
  });
}

/** Places layer under layer, each block below the middle of its inputs where there is room: for graphs too large for a library. */
export function inLayers(blocks: readonly RunBlock[], wide: number, high: number): Map<string, { x: number; y: number }> {
  const named = new Map(blocks.map((block) => [block.name, block]));
  const depths = new Map<string, number>();
  const depthOf = (first: string): number => {
    // Not by recursion: a chain may be longer than the stack. What is open again would be a circle.
    const open = new Set([first]);
    const way = [first];
    for (let name = way.at(-1); name !== undefined; name = way.at(-1)) {
      const ups = named.get(name)?.upstream.filter((up) => named.has(up)) ?? [];
      const next = ups.find((up) => !depths.has(up) && !open.has(up));
      if (next === undefined) {
        depths.set(name, Math.max(-1, ...ups.map((up) => depths.get(up) ?? -1)) + 1);
        way.pop();
      } else {
        open.add(next);
        way.push(next);
      }
    }
    return depths.get(first) ?? 0;
  };
  const layers: RunBlock[][] = [];
  for (const block of blocks) (layers[depths.get(block.name) ?? depthOf(block.name)] ??= []).push(block);
  const places = new Map<string, { x: number; y: number }>();
  layers.forEach((layer, depth) => {
    const wanted = layer.map((block, index) => {
      const above = block.upstream.flatMap((up) => places.get(up)?.x ?? []);
      return { name: block.name, x: above.length === 0 ? index * wide : above.reduce((sum, x) => sum + x, 0) / above.length };
    });
    let free = -Infinity;
    for (const { name, x } of wanted.sort((a, b) => a.x - b.x)) {
      const at = Math.max(x, free);
      places.set(name, { x: at, y: depth * high });
      free = at + wide;
    }
  });
  return places;
}

/** The run that says most beside this one: the last before it that completed, or else the one before it. */
export function toCompare(id: number, runs: readonly Run[]): Run | undefined {
  const before = runs.filter((run) => run.id < id).sort((a, b) => b.id - a.id);
  return before.find((run) => run.status === 'completed') ?? before[0];
}

/** Round steps for an axis of so many milliseconds, about `wanted` of them. */
export function ticks(length: number, wanted: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 864e5];
  const step = steps.find((one) => length / one <= wanted) ?? length;
  const found: number[] = [];
  for (let at = 0; at <= length; at += step) found.push(at);
  return found;
}
