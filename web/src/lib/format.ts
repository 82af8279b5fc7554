// Numbers, durations, sizes and times as people read them.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const minus = (text: string) => text.replace('-', '−');

/** `336,776`. */
export function count(value: number): string {
  return minus(whole.format(value));
}

/** `318k`, `1.2M`; for tight headers. */
export function shortCount(value: number): string {
  const size = Math.abs(value);
  const cut = (by: number, unit: string) => {
    const part = value / by;
    return `${Math.abs(part) < 10 ? part.toFixed(1).replace(/\.0$/, '') : part.toFixed(0)}${unit}`;
  };
  if (size < 1_000) return minus(String(value));
  if (size < 999_500) return minus(cut(1_000, 'k'));
  if (size < 999_500_000) return minus(cut(1_000_000, 'M'));
  return minus(cut(1_000_000_000, 'G'));
}

/** `2.5 %` of a share between 0 and 1. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value === 0 || value >= 10 || Number.isInteger(value) ? 0 : 1;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  return minus(`${value.toFixed(digits)} %`);
}

const two = (value: number) => String(value).padStart(2, '0');

/** `12 ms`, `0.8 s`, `55 s`, `2 min 05 s`, `1 h 12 min`, `1 d 18 h`. */
export function duration(ms: number): string {
  if (ms < 0) return '–';
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `41.2 MB`. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 ? String(value) : value < 100 ? value.toFixed(1) : value.toFixed(0);
  return bytes === 1 ? '1 byte' : `${text} ${units[unit] ?? ''}`;
}

/** What the server writes: `2026-11-21 06:30:00`, with or without fraction and zone; UTC unless it says otherwise. */
export function parseTime(text: string): number {
  const iso = text.includes('T') ? text : text.replace(' ', 'T');
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The zone in which times are shown. */
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// Made once: each costs more than what it is asked for.
const weekdays = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });
const months = new Intl.DateTimeFormat('en-GB', { month: 'short' });

function parts(at: number) {
  const date = new Date(at);
  const weekday = weekdays.format(date);
  const month = months.format(date);
  return {
    clock: `${two(date.getHours())}:${two(date.getMinutes())}`,
    seconds: two(date.getSeconds()),
    weekday,
    day: `${date.getDate()} ${month}`,
    year: date.getFullYear(),
    midnight: new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime(),
  };
}

/** `06:30`. */
export function clock(at: number): string {
  return parts(at).clock;
}

/** `06:30:08`. */
export function exactClock(at: number): string {
  const { clock: time, seconds } = parts(at);
  return `${time}:${seconds}`;
}

/** `20 Nov 06:30`, with the year when it is not this one. */
export function dayAndClock(at: number, now: number): string {
  const { clock: time, day, year } = parts(at);
  return `${day}${year === parts(now).year ? '' : ` ${year}`} ${time}`;
}

/** `20 Nov`, or `20 Nov 2025`. */
export function day(at: number, now: number): string {
  const { day: text, year } = parts(at);
  return year === parts(now).year ? text : `${text} ${year}`;
}

/** Exact, with the zone: what hovering over a relative time shows. */
export function exact(at: number): string {
  const { weekday, day: text, year, clock: time, seconds } = parts(at);
  return `${weekday} ${text} ${year} ${time}:${seconds} ${zone}`;
}

/** `2 min ago`, `yesterday 06:30`, `Fri 20 Nov 2026`; for what is to come `in 3 min`, `tomorrow 06:30`, `Sun 22 Nov`. */
export function relative(at: number, now: number): string {
  const gone = now - at;
  const { clock: time, weekday, day: text, year, midnight } = parts(at);
  const days = Math.round((midnight - parts(now).midnight) / DAY);
  if (gone >= 0) {
    if (gone < 5_000) return 'just now';
    if (gone < MINUTE) return `${Math.floor(gone / 1000)} s ago`;
    if (gone < HOUR) return `${Math.floor(gone / MINUTE)} min ago`;
    if (days === 0 || gone < 12 * HOUR) return `${Math.floor(gone / HOUR)} h ago`;
    if (days === -1) return `yesterday ${time}`;
    return `${weekday} ${text}${year === parts(now).year && gone < 180 * DAY ? '' : ` ${year}`}`;
  }
  if (-gone < HOUR) return `in ${Math.max(1, Math.round(-gone / MINUTE))} min`;
  if (days === 0) return `today ${time}`;
  if (days === 1) return `tomorrow ${time}`;
  return `${weekday} ${text}${year === parts(now).year ? '' : ` ${year}`}${days < 7 ? ` ${time}` : ''}`;
}

/** `3 blocks`, `1 block`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
