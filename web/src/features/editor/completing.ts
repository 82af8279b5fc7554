// What the editor offers while one types: columns of the blocks above, variables of the pipeline, names of the
// framework. Names of Python itself and of the block come from its own text.
import { type Completion, type CompletionContext, type CompletionResult, type CompletionSource, completeAnyWord } from '@codemirror/autocomplete';
import { localCompletionSource } from '@codemirror/lang-python';
import { keywordCompletionSource, StandardSQL } from '@codemirror/lang-sql';
import { ensureSyntaxTree, syntaxTree } from '@codemirror/language';

import { mainFrame } from '../../core/notebook/face';
import { typeWords } from '../../core/notebook/table';
import { type Meaning, type Wanted, wantedAt } from './python-names';
import type { Session } from './session';
import { wantedInSql } from './sql-names';

/** Modules of the framework, with what blocks usually take from them. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'mage_ai.data_preparation.decorators': ['callback', 'condition', 'custom', 'data_exporter', 'data_loader', 'sensor', 'test', 'transformer'],
  'mage_ai.data_preparation.shared.secrets': ['get_secret_value'],
  'mage_ai.data_preparation.variable_manager': ['get_variable', 'set_global_variable'],
  'mage_ai.io.config': ['ConfigFileLoader', 'ConfigKey'],
  'mage_ai.io.file': ['FileIO'],
  'mage_ai.orchestration.triggers.api': ['trigger_pipeline'],
  'mage_ai.settings.repo': ['get_repo_path'],
};

/** The keyword arguments that every block gets. */
const ARGUMENTS = ['env', 'execution_date', 'execution_partition', 'logger', 'pipeline_uuid', 'block_uuid', 'context', 'configuration'];

/** So long the code is read until what is known of it by then is enough, in milliseconds; it takes a few. */
const PARSE_FOR = 200;

/** What completion knows of an open notebook. */
export type Known = Pick<Session, 'notebook' | 'standings' | 'facts'>;

function columnsOf(session: Known, source: string, boost = 1, place = 0): Completion[] {
  const products = session.standings.get().blocks.get(source)?.output?.products ?? [];
  const frame = place === 0 ? mainFrame(products) : products.filter((product) => product.kind === 'frame')[place];
  return (frame?.columns ?? []).map((column) => ({ label: column.name, type: 'property', detail: `${typeWords(column.type)} · ${source}`, boost }));
}

const upstreamOf = (session: Known, uuid: string) => session.notebook.get().cells.get(uuid)?.block.upstream ?? [];

/** Of all inputs, and of its own output last: after `df['` one more often wants a column of the input. */
function columnsAround(session: Known, uuid: string): Completion[] {
  const all = [...upstreamOf(session, uuid).flatMap((source) => columnsOf(session, source)), ...columnsOf(session, uuid, 0)];
  return all.filter((one, at) => all.findIndex((other) => other.label === one.label) === at);
}

function variables(session: Known): Completion[] {
  const known = Object.entries(session.facts.get()?.variables ?? {});
  return [
    ...known.map(([name, value]) => ({ label: name, type: 'variable', detail: `variable, ${JSON.stringify(value)}`.slice(0, 48), boost: 2 })),
    ...ARGUMENTS.map((name) => ({ label: name, type: 'variable', detail: 'of the run' })),
  ];
}

/** Columns or variables, by what the name before them stands for. */
function named(session: Known, uuid: string, meaning: Meaning): Completion[] {
  switch (meaning.of) {
    case 'input': {
      const source = upstreamOf(session, uuid)[meaning.place];
      return source === undefined ? [] : columnsOf(session, source);
    }
    case 'output':
      return columnsOf(session, uuid, 1, meaning.place);
    case 'variables':
      return variables(session);
    case 'unknown':
      return columnsAround(session, uuid);
  }
}

/** The name as a text of Python. */
const quoted = (name: string) => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function ofName(session: Known, uuid: string, { meaning, how, from }: Wanted): CompletionResult | null {
  switch (how) {
    case 'quoted': {
      const options = named(session, uuid, meaning);
      return options.length === 0 ? null : { from, options, validFor: /^[^'"]*$/ };
    }
    case 'attribute': {
      // A dictionary has no attributes of that name, and what something else has is not known.
      if (meaning.of === 'variables' || meaning.of === 'unknown') return null;
      const options = named(session, uuid, meaning).filter((option) => /^[^\W\d]\w*$/u.test(option.label));
      return options.length === 0 ? null : { from, options, validFor: /^\w*$/ };
    }
    case 'bare': {
      const options = named(session, uuid, meaning).map((option) => ({ ...option, apply: quoted(option.label) }));
      return options.length === 0 ? null : { from, options, validFor: /^\w*$/ };
    }
  }
}

function imports(context: CompletionContext): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const before = context.state.sliceDoc(line.from, context.pos);
  const names = /^\s*from\s+(mage_ai[\w.]*)\s+import\s+(?:\w+\s*,\s*)*(\w*)$/.exec(before);
  if (names) {
    const [, module = '', typed = ''] = names;
    const options = (MODULES[module] ?? []).map((label) => ({ label, type: 'function', detail: module }));
    return options.length === 0 ? null : { from: context.pos - typed.length, options };
  }
  const modules = /^\s*(?:from|import)\s+(m[\w.]*)$/.exec(before);
  if (!modules) return null;
  const typed = modules[1] ?? '';
  return { from: context.pos - typed.length, options: Object.keys(MODULES).map((label) => ({ label, type: 'namespace' })), validFor: /^[\w.]*$/ };
}

const keywords = keywordCompletionSource(StandardSQL);

async function inSql(session: Known, uuid: string, context: CompletionContext): Promise<CompletionResult | null> {
  const upstream = upstreamOf(session, uuid);
  const wanted = wantedInSql(context.state.doc.toString(), context.pos);
  const { from } = wanted;
  const inputs = (apply: (name: string) => string) =>
    upstream.map((source, at) => ({ label: `df_${at + 1}`, type: 'variable', detail: source, apply: apply(`df_${at + 1}`), boost: 3 }));
  switch (wanted.what) {
    case 'value': {
      const end = (name: string) => name + wanted.end;
      return { from, options: [...inputs(end), ...variables(session).map((option) => ({ ...option, apply: end(option.label) }))], validFor: /^\w*$/ };
    }
    case 'columns': {
      const source = upstream[wanted.input];
      const options = source === undefined ? [] : columnsOf(session, source);
      return options.length === 0 ? null : { from, options, validFor: /^\w*$/ };
    }
    case 'word': {
      if (from === context.pos && !context.explicit) return null;
      const words = await keywords(context);
      const options = [...inputs((name) => `{{ ${name} }}`), ...columnsAround(session, uuid), ...(words?.options ?? []).map((option) => ({ ...option, boost: -1 }))];
      return { from, options, validFor: /^\w*$/ };
    }
  }
}

export function completer(session: Known, uuid: string): CompletionSource {
  return async (context) => {
    if (session.notebook.get().cells.get(uuid)?.block.language === 'sql') return inSql(session, uuid, context);
    const tree = ensureSyntaxTree(context.state, context.state.doc.length, PARSE_FOR) ?? syntaxTree(context.state);
    const wanted = wantedAt(tree, context.state.doc.toString(), context.pos);
    if (wanted === 'text') return null;
    const ofThis = wanted === null ? null : ofName(session, uuid, wanted);
    const word = context.matchBefore(/\w+/);
    // Where the name alone decides, other words would only be in the way.
    if (wanted !== null && (wanted.how === 'quoted' || (ofThis !== null && word === null))) return ofThis;
    const module = imports(context);
    if (module) return module;
    if (word === null && !context.explicit) return ofThis;
    const local = wanted?.how === 'attribute' ? null : localCompletionSource(context);
    const words = await completeAnyWord(context);
    const known = new Set([...(ofThis?.options ?? []), ...(local?.options ?? [])].map((option) => option.label));
    const options = [
      ...(ofThis?.options ?? []),
      ...(local?.options ?? []),
      ...(words?.options ?? []).filter((option) => !known.has(option.label)).map((option) => ({ ...option, boost: -1 })),
    ];
    return options.length === 0 ? null : { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
  };
}
