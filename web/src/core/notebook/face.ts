// What a block says about itself in one line: at the right end of its card, in the outline, in its node.

import { count, duration } from '../../lib/format';
import type { Tone } from '../../lib/status';
import { type Product, type Tests, isFinal, staleWords } from './model';
import type { BlockState } from './standing';

export interface Face {
  tone: Tone;
  /** What stands beside the icon: `336,776 rows × 19`, `Running 6.2 s`, `Failed at line 31`. */
  words: string;
  /** Further, in grey: `0.8 s`, `of about 9 s`. */
  more: string;
  /** For narrow places: `0.8 s`, `line 31`, `stale`. */
  short: string;
}

/** The frame of an output that is shown first. */
export function mainFrame(products: readonly Product[]): Product | undefined {
  return products.find((product) => product.kind === 'frame');
}

/** `336,776 rows × 19`. */
export function shape(product: Product): string {
  const rows = product.rows ?? 0;
  return `${count(rows)} ${rows === 1 ? 'row' : 'rows'} × ${product.columns.length}`;
}

function made(products: readonly Product[]): string {
  const frame = mainFrame(products);
  if (frame) {
    const others = products.length - 1;
    return others > 0 ? `${shape(frame)} and ${others} more` : shape(frame);
  }
  if (products.length === 0) return 'Completed';
  const [first] = products;
  if (products.length > 1 || !first) return `${products.length} outputs`;
  const words = { frame: 'Table', json: 'Value', text: 'Text', image: 'Image', opaque: 'Object' };
  return words[first.kind];
}

/** The line of the block's own code at which it failed. */
export function failedLine(state: BlockState, file: string | null): number | null {
  const frames = state.newest?.failure?.frames ?? [];
  const own = frames.filter((frame) => file === null || frame.file === file);
  return own.at(-1)?.line ?? null;
}

function failedTests(tests: Tests | null): string | null {
  if (!tests || tests.passed === tests.total) return null;
  return `${tests.total - tests.passed} of ${tests.total} tests failed`;
}

/** How long the newest run has taken, or took. */
export function took(state: BlockState, now: number): number | null {
  const { newest } = state;
  if (!newest || newest.startedAt === null) return null;
  return Math.max(0, (newest.endedAt ?? now) - newest.startedAt);
}

/** How long it took when it last went well. */
export function lastTook(state: BlockState): number | null {
  const good = state.output?.blockRun;
  if (!good || good.startedAt === null || good.endedAt === null) return null;
  return good.endedAt - good.startedAt;
}

/** The part of the usual time that has passed; none where nothing is known of it. */
export function progress(state: BlockState, now: number): number | null {
  const usual = lastTook(state);
  const so = took(state, now);
  if (state.newest?.status !== 'running' || usual === null || usual < 500 || so === null) return null;
  return Math.min(1, so / usual);
}

export function face(state: BlockState, file: string | null, now: number): Face {
  const { newest } = state;
  if (!newest) return { tone: 'never-run', words: 'Never run', more: '', short: '' };
  const ms = took(state, now);
  const time = ms === null ? '' : duration(ms);
  const usual = lastTook(state);
  switch (newest.status) {
    case 'running': {
      const about = usual !== null && usual >= 500 ? `of about ${duration(usual)}` : '';
      return { tone: 'running', words: `Running ${time}`.trim(), more: about, short: time };
    }
    case 'initial':
    case 'queued':
      return { tone: 'queued', words: 'Queued', more: newest.reason ?? '', short: 'queued' };
    case 'failed': {
      const line = failedLine(state, file);
      const tests = newest.failure?.kind === 'test_failed' ? failedTests(state.tests) : null;
      const where = line === null ? 'Failed' : `Failed at line ${line}`;
      return { tone: 'failed', words: tests ?? where, more: time, short: line === null ? 'failed' : `line ${line}` };
    }
    case 'cancelled':
      return { tone: 'cancelled', words: 'Cancelled', more: time && `after ${time}`, short: 'cancelled' };
    case 'upstream_failed':
      return { tone: 'not-run', words: 'Not run', more: newest.reason ?? 'a block above failed', short: 'not run' };
    case 'condition_failed':
      return { tone: 'skipped', words: 'Skipped', more: newest.reason ?? '', short: 'skipped' };
    case 'completed': {
      const [stale] = state.stale;
      if (stale) return { tone: 'stale', words: `Stale: ${staleWords(stale)}`, more: '', short: 'stale' };
      return { tone: 'success', words: made(state.output?.products ?? []), more: time, short: time };
    }
  }
}

/** Whether a run of the block is under way. */
export function isBusy(state: BlockState): boolean {
  return state.newest !== null && !isFinal(state.newest.status);
}
