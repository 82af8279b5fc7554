import { expect, test } from 'vitest';

import { alertWords, channelWords, configOf, ownTexts, writtenOf, wrongIn, type Written } from './channels';

const config = {
  alert_on: ['trigger_failure'],
  slack_config: { webhook_url: "{{ mage_secret_var('slack') }}" },
  teams_config: { webhook_url: ['https://a', 'https://b'] },
  email_config: { smtp_host: 'mail', smtp_mail_from: 'a@b', smtp_port: 25, smtp_starttls: false, to_emails: ['c@d'], of_mine: 1 },
  message_templates: { failure: { title: 'oh' } },
};

const change = (written: Written, fields: Record<string, string | boolean>): Written => ({ ...written, fields: { ...written.fields, ...fields } });

test('what nobody changes is written back as it was', () => {
  expect(configOf(config, writtenOf(config))).toEqual(config);
  expect(configOf({}, writtenOf({}))).toEqual({});
  expect(ownTexts(config)).toBe(1);
});

test('alerts have defaults that are not written down', () => {
  expect(writtenOf({}).alerts).toEqual({ trigger_failure: true, trigger_passed_sla: true, trigger_success: false });
  const all = { ...writtenOf({}), alerts: { trigger_failure: true, trigger_passed_sla: true, trigger_success: true } };
  expect(configOf({}, all)).toEqual({ alert_on: ['trigger_failure', 'trigger_passed_sla', 'trigger_success'] });
});

test('a channel comes, changes and goes', () => {
  const some = change(writtenOf(config), { 'slack_config.webhook_url': ' ', 'teams_config.webhook_url': 'https://a\n\n', 'email_config.smtp_port': '587', 'webhook_config.webhook_url': 'https://c' });
  const after = configOf(config, some);
  expect(after).not.toHaveProperty('slack_config');
  expect(after.teams_config).toEqual({ webhook_url: ['https://a'] });
  expect(after.webhook_config).toEqual({ webhook_url: 'https://c' });
  expect(after.email_config).toEqual({ ...config.email_config, smtp_port: 587 });
});

test('a channel that is begun needs the rest', () => {
  expect(wrongIn(writtenOf(config)).size).toBe(0);
  const begun = change(writtenOf({}), { 'email_config.smtp_host': 'mail', 'email_config.smtp_port': 'often' });
  expect([...wrongIn(begun).keys()]).toEqual(['email_config.to_emails', 'email_config.smtp_mail_from', 'email_config.smtp_port']);
});

test('a message that was sent is told in words', () => {
  expect([alertWords('trigger_failure'), alertWords('trigger_passed_sla'), alertWords('of_mine')]).toEqual(['A run failed', 'A run is late', 'of_mine']);
  expect([channelWords('slack'), channelWords('google_chat'), channelWords('of_mine')]).toEqual(['Slack', 'Google Chat', 'of_mine']);
});
