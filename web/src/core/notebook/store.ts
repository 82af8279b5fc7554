// State outside of React: a value, how to change it, who hears of it.

export interface Store<State> {
  get: () => State;
  set: (change: (before: State) => State) => void;
  subscribe: (listener: () => void) => () => void;
}

export function createStore<State>(initial: State): Store<State> {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set: (change) => {
      const after = change(state);
      if (Object.is(after, state)) return;
      state = after;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Whether two lists hold the same things. */
export function sameList<Item>(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every((item, at) => Object.is(item, other[at]));
}

/** A part of a store that stays the same thing until it is another one. */
export function derived<State, Part>(
  store: Store<State>,
  select: (state: State) => Part,
  isSame: (one: Part, other: Part) => boolean,
): Pick<Store<Part>, 'get' | 'subscribe'> {
  let state = store.get();
  let part = select(state);
  return {
    get: () => {
      const now = store.get();
      if (!Object.is(now, state)) {
        state = now;
        const next = select(now);
        if (!isSame(next, part)) part = next;
      }
      return part;
    },
    subscribe: store.subscribe,
  };
}
