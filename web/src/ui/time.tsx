// A moment as a relative time; exact, with its zone, on hover and focus.
import { exact, relative } from '../lib/format';
import { useNow } from '../lib/now';

export function Time({ at }: { at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {relative(at, now)}
    </time>
  );
}
