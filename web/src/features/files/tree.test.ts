import { describe, expect, it } from 'vitest';

import type { FileNode } from '../../api/project-files';
import { above, blockOf, countOf, find, matching } from './tree';

const file = (path: string): FileNode => ({ name: path.split('/').pop() ?? '', path, size: 1, children: null });
const folder = (path: string, children: readonly FileNode[]): FileNode => ({ ...file(path), size: null, children });
const tree = [folder('a', [file('a/one.py'), folder('a/b', [file('a/b/Two.py')])]), file('ab.py')];

describe('the tree of files', () => {
  it('finds what is there', () => {
    expect(find(tree, 'a/b/Two.py')?.name).toBe('Two.py');
    expect(find(tree, 'ab.py')?.name).toBe('ab.py');
    expect(find(tree, 'a/c')).toBeUndefined();
  });

  it('knows what is above, what matches, and how much there is', () => {
    expect(above('a/b/Two.py')).toEqual(['a', 'a/b']);
    expect(above('ab.py')).toEqual([]);
    expect(matching(tree, 'two').map((node) => node.path)).toEqual(['a/b/Two.py']);
    expect(tree.map(countOf)).toEqual([2, 1]);
  });

  it('knows whose code a file is', () => {
    expect(blockOf('transformers/clean.py')).toEqual({ type: 'transformer', uuid: 'clean' });
    expect(blockOf('custom/origins.py')).toEqual({ type: 'custom', uuid: 'origins' });
    expect(blockOf('utils/time.py')).toBeUndefined();
  });
});
