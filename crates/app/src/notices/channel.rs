//! Where messages go, and in which shape each channel wants them.

use baton_model::Map;
use baton_project::{Alert, Email, Hidden, Notifications, PagerDuty};
use serde_json::{Value, json};

use super::message::{Message, compose, shortened};

/// Most characters that channels take.
const SLACK_TITLE: usize = 150;
const SLACK_TEXT: usize = 2900;
const DISCORD_TITLE: usize = 250;
const DISCORD_TEXT: usize = 1900;
const CHAT_TEXT: usize = 4000;
const OPSGENIE_TITLE: usize = 130;
const OPSGENIE_TEXT: usize = 15_000;
const PAGERDUTY_TITLE: usize = 1000;
const PAGERDUTY_TEXT: usize = 15_000;
const TEAMS_TEXT: usize = 15_000;

/// How a message gets to its channel. The address is not for logs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delivery {
    /// A JSON body for a web address.
    Post {
        url: Hidden,
        authorization: Option<Hidden>,
        body: Value,
    },
    /// A mail.
    Mail {
        by: Email,
        subject: String,
        text: String,
    },
}

/// The names of the channels that are set up.
pub(crate) fn channels(config: &Notifications) -> Vec<String> {
    let single = [
        ("slack", config.slack.is_some()),
        ("discord", config.discord.is_some()),
        ("telegram", config.telegram.is_some()),
        ("google_chat", config.google_chat.is_some()),
        ("email", config.email.is_some()),
        ("opsgenie", config.opsgenie.is_some()),
        ("pagerduty", config.pagerduty.is_some()),
    ];
    let single = single.into_iter().filter(|(_, is_there)| *is_there);
    let numbered = |name: &'static str, addresses: &[Hidden]| {
        (1..=addresses.len())
            .map(move |number| numbered_name(name, number))
            .collect::<Vec<_>>()
    };
    single
        .map(|(name, _)| name.to_owned())
        .chain(numbered("teams", &config.teams))
        .chain(numbered("webhook", &config.webhooks))
        .collect()
}

fn numbered_name(name: &str, number: usize) -> String {
    if number == 1 {
        name.to_owned()
    } else {
        format!("{name}:{number}")
    }
}

/// The message about `alert` as the channel wants it; none when there is no such channel any more.
pub(crate) fn delivery(
    config: &Notifications,
    channel: &str,
    alert: Alert,
    facts: &Map,
) -> Option<Delivery> {
    let template = match alert {
        Alert::Failure => &config.failure,
        Alert::Success => &config.success,
        Alert::PassedSla => &config.passed_sla,
    };
    let message = compose(alert, facts, template);
    let post = |url: &Hidden, body: Value| Delivery::Post {
        url: url.clone(),
        authorization: None,
        body,
    };
    let (name, number) = match channel.split_once(':') {
        Some((name, number)) => (name, number.parse::<usize>().ok()?),
        None => (channel, 1),
    };
    let among = |addresses: &[Hidden]| addresses.get(number.checked_sub(1)?).cloned();
    let titled = format!("{}\n{}", message.title, message.summary);
    Some(match name {
        "slack" => post(config.slack.as_ref()?, slack(&message)),
        "discord" => post(config.discord.as_ref()?, discord(&message)),
        "telegram" => {
            let body = json!({"text": shortened(&titled, CHAT_TEXT)});
            post(config.telegram.as_ref()?, body)
        }
        "google_chat" => {
            let body = json!({"text": shortened(&titled, CHAT_TEXT)});
            post(config.google_chat.as_ref()?, body)
        }
        "teams" => post(&among(&config.teams)?, teams(&message)),
        "webhook" => post(&among(&config.webhooks)?, plain(alert, facts, &message)),
        "email" => Delivery::Mail {
            by: config.email.clone()?,
            subject: message.title,
            text: message.details,
        },
        "opsgenie" => {
            let opsgenie = config.opsgenie.as_ref()?;
            let key = format!("GenieKey {}", opsgenie.api_key.reveal());
            Delivery::Post {
                url: Hidden::new(opsgenie.url.clone()),
                authorization: Some(Hidden::new(key)),
                body: json!({
                    "message": shortened(&message.title, OPSGENIE_TITLE),
                    "description": shortened(&message.details, OPSGENIE_TEXT),
                    "priority": opsgenie.priority,
                    "responders": opsgenie.responders,
                    "tags": opsgenie.tags,
                    "details": opsgenie.details,
                }),
            }
        }
        "pagerduty" => {
            let service = config.pagerduty.as_ref()?;
            let url = Hidden::new(service.url.clone());
            post(&url, pagerduty(service, alert, facts, &message))
        }
        _ => return None,
    })
}

/// An event of PagerDuty: what a failure opens, the next success of the same trigger closes.
fn pagerduty(service: &PagerDuty, alert: Alert, facts: &Map, message: &Message) -> Value {
    let text = |key: &str| facts.get(key).and_then(Value::as_str).unwrap_or_default();
    let (pipeline, url) = (text("pipeline_uuid"), text("pipeline_run_url"));
    let schedule = facts.get("pipeline_schedule_id").and_then(Value::as_i64);
    let links: Vec<Value> = [json!({"href": url, "text": "The run"})]
        .into_iter()
        .filter(|_| !url.is_empty())
        .collect();
    json!({
        "routing_key": service.routing_key.reveal(),
        "event_action": if alert == Alert::Success { "resolve" } else { "trigger" },
        "dedup_key": format!("baton/{pipeline}/{}", schedule.unwrap_or_default()),
        "payload": {
            "summary": shortened(&message.title, PAGERDUTY_TITLE),
            "source": pipeline,
            "severity": service.severity,
            "custom_details": {"details": shortened(&message.details, PAGERDUTY_TEXT)},
        },
        "links": links,
    })
}

fn slack(message: &Message) -> Value {
    let title = shortened(&message.title, SLACK_TITLE);
    let text = shortened(&message.details, SLACK_TEXT);
    json!({
        // What notifications on a phone show.
        "text": title,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title}},
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        ],
    })
}

fn discord(message: &Message) -> Value {
    json!({"embeds": [{
        "title": shortened(&message.title, DISCORD_TITLE),
        "description": shortened(&message.summary, DISCORD_TEXT),
    }]})
}

fn teams(message: &Message) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [
                    {"type": "TextBlock", "text": message.title, "weight": "bolder", "size": "medium", "wrap": true},
                    {"type": "TextBlock", "text": shortened(&message.summary, TEAMS_TEXT), "wrap": true},
                ],
            },
        }],
    })
}

/// For programs: the texts, and every fact under its own name.
fn plain(alert: Alert, facts: &Map, message: &Message) -> Value {
    let word = Alert::KNOWN.iter().find(|(known, _)| *known == alert);
    json!({
        "alert": word.map(|(_, word)| *word),
        "title": message.title,
        "summary": message.summary,
        "details": message.details,
        "run": facts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Notifications {
        let config = json!({
            "slack_config": {"webhook_url": "https://slack.example/x"},
            "discord_config": {"webhook_url": "https://discord.example/x"},
            "telegram_config": {"webhook_url": "https://telegram.example/x"},
            "google_chat_config": {"webhook_url": "https://chat.example/x"},
            "teams_config": {"webhook_url": ["https://teams.example/a", "https://teams.example/b"]},
            "webhook_config": {"webhook_url": "https://own.example/x"},
            "email_config": {"smtp_host": "mail.example", "smtp_mail_from": "a@mail.example", "to_emails": ["b@mail.example"]},
            "opsgenie_config": {"url": "https://opsgenie.example/x", "api_key": "k3y", "tags": ["t"]},
            "pagerduty_config": {"routing_key": "k3y"},
        });
        Notifications::read(config.as_object().unwrap())
    }

    fn body(channel: &str) -> Value {
        told(channel, Alert::Failure)
    }

    fn told(channel: &str, alert: Alert) -> Value {
        let facts = json!({"pipeline_uuid": "p", "pipeline_schedule_id": 7, "sentence": "run 1 failed", "pipeline_run_url": "http://h"});
        let found = delivery(&config(), channel, alert, facts.as_object().unwrap());
        match found {
            Some(Delivery::Post { body, .. }) => body,
            other => panic!("{channel}: {other:?}"),
        }
    }

    #[test]
    fn every_channel_gets_its_own_shape() {
        let all = channels(&config());
        let expected = [
            "slack",
            "discord",
            "telegram",
            "google_chat",
            "email",
            "opsgenie",
            "pagerduty",
            "teams",
            "teams:2",
            "webhook",
        ];
        assert_eq!(all, expected);
        for channel in &all {
            let found = delivery(&config(), channel, Alert::Failure, &Map::new());
            assert!(found.is_some(), "{channel}");
        }
        let more = "\nMore about the run: http://h";
        let short = "Pipeline `p`: run 1 failed.";
        let slack = body("slack");
        assert_eq!(slack["blocks"][1]["text"]["text"], format!("{short}{more}"));
        assert_eq!(body("discord")["embeds"][0]["description"], short);
        let titled = format!("Pipeline `p` failed\n{short}");
        assert_eq!(body("telegram"), json!({ "text": titled }));
        assert_eq!(body("google_chat"), json!({ "text": titled }));
        let card = body("teams:2")["attachments"][0]["content"].clone();
        assert_eq!(card["body"][1]["text"], short);
        assert_eq!(body("opsgenie")["description"], format!("{short}{more}"));
        assert_eq!(body("opsgenie")["priority"], "P3");
        let opened = body("pagerduty");
        assert_eq!(opened["event_action"], "trigger");
        assert_eq!(opened["payload"]["severity"], "error");
        assert_eq!(opened["links"][0]["href"], "http://h");
        let closed = told("pagerduty", Alert::Success);
        assert_eq!(closed["event_action"], "resolve");
        assert_eq!(
            (&opened["dedup_key"], &closed["dedup_key"]),
            (&json!("baton/p/7"), &json!("baton/p/7"))
        );
        assert_eq!(body("webhook")["alert"], "trigger_failure");
        assert_eq!(body("webhook")["run"]["pipeline_uuid"], "p");
    }

    #[test]
    fn a_channel_that_was_taken_away_gets_nothing_and_addresses_stay_hidden() {
        let nobody = Notifications::read(&Map::new());
        for channel in ["slack", "teams", "moon", "teams:x", "teams:0"] {
            let found = delivery(&nobody, channel, Alert::Failure, &Map::new());
            assert_eq!(found, None, "{channel}");
        }
        let found = delivery(&config(), "opsgenie", Alert::Failure, &Map::new());
        let shown = format!("{found:?}");
        assert!(
            !shown.contains("k3y") && !shown.contains("opsgenie.example"),
            "{shown}"
        );
    }
}
