// The form of a trigger: what its fields hold, what the server gets, and what it says in words.
import type { ChangedTrigger, Trigger } from '../../api/triggers';
import { scheduleInWords, withinSentence } from '../../lib/schedule';
import { variablesOf } from '../../lib/variables';

export interface Form {
  name: string;
  type: 'time' | 'api' | 'event';
  interval: string;
  /** A name such as Europe/Berlin; UTC when empty. */
  zone: string;
  variables: string;
  description: string;
  skip: boolean;
  on: boolean;
}

export const emptyForm: Form = { name: '', type: 'time', interval: '0 6 * * *', zone: '', variables: '{}', description: '', skip: false, on: true };

export function formOf(trigger: Trigger): Form {
  return {
    name: trigger.name,
    type: trigger.schedule_type === 'api' || trigger.schedule_type === 'event' ? trigger.schedule_type : 'time',
    interval: trigger.schedule_interval ?? '',
    zone: typeof trigger.settings.timezone === 'string' ? trigger.settings.timezone : '',
    variables: JSON.stringify(trigger.variables, null, 2),
    description: trigger.description ?? '',
    skip: trigger.settings.skip_if_previous_running === true,
    on: trigger.status === 'active',
  };
}

export interface Wrong {
  name?: string;
  interval?: string;
  variables?: string;
}

/** What must be put right before it can be saved. Whether a schedule exists is for the server to say. */
export function wrongIn(form: Form): Wrong {
  return {
    ...(form.name.trim() === '' ? { name: 'Give it a name' } : {}),
    ...(form.type === 'time' && form.interval.trim() === '' ? { interval: 'Say when it is due, such as 30 6 * * 1-5' } : {}),
    ...(variablesOf(form.variables) === undefined ? { variables: 'This must be a JSON object, such as {"month": 1}' } : {}),
  };
}

export function toChange(form: Form, settings: Record<string, unknown>): ChangedTrigger {
  const rest = Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'timezone'));
  const zone = form.zone.trim();
  return {
    name: form.name.trim(),
    schedule_type: form.type,
    schedule_interval: form.type === 'time' ? form.interval.trim() : null,
    status: form.on ? 'active' : 'inactive',
    variables: variablesOf(form.variables) ?? {},
    description: form.description === '' ? null : form.description,
    settings: { ...rest, ...(zone === '' ? {} : { timezone: zone }), skip_if_previous_running: form.skip },
  };
}

export function sentence(form: Form): string {
  const words = scheduleInWords({ schedule_type: form.type, schedule_interval: form.interval });
  const zone = form.zone.trim() === '' ? 'UTC' : form.zone.trim();
  const when = `Runs ${withinSentence(words)}${form.type === 'time' ? ` ${zone}` : ''}`;
  return `${when}${form.skip ? '; skips while one is running' : ''}${form.on ? '' : '; paused'}.`;
}
