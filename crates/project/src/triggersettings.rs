//! `settings` of a trigger: what they mean is known to [`TriggerSettings`]; what is wrong with them is said here. A
//! value that does not fit is a problem and counts as not given. Mage keeps keys that it does not know.

use baton_model::{Misfire, RunStatus, TriggerSettings};
use chrono_tz::Tz;

use crate::problem::Rule;
use crate::reading::Reader;
use crate::yaml::{Content, Mark, Node};

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

/// Reads `settings` of the entry of a trigger. The marks are those of the pipelines in `after`.
pub(crate) fn read(trigger: &Node, reader: &mut Reader<'_>) -> (TriggerSettings, Vec<Mark>) {
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
    reader.word(node, "timeout_status", TIMED_OUT);
    reader.word(node, "misfire_policy", POLICIES);
    let is_zone = timezone(node, reader);
    pools(node, reader);
    accepts(node, reader);
    let marks = after(node, reader);
    let mut settings = TriggerSettings::of(&reader.map(trigger, "settings"));
    settings.timezone.take_if(|_| !is_zone);
    (settings, marks)
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
fn pools(node: &Node, reader: &mut Reader<'_>) {
    let is_mapping = |node: &Node| !node.entries().is_empty();
    if node.get("pools").is_some_and(is_mapping) {
        return;
    }
    for item in reader.list(node, "pools") {
        if is_named(item, "pool") {
            reader.count(item, "slots");
        } else {
            let message = "an item of `pools` names no pool";
            reader.problem(Rule::BadSetting, item.mark, message).hint =
                Some("write its name, or `{pool: name, slots: 1}`".to_owned());
        }
    }
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
