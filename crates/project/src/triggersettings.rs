//! `settings` of a trigger → [`TriggerSettings`]: Mage's own and Baton's, which Mage keeps and passes over. A value that
//! does not fit is a problem and counts as not given.

use baton_model::{
    Accepted, After, MisfirePolicy, PipelineUuid, PoolUse, RunStatus, TriggerSettings, ValueKind,
};
use chrono_tz::Tz;

use crate::problem::Rule;
use crate::reading::{self, Reader};
use crate::yaml::{Content, Mark, Node};

/// How a run ends, for what waits for it.
const ENDS: &[(Option<RunStatus>, &str)] = &[
    (Some(RunStatus::Completed), "completed"),
    (Some(RunStatus::Failed), "failed"),
    (Some(RunStatus::Cancelled), "cancelled"),
    (None, "any"),
];

const TIMED_OUT: &[(RunStatus, &str)] = &[
    (RunStatus::Failed, "failed"),
    (RunStatus::Cancelled, "cancelled"),
];

/// Reads `settings` of the entry of a trigger. The marks are those of the pipelines in `after`.
pub(crate) fn read(trigger: &Node, reader: &mut Reader<'_>) -> (TriggerSettings, Vec<Mark>) {
    let Some(node) = trigger.get("settings").filter(|node| !node.is_null()) else {
        return Default::default();
    };
    let flag = |key: &str| reading::flag(node, key).unwrap_or(false);
    let (after, marks) = after(node, reader);
    let settings = TriggerSettings {
        skip_if_previous_running: flag("skip_if_previous_running"),
        allow_blocks_to_fail: flag("allow_blocks_to_fail"),
        create_initial_pipeline_run: flag("create_initial_pipeline_run"),
        landing_time_enabled: flag("landing_time_enabled"),
        pipeline_run_limit: some(reader.count(node, "pipeline_run_limit")),
        timeout: some(reader.count(node, "timeout")),
        timeout_status: reader
            .word(node, "timeout_status", TIMED_OUT)
            .unwrap_or(RunStatus::Failed),
        timezone: timezone(node, reader),
        misfire_policy: reader
            .word(node, "misfire_policy", MisfirePolicy::KNOWN)
            .unwrap_or_default(),
        catch_up_rate: some(reader.count(node, "catch_up_rate")),
        pools: pools(node, reader),
        accepts: accepts(node, reader),
        after,
    };
    (settings, marks)
}

/// A limit of 0 is none.
fn some(count: Option<u32>) -> Option<u32> {
    count.filter(|count| *count > 0)
}

fn timezone(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
    let value = node.get("timezone").filter(|value| !value.is_null())?;
    let name = value.text().unwrap_or_default();
    if let Ok(zone) = name.parse::<Tz>() {
        return Some(zone.name().to_owned());
    }
    let message = format!("there is no time zone `{name}`");
    reader.problem(Rule::BadSetting, value.mark, message).hint =
        Some("use a name such as `Europe/Berlin`, or `UTC`".to_owned());
    None
}

/// `pools: [warehouse, {pool: api, slots: 2, key: "customer={{ id }}"}]`
fn pools(node: &Node, reader: &mut Reader<'_>) -> Vec<PoolUse> {
    let mut pools = Vec::new();
    for item in reader.list(node, "pools") {
        let named = |pool: String| PoolUse {
            pool,
            slots: 1,
            key: None,
        };
        let pool = match &item.content {
            Content::Scalar(_) => item.text().map(named),
            _ => reading::text(item, "pool").map(named),
        };
        let Some(mut pool) = pool.filter(|pool| !pool.pool.is_empty()) else {
            reader
                .problem(
                    Rule::BadSetting,
                    item.mark,
                    "an item of `pools` names no pool",
                )
                .hint = Some("write its name, or `{pool: name, slots: 1}`".to_owned());
            continue;
        };
        pool.slots = some(reader.count(item, "slots")).unwrap_or(1);
        pool.key = reading::text(item, "key");
        pools.push(pool);
    }
    pools
}

/// `accepts: {region: {type: string, options: [eu, us], required: true}, rows: integer}`
fn accepts(node: &Node, reader: &mut Reader<'_>) -> Option<Vec<Accepted>> {
    let value = node.get("accepts").filter(|value| !value.is_null())?;
    if !reader.is_mapping(value, "`accepts`") {
        return None;
    }
    let mut accepts = Vec::new();
    for entry in value.entries() {
        let node = &entry.value;
        let short = matches!(node.content, Content::Scalar(_)) && !node.is_null();
        let kind = if short {
            reader.word_of(node, &entry.key, ValueKind::KNOWN)
        } else {
            reader.word(node, "type", ValueKind::KNOWN)
        };
        let accepted = Accepted {
            name: entry.key.clone(),
            kind,
            min: reader.number(node, "min"),
            max: reader.number(node, "max"),
            options: reader
                .list(node, "options")
                .iter()
                .map(Node::to_json)
                .collect(),
            required: reading::flag(node, "required").unwrap_or(false),
        };
        if let (Some(min), Some(max)) = (accepted.min, accepted.max)
            && min > max
        {
            let message = format!("`{}` can have no value: `min` is above `max`", entry.key);
            reader.problem(Rule::BadSetting, entry.mark, message);
        }
        accepts.push(accepted);
    }
    Some(accepts)
}

/// `after: [load_orders, {pipeline: load_stock, trigger: nightly, status: any}]`
fn after(node: &Node, reader: &mut Reader<'_>) -> (Vec<After>, Vec<Mark>) {
    let mut after = Vec::new();
    let mut marks = Vec::new();
    for item in reader.list(node, "after") {
        let pipeline = match &item.content {
            Content::Scalar(_) => item.text(),
            _ => reading::text(item, "pipeline"),
        };
        let Some(pipeline) = pipeline.filter(|pipeline| !pipeline.is_empty()) else {
            reader
                .problem(
                    Rule::BadSetting,
                    item.mark,
                    "an item of `after` names no pipeline",
                )
                .hint = Some("write its name, or `{pipeline: name, trigger: name}`".to_owned());
            continue;
        };
        marks.push(item.get("pipeline").map_or(item.mark, |value| value.mark));
        after.push(After {
            pipeline: PipelineUuid::new(pipeline),
            trigger: reading::text(item, "trigger"),
            status: reader
                .word(item, "status", ENDS)
                .unwrap_or(Some(RunStatus::Completed)),
        });
    }
    (after, marks)
}
