//! `pipelines/<uuid>/triggers.yaml` (spec 1.13). Reading only: what a trigger does is decided elsewhere, and `edit`
//! changes the file.

use baton_model::{Map, PipelineUuid, Schedule, TriggerKind, TriggerSettings};
use chrono::NaiveDate;
use serde_json::Value;

use crate::problem::{Problem, Rule};
use crate::reading::{self, Reader};
use crate::triggersettings::{self, Places};
use crate::yaml::{Content, Node};

/// A trigger as its file declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Name inside the pipeline.
    pub name: String,
    /// What starts its runs.
    pub kind: TriggerKind,
    /// `@daily` and the like, or a cron expression.
    pub interval: Option<String>,
    /// Runs start from this moment on: an ISO text, in UTC without an offset.
    pub start_time: Option<String>,
    /// Whether it is on.
    pub is_active: bool,
    /// When it was last switched on.
    pub last_enabled_at: Option<String>,
    /// Variables of its runs.
    pub variables: Map,
    /// Seconds that a run may take before somebody is told.
    pub sla: Option<u32>,
    /// Its settings as they are, with keys that nobody knows.
    pub settings: Map,
    /// What its settings say.
    pub rules: TriggerSettings,
    /// What a caller must know to start it.
    pub token: Option<String>,
    /// Where the pipelines and pools of its settings stand.
    pub(crate) places: Places,
    /// Environments that it exists in; empty for all.
    pub envs: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Line of its entry, from 1.
    pub line: u32,
}

/// What a pipeline's `triggers.yaml` holds.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    /// The triggers, in the order of the file.
    pub triggers: Vec<Trigger>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
    /// Whether it cannot be told which triggers the file holds: it is no YAML, or an entry has no name.
    pub is_broken: bool,
}

const STATUSES: &[(bool, &str)] = &[(true, "active"), (false, "inactive")];

const REQUIRED: [&str; 4] = ["name", "schedule_type", "start_time", "schedule_interval"];

/// Reads the text of a file. `file` is its path in the project, for problems.
pub(crate) fn read(pipeline: &PipelineUuid, file: &str, text: &str) -> Triggers {
    let mut reader = Reader::new(file, Some(pipeline));
    let mut triggers: Vec<Trigger> = Vec::new();
    let document = reader.parse(text);
    let mut is_broken = document.is_none();
    if let Some(document) = document {
        let root = &document.root;
        is_broken = !is_legible(root);
        if !root.is_null() && reader.is_mapping(root, "the file") {
            for node in reader.list(root, "triggers") {
                let Some(trigger) = trigger(node, &mut reader) else {
                    continue;
                };
                if let Some(first) = triggers.iter().find(|other| other.name == trigger.name) {
                    let message = format!(
                        "the trigger `{}` is already declared in line {}; the last one counts",
                        trigger.name, first.line
                    );
                    reader
                        .problem(Rule::DuplicateTrigger, node.mark, message)
                        .hint = Some("give one of them another name".to_owned());
                }
                triggers.push(trigger);
            }
        }
    }
    Triggers {
        triggers,
        problems: reader.problems,
        is_broken,
    }
}

/// Whether every entry of a file can be told by its name.
fn is_legible(root: &Node) -> bool {
    let is_named = |node: &Node| reading::text(node, "name").is_some_and(|name| !name.is_empty());
    match (
        &root.content,
        root.get("triggers").map(|list| &list.content),
    ) {
        (Content::Scalar(Value::Null), _)
        | (Content::Mapping(_), None | Some(Content::Scalar(Value::Null))) => true,
        (Content::Mapping(_), Some(Content::Mapping(entries))) => entries.is_empty(),
        (Content::Mapping(_), Some(Content::Sequence(items))) => items.iter().all(is_named),
        _ => false,
    }
}

impl Triggers {
    /// What a text holds that is to become the `triggers.yaml` of a pipeline.
    pub fn of_text(pipeline: &PipelineUuid, text: &str) -> Self {
        read(pipeline, "triggers.yaml", text)
    }
}

fn trigger(node: &Node, reader: &mut Reader<'_>) -> Option<Trigger> {
    if node.is_null() || !reader.is_mapping(node, "a trigger") {
        return None;
    }
    let missing: Vec<String> = REQUIRED
        .iter()
        .filter(|key| node.get(key).is_none())
        .map(|key| format!("`{key}`"))
        .collect();
    if !missing.is_empty() {
        reader
            .problem(
                Rule::IncompleteTrigger,
                node.mark,
                format!("the trigger has no {}", missing.join(", ")),
            )
            .hint = Some("add the keys; a trigger that lacks one is not loaded".to_owned());
    }
    triggersettings::unknown_keys(node, reader);
    let (rules, places) = triggersettings::read(node, reader);
    let kind = match reading::text(node, "schedule_type").unwrap_or_default() {
        name if name == "event" && !rules.after.is_empty() => TriggerKind::Pipeline,
        name => TriggerKind::parse(&name),
    };
    let interval = reading::text(node, "schedule_interval").filter(|text| !text.trim().is_empty());
    let is_active = reader.word(node, "status", STATUSES) == Some(true);
    for key in ["start_time", "last_enabled_at"] {
        moment(node, key, reader);
    }
    let mark = node
        .get("schedule_interval")
        .map_or(node.mark, |value| value.mark);
    match (&kind, &interval) {
        (TriggerKind::Time, Some(interval)) => {
            if let Some(reason) = interval_problem(interval) {
                reader
                    .problem(
                        Rule::BadCron,
                        mark,
                        format!("`{interval}` is no schedule: {reason}"),
                    )
                    .hint = Some(format!("use {INTERVALS}"));
            }
        }
        (TriggerKind::Time, None) if is_active && node.get("schedule_interval").is_some() => {
            reader
                .problem(
                    Rule::IncompleteTrigger,
                    mark,
                    "the time trigger has no interval and never runs",
                )
                .hint = Some("set `schedule_interval`, or `status: inactive`".to_owned());
        }
        (TriggerKind::Pipeline, _) if rules.after.is_empty() => {
            reader
                .problem(
                    Rule::IncompleteTrigger,
                    node.mark,
                    "the trigger waits for no pipeline and never runs",
                )
                .hint = Some("name pipelines in `settings.after`".to_owned());
        }
        (TriggerKind::Other(name), _) if node.get("schedule_type").is_some() => {
            let mark = node
                .get("schedule_type")
                .map_or(node.mark, |value| value.mark);
            let message = format!("there is no schedule type `{name}`");
            reader.problem(Rule::IncompleteTrigger, mark, message).hint =
                Some("use `time`, `event`, `api` or `pipeline`".to_owned());
        }
        _ => {}
    }
    Some(Trigger {
        name: reading::text(node, "name").unwrap_or_default(),
        kind,
        interval,
        start_time: reading::text(node, "start_time"),
        is_active,
        last_enabled_at: reading::text(node, "last_enabled_at"),
        variables: reader.variables(node, "variables"),
        sla: reader.count(node, "sla"),
        settings: reader.map(node, "settings"),
        rules,
        token: reading::text(node, "token").filter(|token| !token.is_empty()),
        places,
        envs: reader
            .names(node, "envs")
            .into_iter()
            .map(|(env, _)| env)
            .collect(),
        description: reading::text(node, "description"),
        line: node.mark.line,
    })
}

/// Says that a key has no moment.
fn moment(node: &Node, key: &str, reader: &mut Reader<'_>) {
    let value = node.get(key).filter(|value| !value.is_null());
    let Some((value, text)) = value.map(|value| (value, value.text().unwrap_or_default())) else {
        return;
    };
    // A date is enough; what may follow it differs too much to be judged.
    let begins = text.trim().get(..10).unwrap_or_default();
    let is_date = |format| NaiveDate::parse_from_str(begins, format).is_ok();
    let is_short = text
        .trim()
        .get(..8)
        .is_some_and(|date| NaiveDate::parse_from_str(date, "%Y%m%d").is_ok());
    if !text.trim().is_empty() && !is_date("%Y-%m-%d") && !is_short {
        let message = format!("`{key}` is no moment: `{text}`; it is passed over");
        reader.problem(Rule::BadSetting, value.mark, message).hint =
            Some("write it as `2024-01-01 00:00:00`, in UTC".to_owned());
    }
}

/// What an interval can be, for people.
pub const INTERVALS: &str = "@once, @hourly, @daily, @weekly, @monthly, @always_on, or a cron expression of five \
    fields, or of six with the seconds last";

/// Why a schedule cannot be followed; none when it can.
pub fn interval_problem(text: &str) -> Option<String> {
    match Schedule::parse(text) {
        Err(bad) => Some(bad.0),
        Ok(schedule) if schedule.never_comes() => {
            Some("none of its months has such a day, so that it never comes".to_owned())
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use baton_model::{After, Misfire, RunStatus};

    use super::*;

    /// The problems of a file, each with its line.
    fn told(read: &Triggers) -> Vec<(&'static str, u32)> {
        let problems = read.problems.iter();
        problems
            .map(|problem| (problem.code, problem.line.unwrap_or(0)))
            .collect()
    }

    #[test]
    fn triggers_are_read() {
        let text = "triggers:\n- name: nightly\n  schedule_type: time\n  schedule_interval: 0 2 * * *\n  start_time: 2024-01-01 00:00:00\n  status: active\n  variables: {region: eu}\n  sla: 3600\n  settings:\n    skip_if_previous_running: true\n  envs: [prod]\n- name: hook\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  settings: null\n";
        let read = read(&"p".into(), "t", text);
        assert_eq!(read.problems, []);
        let trigger = &read.triggers[0];
        assert_eq!(trigger.interval.as_deref(), Some("0 2 * * *"));
        assert_eq!(trigger.start_time.as_deref(), Some("2024-01-01T00:00:00"));
        assert!(trigger.is_active);
        assert_eq!((trigger.sla, trigger.line), (Some(3600), 2));
        assert_eq!(trigger.envs, ["prod"]);
        assert!(trigger.rules.skip_if_running);
        assert_eq!(trigger.settings["skip_if_previous_running"], true);
        assert_eq!(read.triggers[1].kind, TriggerKind::Api);
    }

    #[test]
    fn settings_are_read() {
        let text = "triggers:\n- name: a\n  schedule_type: event\n  schedule_interval: null\n  start_time: null\n  token: abc\n  settings:\n    allow_blocks_to_fail: true\n    landing_time_enabled: false\n    pipeline_run_limit: '2'\n    timeout: 60\n    timeout_status: cancelled\n    timezone: Europe/Berlin\n    misfire_policy: all\n    catch_up_rate: 30\n    pools: [warehouse, {pool: api, slots: 2, key: 'customer={{ id }}'}]\n    accepts: {region: {type: string, options: [eu, us], required: true}, rows: integer, any: null}\n    after: [load_orders, {pipeline: load_stock, trigger: nightly, status: any}]\n    owner: finance\n";
        let read = read(&"p".into(), "t", text);
        assert_eq!(read.problems, []);
        let trigger = &read.triggers[0];
        assert_eq!(trigger.kind, TriggerKind::Pipeline);
        assert_eq!(trigger.token.as_deref(), Some("abc"));
        assert_eq!(trigger.settings["owner"], "finance");
        let rules = &trigger.rules;
        assert!(rules.allow_blocks_to_fail && !rules.is_landing);
        assert_eq!((rules.run_limit, rules.catch_up_rate), (Some(2), Some(30)));
        let timeout = rules
            .timeout
            .map(|timeout| (timeout.after.as_secs(), timeout.status));
        assert_eq!(timeout, Some((60, RunStatus::Cancelled)));
        assert_eq!(rules.timezone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(rules.misfire, Misfire::All);
        let pools: Vec<_> = rules
            .pools
            .iter()
            .map(|pool| (pool.pool.as_str(), pool.slots, pool.key.as_deref()))
            .collect();
        assert_eq!(
            pools,
            [
                ("warehouse", 1, None),
                ("api", 2, Some("customer={{ id }}"))
            ]
        );
        let kinds: Vec<_> = rules
            .accepts
            .iter()
            .map(|(name, accepted)| (name.as_str(), accepted.kind.as_deref()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("any", None),
                ("region", Some("string")),
                ("rows", Some("integer"))
            ]
        );
        assert!(rules.accepts["region"].required);
        let after = |pipeline: &str, trigger: Option<&str>, status| After {
            pipeline: pipeline.into(),
            trigger: trigger.map(str::to_owned),
            status,
        };
        assert_eq!(
            rules.after,
            [
                after("load_orders", None, Some(RunStatus::Completed)),
                after("load_stock", Some("nightly"), None),
            ]
        );
    }

    #[test]
    fn wrong_settings_are_told_and_passed_over() {
        let text = "triggers:\n- name: a\n  schedule_type: pipeline\n  schedule_interval: null\n  start_time: null\n  settings:\n    timeout: soon\n    timeout_status: gone\n    timezone: Europe/Atlantis\n    misfire_policy: 3\n    catch_up_rate: -1\n    pools: [{slots: 2}, {pool: x, slots: 0}]\n    accepts:\n      a: text\n      b: {type: moon, min: 3, max: 1}\n    after: [{trigger: x}, 7]\n- name: b\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  settings: {accepts: [a], pools: x}\n";
        let read = read(&"p".into(), "t", text);
        assert_eq!(
            told(&read),
            [
                ("yaml-shape", 7),
                ("yaml-shape", 11),
                ("bad-setting", 8),
                ("bad-setting", 10),
                ("bad-setting", 9),
                ("bad-setting", 12),
                ("bad-setting", 14),
                ("bad-setting", 15),
                ("bad-setting", 15),
                ("bad-setting", 16),
                ("bad-setting", 16),
                ("incomplete-trigger", 2),
                ("yaml-shape", 21),
                ("yaml-shape", 21),
            ]
        );
        let rules = &read.triggers[0].rules;
        assert_eq!((rules.pools.len(), rules.pools[0].slots), (1, 1));
        assert_eq!(rules.timezone, None);
        assert_eq!(read.triggers[1].rules, TriggerSettings::default());
    }

    #[test]
    fn what_is_passed_over_is_said() {
        let text = "triggers:\n- name: a\n  schedule_type: time\n  schedule_interval: 0 0 31 2 *\n  start_time: yesterday\n  status: actve\n  timezone: UTC\n  event_matchers: []\n  owner: me\n  descripton: x\n  settings:\n    skip_if_previous_running: 'yes'\n    allow_blocks_to_fail: 'True'\n    priority: '5'\n    timezonee: Europe/Berlin\n    colour: red\n- name: b\n  schedule_type: api\n  schedule_interval: null\n  start_time: 2024-01-01\n  last_enabled_at: 2024-01-01 06:07:08.5\n  status: inactive\n  settings: {priority: -5, landing_time_enabled: false}\n";
        assert_eq!(
            told(&read(&"p".into(), "t", text)),
            [
                ("unknown-key", 7),
                ("unknown-key", 8),
                ("unknown-key", 10),
                ("unknown-key", 15),
                ("bad-setting", 12),
                ("bad-setting", 14),
                ("bad-setting", 6),
                ("bad-setting", 5),
                ("bad-cron", 4),
            ]
        );
    }

    #[test]
    fn files_whose_triggers_cannot_be_told_are_broken() {
        let is_broken = |text: &str| Triggers::of_text(&"p".into(), text).is_broken;
        for text in [
            "",
            "triggers:\n",
            "triggers: []\n",
            "other: 1\n",
            "triggers:\n- name: a\n",
        ] {
            assert!(!is_broken(text), "{text}");
        }
        for text in [
            "- a\n",
            "triggers: soon\n",
            "triggers: [\n",
            "triggers:\n- x\n",
            "triggers:\n- {}\n",
        ] {
            assert!(is_broken(text), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = "triggers:\n- name: a\n  schedule_type: time\n  schedule_interval: 99 * * * *\n  start_time: null\n- name: a\n  schedule_type: time\n  start_time:\n- name: c\n  schedule_type: moon\n  schedule_interval: null\n  start_time: null\n- name: d\n  schedule_type: time\n  schedule_interval:\n  start_time:\n  status: active\n";
        assert_eq!(
            told(&read(&"p".into(), "t", text)),
            [
                ("bad-cron", 4),
                ("incomplete-trigger", 6),
                ("duplicate-trigger", 6),
                ("incomplete-trigger", 10),
                ("incomplete-trigger", 15),
            ]
        );
        assert_eq!(read(&"p".into(), "t", "triggers:\n").triggers, []);
        assert_eq!(read(&"p".into(), "t", "").triggers, []);
    }
}
