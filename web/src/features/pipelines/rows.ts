// The rows of the list of pipelines: what is shown, filtered, sorted, grouped.
import type { Pipeline } from '../../api/pipelines';
import type { Run } from '../../api/runs';
import type { Trigger } from '../../api/triggers';
import { byPipeline, type History, historyOf } from '../../core/history';
import { parseTime } from '../../lib/format';
import { scheduleInWords } from '../../lib/schedule';
import type { Group } from '../../ui/list-table';

export interface Row {
  pipeline: Pipeline;
  history: History;
  last: Run | undefined;
  triggers: Trigger[];
  /** In words; undefined without a trigger. */
  schedule: string | undefined;
  isPaused: boolean;
  next: number | undefined;
}

export function rowsOf(pipelines: readonly Pipeline[], runs: readonly Run[], triggers: readonly Trigger[]): Row[] {
  const found = byPipeline(runs);
  return pipelines.map((pipeline) => {
    const own = triggers.filter((trigger) => trigger.pipeline_uuid === pipeline.uuid);
    const active = own.filter((trigger) => trigger.status === 'active');
    const told = active.find((trigger) => trigger.schedule_type === 'time') ?? active[0] ?? own[0];
    const dates = active.flatMap(({ next_pipeline_run_date: date }) => (date === null ? [] : [parseTime(date)]));
    const past = found.get(pipeline.uuid) ?? [];
    return {
      pipeline,
      history: historyOf(past),
      last: past[0],
      triggers: own,
      schedule: told === undefined ? undefined : `${scheduleInWords(told)}${own.length > 1 ? ` and ${own.length - 1} more` : ''}`,
      isPaused: own.length > 0 && active.length === 0,
      next: dates.length === 0 ? undefined : Math.min(...dates),
    };
  });
}

export const views = ['all', 'failing', 'running', 'paused'] as const;
export type View = (typeof views)[number];

export function isIn(view: View, row: Row): boolean {
  switch (view) {
    case 'all':
      return true;
    case 'failing':
      return row.last?.status === 'failed';
    case 'running':
      return row.last?.status === 'running' || row.last?.status === 'initial';
    case 'paused':
      return row.isPaused;
  }
}

/** Every word must be in the name, a block, a tag or the description. */
export function matches(row: Row, text: string): boolean {
  const { uuid, name, description, tags, blocks } = row.pipeline;
  const all = [uuid, name, description ?? '', ...tags, ...blocks.map((block) => block.uuid)].join('\n').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

export const sorts = ['name', 'last', 'next', 'usual', 'blocks'] as const;
export type SortBy = (typeof sorts)[number];

const worth = (row: Row, by: Exclude<SortBy, 'name'>): number => {
  switch (by) {
    case 'last':
      return -(row.last === undefined ? 0 : parseTime(row.last.created_at));
    case 'next':
      return row.next ?? Infinity;
    case 'usual':
      return row.history.usual ?? Infinity;
    case 'blocks':
      return row.pipeline.blocks.length;
  }
};

export function sorted(rows: readonly Row[], by: SortBy, down: boolean): Row[] {
  const name = (a: Row, b: Row) => a.pipeline.uuid.localeCompare(b.pipeline.uuid);
  const compare = (a: Row, b: Row) => {
    if (by === 'name') return name(a, b);
    const [x, y] = [worth(a, by), worth(b, by)];
    return x === y ? name(a, b) : x - y;
  };
  return [...rows].sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
}

export const groupings = ['none', 'tag', 'state'] as const;
export type GroupBy = (typeof groupings)[number];

/** A row stands in the group of its first tag. */
export function grouped(rows: readonly Row[], by: GroupBy): Group<Row>[] {
  if (by === 'none') return [{ key: 'all', rows }];
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const title = by === 'tag' ? (row.pipeline.tags[0] ?? 'No tag') : row.isPaused ? 'Paused' : row.triggers.length === 0 ? 'No trigger' : 'Active';
    groups.set(title, [...(groups.get(title) ?? []), row]);
  }
  const last = (title: string) => title === 'No tag' || title === 'No trigger';
  return [...groups]
    .sort(([a], [b]) => Number(last(a)) - Number(last(b)) || a.localeCompare(b))
    .map(([title, some]) => ({ key: title, title, rows: some }));
}
