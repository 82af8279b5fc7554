import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { paced } from './paced';

describe('paced', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('many calls in a moment are one', async () => {
    const work = vi.fn(() => Promise.resolve());
    const ask = paced(work, 250);
    ask();
    ask();
    await vi.advanceTimersByTimeAsync(249);
    expect(work).toHaveBeenCalledTimes(0);
    ask();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('what is asked for while it is under way is done afterwards, and long work leaves long pauses', async () => {
    let length = 400;
    const work = vi.fn(() => new Promise((done) => setTimeout(done, length)));
    const ask = paced(work, 250);
    ask();
    await vi.advanceTimersByTimeAsync(300);
    expect(work).toHaveBeenCalledTimes(1);
    length = 3_000;
    ask();
    // It ends after 0.65 s, and four times as long nothing is done.
    await vi.advanceTimersByTimeAsync(1_900);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(work).toHaveBeenCalledTimes(2);
    ask();
    // The next takes 3 s; the pause after it is two.
    await vi.advanceTimersByTimeAsync(4_600);
    expect(work).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(400);
    expect(work).toHaveBeenCalledTimes(3);
  });

  test('work that fails is done again', async () => {
    const work = vi.fn(() => Promise.reject(new Error('the server is away')));
    const ask = paced(work, 250);
    ask();
    await vi.advanceTimersByTimeAsync(250);
    ask();
    await vi.advanceTimersByTimeAsync(250);
    expect(work).toHaveBeenCalledTimes(2);
  });
});
