import { expect, test } from 'vitest';

import type { Collision, PlannedRun, PoolLoad } from '../../api/forecast';
import { collisionInWords, collisionTime, coming, frequent, fullest, loadOf, wantedOf, weekOf, worst } from './ahead';

const HOUR = 3_600_000;
const start = Date.UTC(2026, 10, 21, 12);

const planned = (id: number, pipeline: string, hours: number, minutes = 0): PlannedRun => ({
  pipeline_schedule_id: id,
  pipeline_uuid: pipeline,
  execution_date: new Date(start).toISOString(),
  starts_at: new Date(start + hours * 3_600_000).toISOString(),
  ends_at: new Date(start + hours * 3_600_000 + minutes * 60_000).toISOString(),
});

test('runs that come close together stand in lines of their own', () => {
  const runs = [planned(1, 'late', 30), planned(2, 'b', 1, 5), planned(3, 'a', 1), planned(4, 'c', 20)];
  const found = coming(runs, new Set(), start, 24);
  expect(found.map(({ pipeline, line, takes }) => [pipeline, line, takes])).toEqual([
    ['b', 0, 300_000],
    ['a', 1, 0],
    ['c', 0, 0],
  ]);
});

test('what runs hourly or oftener can be left out', () => {
  const runs = [planned(2, 'daily', 1), ...Array.from({ length: 24 }, (_, hour) => planned(1, 'hourly', hour))];
  const often = frequent(runs, 24);
  expect([...often]).toEqual([1]);
  expect(coming(runs, often, start, 24).map(({ pipeline }) => pipeline)).toEqual(['daily']);
});

test('a collision names its pool and both numbers', () => {
  expect(collisionInWords({ pool: 'warehouse', wanted: 5, slots: 4 })).toBe('5 places wanted of 4 in the pool warehouse');
});

test('runs at work at once are counted in steps, where one ends another may start', () => {
  const runs = [planned(1, 'long', 0, 120), planned(2, 'unknown', 1), planned(3, 'first', 1, 30), planned(4, 'then', 1.5, 30)];
  expect(loadOf(runs, start, 3, HOUR / 2)).toEqual([1, 1, 3, 2, 0, 0]);
});

test('a run that is due counts from now on', () => {
  expect(loadOf([planned(1, 'late', -1, 90)], start, 1, HOUR / 2)).toEqual([1, 0]);
});

const pool = (name: string, slots: number, load: readonly [number, number][]): PoolLoad => ({
  pool: name,
  slots,
  load: load.map(([hours, wanted]) => ({ from: new Date(start + hours * HOUR).toISOString(), wanted })),
});

test('places that are wanted of a pool are the most in each step', () => {
  // A step that begins in the middle of a load has it, and one that begins when a load ends has it no more.
  const load = pool('warehouse', 4, [[-1, 1], [0.75, 3], [0.8, 2], [1.5, 0], [2.25, 5]]);
  expect(wantedOf(load, start, 3, HOUR / 2)).toEqual([1, 3, 2, 0, 5, 5]);
  expect(wantedOf({ load: [] }, start, 1, HOUR / 2)).toEqual([0, 0]);
});

test('the fullest pool comes first, and one of which nothing is wanted is left out', () => {
  const pools = [pool('idle', 1, []), pool('wide', 10, [[0, 5]]), pool('narrow', 2, [[0, 2], [1, 0]]), pool('later', 1, [[30, 1]])];
  expect(fullest(pools, start, 24, HOUR).map((one) => [one.pool, one.most, one.slots])).toEqual([
    ['narrow', 2, 2],
    ['wide', 5, 10],
  ]);
});

const collision = (from: number, until: number, wanted: number): Collision => ({
  pool: 'warehouse',
  from: new Date(start + from * HOUR).toISOString(),
  until: new Date(start + until * HOUR).toISOString(),
  wanted,
  slots: 4,
  pipeline_schedule_ids: [1, 2],
});

test('a week has every hour from today on, with what starts and where places are short', () => {
  const week = weekOf([planned(1, 'a', 1), planned(2, 'b', 1, 5), planned(3, 'c', 100)], [collision(1.5, 2.5, 5)], { now: start, knownUntil: start + 99 * HOUR });
  expect(week.map((day) => day.length)).toEqual([24, 24, 24, 24, 24, 24, 24]);
  const at = (hours: number) => week.flat().find((hour) => hour.at === start + hours * HOUR);
  expect(at(-1)?.state).toBe('over');
  expect(at(0)).toMatchObject({ state: 'known', runs: [], collisions: [] });
  expect(at(1)?.runs.map((run) => run.pipeline_uuid)).toEqual(['a', 'b']);
  expect([1, 2, 3].map((hours) => at(hours)?.collisions.length)).toEqual([1, 1, 0]);
  expect([98, 99].map((hours) => at(hours)?.state)).toEqual(['known', 'unknown']);
});

test('the worst collision is the one that lacks most places', () => {
  expect(worst([collision(0, 1, 5), collision(0, 1, 9), collision(0, 1, 6)])?.wanted).toBe(9);
  expect(worst([])).toBeUndefined();
});

test('a short collision says how long it is', () => {
  expect(collisionTime({ from: '2026-11-21 12:00:00', until: '2026-11-21 12:00:03' })).toMatch(/^\d\d:00, for 3\.0 s$/);
  expect(collisionTime({ from: '2026-11-21 12:00:00', until: '2026-11-21 12:30:00' })).toMatch(/^\d\d:00 to \d\d:30$/);
});
