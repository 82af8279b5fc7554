import { CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';

import type { PipelineOnDisk } from '../../api/notebook';
import { languageOf } from '../../core/code/code-language';
import { empty, loaded } from '../../core/notebook/document';
import type { Block, BlockRun, Product } from '../../core/notebook/model';
import { NEVER, NOTHING, type Standings } from '../../core/notebook/standing';
import { createStore } from '../../core/notebook/store';
import { completer, type Known } from './completing';

const block = (uuid: string, language: string, upstream: readonly string[]): Block => ({
  uuid,
  name: uuid,
  kind: 'transformer',
  language,
  upstream,
  downstream: [],
  configuration: {},
  retry: {},
  timeout: null,
  priority: 0,
  color: null,
  file: null,
  replicated: null,
});
const run: BlockRun = { id: 1, run: 1, status: 'completed', attempt: 1, startedAt: 0, endedAt: 1, failure: null, reason: null };
const frame = (...names: readonly string[]): Product => ({
  name: 'output_0',
  kind: 'frame',
  rows: 1,
  columns: names.map((name) => ({ name, type: 'Int64', nullable: true })),
  bytes: 1,
});

function known(language: string): Known {
  const blocks = [block('flights', 'python', []), block('weather', 'python', []), block('clean', language, ['flights', 'weather'])];
  const products = new Map([
    ['flights', frame('dep_delay', 'tail number')],
    ['weather', frame('wind', "it's")],
    ['clean', frame('late')],
  ]);
  return {
    notebook: createStore(loaded(empty('p'), 'r', blocks.map((one) => ({ block: one, content: '', revision: null })))),
    standings: createStore<Standings>({
      ...NOTHING,
      blocks: new Map([...products].map(([uuid, product]) => [uuid, { ...NEVER, newest: run, output: { blockRun: run, products: [product] } }])),
    }),
    facts: createStore<PipelineOnDisk | null>({ name: 'p', kind: 'python', revision: 'r', blocks: [], variables: { late_after: 15 }, schedules: [] }),
  };
}

/** What is offered at the `|`. */
async function at(text: string, language = 'python'): Promise<CompletionResult | null> {
  const place = text.indexOf('|');
  const state = EditorState.create({ doc: text.replace('|', ''), extensions: languageOf(language) });
  return completer(known(language), 'clean')(new CompletionContext(state, place, false));
}
const offered = async (text: string, language?: string) => (await at(text, language))?.options.map((option) => option.label) ?? [];
const firstOf = async (text: string, language?: string) => (await at(text, language))?.options[0]?.apply;
const inside = (body: string) => `@transformer\ndef clean(df, *args, **kwargs):\n    ${body}\n    return df\n`;

const FLIGHTS = ['dep_delay', 'tail number'];
const WEATHER = ['wind', "it's"];

describe('columns of what a name stands for', () => {
  it.each([
    ["x = df['|']", FLIGHTS],
    ["x = df['|", FLIGHTS],
    ["x = df[['dep_delay', '|']]", FLIGHTS],
    ["x = df.drop(columns=['|'])", FLIGHTS],
    ["x = df.rename(columns={'|': 'a'})", FLIGHTS],
    ["x = df.groupby('a')['|']", FLIGHTS],
    ["x = df[df['|'] > 2]", FLIGHTS],
    ["x = f\"{df['|']}\"", FLIGHTS],
    ["x = args[0]['|']", WEATHER],
    ['x = args[0][|]', WEATHER],
    ['x = df[|]', FLIGHTS],
    ['x = df[[|]]', FLIGHTS],
    ['x = df.|', ['dep_delay']],
    ['x = args[0].|', ['wind']],
    ["x = args[7]['|']", []],
  ])('%s', async (body, expected) => {
    expect(await offered(inside(body))).toEqual(expected);
  });

  it('follows the place of the argument, not its name', async () => {
    const code = (body: string) => `@data_exporter\ndef f(one: dict, two=None, /, *, three=1):\n    ${body}\n`;
    expect(await offered(code("two['|']"))).toEqual(WEATHER);
    expect(await offered(code("one['|']"))).toEqual(FLIGHTS);
    expect(await offered(code('three.|'))).toEqual([]);
  });

  it('gives tests the columns of the block itself', async () => {
    expect(await offered(`@test\ndef all_late(output, *args):\n    assert output['|']\n`)).toEqual(['late']);
  });

  it('offers all columns, its own last, where it does not know whose they are', async () => {
    const all = [...FLIGHTS, ...WEATHER, 'late'];
    expect(await offered(inside("late = df[:2]\n    late['|']"))).toEqual(all);
    expect(await offered(`def help(df):\n    return df['|']\n`)).toEqual(all);
  });

  it('offers none where a text is no key', async () => {
    expect(await offered(inside("print('|')"))).toEqual([]);
    expect(await offered(inside("df['dep_delay'|]"))).toEqual([]);
    expect(await offered(inside("x = '|'"))).toEqual([]);
    expect(await offered(inside('x = 1.|'))).toEqual([]);
  });

  it('writes quotes where there are none', async () => {
    expect(await firstOf(inside('df[|]'))).toBe("'dep_delay'");
    expect((await at(inside('args[0][|]')))?.options[1]?.apply).toBe("'it\\'s'");
    expect(await firstOf(inside("df['|']"))).toBeUndefined();
  });

  it('keeps other names beside columns when a word was begun', async () => {
    const names = await offered(inside('mask = 1\n    df[ma|]'));
    expect(names.slice(0, 2)).toEqual(FLIGHTS);
    expect(names).toContain('mask');
  });
});

describe('variables of the run', () => {
  it.each(["kwargs['|']", "kwargs.get('|')", 'kwargs[|]', 'kwargs.get(|)', "kwargs.get('|"])('%s', async (body) => {
    const names = await offered(inside(body));
    expect(names[0]).toBe('late_after');
    expect(names).toContain('execution_date');
  });

  it('follows the name that the function gives them', async () => {
    expect((await offered(`@transformer\ndef f(df, **given):\n    given['|']\n`))[0]).toBe('late_after');
  });
});

describe('an SQL block', () => {
  it('offers inputs with and without braces', async () => {
    expect(await firstOf('select * from d|', 'sql')).toBe('{{ df_1 }}');
    expect(await firstOf('select * from {{ d|', 'sql')).toBe('df_1 }}');
    expect(await firstOf('select * from {{ d| }}', 'sql')).toBe('df_1');
    expect((await offered('select * from {{|}}', 'sql')).slice(0, 3)).toEqual(['df_1', 'df_2', 'late_after']);
  });

  it('offers columns of the input that a short name stands for', async () => {
    expect(await offered('select b.| from {{ df_1 }} a join {{ df_2 }} as b', 'sql')).toEqual(WEATHER);
  });

  it('offers columns and words of SQL', async () => {
    const names = await offered('sel|', 'sql');
    expect(names).toEqual(expect.arrayContaining(['dep_delay', 'wind', 'select']));
    expect(await offered('select |', 'sql')).toEqual([]);
  });
});
