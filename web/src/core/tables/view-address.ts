// Sort, filters and search of a table, as an address keeps them.
import { type Comparison, comparisonWords, type Condition, type TableView } from '../notebook/table';

const comparisons = new Set(Object.keys(comparisonWords));

function isComparison(text: string): text is Comparison {
  return comparisons.has(text);
}

/** `delay:gt:5`; a name may have colons of its own. */
function condition(text: string): Condition[] {
  const parts = text.split(':');
  const at = parts.findIndex((part, index) => index > 0 && isComparison(part));
  const comparison = parts[at];
  if (comparison === undefined || !isComparison(comparison)) return [];
  return [{ column: parts.slice(0, at).join(':'), comparison, value: parts.slice(at + 1).join(':') }];
}

export function viewOf(search: URLSearchParams): TableView {
  const sort = search.get('sort');
  return {
    sort: sort === null ? null : { column: sort.replace(/^-/, ''), down: sort.startsWith('-') },
    conditions: search.getAll('filter').flatMap(condition),
    search: search.get('find') ?? '',
  };
}

export function addressOf(view: TableView): Record<string, string | readonly string[] | undefined> {
  return {
    sort: view.sort === null ? undefined : `${view.sort.down ? '-' : ''}${view.sort.column}`,
    filter: view.conditions.map((one) => `${one.column}:${one.comparison}:${one.value}`),
    find: view.search,
  };
}
