// What a name in the text of an SQL block could be: an input as `{{ df_1 }}`, a column of one that has a short name.

export type WantedInSql =
  /** Inside of `{{`: what is written ends with braces unless they are there. */
  | { what: 'value'; from: number; end: string }
  | { what: 'columns'; input: number; from: number }
  | { what: 'word'; from: number };

/** Which input a short name stands for: `from {{ df_2 }} as b` gives 1 for `b`. */
function inputNamed(name: string, text: string): number | null {
  for (const [, number, alias] of text.matchAll(/\{\{\s*df_(\d+)\s*\}\}\s+(?:as\s+)?(\w+)/gi)) {
    if (alias?.toLowerCase() === name.toLowerCase()) return Number(number) - 1;
  }
  return null;
}

export function wantedInSql(text: string, at: number): WantedInSql {
  const before = text.slice(0, at);
  const value = /\{\{([^{}]*?)(\w*)$/.exec(before);
  if (value) {
    const [, , typed = ''] = value;
    return { what: 'value', from: at - typed.length, end: /^\s*\}/.test(text.slice(at)) ? '' : ' }}' };
  }
  const [, alias, ofAlias = ''] = /(\w+)\.(\w*)$/.exec(before) ?? [];
  const input = alias === undefined ? null : inputNamed(alias, text);
  if (input !== null) return { what: 'columns', input, from: at - ofAlias.length };
  const [word = ''] = /\w*$/.exec(before) ?? [];
  return { what: 'word', from: at - word.length };
}
