// The time in tenths of a second while something runs, and standing still while nothing does; and what lasts long enough to be shown.
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

/** What is over sooner is not shown: it would only flicker. */
const SHOWN_AFTER = 150;

/** Whether it has been so for a while; that it is so no more counts at once. */
export function useLasting(isOn: boolean): boolean {
  const [lasts, setLasts] = useState(isOn);
  useEffect(() => {
    const timer = setTimeout(() => setLasts(isOn), isOn ? SHOWN_AFTER : 0);
    return () => clearTimeout(timer);
  }, [isOn]);
  return isOn && lasts;
}
