// Keys that work without a modifier anywhere on a page.
import { useEffect, useRef } from 'react';

/** Whether a key pressed here is text for a field or belongs to something that is open. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const from = event.target;
  if (!(from instanceof HTMLElement)) return false;
  if (from.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName)) return true;
  return from.closest('[role=dialog], [role=menu]') !== null;
}

/** Calls `press` for keys that nobody else takes. */
export function useKeys(press: (event: KeyboardEvent) => void) {
  const latest = useRef(press);
  useEffect(() => {
    latest.current = press;
  });
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (!isTaken(event)) latest.current(event);
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);
}
