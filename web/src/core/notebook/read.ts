// Reading what the server sends: values of unknown shape become those of the model, with a default for what is missing.

import { parseTime } from '../../lib/format';
import { isMap, list, map, someNumber, someText, text, texts } from '../../lib/json';
import type {
  Block,
  BlockRun,
  BlockStatus,
  Column,
  Failure,
  Frame,
  LogLine,
  Output,
  Product,
  Stale,
  TestResult,
  Tests,
} from './model';

/** Milliseconds since 1970 of a moment of the server. */
export function moment(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const at = parseTime(value);
  return Number.isNaN(at) ? null : at;
}

const STATUSES: readonly BlockStatus[] = [
  'initial',
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
  'upstream_failed',
  'condition_failed',
];

export function status(value: unknown): BlockStatus {
  return STATUSES.find((one) => one === value) ?? 'initial';
}

function frame(value: unknown): Frame {
  const from = map(value);
  return {
    file: text(from.file),
    line: someNumber(from.line) ?? 0,
    function: text(from.function),
    code: someText(from.code),
    caret: caret(from.caret),
  };
}

function caret(value: unknown): Frame['caret'] {
  const from = someNumber(map(value).from);
  const to = someNumber(map(value).to);
  return from === null || to === null ? null : { from, to };
}

export function failure(value: unknown): Failure | null {
  if (!isMap(value)) return null;
  return {
    kind: text(value.kind),
    message: text(value.message),
    exception: someText(value.exception),
    frames: list(value.frames).map(frame),
    hint: someText(value.hint),
  };
}

function column(value: unknown): Column {
  const from = map(value);
  return { name: text(from.name), type: text(from.type), nullable: from.nullable !== false };
}

const KINDS: readonly Product['kind'][] = ['frame', 'json', 'text', 'image', 'opaque'];

export function product(value: unknown): Product {
  const from = map(value);
  return {
    name: text(from.name),
    kind: KINDS.find((kind) => kind === from.kind) ?? 'opaque',
    rows: someNumber(from.rows),
    columns: list(from.columns).map(column),
    bytes: someNumber(from.bytes) ?? 0,
  };
}

export function blockRun(value: unknown): BlockRun | null {
  if (!isMap(value)) return null;
  return {
    id: someNumber(value.id),
    run: someNumber(value.pipeline_run_id) ?? 0,
    status: status(value.status),
    attempt: someNumber(value.attempt) ?? 0,
    startedAt: moment(value.started_at),
    endedAt: moment(value.completed_at),
    failure: failure(value.failure),
    reason: someText(value.reason),
  };
}

export function stale(value: unknown): Stale | null {
  const from = map(value);
  const name = text(from.name);
  switch (from.reason) {
    case 'code':
    case 'settings':
    case 'inputs':
      return { reason: from.reason };
    case 'variable':
    case 'upstream':
    case 'upstream_failed':
    case 'upstream_stale':
      return { reason: from.reason, name };
    default:
      return null;
  }
}

const TEST_STATUSES: readonly TestResult['status'][] = ['passed', 'failed', 'error', 'not_run'];

export function testResults(value: unknown): TestResult[] {
  return list(value).map((one) => {
    const from = map(one);
    return {
      name: text(from.name),
      status: TEST_STATUSES.find((known) => known === from.status) ?? 'error',
      message: someText(from.message),
      line: someNumber(from.line),
    };
  });
}

/** The tests of a run that is stored; none where it had none. */
function storedTests(value: unknown): Tests | null {
  const results = testResults(value);
  if (results.length === 0) return null;
  return { passed: results.filter((one) => one.status === 'passed').length, total: results.length, results };
}

/** How a block stands, as `/api/pipelines/{pipeline}/notebook` tells. */
export interface Standing {
  uuid: string;
  newest: BlockRun | null;
  output: Output | null;
  stale: readonly Stale[];
  /** What the tests of the newest run have said. */
  tests: Tests | null;
}

export function standing(value: unknown): Standing {
  const from = map(value);
  const output = map(from.output);
  const good = blockRun(output.block_run);
  return {
    uuid: text(from.block_uuid),
    newest: blockRun(from.block_run),
    output: good ? { blockRun: good, products: list(output.products).map(product) } : null,
    stale: list(from.stale).flatMap((one) => stale(one) ?? []),
    tests: storedTests(map(from.block_run).tests),
  };
}

export function block(value: unknown): Block {
  const from = map(value);
  const uuid = text(from.uuid);
  return {
    uuid,
    name: text(from.name, uuid),
    kind: text(from.type),
    language: text(from.language, 'python'),
    upstream: texts(from.upstream_blocks),
    downstream: texts(from.downstream_blocks),
    configuration: map(from.configuration),
    retry: map(from.retry_config),
    timeout: someNumber(from.timeout),
    priority: someNumber(from.priority) ?? 0,
    color: someText(from.color),
    file: someText(from.file),
    replicated: someText(from.replicated_block),
  };
}

export function logLine(value: unknown): LogLine {
  const from = map(value);
  return {
    at: (someNumber(from.timestamp) ?? 0) * 1000,
    level: text(from.level, 'INFO'),
    attempt: someNumber(from.attempt),
    message: text(from.message),
  };
}
