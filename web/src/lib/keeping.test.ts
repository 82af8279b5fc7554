import { expect, test } from 'vitest';

import { keeping } from './keeping';

const list = (...tones: string[]) => tones.map((tone, index) => ({ id: String(index), tone }));
const byTone = () => keeping<{ id: string; tone: string }>((a, b) => a.tone === b.tone);

test('a list that says the same is the same list', () => {
  const keep = byTone();
  const first = keep(list('queued', 'queued'));
  expect(keep(list('queued', 'queued'))).toBe(first);
});

test('only what has changed is new', () => {
  const keep = byTone();
  const first = keep(list('queued', 'queued', 'queued'));
  const second = keep(list('queued', 'running', 'queued'));
  expect(second).not.toBe(first);
  expect(second.map((one, index) => one === first[index])).toEqual([true, false, true]);
  expect(second[1]?.tone).toBe('running');
});

test('order and length count', () => {
  const keep = byTone();
  const [one, two] = list('queued', 'running');
  if (one === undefined || two === undefined) throw new Error('two were made');
  keep([one, two]);
  expect(keep([two, one])).toEqual([two, one]);
  expect(keep([two])).toEqual([two]);
});
