// What a notebook is made of: blocks with their code, what their newest runs came to, and what they produced.

import type { Caret } from '../../lib/caret';

export interface Block {
  uuid: string;
  name: string;
  /** `data_loader`, `transformer`, ... as the pipeline's file says. */
  kind: string;
  language: string;
  upstream: readonly string[];
  downstream: readonly string[];
  configuration: Readonly<Record<string, unknown>>;
  retry: Readonly<Record<string, unknown>>;
  timeout: number | null;
  priority: number;
  color: string | null;
  /** Path of its file; none for a block without one. */
  file: string | null;
  replicated: string | null;
}

export type BlockStatus =
  | 'initial'
  | 'queued'
  | 'running'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'upstream_failed'
  | 'condition_failed';

export interface Frame {
  file: string;
  line: number;
  function: string;
  code: string | null;
  /** What the parser complains about. */
  caret: Caret | null;
}

export interface Failure {
  kind: string;
  message: string;
  exception: string | null;
  frames: readonly Frame[];
  hint: string | null;
}

export interface Column {
  name: string;
  type: string;
  nullable: boolean;
}

export interface Product {
  name: string;
  kind: 'frame' | 'json' | 'text' | 'image' | 'opaque';
  rows: number | null;
  columns: readonly Column[];
  bytes: number;
}

export interface BlockRun {
  /** Number of the block run; none until it is known which one it is. */
  id: number | null;
  run: number;
  status: BlockStatus;
  attempt: number;
  startedAt: number | null;
  endedAt: number | null;
  failure: Failure | null;
  reason: string | null;
}

export interface Output {
  blockRun: BlockRun;
  products: readonly Product[];
}

export type Stale =
  | { reason: 'code' | 'settings' | 'inputs' }
  | { reason: 'variable' | 'upstream' | 'upstream_failed' | 'upstream_stale'; name: string };

export interface LogLine {
  at: number;
  level: string;
  attempt: number | null;
  message: string;
}

export interface TestResult {
  name: string;
  status: 'passed' | 'failed' | 'error' | 'not_run';
  /** The words of its assertion, or of what it raised. */
  message: string | null;
  /** Where in the file of the block. */
  line: number | null;
}

export interface Tests {
  passed: number;
  total: number;
  /** Each by its name; of very many the first. */
  results: readonly TestResult[];
}

const OPEN: ReadonlySet<BlockStatus> = new Set(['initial', 'queued', 'running']);

/** Whether nothing more will happen to a block run. */
export function isFinal(status: BlockStatus): boolean {
  return !OPEN.has(status);
}

/** Why a result is stale, in words. */
export function staleWords(stale: Stale): string {
  switch (stale.reason) {
    case 'code':
      return 'code changed';
    case 'settings':
      return 'settings changed';
    case 'inputs':
      return 'inputs changed';
    case 'variable':
      return `variable ${stale.name} changed`;
    case 'upstream':
      return `${stale.name} ran again`;
    case 'upstream_failed':
      return `${stale.name} failed`;
    case 'upstream_stale':
      return 'upstream stale';
  }
}

/** Whether blocks of this kind run in a pipeline: notes and scratchpads do not. */
export function runs(kind: string): boolean {
  return kind !== 'markdown' && kind !== 'scratchpad';
}
