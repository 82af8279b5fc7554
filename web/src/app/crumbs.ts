// The way to a page, as the top bar shows it. A route says its own crumbs in its `handle`.
import { type Params, useMatches, useParams } from 'react-router';

export interface Crumb {
  label: string;
  to?: string;
  /** The last part of the way is a pipeline that can be switched. */
  pipeline?: string;
}

/** What a route's `handle` may say. */
export interface Handle {
  crumbs: (params: Params) => readonly Crumb[];
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'crumbs' in value;
}

export function useCrumbs(): readonly Crumb[] {
  const params = useParams();
  return useMatches().flatMap(({ handle }) => (isHandle(handle) ? handle.crumbs(params) : []));
}
