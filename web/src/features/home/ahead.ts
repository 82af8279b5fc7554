// What schedules bring: the runs of the next hours, how many of them are at work at once, and a week by the hour.
import type { Collision, PlannedRun, PoolLoad } from '../../api/forecast';
import { clock, count, duration, parseTime } from '../../lib/format';

const HOUR = 3_600_000;

export interface Coming {
  key: string;
  pipeline: string;
  trigger: number;
  at: number;
  /** How long it usually takes, in milliseconds; 0 where nothing is known of that. */
  takes: number;
  line: number;
}

/** Triggers that start a run every hour or oftener: those would cover all others. */
export function frequent(planned: readonly PlannedRun[], hours: number): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const { pipeline_schedule_id: id } of planned) counts.set(id, (counts.get(id) ?? 0) + 1);
  return new Set([...counts].flatMap(([id, many]) => (many >= hours ? [id] : [])));
}

/** The planned runs, packed into lines so that names do not cover each other. */
export function coming(planned: readonly PlannedRun[], hidden: ReadonlySet<number>, now: number, hours: number): Coming[] {
  const found = planned
    .filter((run) => !hidden.has(run.pipeline_schedule_id))
    .map((run): Coming => {
      const at = Math.max(parseTime(run.starts_at), now);
      return {
        key: `${run.pipeline_schedule_id} ${run.starts_at}`,
        pipeline: run.pipeline_uuid,
        trigger: run.pipeline_schedule_id,
        at,
        takes: Math.max(0, parseTime(run.ends_at) - at),
        line: 0,
      };
    })
    .filter((run) => run.at <= now + hours * HOUR)
    .sort((a, b) => a.at - b.at);
  const ends: number[] = [];
  for (const one of found) {
    // Room for a name: a letter is about 7 of 1,000 px of the axis.
    const room = one.takes + ((one.pipeline.length * 7 + 24) / 1000) * hours * HOUR;
    const free = ends.findIndex((end) => end <= one.at);
    one.line = free < 0 ? ends.length : free;
    ends[one.line] = one.at + room;
  }
  return found;
}

/** `5 wanted of 4`, with the pool. */
export function collisionInWords({ pool, wanted, slots }: Pick<Collision, 'pool' | 'wanted' | 'slots'>): string {
  return `${count(wanted)} ${wanted === 1 ? 'place' : 'places'} wanted of ${count(slots)} in the pool ${pool}`;
}

/** `06:30 to 07:10`, or `06:30, for 3.1 s`. */
export function collisionTime({ from, until }: Pick<Collision, 'from' | 'until'>): string {
  const [begins, ends] = [parseTime(from), parseTime(until)];
  return ends - begins < 60_000 ? `${clock(begins)}, for ${duration(ends - begins)}` : `${clock(begins)} to ${clock(ends)}`;
}

/** How many runs are at work at once: the most in each step of `step` milliseconds from `now` on. */
export function loadOf(planned: readonly PlannedRun[], now: number, hours: number, step: number): number[] {
  const steps = Math.ceil((hours * HOUR) / step);
  // A run of which is not known how long it takes counts when it starts.
  const events = planned
    .flatMap((run): [number, number][] => {
      const from = Math.max(now, parseTime(run.starts_at));
      return [
        [from, 1],
        [Math.max(from + 1, parseTime(run.ends_at)), -1],
      ];
    })
    // What ends makes room for what starts in the same moment.
    .sort(([a, up], [b, down]) => a - b || up - down);
  let atWork = 0;
  let next = 0;
  return Array.from({ length: steps }, (_, index) => {
    for (let event = events[next]; event !== undefined && event[0] <= now + index * step && event[1] < 0; event = events[next]) {
      atWork += event[1];
      next += 1;
    }
    let most = atWork;
    for (let event = events[next]; event !== undefined && event[0] < now + (index + 1) * step; event = events[next]) {
      atWork += event[1];
      most = Math.max(most, atWork);
      next += 1;
    }
    return most;
  });
}

/** How many places of a pool are wanted: the most in each step of `step` milliseconds from `now` on. */
export function wantedOf({ load }: Pick<PoolLoad, 'load'>, now: number, hours: number, step: number): number[] {
  const steps = Math.ceil((hours * HOUR) / step);
  const events = load.map((one) => [parseTime(one.from), one.wanted] as const);
  let wanted = 0;
  let next = 0;
  return Array.from({ length: steps }, (_, index) => {
    // What begins with the step takes the place of what was before it.
    for (let event = events[next]; event !== undefined && event[0] <= now + index * step; event = events[next]) {
      wanted = event[1];
      next += 1;
    }
    let most = wanted;
    for (let event = events[next]; event !== undefined && event[0] < now + (index + 1) * step; event = events[next]) {
      wanted = event[1];
      most = Math.max(most, wanted);
      next += 1;
    }
    return most;
  });
}

/** The pools of which anything is wanted, the fullest first, with what is wanted of each in steps. */
export function fullest(pools: readonly PoolLoad[], now: number, hours: number, step: number): { pool: string; slots: number; wanted: number[]; most: number }[] {
  return pools
    .map((one) => {
      const wanted = wantedOf(one, now, hours, step);
      return { pool: one.pool, slots: one.slots, wanted, most: wanted.reduce((found, value) => Math.max(found, value), 0) };
    })
    .filter(({ most }) => most > 0)
    .sort((a, b) => b.most / Math.max(1, b.slots) - a.most / Math.max(1, a.slots));
}

export interface WeekHour {
  at: number;
  until: number;
  /** What starts in it. */
  runs: PlannedRun[];
  /** Where a pool is short in it. */
  collisions: Collision[];
  /** It is over, or nothing is known of it. */
  state: 'known' | 'over' | 'unknown';
}

/** Seven days from today on, each of 24 hours of the clock here. */
export function weekOf(
  planned: readonly PlannedRun[],
  collisions: readonly Collision[],
  { now, knownUntil }: { now: number; knownUntil: number },
): WeekHour[][] {
  const today = new Date(now);
  const hourAt = (day: number, hour: number) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + day, hour).getTime();
  const starts = planned.map((run) => ({ run, at: Math.max(parseTime(run.starts_at), now) }));
  const short = collisions.map((one) => ({ one, from: parseTime(one.from), until: Math.max(parseTime(one.until), parseTime(one.from) + 1) }));
  return Array.from({ length: 7 }, (_, day) =>
    Array.from({ length: 24 }, (_, hour): WeekHour => {
      const at = hourAt(day, hour);
      const until = hourAt(day, hour + 1);
      return {
        at,
        until,
        runs: starts.flatMap((start) => (start.at >= at && start.at < until ? [start.run] : [])),
        collisions: short.flatMap((some) => (some.from < until && some.until > at ? [some.one] : [])),
        state: until <= now ? 'over' : at >= knownUntil ? 'unknown' : 'known',
      };
    }),
  );
}

/** The collision of an hour that wants most beyond what there is. */
export function worst(collisions: readonly Collision[]): Collision | undefined {
  return [...collisions].sort((a, b) => b.wanted - b.slots - (a.wanted - a.slots))[0];
}
