// The time in tenths of a second while something runs, and standing still while nothing does.
import { useEffect, useState } from 'react';

export function useTicking(isOn: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, [isOn]);
  return now;
}
