// How wide the window is: from 1280 px things stand beside each other.
import { useSyncExternalStore } from 'react';

const wide = typeof matchMedia === 'function' ? matchMedia('(min-width: 1280px)') : undefined;

export function useIsWide(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      wide?.addEventListener('change', watcher);
      return () => wide?.removeEventListener('change', watcher);
    },
    () => wide?.matches ?? true,
  );
}
