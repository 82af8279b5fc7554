//! `notification_config` of a project and of its pipelines (spec 7.9): who is told of what, and in which words. Sending
//! is the business of others.

use std::fmt;

use baton_model::Map;
use serde_json::Value;

use crate::problem::Rule;
use crate::reading::Reader;
use crate::yaml::Node;

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// A run failed.
    Failure,
    /// A run completed.
    Success,
    /// A run took longer than its trigger allows.
    PassedSla,
}

impl Alert {
    /// Every alert with the word that `alert_on` uses.
    pub const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::Failure, "trigger_failure"),
        (Self::Success, "trigger_success"),
        (Self::PassedSla, "trigger_passed_sla"),
    ];
}

/// An address or password that must not appear in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Who is told of what, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notifications {
    /// What somebody is told of.
    pub alert_on: Vec<Alert>,
    /// Webhook of Slack.
    pub slack: Option<Hidden>,
    /// Webhook of Discord.
    pub discord: Option<Hidden>,
    /// Webhook of Telegram.
    pub telegram: Option<Hidden>,
    /// Webhook of Google Chat.
    pub google_chat: Option<Hidden>,
    /// Webhooks of Teams.
    pub teams: Vec<Hidden>,
    /// Addresses of any programs, which get JSON. Mage has none of them.
    pub webhooks: Vec<Hidden>,
    /// E-mail.
    pub email: Option<Email>,
    /// Opsgenie.
    pub opsgenie: Option<Opsgenie>,
    /// PagerDuty. Mage has it not.
    pub pagerduty: Option<PagerDuty>,
    /// Texts for a run that failed.
    pub failure: MessageTemplate,
    /// Texts for a run that completed.
    pub success: MessageTemplate,
    /// Texts for a run that took too long.
    pub passed_sla: MessageTemplate,
}

/// Texts with placeholders such as `{pipeline_uuid}`; none for the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageTemplate {
    /// The title.
    pub title: Option<String>,
    /// The short text.
    pub summary: Option<String>,
    /// The long text.
    pub details: Option<String>,
}

/// How e-mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Host of the mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether a plain connection becomes an encrypted one.
    pub starttls: bool,
    /// Whether the connection is encrypted from the start.
    pub ssl: bool,
    /// The sender.
    pub from: String,
    /// Name of the account.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Hidden>,
    /// The recipients.
    pub to: Vec<String>,
}

/// How Opsgenie is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Opsgenie {
    /// Address of its API.
    pub url: String,
    /// The key of the API.
    pub api_key: Hidden,
    /// Priority of the alert.
    pub priority: String,
    /// Who is to respond, as Opsgenie wants it.
    pub responders: Vec<Value>,
    /// Labels.
    pub tags: Vec<String>,
    /// Further facts.
    pub details: Map,
}

/// How PagerDuty is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagerDuty {
    /// Address of its Events API, version 2.
    pub url: String,
    /// The integration key of the service.
    pub routing_key: Hidden,
    /// How bad a failure is, in PagerDuty's words: critical, error, warning, info.
    pub severity: String,
}

impl Notifications {
    /// What holds for a pipeline. A key of the pipeline's own map replaces the one of the project as a whole.
    pub fn merged(project: &Map, pipeline: &Map) -> Self {
        let mut merged = project.clone();
        for (key, value) in pipeline {
            merged.insert(key.clone(), value.clone());
        }
        Self::read(&merged)
    }

    /// What one map says. A provider that lacks what it needs is left out.
    pub fn read(config: &Map) -> Self {
        let section = |key: &str| config.get(key).and_then(Value::as_object);
        let webhook = |key: &str| section(key).and_then(|section| hidden(section, "webhook_url"));
        let template = |key: &str| {
            let templates = section("message_templates");
            let texts = templates
                .and_then(|all| all.get(key))
                .and_then(Value::as_object);
            texts.map(template).unwrap_or_default()
        };
        let addresses = |key: &str| {
            let found = section(key).and_then(|section| section.get("webhook_url"));
            texts(found).into_iter().map(Hidden).collect()
        };
        Self {
            alert_on: match config.get("alert_on") {
                Some(Value::Array(words)) => words.iter().filter_map(alert).collect(),
                _ => vec![Alert::Failure, Alert::PassedSla],
            },
            slack: webhook("slack_config"),
            discord: webhook("discord_config"),
            telegram: webhook("telegram_config"),
            google_chat: webhook("google_chat_config"),
            teams: addresses("teams_config"),
            webhooks: addresses("webhook_config"),
            email: section("email_config").and_then(email),
            opsgenie: section("opsgenie_config").and_then(opsgenie),
            pagerduty: section("pagerduty_config").and_then(pagerduty),
            failure: template("failure"),
            success: template("success"),
            passed_sla: template("passed_sla"),
        }
    }

    /// Whether anybody is told of `alert`.
    pub fn wants(&self, alert: Alert) -> bool {
        self.alert_on.contains(&alert)
    }
}

fn alert(word: &Value) -> Option<Alert> {
    let known = Alert::KNOWN.iter().find(|(_, known)| word == known);
    known.map(|(alert, _)| *alert)
}

fn text(section: &Map, key: &str) -> Option<String> {
    let text = crate::yaml::python_text(section.get(key)?)?;
    Some(text).filter(|text| !text.is_empty() && text != "None")
}

fn hidden(section: &Map, key: &str) -> Option<Hidden> {
    text(section, key).map(Hidden)
}

/// One text or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    let items = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts = items.iter().filter_map(Value::as_str);
    texts
        .filter(|text| !text.is_empty() && *text != "None")
        .map(str::to_owned)
        .collect()
}

fn template(texts: &Map) -> MessageTemplate {
    MessageTemplate {
        title: text(texts, "title"),
        summary: text(texts, "summary"),
        details: text(texts, "details"),
    }
}

fn email(section: &Map) -> Option<Email> {
    // What a template gives is text: `True`, `587`.
    let flag = |key: &str, default: bool| match section.get(key) {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
        _ => default,
    };
    Some(Email {
        host: text(section, "smtp_host")?,
        port: text(section, "smtp_port")
            .and_then(|port| port.trim().parse().ok())
            .unwrap_or(587),
        starttls: flag("smtp_starttls", true),
        ssl: flag("smtp_ssl", false),
        from: text(section, "smtp_mail_from")?,
        user: text(section, "smtp_user"),
        password: hidden(section, "smtp_password"),
        to: texts(section.get("to_emails")),
    })
    .filter(|email| !email.to.is_empty())
}

fn opsgenie(section: &Map) -> Option<Opsgenie> {
    Some(Opsgenie {
        url: text(section, "url")?,
        api_key: hidden(section, "api_key")?,
        priority: text(section, "priority").unwrap_or_else(|| "P3".to_owned()),
        responders: match section.get("responders") {
            Some(Value::Array(responders)) => responders.clone(),
            _ => Vec::new(),
        },
        tags: texts(section.get("tags")),
        details: match section.get("details") {
            Some(Value::Object(details)) => details.clone(),
            _ => Map::new(),
        },
    })
}

fn pagerduty(section: &Map) -> Option<PagerDuty> {
    let otherwise =
        |key: &str, default: &str| text(section, key).unwrap_or_else(|| default.to_owned());
    Some(PagerDuty {
        // https://developer.pagerduty.com/docs/events-api-v2
        url: otherwise("url", "https://events.pagerduty.com/v2/enqueue"),
        routing_key: hidden(section, "routing_key")?,
        severity: otherwise("severity", "error"),
    })
}

/// The `notification_config` of a file as it is. What is wrong with it keeps no pipeline from running.
pub(crate) fn map(root: &Node, reader: &mut Reader<'_>) -> Map {
    reader.leniently(|reader| {
        check(root, reader);
        reader.map(root, "notification_config")
    })
}

fn check(root: &Node, reader: &mut Reader<'_>) {
    let Some(config) = root
        .get("notification_config")
        .filter(|node| !node.is_null())
    else {
        return;
    };
    for word in reader.list(config, "alert_on") {
        reader.word_of(word, "alert_on", Alert::KNOWN);
    }
    for entry in config.entries() {
        let is_section = entry.key.ends_with("_config") || entry.key == "message_templates";
        if is_section && !entry.value.is_null() {
            reader.is_mapping(&entry.value, &format!("`{}`", entry.key));
        }
        if let Some(port) = entry.value.get("smtp_port").filter(|port| !port.is_null()) {
            let fits = port
                .text()
                .is_some_and(|text| text.trim().parse::<u16>().is_ok());
            if !fits {
                let message = "`smtp_port` is no port";
                reader.problem(Rule::BadSetting, port.mark, message).hint =
                    Some("use a number such as 587".to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    #[test]
    fn a_pipeline_replaces_whole_sections() {
        let project = map(json!({
            "slack_config": {"webhook_url": "https://slack.example/secret"},
            "teams_config": {"webhook_url": ["https://a.example", "https://b.example"]},
            "email_config": {"smtp_host": "mail.example", "smtp_mail_from": "baton@mail.example", "smtp_port": "25",
                "smtp_starttls": "False", "to_emails": ["ops@mail.example"], "smtp_password": "secret"},
            "message_templates": {"failure": {"title": "{pipeline_uuid} broke"}},
        }));
        let plain = Notifications::merged(&project, &Map::new());
        assert_eq!(plain.alert_on, [Alert::Failure, Alert::PassedSla]);
        assert!(plain.wants(Alert::PassedSla) && !plain.wants(Alert::Success));
        let slack = plain.slack.as_ref().map(Hidden::reveal);
        assert_eq!(slack, Some("https://slack.example/secret"));
        assert_eq!(plain.teams.len(), 2);
        let email = plain.email.clone().unwrap();
        assert_eq!((email.port, email.starttls, email.ssl), (25, false, false));
        assert_eq!(
            plain.failure.title.as_deref(),
            Some("{pipeline_uuid} broke")
        );
        assert!(!format!("{plain:?}").contains("secret"), "{plain:?}");
        let pipeline = map(json!({
            "alert_on": ["trigger_success", "moon"],
            "slack_config": {"channel": "x"},
            "message_templates": {},
            "opsgenie_config": {"url": "https://o.example", "api_key": "k", "tags": ["a"]},
        }));
        let merged = Notifications::merged(&project, &pipeline);
        assert_eq!(merged.alert_on, [Alert::Success]);
        assert_eq!(
            (merged.slack, merged.failure),
            (None, MessageTemplate::default())
        );
        assert_eq!(merged.teams, plain.teams);
        let opsgenie = merged.opsgenie.unwrap();
        assert_eq!(
            (opsgenie.priority.as_str(), opsgenie.tags),
            ("P3", vec!["a".to_owned()])
        );
    }

    #[test]
    fn what_lacks_the_necessary_is_left_out() {
        let config = map(json!({
            "alert_on": [],
            "slack_config": {"webhook_url": ""},
            "discord_config": "https://discord.example",
            "email_config": {"smtp_host": "mail.example", "smtp_mail_from": "a@mail.example", "to_emails": []},
            "opsgenie_config": {"url": "https://o.example"},
        }));
        assert_eq!(Notifications::read(&config), Notifications::default());
    }
}
