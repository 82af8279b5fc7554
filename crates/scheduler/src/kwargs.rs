//! The keyword arguments that a block receives from its run (spec 2.4). The worker adds the block's own:
//! `configuration`, `context`, `logger`.

use baton_model::{BlockRunKey, Map, PlannedBlock, Run, Timestamp};
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
    let mut kwargs = plan.variables.clone();
    // What earlier blocks of the run have set. What was given for the run wins over it, as over the pipeline's own.
    for (name, value) in &run.variables {
        match value {
            Value::Null => kwargs.remove(name),
            value => kwargs.insert(name.clone(), value.clone()),
        };
    }
    kwargs.extend(plan.given.clone());
    let has_env = kwargs.contains_key("env");
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
        set("event", json!({}));
        // Naive, as Mage's are when its own database is SQLite.
        set(
            "execution_date",
            json!({"$datetime": date.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()}),
        );
        set("execution_partition", json!(partition(date)));
        set("ds", json!(date.format("%Y-%m-%d").to_string()));
        set("hr", json!(date.format("%H").to_string()));
        set("pipeline_run_id", json!(run.id));
        set("trigger_name", json!(plan.trigger));
        set("retry", json!({"attempts": attempt}));
    }
    if let Some(index) = key.child {
        set("dynamic_block_index", json!(index));
    }
    kwargs
}

/// `<trigger>/<date>T<time>_<microseconds>`, the form of a run that was asked for through the API.
fn partition(date: DateTime<Utc>) -> String {
    format!("1/{}", date.format("%Y%m%dT%H%M%S_%6f"))
}

fn moment(timestamp: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(timestamp.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_the_form_of_api_runs() {
        let date = moment(Timestamp(1_700_000_000_123_456));
        assert_eq!(partition(date), "1/20231114T221320_123456");
    }
}
