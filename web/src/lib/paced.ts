// Work that is asked for many times in a moment and is to be done rarely.

/** Of the time, at most this share is spent at the work. */
const SHARE = 1 / 5;

/** But nobody waits longer than this for work that can be begun, in milliseconds. */
const LONGEST = 2_000;

/**
 * Gives a function that has `work` done soon: `least` milliseconds after the first call, once for all calls until then, and never
 * while it is under way. Work that takes long is done less often, up to a limit.
 */
export function paced(work: () => Promise<unknown>, least: number): () => void {
  let isWanted = false;
  let isWaiting = false;
  const rest = (pause: number) => {
    isWaiting = true;
    setTimeout(() => {
      isWanted = false;
      const begun = Date.now();
      const after = () => {
        const pause = Math.min(LONGEST, Math.max(least, (Date.now() - begun) * (1 / SHARE - 1)));
        isWaiting = false;
        if (isWanted) rest(pause);
      };
      work().then(after, after);
    }, pause);
  };
  return () => {
    isWanted = true;
    if (!isWaiting) rest(least);
  };
}
