// `notification_config` as a form: which channels there are, what each needs, and what is written back.
import { type Json, map, texts } from '../../lib/json';

export interface ChannelField {
  key: string;
  label: string;
  /** `lines` is a list with one value on each line. */
  kind: 'text' | 'lines' | 'number' | 'switch';
  isNeeded?: boolean;
  /** What counts where nothing is written. */
  missing?: string;
  isOnByDefault?: boolean;
}

export interface Channel {
  key: string;
  label: string;
  fields: readonly ChannelField[];
}

const webhook: readonly ChannelField[] = [{ key: 'webhook_url', label: 'Address of the webhook', kind: 'text', isNeeded: true }];
const webhooks: readonly ChannelField[] = [{ key: 'webhook_url', label: 'Addresses of webhooks, one on each line', kind: 'lines', isNeeded: true }];

export const chats: readonly Channel[] = [
  { key: 'slack_config', label: 'Slack', fields: webhook },
  { key: 'google_chat_config', label: 'Google Chat', fields: webhook },
  { key: 'discord_config', label: 'Discord', fields: webhook },
  { key: 'telegram_config', label: 'Telegram', fields: webhook },
  { key: 'teams_config', label: 'Teams', fields: webhooks },
  { key: 'webhook_config', label: 'Programs of your own', fields: webhooks },
];

export const email: Channel = {
  key: 'email_config',
  label: 'E-mail',
  fields: [
    { key: 'to_emails', label: 'To, one address on each line', kind: 'lines', isNeeded: true },
    { key: 'smtp_mail_from', label: 'From', kind: 'text', isNeeded: true },
    { key: 'smtp_host', label: 'Mail server', kind: 'text', isNeeded: true },
    { key: 'smtp_port', label: 'Port', kind: 'number', missing: '587' },
    { key: 'smtp_user', label: 'User', kind: 'text' },
    { key: 'smtp_password', label: 'Password', kind: 'text' },
    { key: 'smtp_starttls', label: 'Becomes encrypted (STARTTLS)', kind: 'switch', isOnByDefault: true },
    { key: 'smtp_ssl', label: 'Encrypted from the start (TLS)', kind: 'switch' },
  ],
};

export const onCall: readonly Channel[] = [
  {
    key: 'pagerduty_config',
    label: 'PagerDuty',
    fields: [
      { key: 'routing_key', label: 'Routing key', kind: 'text', isNeeded: true },
      { key: 'severity', label: 'Severity', kind: 'text', missing: 'error' },
    ],
  },
  {
    key: 'opsgenie_config',
    label: 'Opsgenie',
    fields: [
      { key: 'url', label: 'Address', kind: 'text', isNeeded: true },
      { key: 'api_key', label: 'API key', kind: 'text', isNeeded: true },
      { key: 'priority', label: 'Priority', kind: 'text', missing: 'P3' },
    ],
  },
];

const channels: readonly Channel[] = [...chats, email, ...onCall];

export const alerts = [
  { key: 'trigger_failure', label: 'A run fails', past: 'A run failed', isDefault: true },
  { key: 'trigger_passed_sla', label: 'A run takes longer than its trigger allows', past: 'A run is late', isDefault: true },
  { key: 'trigger_success', label: 'A run completes', past: 'A run completed', isDefault: false },
] as const;

/** What a message that was sent is about. */
export const alertWords = (alert: string): string => alerts.find(({ key }) => key === alert)?.past ?? alert;

/** `slack` as people call it. */
export const channelWords = (channel: string): string => channels.find(({ key }) => key === `${channel}_config`)?.label ?? channel;

/** What stands in the form: the alerts, and of every field its text or whether it is on. */
export interface Written {
  alerts: Readonly<Record<string, boolean>>;
  fields: Readonly<Record<string, string | boolean>>;
}

export const placeOf = (channel: Channel, field: ChannelField) => `${channel.key}.${field.key}`;

function shown(field: ChannelField, value: unknown): string | boolean {
  if (field.kind === 'switch') return typeof value === 'boolean' ? value : field.isOnByDefault === true;
  if (field.kind === 'lines') return (typeof value === 'string' ? [value] : texts(value)).join('\n');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function writtenOf(config: Json): Written {
  const chosen = Array.isArray(config.alert_on) ? texts(config.alert_on) : undefined;
  return {
    alerts: Object.fromEntries(alerts.map(({ key, isDefault }) => [key, chosen === undefined ? isDefault : chosen.includes(key)])),
    fields: Object.fromEntries(channels.flatMap((channel) => channel.fields.map((field) => [placeOf(channel, field), shown(field, map(config[channel.key])[field.key])]))),
  };
}

const textIn = (written: Written, channel: Channel, field: ChannelField) => {
  const value = written.fields[placeOf(channel, field)];
  return typeof value === 'string' ? value.trim() : '';
};

/** Whether anything is written for a channel. */
const isUsed = (written: Written, channel: Channel) => channel.fields.some((field) => field.kind !== 'switch' && textIn(written, channel, field) !== '');

/** What must be put right, by the place of the field. */
export function wrongIn(written: Written): ReadonlyMap<string, string> {
  const wrong = new Map<string, string>();
  for (const channel of channels.filter((one) => isUsed(written, one))) {
    for (const field of channel.fields) {
      const text = textIn(written, channel, field);
      if (field.isNeeded === true && text === '') wrong.set(placeOf(channel, field), `${channel.label} needs this`);
      // A template may stand where a number is due.
      else if (field.kind === 'number' && text !== '' && !/^(\d+|.*\{\{.*)$/.test(text)) wrong.set(placeOf(channel, field), 'This must be a whole number');
    }
  }
  return wrong;
}

function valueOf(field: ChannelField, written: string | boolean | undefined, before: unknown): unknown {
  if (typeof written !== 'string') return written === (field.isOnByDefault === true) && before === undefined ? undefined : written;
  const text = written.trim();
  if (text === '') return undefined;
  if (field.kind === 'number') return /^\d+$/.test(text) ? Number(text) : text;
  if (field.kind !== 'lines') return text;
  const lines = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  return lines.length === 1 && !Array.isArray(before) && field.key === 'webhook_url' ? lines[0] : lines;
}

const said = (entries: Record<string, unknown>) => Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));

/** The configuration as it is written back; what the form does not know stays. */
export function configOf(before: Json, written: Written): Record<string, unknown> {
  const after: Record<string, unknown> = { ...before };
  const chosen = alerts.filter(({ key }) => written.alerts[key] === true).map(({ key }) => key);
  const isDefault = alerts.every(({ key, isDefault: isOn }) => (written.alerts[key] === true) === isOn);
  if (!isDefault || before.alert_on !== undefined) after.alert_on = chosen;
  for (const channel of channels) {
    if (!isUsed(written, channel)) {
      // A channel that is there and not usable is left as it is, unless somebody has emptied it.
      if (isUsed(writtenOf(before), channel)) after[channel.key] = undefined;
      continue;
    }
    const own: Record<string, unknown> = { ...map(before[channel.key]) };
    for (const field of channel.fields) own[field.key] = valueOf(field, written.fields[placeOf(channel, field)], own[field.key]);
    after[channel.key] = said(own);
  }
  return said(after);
}

/** How many texts of their own messages have. */
export const ownTexts = (config: Json) => Object.values(map(config.message_templates)).flatMap((one) => Object.keys(map(one))).length;
