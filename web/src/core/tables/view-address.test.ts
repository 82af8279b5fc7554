import { describe, expect, it } from 'vitest';

import { WHOLE, type TableView } from '../notebook/table';
import { addressOf, viewOf } from './view-address';

function thereAndBack(view: TableView): TableView {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(addressOf(view))) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) if (one !== '') search.append(name, one);
  }
  return viewOf(search);
}

describe('the view of a table in an address', () => {
  it('comes back as it was', () => {
    for (const view of [
      WHOLE,
      { sort: { column: 'a', down: true }, conditions: [], search: 'x y' },
      {
        sort: { column: 'b', down: false },
        conditions: [
          { column: 'a:b', comparison: 'gt', value: '2013-01-01 05:00' },
          { column: 'c', comparison: 'null', value: '' },
        ],
        search: '',
      },
    ] satisfies TableView[]) {
      expect(thereAndBack(view)).toEqual(view);
    }
  });

  it('leaves out what is no condition', () => {
    expect(viewOf(new URLSearchParams('filter=nonsense&filter=a:near:3&filter=a:eq:3')).conditions).toEqual([{ column: 'a', comparison: 'eq', value: '3' }]);
  });
});
