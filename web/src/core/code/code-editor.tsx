// The code of a block. CodeMirror keeps the text while it is typed; the notebook hears of every change.
import { useEffect, useRef } from 'react';
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionSource } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, codeFolding, foldEffect, indentOnInput, indentUnit } from '@codemirror/language';
import { type Diagnostic, diagnosticCount, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState, Prec, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, drawSelection, EditorView, gutterLineClass, GutterMarker, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';

import type { Problem } from '../../api/notebook';
import { appearance, importLines, languageOf } from './code-language';

export interface CodeKeys {
  /** Ctrl-Enter. */
  run: () => void;
  /** Shift-Enter. */
  runAndGoOn: () => void;
  /** Escape. */
  leave: () => void;
  /** Over the first line, below the last one. */
  up: () => void;
  down: () => void;
}

const fromOutside = Annotation.define<boolean>();
const setFailed = StateEffect.define<number | null>();
const setChanged = StateEffect.define<readonly number[]>();

class FailedNumber extends GutterMarker {
  override elementClass = 'cm-failed-number';
}
const failedNumber = new FailedNumber();

/** The line at which the block failed; it goes as soon as something is typed. */
const failedLine = StateField.define<number | null>({
  create: () => null,
  update: (line, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setFailed)) return effect.value;
    return transaction.docChanged ? null : line;
  },
  provide: (field) => [
    EditorView.decorations.compute([field], (state) => {
      const line = state.field(field);
      if (line === null || line < 1 || line > state.doc.lines) return Decoration.none;
      return Decoration.set([Decoration.line({ class: 'cm-failed-line' }).range(state.doc.line(line).from)]);
    }),
    gutterLineClass.compute([field], (state) => {
      const builder = new RangeSetBuilder<GutterMarker>();
      const line = state.field(field);
      if (line !== null && line >= 1 && line <= state.doc.lines) {
        const { from } = state.doc.line(line);
        builder.add(from, from, failedNumber);
      }
      return builder.finish();
    }),
  ],
});

class ChangedNumber extends GutterMarker {
  override elementClass = 'cm-changed-number';
}
const changedNumber = new ChangedNumber();

const NO_LINES: readonly number[] = [];

/** Lines that are other ones than when the block last ran well. */
const changedLines = StateField.define<readonly number[]>({
  create: () => NO_LINES,
  update: (lines, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setChanged)) return effect.value;
    return lines;
  },
  provide: (field) =>
    gutterLineClass.compute([field, 'doc'], (state) => {
      const builder = new RangeSetBuilder<GutterMarker>();
      for (const line of state.field(field)) {
        if (line < 1 || line > state.doc.lines) continue;
        const { from } = state.doc.line(line);
        builder.add(from, from, changedNumber);
      }
      return builder.finish();
    }),
});

function foldedImports(state: EditorState) {
  const lines = importLines(state.doc.toString());
  if (lines < 3 || lines >= state.doc.lines) return [];
  return [foldEffect.of({ from: state.doc.line(1).from, to: state.doc.line(lines).to })];
}

function placeholder(onclick: (event: Event) => void, lines: number) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'cm-foldPlaceholder';
  button.textContent = `› ${lines} lines, imports`;
  button.setAttribute('aria-label', `Show ${lines} lines of imports`);
  button.onclick = onclick;
  return button;
}

function diagnosticsOf(state: EditorState, problems: readonly Problem[]): Diagnostic[] {
  return problems.flatMap((problem) => {
    const number = problem.line ?? 1;
    if (number > state.doc.lines) return [];
    const line = state.doc.line(Math.max(1, number));
    const from = Math.min(line.to, line.from + Math.max(0, (problem.column ?? 1) - 1));
    const word = /^[\w.]+/.exec(state.sliceDoc(from, line.to))?.[0].length ?? line.to - from;
    return [
      {
        from,
        to: Math.min(line.to, from + Math.max(1, word)),
        severity: problem.severity,
        message: problem.hint === null ? problem.message : `${problem.message}\n${problem.hint}`,
      },
    ];
  });
}

export interface Place {
  line: number;
  column: number;
}

interface Props {
  label: string;
  language: string;
  text: string;
  /** Grows when `text` is not what was typed here. */
  replaced: number;
  readOnly?: boolean;
  problems: readonly Problem[];
  failedAt: number | null;
  /** Lines that were changed since the block last ran well. */
  changed?: readonly number[];
  keys: CodeKeys;
  complete?: CompletionSource;
  onChange: (text: string) => void;
  onFocus: () => void;
  onPlace?: (place: Place) => void;
  /** Gets the view as long as it is there. */
  onView?: (view: EditorView | null) => void;
}

export function CodeEditor(props: Props) {
  const { language, replaced, problems, failedAt, changed, label, readOnly = false } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  // What the editor calls is always what was given last.
  const now = useRef(props);
  useEffect(() => {
    now.current = props;
  });

  useEffect(() => {
    if (place.current === null) return;
    const at = (state: EditorState) => {
      const { head } = state.selection.main;
      const line = state.doc.lineAt(head);
      return { line: line.number, column: head - line.from + 1 };
    };
    const call = (what: keyof CodeKeys) => () => {
      now.current.keys[what]();
      return true;
    };
    const edge = (toFirst: boolean) => (target: EditorView) => {
      const { main } = target.state.selection;
      if (!main.empty) return false;
      const line = target.state.doc.lineAt(main.head).number;
      if (line !== (toFirst ? 1 : target.state.doc.lines)) return false;
      now.current.keys[toFirst ? 'up' : 'down']();
      return true;
    };
    const state = EditorState.create({
      doc: now.current.text,
      extensions: [
        Prec.highest(
          keymap.of([
            { key: 'Mod-Enter', run: call('run') },
            { key: 'Shift-Enter', run: call('runAndGoOn') },
          ]),
        ),
        Prec.low(keymap.of([{ key: 'Escape', run: call('leave') }, { key: 'ArrowUp', run: edge(true) }, { key: 'ArrowDown', run: edge(false) }])),
        lineNumbers(),
        highlightActiveLineGutter(),
        history(),
        codeFolding({
          preparePlaceholder: (inside, range) => inside.doc.lineAt(range.to).number - inside.doc.lineAt(range.from).number + 1,
          placeholderDOM: (_, onclick, lines: unknown) => placeholder(onclick, typeof lines === 'number' ? lines : 0),
        }),
        drawSelection(),
        indentOnInput(),
        indentUnit.of(language === 'python' ? '    ' : '  '),
        bracketMatching(),
        closeBrackets(),
        autocompletion({
          ...(now.current.complete === undefined
            ? {}
            : { override: [(context) => now.current.complete?.(context) ?? null] }),
          icons: false,
        }),
        highlightActiveLine(),
        highlightSelectionMatches(),
        search({ top: true }),
        failedLine,
        changedLines,
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
        languageOf(language),
        appearance,
        EditorState.readOnly.of(readOnly),
        // What can be written in has the focus anyway; saying so tells tools that its scrolling needs no mouse.
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((one) => one.annotation(fromOutside) === true)) {
            now.current.onChange(update.state.doc.toString());
          }
          if (update.focusChanged && update.view.hasFocus) now.current.onFocus();
          if (update.selectionSet || (update.focusChanged && update.view.hasFocus)) now.current.onPlace?.(at(update.state));
        }),
      ],
    });
    // All that is shown from the beginning is in the first state: each further step would have the browser lay out the page.
    const { failedAt: failed, changed: marked } = now.current;
    const first = [
      ...(language === 'python' ? foldedImports(state) : []),
      ...(failed === null ? [] : [setFailed.of(failed)]),
      ...(marked === undefined ? [] : [setChanged.of(marked)]),
    ];
    const made = new EditorView({ state: first.length > 0 ? state.update({ effects: first }).state : state, parent: place.current });
    view.current = made;
    now.current.onView?.(made);
    return () => {
      now.current.onView?.(null);
      made.destroy();
      view.current = null;
    };
  }, [language, label, readOnly]);

  // Another text from outside: a file that changed on the disk, or a conflict that was settled.
  useEffect(() => {
    const target = view.current;
    if (target === null) return;
    const before = target.state.doc.toString();
    const next = now.current.text;
    if (before === next) return;
    let start = 0;
    const most = Math.min(before.length, next.length);
    while (start < most && before.charCodeAt(start) === next.charCodeAt(start)) start += 1;
    let end = 0;
    while (end < most - start && before.charCodeAt(before.length - 1 - end) === next.charCodeAt(next.length - 1 - end)) end += 1;
    target.dispatch({
      changes: { from: start, to: before.length - end, insert: next.slice(start, next.length - end) },
      annotations: fromOutside.of(true),
    });
  }, [replaced]);

  useEffect(() => {
    const target = view.current;
    if (target !== null && (problems.length > 0 || diagnosticCount(target.state) > 0)) target.dispatch(setDiagnostics(target.state, diagnosticsOf(target.state, problems)));
  }, [problems]);

  useEffect(() => {
    const target = view.current;
    if (target !== null && target.state.field(failedLine) !== failedAt) target.dispatch({ effects: setFailed.of(failedAt) });
  }, [failedAt]);

  useEffect(() => {
    const target = view.current;
    if (target !== null && target.state.field(changedLines) !== (changed ?? NO_LINES)) target.dispatch({ effects: setChanged.of(changed ?? NO_LINES) });
  }, [changed]);

  return <div className="code" ref={place} />;
}

/** Puts the caret at the beginning of a line and shows it. */
export function goToLine(view: EditorView, number: number) {
  const line = view.state.doc.line(Math.min(Math.max(1, number), view.state.doc.lines));
  view.dispatch({
    selection: { anchor: line.from + (/\S/.exec(line.text)?.index ?? 0) },
    effects: [EditorView.scrollIntoView(line.from, { y: 'center' })],
  });
  view.focus();
}

