//! `settings` of a trigger: what they mean is known to [`TriggerSettings`]; what is wrong with them is said here. A
//! value that does not fit is a problem and counts as not given. Mage keeps keys that it does not know.

use baton_model::{Misfire, RunStatus, TriggerSettings};
use chrono_tz::Tz;
use serde_json::Value;

use crate::problem::Rule;
use crate::reading::Reader;
use crate::yaml::{Content, Entry, Mark, Node};

const TIMED_OUT: &[(RunStatus, &str)] = &[
    (RunStatus::Failed, "failed"),
    (RunStatus::Cancelled, "cancelled"),
];

/// How a run ends, for what waits for it.
const ENDS: &[(Option<RunStatus>, &str)] = &[
    (Some(RunStatus::Completed), "completed"),
    (Some(RunStatus::Failed), "failed"),
    (Some(RunStatus::Cancelled), "cancelled"),
    (None, "any"),
];

const POLICIES: &[(Misfire, &str)] = &[
    (Misfire::Skip, "skip"),
    (Misfire::Latest, "latest"),
    (Misfire::All, "all"),
];

/// What a variable that callers may set can be.
const KINDS: &[((), &str)] = &[
    ((), "string"),
    ((), "integer"),
    ((), "float"),
    ((), "boolean"),
    ((), "list"),
    ((), "dictionary"),
    ((), "date"),
    ((), "datetime"),
];

/// Settings that are true or false.
const FLAGS: [&str; 4] = [
    "skip_if_previous_running",
    "allow_blocks_to_fail",
    "create_initial_pipeline_run",
    "landing_time_enabled",
];

/// The other settings.
const OTHERS: [&str; 13] = [
    "pipeline_run_limit",
    "timeout",
    "timeout_status",
    "timezone",
    "misfire_policy",
    "catch_up_rate",
    "pools",
    "accepts",
    "priority",
    "queue_limit",
    "start_within",
    "after",
    "invalid_schedule_interval",
];

/// Keys of a trigger (spec 1.13), with those that newer versions of Mage write.
const KEYS: [&str; 15] = [
    "name",
    "schedule_type",
    "schedule_interval",
    "start_time",
    "pipeline_uuid",
    "status",
    "last_enabled_at",
    "variables",
    "sla",
    "settings",
    "envs",
    "repo_path",
    "description",
    "token",
    "event_matchers",
];

/// Says which keys of the entry of a trigger are passed over though they seem to be meant. Others may be anybody's.
pub(crate) fn unknown_keys(trigger: &Node, reader: &mut Reader<'_>) {
    let settings: Vec<&str> = FLAGS.into_iter().chain(OTHERS).collect();
    for entry in trigger.entries() {
        let key = entry.key.as_str();
        if key == "event_matchers" {
            let message =
                "`event_matchers` is not read from the file: as in Mage, the database keeps it";
            reader.problem(Rule::UnknownKey, entry.mark, message).hint =
                Some("set it with `PUT /api/pipeline_schedules/<id>`".to_owned());
        } else if settings.contains(&key) {
            let message = format!("`{key}` stands beside `settings` and is passed over");
            reader.problem(Rule::UnknownKey, entry.mark, message).hint =
                Some("move it into `settings`".to_owned());
        } else {
            misspelled(entry, &KEYS, reader);
        }
    }
    let node = trigger.get("settings");
    for entry in node.into_iter().flat_map(Node::entries) {
        misspelled(entry, &settings, reader);
    }
}

/// Says that a key is almost one of those that are known.
fn misspelled(entry: &Entry, known: &[&str], reader: &mut Reader<'_>) {
    let key = entry.key.as_str();
    if known.contains(&key) {
        return;
    }
    let near = known
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&key.to_lowercase(), name),
                *name,
            )
        })
        // Short words are near to each other by chance.
        .filter(|(distance, name)| *distance <= if name.len() < 6 { 1 } else { 2 })
        .min();
    if let Some((_, name)) = near {
        let message = format!("`{key}` is no key of a trigger and is passed over");
        reader.problem(Rule::UnknownKey, entry.mark, message).hint =
            Some(format!("write `{name}`, if that is meant"));
    }
}

/// Where the names in `settings` stand that something else must have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Places {
    /// The pipelines of `after`.
    pub(crate) after: Vec<Mark>,
    /// The pools.
    pub(crate) pools: Vec<Mark>,
}

/// Reads `settings` of the entry of a trigger.
pub(crate) fn read(trigger: &Node, reader: &mut Reader<'_>) -> (TriggerSettings, Places) {
    let Some(node) = trigger.get("settings").filter(|node| !node.is_null()) else {
        return Default::default();
    };
    for key in [
        "pipeline_run_limit",
        "timeout",
        "catch_up_rate",
        "queue_limit",
        "start_within",
    ] {
        reader.count(node, key);
    }
    for key in FLAGS {
        flag(node, key, reader);
    }
    priority(node, reader);
    reader.word(node, "timeout_status", TIMED_OUT);
    reader.word(node, "misfire_policy", POLICIES);
    let is_zone = timezone(node, reader);
    let pools = pools(node, reader);
    accepts(node, reader);
    let after = after(node, reader);
    let mut settings = TriggerSettings::of(&reader.map(trigger, "settings"));
    settings.timezone.take_if(|_| !is_zone);
    (settings, Places { after, pools })
}

/// A flag; Mage's clients write it as text, too.
fn flag(node: &Node, key: &str, reader: &mut Reader<'_>) {
    let Some(value) = node.get(key).filter(|value| !value.is_null()) else {
        return;
    };
    let is_flag = match &value.content {
        Content::Scalar(Value::Bool(_)) => true,
        Content::Scalar(Value::String(text)) => {
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
        }
        _ => false,
    };
    if !is_flag {
        let found = value.text().unwrap_or_else(|| value.describe().to_owned());
        let message = format!("`{key}` cannot be `{found}` and counts as false");
        reader.problem(Rule::BadSetting, value.mark, message).hint =
            Some("use `true` or `false`".to_owned());
    }
}

/// A priority is a whole number, below 0 as well.
fn priority(node: &Node, reader: &mut Reader<'_>) {
    let value = node.get("priority").filter(|value| !value.is_null());
    let is_whole = |value: &&Node| match &value.content {
        Content::Scalar(Value::Number(number)) => number.as_i64().is_some(),
        _ => false,
    };
    if let Some(value) = value.filter(|value| !is_whole(value)) {
        let found = value.describe();
        let message = format!("`priority` must be a whole number, not {found}; it counts as 0");
        reader.problem(Rule::BadSetting, value.mark, message).hint =
            Some("write it without quotes, as in `priority: 5`".to_owned());
    }
}

/// Whether the zone, if there is one, exists.
fn timezone(node: &Node, reader: &mut Reader<'_>) -> bool {
    let Some(value) = node.get("timezone").filter(|value| !value.is_null()) else {
        return true;
    };
    let name = value.text().unwrap_or_default();
    if name.parse::<Tz>().is_ok() {
        return true;
    }
    let message = format!("there is no time zone `{name}`");
    reader.problem(Rule::BadSetting, value.mark, message).hint =
        Some("use a name such as `Europe/Berlin`, or `UTC`".to_owned());
    false
}

/// `pools: [warehouse, {pool: api, slots: 2, key: "customer={{ id }}"}]`, or `{warehouse: 1}`
fn pools(node: &Node, reader: &mut Reader<'_>) -> Vec<Mark> {
    let entries = node.get("pools").map(Node::entries).unwrap_or_default();
    if !entries.is_empty() {
        return entries.iter().map(|entry| entry.mark).collect();
    }
    let mut marks = Vec::new();
    for item in reader.list(node, "pools") {
        if is_named(item, "pool") {
            reader.count(item, "slots");
            marks.push(item.get("pool").map_or(item.mark, |value| value.mark));
        } else {
            let message = "an item of `pools` names no pool";
            reader.problem(Rule::BadSetting, item.mark, message).hint =
                Some("write its name, or `{pool: name, slots: 1}`".to_owned());
        }
    }
    marks
}

/// `accepts: {region: {type: string, options: [eu, us], required: true}, rows: integer}`
fn accepts(node: &Node, reader: &mut Reader<'_>) {
    let Some(value) = node.get("accepts").filter(|value| !value.is_null()) else {
        return;
    };
    if !reader.is_mapping(value, "`accepts`") {
        return;
    }
    for entry in value.entries() {
        let node = &entry.value;
        if matches!(node.content, Content::Scalar(_)) && !node.is_null() {
            reader.word_of(node, &entry.key, KINDS);
            continue;
        }
        reader.word(node, "type", KINDS);
        let bounds = (reader.number(node, "min"), reader.number(node, "max"));
        if let (Some(min), Some(max)) = bounds
            && min > max
        {
            let message = format!("`{}` can have no value: `min` is above `max`", entry.key);
            reader.problem(Rule::BadSetting, entry.mark, message);
        }
    }
}

/// `after: [load_orders, {pipeline: load_stock, trigger: nightly, status: any}]`
fn after(node: &Node, reader: &mut Reader<'_>) -> Vec<Mark> {
    let mut marks = Vec::new();
    for item in reader.list(node, "after") {
        if !is_named(item, "pipeline") {
            let message = "an item of `after` names no pipeline";
            reader.problem(Rule::BadSetting, item.mark, message).hint =
                Some("write its name, or `{pipeline: name, trigger: name}`".to_owned());
            continue;
        }
        marks.push(item.get("pipeline").map_or(item.mark, |value| value.mark));
        reader.word(item, "status", ENDS);
    }
    marks
}

/// Whether an item is a name, or has one under `key`.
fn is_named(item: &Node, key: &str) -> bool {
    let name = match &item.content {
        Content::Scalar(_) => item.as_str(),
        _ => item.get(key).and_then(Node::as_str),
    };
    name.is_some_and(|name| !name.trim().is_empty())
}
