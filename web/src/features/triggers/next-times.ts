// The next times of a schedule: in its zone, and what else wants to run then.
import type { Forecast } from '../../api/triggers';
import { parseTime, plural } from '../../lib/format';

export interface InZone {
  day: string;
  clock: string;
}

/** A moment as clocks in the zone show it; in UTC when there is no such zone. */
export function inZone(at: number, zone: string): InZone {
  const say = (timeZone: string): InZone => ({
    day: new Date(at).toLocaleDateString('en-GB', { timeZone, weekday: 'short', day: 'numeric', month: 'short' }).replace(',', ''),
    clock: new Date(at).toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }),
  });
  try {
    return say(zone === '' ? 'UTC' : zone);
  } catch {
    return say('UTC');
  }
}

export interface Besides {
  text: string;
  /** More is wanted of a pool than it has. */
  isOver: boolean;
}

/** What else starts at that moment, and whether there is room for it; `own` is the trigger that is looked at. */
export function besides(at: number, forecast: Forecast, own: number | undefined): Besides {
  const over = forecast.collisions.find((one) => parseTime(one.from) <= at && at < parseTime(one.until));
  if (over !== undefined) return { text: `${plural(over.wanted, 'run')} for ${plural(over.slots, 'slot')} of ${over.pool}`, isOver: true };
  const others = forecast.runs.filter((run) => run.pipeline_schedule_id !== own && parseTime(run.starts_at) === at);
  const [first] = others;
  if (first === undefined) return { text: '', isOver: false };
  return { text: others.length === 1 ? `with ${first.pipeline_uuid}` : `with ${others.length} others`, isOver: false };
}
