// Keys that work while no code is being written: what they do is listed in core/shortcuts.
import { useEffect } from 'react';

import type { Store } from '../../core/notebook/store';
import type { Actions } from './actions';
import type { Session } from './session';
import type { View } from './view';

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  return target.closest('[role="menu"], [role="dialog"], [role="alertdialog"], [role="grid"], [role="separator"]') !== null;
}

export function useKeys({ session, view, actions }: { session: Session; view: Store<View>; actions: Actions }) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isModified = event.ctrlKey || event.metaKey;
      if (isModified && event.key.toLowerCase() === 's') {
        event.preventDefault();
        void session.flush();
        return;
      }
      if (event.defaultPrevented) return;
      const { selected, adding } = view.get();
      if (event.key === 'Escape' && adding !== null) {
        view.set((now) => ({ ...now, adding: null }));
        return;
      }
      if (isWriting(event.target)) return;
      if (isModified && event.key === 'Enter' && selected !== null) {
        event.preventDefault();
        actions.run(selected);
        return;
      }
      if (isModified) return;
      if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown') && selected !== null) {
        event.preventDefault();
        actions.move(selected, event.key === 'ArrowUp' ? -1 : 1);
        return;
      }
      // A button keeps the keys that press it.
      const isOnControl = event.target instanceof HTMLElement && event.target.closest('button, a, [role="tab"]') !== null;
      if (event.key === 'Enter' && event.shiftKey && selected !== null) {
        event.preventDefault();
        actions.run(selected);
        actions.step(1);
        return;
      }
      if (isOnControl && (event.key === 'Enter' || event.key === ' ' || event.key.startsWith('Arrow'))) return;
      const steps: Record<string, () => void> = {
        ArrowDown: () => actions.step(1),
        ArrowUp: () => actions.step(-1),
        j: () => actions.step(1),
        k: () => actions.step(-1),
        Enter: () => {
          if (selected !== null) actions.enter(selected);
        },
        b: () => actions.add(selected ?? session.notebook.get().order.at(-1) ?? null),
        a: () => {
          const { order } = session.notebook.get();
          actions.add(selected === null ? null : (order[order.indexOf(selected) - 1] ?? null));
        },
        F2: () => {
          if (selected !== null) view.set((now) => ({ ...now, renaming: selected }));
        },
        Delete: () => {
          if (selected !== null) view.set((now) => ({ ...now, removing: selected }));
        },
        t: () => view.set((now) => ({ ...now, isTerminalOpen: true })),
        '[': () => view.set((now) => ({ ...now, isLeftOpen: !now.isLeftOpen })),
        ']': () => view.set((now) => ({ ...now, isRightOpen: !now.isRightOpen })),
      };
      const step = steps[event.key];
      if (step === undefined || event.altKey) return;
      event.preventDefault();
      step();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [session, view, actions]);
}
