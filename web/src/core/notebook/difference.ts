// What is different between two texts, line by line: the fewest lines that go and come.

export interface DifferentLine {
  kind: 'same' | 'gone' | 'new';
  text: string;
  /** Its number in the text that it is in; in the new one for lines that are in both. */
  number: number;
}

/** More lines than this that differ are not compared one by one. */
const MOST = 1_500;

export function difference(before: string, after: string): DifferentLine[] {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  const middle = edits(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const lines: DifferentLine[] = now.slice(0, start).map((text, at) => ({ kind: 'same', text, number: at + 1 }));
  let oldAt = start;
  let nowAt = start;
  for (const [kind, text] of middle) {
    if (kind !== 'new') oldAt += 1;
    if (kind !== 'gone') nowAt += 1;
    lines.push({ kind, text, number: kind === 'gone' ? oldAt : nowAt });
  }
  for (const text of now.slice(now.length - end)) {
    if (end === 0) break;
    nowAt += 1;
    lines.push({ kind: 'same', text, number: nowAt });
  }
  return lines;
}

type Edit = readonly [DifferentLine['kind'], string];

/** The longest common subsequence by its table: the parts that differ are short. */
function edits(old: readonly string[], now: readonly string[]): Edit[] {
  const gone = (text: string): Edit => ['gone', text];
  const fresh = (text: string): Edit => ['new', text];
  if (old.length * now.length > MOST * MOST) return [...old.map(gone), ...now.map(fresh)];
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        old[row] === now[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const found: Edit[] = [];
  let row = 0;
  let column = 0;
  while (row < old.length || column < now.length) {
    const one = old[row];
    const other = now[column];
    if (one !== undefined && one === other) {
      found.push(['same', one]);
      row += 1;
      column += 1;
    } else if (one !== undefined && (other === undefined || at(row + 1, column) >= at(row, column + 1))) {
      found.push(gone(one));
      row += 1;
    } else if (other !== undefined) {
      found.push(fresh(other));
      column += 1;
    }
  }
  return found;
}

/** Only what differs, with some lines around it; null where lines were left out. */
export function excerpt(lines: readonly DifferentLine[], around = 2): (DifferentLine | null)[] {
  const wanted = new Set<number>();
  for (const [at, line] of lines.entries()) {
    if (line.kind === 'same') continue;
    for (let near = at - around; near <= at + around; near += 1) wanted.add(near);
  }
  const found: (DifferentLine | null)[] = [];
  let last = -1;
  for (const [at, line] of lines.entries()) {
    if (!wanted.has(at)) continue;
    if (at > last + 1 && found.length > 0) found.push(null);
    found.push(line);
    last = at;
  }
  return found;
}

/** Numbers of the lines that are new or changed in the second text. */
export function changedLines(before: string, after: string): number[] {
  return difference(before, after)
    .filter((line) => line.kind === 'new')
    .map((line) => line.number);
}
