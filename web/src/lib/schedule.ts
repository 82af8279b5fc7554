// Schedules in words. What cannot be said in words stays a cron expression.
import { parseExpression } from './cron';

const weekdays = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number) => String(value).padStart(2, '0');

function ordinal(day: number): string {
  const ending = day % 100 >= 11 && day % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th');
  return `${day}${ending}`;
}

const named: Record<string, string> = {
  '@once': 'Once',
  '@hourly': 'Every hour',
  '@daily': 'Daily at 00:00',
  '@weekly': 'Sundays at 00:00',
  '@monthly': '1st of the month at 00:00',
  '@yearly': '1 Jan at 00:00',
  '@annually': '1 Jan at 00:00',
  '@always_on': 'Always on',
  '@landing': 'By landing time',
};

/** `Weekdays at 06:30`; undefined when there are no words for it. */
export function cronInWords(text: string): string | undefined {
  const cron = parseExpression(text);
  if (cron === undefined) return undefined;
  const { minute, hour, day, month, weekday } = cron;
  const isDaily = day.any && month.any && weekday.any;
  if (isDaily && hour.any) {
    if (minute.any || minute.step === 1) return 'Every minute';
    if (minute.step !== undefined) return `Every ${minute.step} min`;
    if (minute.only === 0) return 'Every hour';
    if (minute.only !== undefined) return `Every hour at :${two(minute.only)}`;
    return undefined;
  }
  if (minute.only === undefined) return undefined;
  if (isDaily && hour.step !== undefined) return `Every ${hour.step} h${minute.only === 0 ? '' : ` at :${two(minute.only)}`}`;
  const times = hour.list?.map((one) => `${two(one)}:${two(minute.only ?? 0)}`);
  if (times === undefined || times.length > 3) return undefined;
  const at = `at ${times.join(', ')}`;
  if (isDaily) return `Daily ${at}`;
  if (day.any && month.any) {
    if (weekday.only !== undefined) return `${weekdays[weekday.only % 7] ?? ''} ${at}`;
    const days = weekday.list?.map((one) => one % 7).sort();
    if (days === undefined) return undefined;
    if (days.join() === '1,2,3,4,5') return `Weekdays ${at}`;
    if (days.join() === '0,6') return `Weekends ${at}`;
    return `${days.map((one) => (weekdays[one] ?? '').slice(0, 3)).join(', ')} ${at}`;
  }
  if (weekday.any && day.only !== undefined) {
    if (month.any) return `${ordinal(day.only)} of the month ${at}`;
    if (month.only !== undefined) return `${day.only} ${months[month.only - 1] ?? ''} ${at}`;
  }
  if (weekday.any && month.any && day.last) return `Last day of the month ${at}`;
  return undefined;
}

/** The words of a schedule in the middle of a sentence: names of days keep their capital. */
export function withinSentence(words: string): string {
  const isDay = weekdays.some((day) => words.startsWith(day.slice(0, 3)));
  return isDay ? words : `${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}

export interface Schedule {
  schedule_type: string;
  schedule_interval: string | null;
}

/** A trigger in words, with its cron expression where there are none. */
export function scheduleInWords({ schedule_type: type, schedule_interval: interval }: Schedule): string {
  switch (type) {
    case 'api':
      return 'When called by API';
    case 'event':
      return 'On an event';
    case 'pipeline':
      return 'After another pipeline';
    default:
      if (interval === null || interval === '') return 'No schedule';
      return named[interval] ?? cronInWords(interval) ?? interval;
  }
}
