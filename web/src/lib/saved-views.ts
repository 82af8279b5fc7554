// Filters of a list that are kept under a name, in this browser. What restores a view is its address; a saved view is one that has a name.
import { list, map, text } from './json';

export interface SavedView {
  name: string;
  /** The part of an address behind the question mark. */
  search: string;
}

/** The part of an address that is a view: only what `names` names, always in the same order. */
export function viewIn(params: URLSearchParams, names: readonly string[]): string {
  const found = new URLSearchParams();
  for (const name of names) for (const value of params.getAll(name).sort()) found.append(name, value);
  return found.toString();
}

/** Whatever was stored. */
export function readViews(stored: string | null): SavedView[] {
  let value: unknown = null;
  try {
    value = stored === null ? null : JSON.parse(stored);
  } catch {
    // Somebody else wrote it: there are no views.
  }
  return list(value)
    .map((one) => ({ name: text(map(one).name), search: text(map(one).search) }))
    .filter((one) => one.name !== '');
}

/** With this view, in the order of the names; one of the same name is replaced. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter((one) => one.name !== view.name), view].sort((a, b) => a.name.localeCompare(b.name));
}

/** Why a view cannot be called this; undefined when it can. */
export function nameRefused(views: readonly SavedView[], name: string, before?: string): string | undefined {
  if (name.trim() === '') return 'Give it a name first';
  if (name.trim() !== before && views.some((one) => one.name === name.trim())) return `There is a view “${name.trim()}” already`;
  return undefined;
}
