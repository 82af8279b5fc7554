// The blocks of a run as graph, timeline and panel show them.
import type { BlockSummary, Pipeline } from '../../api/pipelines';
import type { BlockRun } from '../../api/runs';
import { parseTime } from '../../lib/format';
import { kindOf, type Kind } from '../../lib/kind';
import { blockTone, type Tone } from '../../lib/status';

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
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  const known = new Map((pipeline?.blocks ?? []).map((block) => [block.uuid, block]));
  const order = [...known.keys()];
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
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
  const ran = blocks.filter((block) => block.started !== undefined);
  const end = (block: RunBlock) => block.ended ?? Infinity;
  let at = ran.reduce<RunBlock | undefined>((last, block) => (last === undefined || end(block) > end(last) ? block : last), undefined);
  const path: string[] = [];
  while (at !== undefined && !path.includes(at.name)) {
    path.unshift(at.name);
    const from = at.upstream;
    at = ran
      .filter((block) => from.includes(block.name))
      .reduce<RunBlock | undefined>((last, block) => (last === undefined || end(block) > end(last) ? block : last), undefined);
  }
  return path;
}

/** The block and all that come after it, as a retry from there repeats them. */
export function fromHere(blocks: readonly RunBlock[], name: string): string[] {
  const found = new Set([name]);
  let grows = true;
  while (grows) {
    grows = false;
    for (const block of blocks) {
      if (!found.has(block.name) && block.upstream.some((one) => found.has(one))) {
        found.add(block.name);
        grows = true;
      }
    }
  }
  return blocks.map((block) => block.name).filter((one) => found.has(one));
}

/** Round steps for an axis of so many milliseconds, about `wanted` of them. */
export function ticks(length: number, wanted: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 864e5];
  const step = steps.find((one) => length / one <= wanted) ?? length;
  const found: number[] = [];
  for (let at = 0; at <= length; at += step) found.push(at);
  return found;
}
