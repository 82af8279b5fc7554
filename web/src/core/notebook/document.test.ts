import { describe, expect, test } from 'vitest';

import {
  above,
  below,
  blocksOf,
  conflicted,
  edited,
  empty,
  isOvertaken,
  type Loaded,
  loaded,
  type Notebook,
  refusal,
  resolved,
  saveFailed,
  saved,
  saveSummary,
  saving,
} from './document';
import { block } from './read';

function of(uuid: string, content: string, revision = content, upstream: string[] = []): Loaded {
  return { block: block({ uuid, upstream_blocks: upstream }), content, revision };
}

function notebook(...blocks: Loaded[]): Notebook {
  return loaded(empty('daily'), 'r1', blocks);
}

const state = (from: Notebook) => from.cells.get('a')?.save.state;
const written = (from: Notebook) => from.cells.get('a')?.text;

describe('saving', () => {
  test('goes from edited over saving to saved', () => {
    const first = edited(notebook(of('a', 'one')), 'a', 'two');
    expect(state(first)).toBe('edited');
    const second = saving(first, 'a');
    expect(state(second)).toBe('saving');
    expect(state(saved(second, 'a', 'two'))).toBe('saved');
  });

  test('what is typed while it is saved is saved next', () => {
    const under = edited(saving(edited(notebook(of('a', 'one')), 'a', 'two'), 'a'), 'a', 'three');
    const after = saved(under, 'a', 'two');
    expect(state(after)).toBe('edited');
    expect(written(after)).toBe('three');
  });

  test('typing back to what the file holds leaves nothing to save', () => {
    expect(state(edited(edited(notebook(of('a', 'one')), 'a', 'two'), 'a', 'one'))).toBe('saved');
  });

  test('the worst state is what the bar says', () => {
    const both = notebook(of('a', 'one'), of('b', 'one'));
    expect(saveSummary(both)).toEqual({ state: 'saved', blocks: [] });
    const failed = saveFailed(edited(edited(both, 'a', 'x'), 'b', 'y'), 'b', 'the disk is full');
    expect(saveSummary(failed)).toEqual({ state: 'failed', blocks: ['b'] });
  });
});

describe('a file that changes on the disk', () => {
  test('appears where nothing was typed', () => {
    const after = loaded(notebook(of('a', 'one')), 'r2', [of('a', 'theirs')]);
    expect(written(after)).toBe('theirs');
    expect(after.cells.get('a')?.replaced).toBe(1);
  });

  test('is a conflict where something was typed, and neither text is lost', () => {
    const mine = edited(notebook(of('a', 'one')), 'a', 'mine');
    const both = loaded(mine, 'r2', [of('a', 'theirs')]);
    expect(state(both)).toBe('conflict');
    expect(written(both)).toBe('mine');
    expect(written(resolved(both, 'a', 'theirs'))).toBe('theirs');
    expect(state(resolved(both, 'a', 'theirs'))).toBe('saved');
    const kept = resolved(both, 'a', 'mine');
    expect(written(kept)).toBe('mine');
    expect(state(kept)).toBe('edited');
    expect(kept.cells.get('a')?.revision).toBe('theirs');
  });

  test('typing goes on during a conflict', () => {
    const both = loaded(edited(notebook(of('a', 'one')), 'a', 'mine'), 'r2', [of('a', 'theirs')]);
    const more = edited(both, 'a', 'mine too');
    expect(state(more)).toBe('conflict');
    expect(written(more)).toBe('mine too');
  });

  test('is none where both wrote the same', () => {
    const after = loaded(edited(notebook(of('a', 'one')), 'a', 'same'), 'r2', [of('a', 'same')]);
    expect(state(after)).toBe('saved');
  });

  test('may be the save that is under way', () => {
    const under = saving(edited(notebook(of('a', 'one')), 'a', 'two'), 'a');
    const seen = loaded(under, 'r2', [of('a', 'two')]);
    expect(state(seen)).toBe('saved');
    expect(written(seen)).toBe('two');
  });

  test.each([
    ['somebody else wrote after it', 'theirs', 'conflict'],
    ['somebody else wrote what is written here by now', 'more of mine', 'saved'],
    ['what was seen was older than it', 'two', 'edited'],
  ])('is looked at once more when the save is answered: %s', (_, newest, expected) => {
    const under = edited(saving(edited(notebook(of('a', 'one')), 'a', 'two'), 'a'), 'a', 'more of mine');
    expect(isOvertaken(under.cells.get('a'))).toBe(false);
    const seen = loaded(under, 'r2', [of('a', newest === 'two' ? 'one' : newest)]);
    expect(state(seen)).toBe('saving');
    expect(isOvertaken(seen.cells.get('a'))).toBe(true);
    const after = saved(seen, 'a', 'two', { content: newest, revision: newest });
    expect(state(after)).toBe(expected);
    expect(written(after)).toBe('more of mine');
  });

  test('is a conflict also where nothing was typed after the save that it overwrote', () => {
    const under = saving(edited(notebook(of('a', 'one')), 'a', 'mine'), 'a');
    const after = saved(loaded(under, 'r2', [of('a', 'theirs')]), 'a', 'mine', { content: 'theirs', revision: 'theirs' });
    expect(after.cells.get('a')?.save).toEqual({ state: 'conflict', theirs: 'theirs', revision: 'theirs' });
    expect(written(after)).toBe('mine');
  });

  test('is found when the save is refused', () => {
    const under = saving(edited(notebook(of('a', 'one')), 'a', 'mine'), 'a');
    const refused = conflicted(under, 'a', 'theirs', 'r9');
    expect(refused.cells.get('a')?.save).toEqual({ state: 'conflict', theirs: 'theirs', revision: 'r9' });
  });
});

describe('connections', () => {
  const chain = notebook(of('a', ''), of('b', '', '', ['a']), of('c', '', '', ['b', 'gone']), of('d', ''));

  test('above and below', () => {
    expect(below(chain, 'a')).toEqual(['b', 'c']);
    expect(above(chain, 'c')).toEqual(['b', 'a']);
    expect(above(chain, 'd')).toEqual([]);
    expect(blocksOf(chain, {})).toEqual(['a', 'b', 'c', 'd']);
    expect(blocksOf(chain, { block: 'b' })).toEqual(['b']);
    expect(blocksOf(chain, { block: 'b', above: true, below: true })).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['c', 'a', 'This would make a circle: c already reads from a.'],
    ['a', 'a', 'A block cannot be its own input.'],
    ['a', 'b', 'a is an input already.'],
    ['a', 'c', null],
    ['d', 'a', null],
  ])('from %s to %s: %s', (from, to, expected) => expect(refusal(chain, from, to)).toBe(expected));
});
