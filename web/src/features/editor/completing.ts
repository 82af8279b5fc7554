// What the editor offers while one types: columns of the blocks above, variables of the pipeline, names of the
// framework. Names of Python itself and of the block come from its own text.
import { type Completion, type CompletionContext, type CompletionResult, type CompletionSource, completeAnyWord } from '@codemirror/autocomplete';
import { localCompletionSource } from '@codemirror/lang-python';
import { syntaxTree } from '@codemirror/language';

import { mainFrame } from '../../core/notebook/face';
import { typeWords } from '../../core/notebook/table';
import type { Session } from './session';

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

function columnsAbove(session: Session, uuid: string): Completion[] {
  const { cells } = session.notebook.get();
  const { blocks } = session.standings.get();
  const found = new Map<string, Completion>();
  // Its own output last: after `df['` one more often wants a column of the input.
  for (const source of [...(cells.get(uuid)?.block.upstream ?? []), uuid]) {
    const frame = mainFrame(blocks.get(source)?.output?.products ?? []);
    for (const column of frame?.columns ?? []) {
      if (!found.has(column.name)) {
        found.set(column.name, { label: column.name, type: 'property', detail: `${typeWords(column.type)} · ${source}`, boost: source === uuid ? 0 : 1 });
      }
    }
  }
  return [...found.values()];
}

function variables(session: Session): Completion[] {
  const known = Object.entries(session.facts.get()?.variables ?? {});
  return [
    ...known.map(([name, value]) => ({ label: name, type: 'variable', detail: `variable, ${JSON.stringify(value)}`.slice(0, 48), boost: 2 })),
    ...ARGUMENTS.map((name) => ({ label: name, type: 'variable', detail: 'of the run' })),
  ];
}

/** Inside quotes: columns after `[`, variables after `kwargs[` and `kwargs.get(`. */
function inString(session: Session, uuid: string, context: CompletionContext): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const before = context.state.sliceDoc(line.from, context.pos);
  const quoted = /(\w+(?:\.get)?)?\s*([[(,{]\s*)?(['"])([^'"]*)$/.exec(before);
  if (!quoted) return null;
  const [, name = '', , , typed = ''] = quoted;
  const from = context.pos - typed.length;
  const options = name.startsWith('kwargs') ? variables(session) : columnsAbove(session, uuid);
  return options.length === 0 ? null : { from, options, validFor: /^[^'"]*$/ };
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

export function completer(session: Session, uuid: string): CompletionSource {
  return async (context) => {
    const isSql = session.notebook.get().cells.get(uuid)?.block.language === 'sql';
    const word = context.matchBefore(/\w+/);
    if (isSql) {
      if (word === null && !context.explicit) return null;
      const inputs = (session.notebook.get().cells.get(uuid)?.block.upstream ?? []).map((source, at) => ({ label: `df_${at + 1}`, type: 'variable', detail: source }));
      return { from: word?.from ?? context.pos, options: [...inputs, ...columnsAbove(session, uuid)], validFor: /^\w*$/ };
    }
    const node = syntaxTree(context.state).resolveInner(context.pos, -1);
    if (node.name === 'String' || node.name === 'FormatString') return inString(session, uuid, context);
    const module = imports(context);
    if (module) return module;
    if (word === null && !context.explicit) return null;
    const local = localCompletionSource(context);
    const words = await completeAnyWord(context);
    const known = new Set(local?.options.map((option) => option.label));
    const options = [
      ...(local?.options ?? []),
      ...(words?.options ?? []).filter((option) => !known.has(option.label)).map((option) => ({ ...option, boost: -1 })),
    ];
    return options.length === 0 ? null : { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
  };
}
