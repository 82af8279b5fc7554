// Cron expressions, read as far as saying them in words needs. When a schedule is due is decided by the server alone.

export interface Part {
  /** `*` */
  any: boolean;
  /** `*` with a step. */
  step?: number;
  /** One value. */
  only?: number;
  /** All values, when they are few and named one by one or as a range. */
  list?: number[];
  /** `L` */
  last: boolean;
}

export interface Cron {
  minute: Part;
  hour: Part;
  day: Part;
  month: Part;
  weekday: Part;
}

const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const monthNames = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function value(text: string, words: readonly string[]): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const at = words.indexOf(text.toLowerCase());
  return at < 0 ? undefined : at;
}

function part(text: string, words: readonly string[] = []): Part | undefined {
  if (text === '*' || text === '?') return { any: true, last: false };
  if (text.toUpperCase() === 'L') return { any: false, last: true };
  const step = /^(?:\*|0)\/(\d+)$/.exec(text);
  if (step?.[1] !== undefined) return { any: false, step: Number(step[1]), last: false };
  const list: number[] = [];
  for (const one of text.split(',')) {
    const [from = '', to] = one.split('-');
    const first = value(from, words);
    const final = to === undefined ? first : value(to, words);
    if (first === undefined || final === undefined || final < first || final - first > 60) return undefined;
    for (let at = first; at <= final; at += 1) list.push(at);
  }
  const [only] = list;
  return { any: false, list, last: false, ...(list.length === 1 && only !== undefined ? { only } : {}) };
}

export function parseExpression(text: string): Cron | undefined {
  const [minute, hour, day, month, weekday, ...more] = text.trim().split(/\s+/);
  if (weekday === undefined || more.length > 0) return undefined;
  const parts = {
    minute: part(minute ?? ''),
    hour: part(hour ?? ''),
    day: part(day ?? ''),
    month: part(month ?? '', monthNames),
    weekday: part(weekday, names),
  };
  const { minute: a, hour: b, day: c, month: d, weekday: e } = parts;
  return a && b && c && d && e ? { minute: a, hour: b, day: c, month: d, weekday: e } : undefined;
}
