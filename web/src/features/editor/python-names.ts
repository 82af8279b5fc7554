// What a name in the code of a block stands for: an input of the block, what it gave back, the variables of the run; and
// what could be written where the caret is. Decided from the syntax tree, so code that is not finished counts too.
import type { syntaxTree } from '@codemirror/language';

type Tree = ReturnType<typeof syntaxTree>;
type Node = Tree['topNode'];

export type Meaning =
  /** What the block above at this place gave. */
  | { of: 'input'; place: number }
  /** What this block gave; its tests get it. */
  | { of: 'output'; place: number }
  | { of: 'variables' }
  /** Some other thing. */
  | { of: 'unknown' };

export interface Wanted {
  meaning: Meaning;
  /** `df.` wants a name, `df[` a text in quotes, `df['` what is inside them. */
  how: 'attribute' | 'bare' | 'quoted';
  /** Where what is written of it begins. */
  from: number;
}

/** What decorates functions that get the inputs of the block. */
const TAKES_INPUTS: ReadonlySet<string> = new Set(['transformer', 'data_exporter', 'data_loader', 'custom', 'sensor', 'condition']);

const UNKNOWN: Meaning = { of: 'unknown' };

interface Parameters {
  places: string[];
  rest: string | null;
  named: string | null;
}

function parametersOf(definition: Node, text: string): Parameters {
  const found: Parameters = { places: [], rest: null, named: null };
  let begins: 'place' | '*' | '**' | 'no' = 'place';
  let isKeyword = false;
  for (let node = definition.getChild('ParamList')?.firstChild ?? null; node !== null; node = node.nextSibling) {
    if (node.name === ',') {
      // What comes after a star of its own can only be named.
      isKeyword ||= begins === '*';
      begins = 'place';
    } else if (node.name === '*' || node.name === '**') {
      begins = node.name;
    } else if (node.name === 'VariableName') {
      const name = text.slice(node.from, node.to);
      if (begins === '*') found.rest = name;
      else if (begins === '**') found.named = name;
      else if (begins === 'place' && !isKeyword) found.places.push(name);
      isKeyword ||= begins === '*';
      begins = 'no';
    }
  }
  return found;
}

function decoratorsOf(definition: Node, text: string): string[] {
  const { parent } = definition;
  if (parent?.name !== 'DecoratedStatement') return [];
  return parent.getChildren('Decorator').flatMap((decorator) => {
    const name = decorator.getChildren('VariableName').at(-1);
    return name === undefined ? [] : [text.slice(name.from, name.to)];
  });
}

/** What a name means at a place; `index` is the number in `args[0]`. */
function meaningOf(name: string, index: number | null, at: Node, text: string): Meaning {
  for (let node: Node | null = at; node !== null; node = node.parent) {
    if (node.name !== 'FunctionDefinition' && node.name !== 'LambdaExpression') continue;
    const { places, rest, named } = parametersOf(node, text);
    const place = index === null ? places.indexOf(name) : -1;
    const isRest = name === rest && index !== null;
    if (place < 0 && !isRest && name !== named) {
      if (places.includes(name)) return UNKNOWN;
      continue;
    }
    const decorators = decoratorsOf(node, text);
    const takesInputs = decorators.some((one) => TAKES_INPUTS.has(one));
    if (!takesInputs && !decorators.includes('test')) return UNKNOWN;
    if (name === named) return { of: 'variables' };
    return { of: takesInputs ? 'input' : 'output', place: isRest ? places.length + index : place };
  }
  // Outside of functions, or where one is not finished yet.
  return name === 'kwargs' && index === null ? { of: 'variables' } : UNKNOWN;
}

/** `df`, or `args[0]`. */
function plainMeaning(node: Node, text: string): Meaning | null {
  if (node.name === 'VariableName') return meaningOf(text.slice(node.from, node.to), null, node, text);
  if (node.name !== 'MemberExpression') return null;
  const object = node.firstChild;
  const index = node.getChild('Number');
  if (object?.name !== 'VariableName' || index === null) return null;
  return meaningOf(text.slice(object.from, object.to), Number(text.slice(index.from, index.to)), node, text);
}

/** What a chain such as `df.groupby('a').sum()` begins with. */
function rootMeaning(node: Node | null, text: string): Meaning {
  for (let at = node; at !== null; at = at.firstChild) {
    const meaning = plainMeaning(at, text);
    if (meaning !== null) return meaning;
    if (at.name !== 'MemberExpression' && at.name !== 'CallExpression') return UNKNOWN;
  }
  return UNKNOWN;
}

const INSIDE: ReadonlySet<string> = new Set(['ContinuedString', 'ArrayExpression', 'ArgList', 'TupleExpression', 'ParenthesizedExpression', 'DictionaryExpression', 'SetExpression']);

/** Whose columns, or keys, the texts at this place name; none where they are no keys, as in `print('…')`. */
function keysOf(node: Node, text: string): Meaning | null {
  let above = node.parent;
  while (above !== null && INSIDE.has(above.name)) above = above.parent;
  const object = above?.firstChild ?? null;
  if (above === null || object === null || object.to > node.from) return null;
  if (above.name === 'MemberExpression') return rootMeaning(object, text);
  if (above.name !== 'CallExpression' || object.name !== 'MemberExpression') return null;
  const meaning = rootMeaning(object.firstChild, text);
  // The other methods of a dictionary take no names of variables.
  return meaning.of === 'variables' && text.slice(object.from, object.to) !== 'kwargs.get' ? null : meaning;
}

const isText = (node: Node) => node.name === 'String' || node.name === 'FormatString';

function isInside(node: Node, text: string, at: number): boolean {
  const first = /^[a-zA-Z]*("""|'''|"|')/.exec(text.slice(node.from, node.to));
  const [opening = '', quote = ''] = first ?? [];
  const isClosed = node.to - node.from >= opening.length + quote.length && text.slice(node.from, node.to).endsWith(quote);
  return at >= node.from + opening.length && (!isClosed || at <= node.to - quote.length);
}

/** What could be written at this place; none where nothing is known to fit. */
export function wantedAt(tree: Tree, text: string, at: number): Wanted | 'text' | null {
  const node = tree.resolveInner(at, -1);
  if (isText(node)) {
    if (!isInside(node, text, at)) return null;
    const meaning = keysOf(node, text);
    const typed = /[^'"]*$/.exec(text.slice(node.from, at))?.[0] ?? '';
    return meaning === null ? 'text' : { meaning, how: 'quoted', from: at - typed.length };
  }
  const { parent } = node;
  if (node.name === '.' || node.name === 'PropertyName') {
    const object = parent?.firstChild ?? null;
    if (parent?.name !== 'MemberExpression' || object === null) return null;
    const meaning = plainMeaning(object, text) ?? UNKNOWN;
    return { meaning, how: 'attribute', from: node.name === '.' ? at : node.from };
  }
  const isBegun = node.name === 'VariableName' && (node.prevSibling?.name === '[' || node.prevSibling?.name === '(');
  const isOpen = node.name === '[' || node.name === '(';
  if (!isBegun && !isOpen) return null;
  const meaning = keysOf(node, text);
  if (meaning === null || meaning.of === 'unknown') return null;
  // Arguments of a call are rarely columns alone: there they come with the first quote.
  const isCall = parent?.name === 'ArgList';
  if (isCall && meaning.of !== 'variables') return null;
  return { meaning, how: 'bare', from: isBegun ? node.from : at };
}
