// Filters, sort and selection live in the address, so that a link shows the same view.
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

export type Change = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The search of an address, and how to change some of it; what is empty goes. Changes do not fill the history. */
export function useSearch(): readonly [URLSearchParams, (change: Change) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (wanted: Change) => {
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(wanted)) {
            after.delete(name);
            for (const one of typeof value === 'string' ? [value] : (value ?? [])) if (one !== '') after.append(name, one);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setParams],
  );
  return [params, change];
}

/** One of the values that are allowed; the first when the address says nothing or something else. */
export function oneOf<const Values extends readonly [string, ...string[]]>(text: string | null, values: Values): Values[number] {
  return values.find((value) => value === text) ?? values[0];
}
