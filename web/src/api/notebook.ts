// What the editor asks of the server: the notebook of a pipeline, its blocks, their runs.
import type { Loaded } from '../core/notebook/document';
import type { LogLine } from '../core/notebook/model';
import { block, logLine, type Standing, standing } from '../core/notebook/read';
import { list, map, someNumber, someText, text } from '../lib/json';
import { ApiError, ask } from './client';

export interface PipelineOnDisk {
  name: string;
  kind: string;
  revision: string;
  blocks: readonly Loaded[];
  variables: Readonly<Record<string, unknown>>;
  schedules: readonly { id: number; name: string; type: string; interval: string | null; active: boolean }[];
}

function loadedBlock(value: unknown): Loaded {
  const from = map(value);
  return { block: block(from), content: someText(from.content), revision: someText(from.revision) };
}

export async function readPipeline(pipeline: string): Promise<PipelineOnDisk> {
  const answer = map(
    await ask<unknown>('GET', '/api/pipelines/{pipeline}', { path: { pipeline }, query: { includes_content: 1 } }),
  );
  const from = map(answer.pipeline);
  return {
    name: text(from.name, pipeline),
    kind: text(from.type),
    revision: text(from.revision),
    blocks: list(from.blocks).map(loadedBlock),
    variables: map(from.variables),
    schedules: list(from.schedules).map((one) => {
      const schedule = map(one);
      return {
        id: someNumber(schedule.id) ?? 0,
        name: text(schedule.name),
        type: text(schedule.schedule_type),
        interval: someText(schedule.schedule_interval),
        active: schedule.status === 'active',
      };
    }),
  };
}

export async function readStandings(pipeline: string): Promise<readonly Standing[]> {
  const answer = map(await ask<unknown>('GET', '/api/pipelines/{pipeline}/notebook', { path: { pipeline } }));
  return list(map(answer.notebook).blocks).map(standing);
}

export async function readBlock(pipeline: string, uuid: string): Promise<Loaded> {
  const answer = map(
    await ask<unknown>('GET', '/api/pipelines/{pipeline}/blocks/{block}', { path: { pipeline, block: uuid } }),
  );
  return loadedBlock(answer.block);
}

/** What became of a save: the new revision, or that the file is another one by now. */
export type Saved = { revision: string } | 'conflict';

export async function saveBlock(
  pipeline: string,
  uuid: string,
  content: string,
  revision: string | null,
): Promise<Saved> {
  try {
    const answer = map(
      await ask<unknown>('PUT', '/api/pipelines/{pipeline}/blocks/{block}', {
        path: { pipeline, block: uuid },
        body: { block: { content } },
        headers: revision === null ? {} : { 'if-match': `"${revision}"` },
      }),
    );
    return { revision: text(map(answer.block).revision) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return 'conflict';
    throw error;
  }
}

/** Changes the settings of a block; gives its name, which may be new. */
export async function changeBlock(
  pipeline: string,
  uuid: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<string> {
  const answer = map(
    await ask<unknown>('PUT', '/api/pipelines/{pipeline}/blocks/{block}', {
      path: { pipeline, block: uuid },
      body: { block: changes },
    }),
  );
  return text(map(answer.block).uuid, uuid);
}

export interface NewBlock {
  name: string;
  type: string;
  language: string;
  /** Where it stands in the notebook. */
  position: number;
  upstream: readonly string[];
  template?: string;
  content?: string;
}

export async function createBlock(pipeline: string, wanted: NewBlock): Promise<string> {
  const answer = map(
    await ask<unknown>('POST', '/api/pipelines/{pipeline}/blocks', {
      path: { pipeline },
      body: {
        block: {
          name: wanted.name,
          type: wanted.type,
          language: wanted.language,
          priority: wanted.position,
          upstream_blocks: wanted.upstream,
          ...(wanted.template === undefined ? {} : { config: { template_path: wanted.template } }),
          ...(wanted.content === undefined ? {} : { content: wanted.content }),
        },
      },
    }),
  );
  return text(map(answer.block).uuid);
}

export async function deleteBlock(pipeline: string, uuid: string, force: boolean): Promise<void> {
  await ask<unknown>('DELETE', '/api/pipelines/{pipeline}/blocks/{block}', {
    path: { pipeline, block: uuid },
    query: force ? { force: 1 } : {},
  });
}

export interface Template {
  id: string;
  path: string;
  kind: string;
  language: string;
  name: string;
  groups: readonly string[];
  description: string;
  content: string;
  isCustom: boolean;
}

export async function readTemplates(): Promise<readonly Template[]> {
  const answer = map(await ask<unknown>('GET', '/api/block_templates'));
  return list(answer.block_templates).map((one) => {
    const from = map(one);
    return {
      id: text(from.id),
      path: text(from.path),
      kind: text(from.block_type),
      language: text(from.language, 'python'),
      name: text(from.name),
      groups: list(from.groups).filter((group) => typeof group === 'string'),
      description: text(from.description),
      content: text(from.content),
      isCustom: from.is_custom === true,
    };
  });
}

export interface Started {
  run: number;
  status: string;
  blockRuns: readonly { id: number; block: string }[];
}

export interface RunWish {
  pipeline: string;
  /** Only this block, and those that the flags name; all without it. */
  block?: string;
  above?: boolean;
  below?: boolean;
  /** The run whose inputs, variables and dates it gets, instead of the newest. */
  from?: number;
  /** What was chosen in forms. */
  variables?: Readonly<Record<string, unknown>>;
}

/** Starts a run and does not wait for it. */
export async function startRun(wish: RunWish): Promise<Started> {
  const answer = map(
    await ask<unknown>('POST', '/api/runs', {
      body: {
        run: {
          pipeline_uuid: wish.pipeline,
          block_uuid: wish.block ?? null,
          run_upstream_blocks: wish.above === true,
          run_downstream_blocks: wish.below === true,
          timeout: 0,
          ...(wish.from === undefined ? {} : { from_pipeline_run_id: wish.from }),
          ...(wish.variables === undefined ? {} : { variables: wish.variables }),
        },
      },
    }),
  );
  const run = map(answer.run);
  return {
    run: someNumber(run.pipeline_run_id) ?? 0,
    status: text(run.status),
    blockRuns: list(run.block_runs).map((one) => {
      const from = map(one);
      return { id: someNumber(from.id) ?? 0, block: text(from.block_uuid) };
    }),
  };
}

export async function stopRun(run: number): Promise<void> {
  await ask<unknown>('PUT', '/api/pipeline_runs/{id}', {
    path: { id: run },
    body: { pipeline_run: { status: 'cancelled' } },
  });
}

/** Where a run of the pipeline stands, and which numbers its blocks have; none when it is of another pipeline, or gone. */
export async function readRun(run: number, pipeline: string): Promise<Started | null> {
  try {
    const answer = map(await ask<unknown>('GET', '/api/pipeline_runs/{id}', { path: { id: run } }));
    const from = map(answer.pipeline_run);
    if (from.pipeline_uuid !== pipeline) return null;
    return {
      run,
      status: text(from.status),
      blockRuns: list(from.block_runs).map((one) => {
        const block = map(one);
        return { id: someNumber(block.id) ?? 0, block: text(block.block_uuid) };
      }),
    };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** The code that a block run had. */
export async function readRanCode(blockRun: number): Promise<string | null> {
  const answer = map(await ask<unknown>('GET', '/api/block_runs/{id}/code', { path: { id: blockRun } }));
  return someText(map(answer.code).content);
}

export interface Problem {
  severity: 'error' | 'warning';
  code: string;
  file: string;
  line: number | null;
  column: number | null;
  block: string | null;
  message: string;
  hint: string | null;
}

function problem(value: unknown): Problem {
  const from = map(value);
  return {
    severity: from.severity === 'error' ? 'error' : 'warning',
    code: text(from.code),
    file: text(from.file),
    line: someNumber(from.line),
    column: someNumber(from.column),
    block: someText(from.block),
    message: text(from.message),
    hint: someText(from.hint),
  };
}

/** The check of a text before it is saved. */
export async function checkText(path: string, content: string, signal?: AbortSignal): Promise<readonly Problem[]> {
  const answer = map(
    await ask<unknown>('POST', '/api/checks', {
      body: { check: { path, content } },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  return list(map(answer.check).problems).map(problem);
}

/** The check of the whole pipeline. */
export async function checkPipeline(pipeline: string): Promise<readonly Problem[]> {
  const answer = map(await ask<unknown>('GET', '/api/pipelines/{pipeline}/checks', { path: { pipeline } }));
  return list(map(answer.check).problems).map(problem);
}

/** What a block printed in a run, the newest lines. */
export async function readLogs(run: number, block: string, signal?: AbortSignal): Promise<readonly LogLine[]> {
  const answer = map(
    await ask<unknown>('GET', '/api/pipeline_runs/{id}/logs', {
      path: { id: run },
      query: { _format: 'flat', 'block_uuid[]': [block], tail: 2000, _limit: 2000 },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  return list(answer.logs).map(logLine);
}
