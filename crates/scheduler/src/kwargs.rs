//! The keyword arguments that a block receives from its run (spec 2.4). The worker adds the block's own:
//! `configuration`, `context`, `logger`.

use baton_model::{BlockRunKey, Interval, Map, PlannedBlock, Run, Timestamp};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Keyword arguments of attempt `attempt` of `block`: variables first, computed values over them.
pub(crate) fn of_attempt(
    run: &Run,
    block: &PlannedBlock,
    key: &BlockRunKey,
    attempt: u32,
    repo_path: &str,
) -> Map {
    let plan = &run.plan;
    let mut kwargs = run.known_variables();
    let event = &plan.occasion.event;
    for (name, value) in event {
        if !kwargs.contains_key(name) {
            kwargs.insert(name.clone(), value.clone());
        }
    }
    let has_env = kwargs.contains_key("env");
    let has_interval = INTERVAL.iter().any(|name| kwargs.contains_key(*name));
    // What a variable called `event` holds, also one of the event itself, stands beside the rest of the event.
    let mut whole_event = match kwargs.get("event") {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    };
    whole_event.extend(event.clone());
    let mut set = |name: &str, value: Value| {
        kwargs.insert(name.to_owned(), value);
    };
    if plan.triggered || !has_env {
        set("env", json!(plan.env));
    }
    set("pipeline_uuid", json!(plan.pipeline));
    set("block_uuid", json!(block.uuid));
    set("repo_path", json!(repo_path));
    if plan.triggered {
        let date = moment(plan.execution_date);
        set("event", Value::Object(whole_event));
        set("execution_date", tagged(plan.execution_date));
        let own = plan.occasion.partition.clone();
        let own = own.unwrap_or_else(|| partition(plan.execution_date));
        set("execution_partition", json!(own));
        set("ds", json!(date.format("%Y-%m-%d").to_string()));
        set("hr", json!(date.format("%H").to_string()));
        set("pipeline_run_id", json!(run.id));
        set("trigger_name", json!(plan.trigger));
        set("retry", json!({"attempts": attempt}));
        // A backfill gives its own interval by variables.
        if let Some(interval) = plan.occasion.interval.as_ref().filter(|_| !has_interval) {
            let values = interval_values(interval);
            INTERVAL
                .iter()
                .zip(values)
                .for_each(|(name, value)| set(name, value));
        }
    }
    if let Some(index) = key.child {
        set("dynamic_block_index", json!(index));
    }
    kwargs
}

/// The keyword arguments of an interval.
const INTERVAL: [&str; 4] = [
    "interval_start_datetime",
    "interval_end_datetime",
    "interval_seconds",
    "interval_start_datetime_previous",
];

/// Their values, in the same order.
fn interval_values(interval: &Interval) -> [Value; 4] {
    [
        tagged(interval.start),
        interval.end.map_or(Value::Null, tagged),
        json!(interval.seconds),
        interval.previous.map_or(Value::Null, tagged),
    ]
}

/// A moment for workers: naive, as Mage's are when its own database is SQLite.
fn tagged(at: Timestamp) -> Value {
    json!({"$datetime": moment(at).format("%Y-%m-%dT%H:%M:%S%.6f").to_string()})
}

/// `<trigger>/<date>T<time>_<microseconds>`, the form of a run that was asked for through the API.
pub fn partition(date: Timestamp) -> String {
    format!("1/{}", moment(date).format("%Y%m%dT%H%M%S_%6f"))
}

fn moment(timestamp: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(timestamp.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_the_form_of_api_runs() {
        let date = Timestamp(1_700_000_000_123_456);
        assert_eq!(partition(date), "1/20231114T221320_123456");
    }
}
