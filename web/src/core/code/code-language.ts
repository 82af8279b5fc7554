// Which language a block is written in, how its code is coloured, and which of its lines are folded away.
import { markdown } from '@codemirror/lang-markdown';
import { pythonLanguage } from '@codemirror/lang-python';
import { sql } from '@codemirror/lang-sql';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, LanguageSupport, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { r } from '@codemirror/legacy-modes/mode/r';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { styleTags, tags } from '@lezer/highlight';

/** Python, with the name of a decorator in the colour of its sign. */
const python = new LanguageSupport(
  pythonLanguage.configure({
    props: [styleTags({ 'Decorator/VariableName Decorator/MemberExpression/...': tags.annotation })],
  }),
);

export function languageOf(language: string): Extension {
  switch (language) {
    case 'python':
      return python;
    case 'sql':
      return sql({ upperCaseKeywords: false });
    case 'yaml':
      return yaml();
    case 'markdown':
      return markdown();
    case 'r':
      return StreamLanguage.define(r);
    default:
      return [];
  }
}

const colour = (name: string) => ({ color: `var(--syntax-${name})` });

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword, tags.operatorKeyword, tags.self], ...colour('keyword') },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.docString], ...colour('string') },
  { tag: [tags.number, tags.integer, tags.float], ...colour('number') },
  { tag: [tags.bool, tags.null, tags.atom, tags.constant(tags.name)], ...colour('constant') },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], ...colour('comment'), fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.function(tags.definition(tags.variableName))], ...colour('function') },
  { tag: [tags.typeName, tags.className, tags.standard(tags.name)], ...colour('type') },
  { tag: [tags.meta, tags.annotation, tags.modifier], ...colour('decorator') },
  { tag: [tags.punctuation, tags.bracket, tags.operator], ...colour('punct') },
  { tag: [tags.heading, tags.strong], fontWeight: '600' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: [tags.link, tags.url], ...colour('function') },
  { tag: [tags.propertyName, tags.attributeName], ...colour('text') },
]);

/** Lines that are shown before the code scrolls. */
export const MOST_LINES = 24;
export const LINE = 20;

const look = EditorView.theme({
  '&': { fontSize: '13px', color: 'var(--syntax-text)', backgroundColor: 'var(--bg-sunken)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--font-mono)',
    fontVariantLigatures: 'none',
    lineHeight: `${LINE}px`,
    letterSpacing: '0',
    maxHeight: `${MOST_LINES * LINE + 12}px`,
    overscrollBehavior: 'auto',
  },
  '.cm-content': { padding: '6px 0', caretColor: 'var(--text-primary)' },
  '.cm-line': { padding: '0 12px 0 8px' },
  '.cm-gutters': { backgroundColor: 'var(--bg-sunken)', color: 'var(--syntax-gutter)', border: 'none' },
  '.cm-lineNumbers': { minWidth: '36px' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 6px 0 0', fontSize: '12px' },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--syntax-line) 80%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLineGutter': { backgroundColor: 'var(--syntax-line)', color: 'var(--text-primary)', fontWeight: '600' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--syntax-selection)',
  },
  '.cm-cursor': { borderLeftColor: 'var(--text-primary)' },
  '.cm-foldPlaceholder': {
    margin: '0',
    padding: '0 4px',
    border: 'none',
    backgroundColor: 'transparent',
    color: 'var(--text-tertiary)',
    fontFamily: 'var(--font-ui)',
    fontSize: '12px',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--bg-active)', outline: 'none' },
  '.cm-searchMatch': { backgroundColor: 'var(--mark-bg)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--mark-current)', color: 'var(--mark-on-current)' },
  '&.cm-editor .cm-line.cm-failed-line': { backgroundColor: 'var(--status-failed-tint)', boxShadow: 'inset 3px 0 var(--status-failed-solid)' },
  '& .cm-gutterElement.cm-failed-number': { color: 'var(--status-failed-fg)', fontWeight: '700' },
  '& .cm-gutterElement.cm-changed-number': { boxShadow: 'inset -2px 0 var(--status-stale-solid)' },
  '.cm-tooltip': {
    border: '1px solid var(--border-strong)',
    borderRadius: '6px',
    backgroundColor: 'var(--bg-overlay)',
    color: 'var(--text-primary)',
    boxShadow: 'var(--float-shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', fontSize: '12px', maxHeight: '220px' },
  // Ten of them, each with what it is at the right end. As specific as the rule of the library that it replaces.
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { display: 'flex', justifyContent: 'space-between', padding: '2px 8px', lineHeight: '18px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--bg-selected)', color: 'var(--text-primary)' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent-fg)', fontWeight: '600' },
  '.cm-completionDetail': { color: 'var(--text-tertiary)', fontStyle: 'normal', marginLeft: '24px' },
  '.cm-completionIcon': { display: 'none' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--status-failed-fg)', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--status-stale-fg)', textUnderlineOffset: '3px' },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--font-ui)', fontSize: '12px', lineHeight: '16px', borderLeft: '3px solid' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--status-failed-solid)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--status-stale-solid)' },
  '.cm-panels': { backgroundColor: 'var(--bg-surface)', color: 'var(--text-primary)', borderColor: 'var(--border-default)' },
});

export const appearance: Extension = [look, syntaxHighlighting(highlighting)];

/** How many lines at the beginning only make the framework's names known: imports, and the guards around them. */
export function importLines(text: string): number {
  const lines = text.split('\n');
  let last = 0;
  for (const [at, line] of lines.entries()) {
    const isGuard = /^if '\w+' not in globals\(\):/.test(line);
    const isImport = /^\s*(from|import)\s/.test(line);
    if (isGuard || isImport) last = at + 1;
    else if (line.trim() !== '' && !line.startsWith('#')) break;
  }
  return last;
}
