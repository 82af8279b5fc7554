// Values that change faster than anybody can follow.
import { useEffect, useState } from 'react';

/** The value once it has stayed the same for so many milliseconds; until then the one before it. The first one counts at once. */
export function useCalm<Value>(value: Value | undefined, pause: number): Value | undefined {
  const [shown, setShown] = useState(value);
  const isFirst = shown === undefined;
  useEffect(() => {
    const timer = setTimeout(() => setShown(value), isFirst ? 0 : pause);
    return () => clearTimeout(timer);
  }, [value, pause, isFirst]);
  return shown ?? value;
}
