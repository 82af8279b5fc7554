// Lists that are made anew again and again, and mostly are what they were.

/**
 * Gives a function that puts the things it has given before into a list where they say the same, and gives the list it has given before
 * where all of them do: who looks at identity then sees only what has changed.
 */
export function keeping<Thing extends { id: string }>(isSame: (a: Thing, b: Thing) => boolean): (list: readonly Thing[]) => Thing[] {
  let kept: Thing[] = [];
  let named = new Map<string, Thing>();
  return (list) => {
    const next = list.map((one) => {
      const before = named.get(one.id);
      return before !== undefined && isSame(before, one) ? before : one;
    });
    if (next.length === kept.length && next.every((one, index) => one === kept[index])) return kept;
    kept = next;
    named = new Map(next.map((one) => [one.id, one]));
    return kept;
  };
}
