//! Triggers: what starts the runs of a pipeline, and under which rules.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Map, PipelineUuid, RunStatus, RunTimeout, Timestamp};

/// Number of a trigger inside its project, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerId(pub i64);

impl fmt::Display for TriggerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What starts a trigger's runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// A schedule.
    Time,
    /// An event of another system.
    Event,
    /// A request.
    Api,
    /// A run of another pipeline that has ended.
    Pipeline,
    /// A kind that this version does not know, with its name.
    #[serde(untagged)]
    Other(String),
}

impl TriggerKind {
    /// The kind that files and requests call `name`.
    pub fn parse(name: &str) -> Self {
        match name {
            "time" => Self::Time,
            "event" => Self::Event,
            "api" => Self::Api,
            "pipeline" => Self::Pipeline,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name that files and requests use.
    pub fn name(&self) -> &str {
        match self {
            Self::Time => "time",
            Self::Event => "event",
            Self::Api => "api",
            Self::Pipeline => "pipeline",
            Self::Other(name) => name,
        }
    }
}

/// A trigger as it is stored: from `triggers.yaml`, or made through the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Number inside the project.
    pub id: TriggerId,
    /// The pipeline whose runs it starts.
    pub pipeline: PipelineUuid,
    /// Name inside the pipeline.
    pub name: String,
    /// What starts its runs.
    pub kind: TriggerKind,
    /// `@daily` and the like, or a cron expression.
    pub interval: Option<String>,
    /// Runs start from this moment on.
    pub start_time: Option<Timestamp>,
    /// Whether it is on.
    pub is_active: bool,
    /// When it was last switched on.
    pub last_enabled_at: Option<Timestamp>,
    /// Variables of its runs.
    pub variables: Map,
    /// Seconds that a run may take before somebody is told.
    pub sla: Option<u32>,
    /// Its settings as they are; [`TriggerSettings`] reads them.
    pub settings: Map,
    /// What allows callers to start a run without any other right.
    pub token: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Patterns of events that start a run.
    pub matchers: Vec<Map>,
    /// Labels.
    pub tags: Vec<String>,
    /// The global data product that its runs renew.
    pub product: Option<String>,
    /// Whether the pipeline's `triggers.yaml` declares it.
    pub is_declared: bool,
    /// When it was switched off because its entry had been taken out of `triggers.yaml`; none for one that stands there,
    /// never did, or has been switched on since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_out_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Trigger {
    /// A trigger without a number that is off and has nothing set.
    pub fn new(pipeline: PipelineUuid, name: String, kind: TriggerKind, at: Timestamp) -> Self {
        Self {
            id: TriggerId(0),
            pipeline,
            name,
            kind,
            interval: None,
            start_time: None,
            is_active: false,
            last_enabled_at: None,
            variables: Map::new(),
            sla: None,
            settings: Map::new(),
            token: None,
            description: None,
            matchers: Vec::new(),
            tags: Vec::new(),
            product: None,
            is_declared: false,
            taken_out_at: None,
            created_at: at,
            updated_at: at,
        }
    }
}

/// What happens to dates of a schedule that came while nothing could start their runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// Only the newest date counts, and only while its period lasts, as in Mage.
    #[default]
    Skip,
    /// The newest of the missed dates runs.
    Latest,
    /// Every missed date runs, in order.
    All,
}

/// How many places a run takes in a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolUse {
    /// Name of the pool.
    pub pool: String,
    /// Places that it takes.
    pub slots: u32,
    /// A template over the run's variables, such as `customer={{ id }}`: each of its values has places of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A run that another one follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// Its trigger; any when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// How it ended; anyhow when none is given.
    pub status: Option<RunStatus>,
}

/// What a caller may set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// `string`, `integer`, `float`, `boolean`, `list`, `dictionary`, `date`, `datetime`; any when none is given.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Least number, or fewest characters or items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest number, or most characters or items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only values that are allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Value>,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
}

/// What the settings of a trigger mean.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct TriggerSettings {
    /// IANA zone that the schedule follows; UTC when none is given.
    pub timezone: Option<String>,
    /// What becomes of missed dates.
    pub misfire: Misfire,
    /// Runs per minute at most, when missed dates are made up for.
    pub catch_up_rate: Option<u32>,
    /// A date that comes while a run of the trigger is open makes a cancelled run.
    pub skip_if_running: bool,
    /// Other branches go on when a block fails.
    pub allow_blocks_to_fail: bool,
    /// The date before the trigger was switched on counts too.
    pub create_initial_run: bool,
    /// `start_time` says when runs should have ended.
    pub is_landing: bool,
    /// Most open runs of this trigger.
    pub run_limit: Option<u32>,
    /// Its runs are made, but none of them starts for now: the trigger of a backfill that is paused.
    pub is_paused: bool,
    /// Most runs of this trigger that wait; a call beyond it is refused.
    pub queue_limit: Option<u32>,
    /// How long a run may take.
    pub timeout: Option<RunTimeout>,
    /// Places that its runs take.
    pub pools: Vec<PoolUse>,
    /// Higher starts first.
    pub priority: i64,
    /// What callers may set; anything when nothing is listed.
    pub accepts: BTreeMap<String, Accepted>,
    /// Runs of other pipelines whose end starts one of this trigger.
    pub after: Vec<After>,
    /// Seconds after its date within which a run must have started.
    pub start_within: Option<u32>,
}

impl TriggerSettings {
    /// Reads what can be read; what does not fit is as if it were not there.
    pub fn of(settings: &Map) -> Self {
        let flag = |key: &str| settings.get(key).is_some_and(is_true);
        let count = |key: &str| settings.get(key).and_then(count_of);
        let typed = |key: &str| settings.get(key).cloned();
        Self {
            timezone: text(settings, "timezone"),
            misfire: typed("misfire_policy")
                .and_then(|value| serde_json::from_value(value).ok())
                .unwrap_or_default(),
            catch_up_rate: count("catch_up_rate").filter(|rate| *rate > 0),
            skip_if_running: flag("skip_if_previous_running"),
            allow_blocks_to_fail: flag("allow_blocks_to_fail"),
            create_initial_run: flag("create_initial_pipeline_run"),
            is_landing: flag("landing_time_enabled"),
            run_limit: count("pipeline_run_limit").filter(|limit| *limit > 0),
            is_paused: flag("paused"),
            queue_limit: count("queue_limit"),
            timeout: settings
                .get("timeout")
                .and_then(seconds_of)
                .filter(|seconds| *seconds > 0.0)
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(|after| RunTimeout {
                    after,
                    status: match settings.get("timeout_status").and_then(Value::as_str) {
                        Some("cancelled") => RunStatus::Cancelled,
                        _ => RunStatus::Failed,
                    },
                }),
            pools: settings.get("pools").map(pools).unwrap_or_default(),
            priority: settings
                .get("priority")
                .and_then(Value::as_i64)
                .unwrap_or_default(),
            accepts: settings
                .get("accepts")
                .and_then(Value::as_object)
                .map(|map| map.iter().map(accepted).collect())
                .unwrap_or_default(),
            after: settings.get("after").map(after).unwrap_or_default(),
            start_within: count("start_within"),
        }
    }
}

/// `[a, {pool: b, slots: 2, key: ...}]`, or `{a: 1, b: 2}` with the places of each.
fn pools(value: &Value) -> Vec<PoolUse> {
    let named = |pool: &str, slots: u32| PoolUse {
        pool: pool.to_owned(),
        slots,
        key: None,
    };
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(pool, slots)| named(pool, places(Some(slots))))
            .collect(),
        other => items(other)
            .filter_map(|item| match item {
                Value::String(pool) if !pool.is_empty() => Some(named(pool, 1)),
                Value::Object(map) => Some(PoolUse {
                    key: text(map, "key"),
                    ..named(&text(map, "pool")?, places(map.get("slots")))
                }),
                _ => None,
            })
            .collect(),
    }
}

/// `name: integer`, or `name: {type: integer, min: 1, ...}`.
fn accepted((name, value): (&String, &Value)) -> (String, Accepted) {
    let accepted = match value {
        Value::String(kind) => Accepted {
            kind: Some(kind.clone()),
            ..Accepted::default()
        },
        other => serde_json::from_value(other.clone()).unwrap_or_default(),
    };
    (name.clone(), accepted)
}

/// `[a, {pipeline: b, trigger: nightly, status: any}]`
fn after(value: &Value) -> Vec<After> {
    let completed = |pipeline: &str| After {
        pipeline: pipeline.into(),
        trigger: None,
        status: Some(RunStatus::Completed),
    };
    items(value)
        .filter_map(|item| match item {
            Value::String(pipeline) if !pipeline.is_empty() => Some(completed(pipeline)),
            Value::Object(map) => Some(After {
                trigger: text(map, "trigger"),
                status: match map.get("status").and_then(Value::as_str) {
                    Some("any") => None,
                    Some("failed") => Some(RunStatus::Failed),
                    Some("cancelled") => Some(RunStatus::Cancelled),
                    _ => Some(RunStatus::Completed),
                },
                ..completed(&text(map, "pipeline")?)
            }),
            _ => None,
        })
        .collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A number of places; one where none that makes sense is given.
fn places(value: Option<&Value>) -> u32 {
    value
        .and_then(count_of)
        .filter(|count| *count > 0)
        .unwrap_or(1)
}

fn text(settings: &Map, key: &str) -> Option<String> {
    settings
        .get(key)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn count_of(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    }
}

fn seconds_of(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true))
        || value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Why a run exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody started it by hand.
    #[default]
    Hand,
    /// A date of a schedule has come.
    Schedule,
    /// Somebody called a trigger.
    Call,
    /// An event matched.
    Event,
    /// A run of another pipeline completed.
    Completion,
    /// A backfill stands for its interval.
    Backfill,
    /// Code of another run asked for it.
    Code,
    /// Somebody wanted an earlier run once more.
    Again,
}

impl Cause {
    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Schedule => "schedule",
            Self::Call => "call",
            Self::Event => "event",
            Self::Completion => "completion",
            Self::Backfill => "backfill",
            Self::Code => "code",
            Self::Again => "again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_read_leniently() {
        let Value::Object(map) = json!({
            "timezone": "Europe/Berlin", "misfire_policy": "all", "catch_up_rate": "6", "skip_if_previous_running": true,
            "pipeline_run_limit": 2, "timeout": 1.5, "timeout_status": "cancelled", "pools": {"db": 2},
            "accepts": {"day": {"type": "date", "required": true}}, "after": ["load"], "priority": 3, "queue_limit": 0,
        }) else {
            panic!("an object")
        };
        let settings = TriggerSettings::of(&map);
        assert_eq!(settings.timezone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(
            (settings.misfire, settings.catch_up_rate),
            (Misfire::All, Some(6))
        );
        assert_eq!(
            (settings.run_limit, settings.queue_limit),
            (Some(2), Some(0))
        );
        assert_eq!(
            settings.timeout.map(|timeout| timeout.status),
            Some(RunStatus::Cancelled)
        );
        let db = PoolUse {
            pool: "db".to_owned(),
            slots: 2,
            key: None,
        };
        assert_eq!(settings.pools, [db]);
        assert!(settings.accepts["day"].required && settings.skip_if_running);
        assert_eq!(settings.after[0].pipeline, PipelineUuid::from("load"));

        let Value::Object(odd) = json!({"misfire_policy": "never", "timeout": "soon", "pools": 5, "accepts": [], "pipeline_run_limit": 0})
        else {
            panic!("an object")
        };
        assert_eq!(TriggerSettings::of(&odd), TriggerSettings::default());
    }
}
