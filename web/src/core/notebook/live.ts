// What the server tells while it happens, read from its messages.

import type { BlockRun, LogLine, Product, TestResult } from './model';
import { blockRun, logLine, product, testResults } from './read';
import { list, map, someNumber, someText, text } from '../../lib/json';

export type FileChange =
  | { type: 'project' }
  | { type: 'pipeline'; pipeline: string }
  | { type: 'triggers'; pipeline: string }
  | { type: 'file'; path: string };

export type Told =
  | { type: 'run'; run: number; status: string }
  | { type: 'block'; run: number; block: string; blockRun: BlockRun; products: readonly Product[] }
  | { type: 'tests'; run: number; block: string; passed: number; total: number; results: readonly TestResult[] }
  | { type: 'log'; run: number; block: string | null; line: LogLine }
  | { type: 'files'; changes: readonly FileChange[] }
  | { type: 'lagged' };

function fileChange(value: unknown): FileChange[] {
  const from = map(value);
  switch (from.type) {
    case 'project':
      return [{ type: 'project' }];
    case 'pipeline':
    case 'triggers':
      return [{ type: from.type, pipeline: text(from.pipeline_uuid) }];
    case 'file':
      return [{ type: 'file', path: text(from.path) }];
    default:
      return [];
  }
}

/** A message of the server; none for one that this page does not know. */
export function told(message: unknown): Told | null {
  const from = map(message);
  const run = someNumber(from.pipeline_run_id) ?? 0;
  switch (from.type) {
    case 'run':
      return { type: 'run', run, status: text(from.status) };
    case 'block': {
      const read = blockRun(from);
      if (!read) return null;
      const products = list(from.outputs).map(product);
      return { type: 'block', run, block: text(from.block_uuid), blockRun: { ...read, id: null }, products };
    }
    case 'tests':
      return {
        type: 'tests',
        run,
        block: text(from.block_uuid),
        passed: someNumber(from.passed) ?? 0,
        total: someNumber(from.total) ?? 0,
        results: testResults(from.results),
      };
    case 'log':
      return { type: 'log', run, block: someText(from.block_uuid), line: logLine(from) };
    case 'files':
      return { type: 'files', changes: list(from.changes).flatMap(fileChange) };
    case 'lagged':
      return { type: 'lagged' };
    default:
      return null;
  }
}
