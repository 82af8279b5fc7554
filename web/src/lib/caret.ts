// Where in a line of code something is meant. The server counts characters, not the halves that a string is made of.

export interface Caret {
  from: number;
  to: number;
}

export interface Pointed {
  before: string;
  /** What is meant: a space, where it is what is missing at the end of the line. */
  place: string;
  after: string;
}

export function pointed(code: string, caret: Caret): Pointed {
  const characters = Array.from(code);
  const part = (from: number, to?: number) => characters.slice(from, to).join('');
  return { before: part(0, caret.from), place: part(caret.from, caret.to) || '\u00a0', after: part(caret.to) };
}

/** Carets for the line below the code, as a traceback of Python has them. */
export function carets(code: string, caret: Caret): string {
  const { before, place } = pointed(code, caret);
  return before.replace(/[^\t]/gu, ' ') + '^'.repeat(Array.from(place).length);
}
