//! What the settings of a trigger say (spec 1.13), those of Mage and those of Baton. What follows from them is decided
//! in `engine`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{PipelineUuid, RunStatus};

/// The settings of a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Mage's settings are switches that are independent of each other"
)]
pub struct TriggerSettings {
    /// A run that is due while another one of the trigger is not finished is cancelled.
    pub skip_if_previous_running: bool,
    /// The other branches of a run go on when a block fails.
    pub allow_blocks_to_fail: bool,
    /// The interval that has passed when the trigger is switched on gets a run.
    pub create_initial_pipeline_run: bool,
    /// The start time is when runs are to be finished.
    pub landing_time_enabled: bool,
    /// Most runs of the trigger at a time; beats the pipeline's own limit.
    pub pipeline_run_limit: Option<u32>,
    /// Seconds that a run may take.
    pub timeout: Option<u32>,
    /// What becomes of a run that takes longer: [`RunStatus::Failed`] or [`RunStatus::Cancelled`].
    pub timeout_status: RunStatus,
    /// IANA name of the time zone that the schedule is read in; none for UTC.
    pub timezone: Option<String>,
    /// What becomes of runs that were due while nothing could start them.
    pub misfire_policy: MisfirePolicy,
    /// Most runs per minute that make up for missed ones.
    pub catch_up_rate: Option<u32>,
    /// The pools whose slots each run holds.
    pub pools: Vec<PoolUse>,
    /// The variables that callers may set; none for any.
    pub accepts: Option<Vec<Accepted>>,
    /// The pipelines of which each finished run starts one of this trigger.
    pub after: Vec<After>,
}

impl Default for TriggerSettings {
    fn default() -> Self {
        Self {
            skip_if_previous_running: false,
            allow_blocks_to_fail: false,
            create_initial_pipeline_run: false,
            landing_time_enabled: false,
            pipeline_run_limit: None,
            timeout: None,
            timeout_status: RunStatus::Failed,
            timezone: None,
            misfire_policy: MisfirePolicy::default(),
            catch_up_rate: None,
            pools: Vec::new(),
            accepts: None,
            after: Vec::new(),
        }
    }
}

/// What becomes of runs that were due while nothing could start them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MisfirePolicy {
    /// None of them runs.
    Skip,
    /// The newest runs, as in Mage.
    #[default]
    Latest,
    /// Each of them runs, the oldest first.
    All,
}

impl MisfirePolicy {
    /// Every policy with the word that settings use.
    pub const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::Skip, "skip"),
        (Self::Latest, "latest"),
        (Self::All, "all"),
    ];
}

/// Slots of a pool that a run holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolUse {
    /// Name of the pool.
    pub pool: String,
    /// How many.
    pub slots: u32,
    /// A template over the run's variables, such as `customer={{ id }}`: each of its values has slots of its own.
    pub key: Option<String>,
}

/// A variable that callers may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Its name.
    pub name: String,
    /// The kind of its value; none for any.
    pub kind: Option<ValueKind>,
    /// The least number, or the least length of a text or list.
    pub min: Option<f64>,
    /// The greatest number, or the greatest length of a text or list.
    pub max: Option<f64>,
    /// The values that it may have; empty for any.
    pub options: Vec<Value>,
    /// Whether a call must set it.
    pub required: bool,
}

impl Accepted {
    /// Why a caller may not set this value; none when it may. The value itself is never quoted.
    pub fn refusal(&self, value: &Value) -> Option<String> {
        let name = &self.name;
        if let Some(kind) = self.kind.filter(|kind| !kind.fits(value)) {
            return Some(format!("`{name}` must be {}", kind.described()));
        }
        if !self.options.is_empty() && !self.options.contains(value) {
            let options: Vec<String> = self.options.iter().map(Value::to_string).collect();
            return Some(format!("`{name}` must be one of {}", options.join(", ")));
        }
        let (size, what) = match value {
            Value::Number(number) => (number.as_f64()?, ""),
            Value::String(text) => (text.chars().count() as f64, " characters"),
            Value::Array(items) => (items.len() as f64, " items"),
            _ => return None,
        };
        if let Some(min) = self.min.filter(|min| size < *min) {
            return Some(format!("`{name}` must be at least {min}{what}"));
        }
        let max = self.max.filter(|max| size > *max)?;
        Some(format!("`{name}` must be at most {max}{what}"))
    }
}

/// The kind of a value that people type in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// True or false.
    Boolean,
    /// A day, as text.
    Date,
    /// A moment, as text.
    Datetime,
    /// A map.
    Dictionary,
    /// A number.
    Float,
    /// A whole number.
    Integer,
    /// A list.
    List,
    /// Text.
    String,
}

impl ValueKind {
    /// Every kind with the word that files use.
    pub const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::Boolean, "boolean"),
        (Self::Date, "date"),
        (Self::Datetime, "datetime"),
        (Self::Dictionary, "dictionary"),
        (Self::Float, "float"),
        (Self::Integer, "integer"),
        (Self::List, "list"),
        (Self::String, "string"),
    ];

    /// The kind that files call `name`.
    pub fn parse(name: &str) -> Option<Self> {
        let known = Self::KNOWN.iter().find(|(_, known)| *known == name);
        known.map(|(kind, _)| *kind)
    }

    /// Whether a value is of the kind. Days and moments are told by their digits.
    pub fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Boolean, Value::Bool(_))
            | (Self::Dictionary, Value::Object(_))
            | (Self::List, Value::Array(_))
            | (Self::Float, Value::Number(_))
            | (Self::String, Value::String(_)) => true,
            (Self::Integer, Value::Number(number)) => !number.is_f64(),
            (Self::Date, Value::String(text)) => is_day(text),
            (Self::Datetime, Value::String(text)) => {
                let day = text.split_at_checked(10);
                day.is_some_and(|(day, rest)| is_day(day) && is_time(rest))
            }
            _ => false,
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Date => "a day such as 2024-01-31",
            Self::Datetime => "a moment such as 2024-01-31T12:00:00",
            Self::Dictionary => "a map",
            Self::Float => "a number",
            Self::Integer => "a whole number",
            Self::List => "a list",
            Self::String => "text",
        }
    }
}

/// `2024-01-31`
fn is_day(text: &str) -> bool {
    let mut parts = text.splitn(3, '-').map(|part| (part.len(), number(part)));
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let (Some((4, Some(year))), Some((2, Some(month))), Some((2, Some(day)))) = (year, month, day)
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// What may stand behind the day: nothing, or `T12:00`, `T12:00:00.5`, with an offset or without.
fn is_time(text: &str) -> bool {
    let Some(time) = text.strip_prefix(['T', 't', ' ']) else {
        return text.is_empty();
    };
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (&time[..at], &time[at..]),
        None => (time, ""),
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let below = |part: Option<&str>, most: u32| {
        part.is_some_and(|part| part.len() == 2 && number(part).is_some_and(|value| value < most))
    };
    let clock = |text: &str, seconds: bool| {
        let mut parts = text.split(':');
        let start = below(parts.next(), 24) && below(parts.next(), 60);
        let second = parts.next();
        start && (second.is_none() || (seconds && below(second, 60))) && parts.next().is_none()
    };
    let is_offset = matches!(offset, "" | "Z" | "z")
        || offset
            .strip_prefix(['+', '-'])
            .is_some_and(|offset| clock(offset, false));
    clock(time, true) && number(fraction).is_some() && is_offset
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

/// A pipeline whose finished runs start others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// Only runs of this trigger of it.
    pub trigger: Option<String>,
    /// Only runs that end so; none for any end.
    pub status: Option<RunStatus>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_judged_by_kind() {
        use ValueKind::{Boolean, Date, Datetime, Dictionary, Float, Integer, List};
        for (kind, value, fits) in [
            (Boolean, json!(true), true),
            (Boolean, json!("true"), false),
            (Dictionary, json!({}), true),
            (Float, json!(1), true),
            (Float, json!("1"), false),
            (Integer, json!(1), true),
            (Integer, json!(1.0), false),
            (List, json!([]), true),
            (ValueKind::String, json!(""), true),
            (ValueKind::String, json!(null), false),
            (Date, json!("2024-02-29"), true),
            (Date, json!("2023-02-29"), false),
            (Date, json!("2024-13-01"), false),
            (Date, json!("2024-1-1"), false),
            (Date, json!("2024-01-01T00:00:00"), false),
            (Datetime, json!("2024-01-01"), true),
            (Datetime, json!("2024-01-01T23:59"), true),
            (Datetime, json!("2024-01-01 23:59:59.123456"), true),
            (Datetime, json!("2024-01-01T23:59:59Z"), true),
            (Datetime, json!("2024-01-01T23:59:59.5+02:00"), true),
            (Datetime, json!("2024-01-01T24:00:00"), false),
            (Datetime, json!("2024-01-01T1:00:00"), false),
            (Datetime, json!("2024-01-01T10:00:00+2"), false),
            (Datetime, json!("2024-01-01T10:00:00."), false),
            (Datetime, json!("2024-01-é"), false),
            (Datetime, json!("soon"), false),
        ] {
            assert_eq!(kind.fits(&value), fits, "{kind:?} {value}");
        }
    }

    #[test]
    fn callers_are_told_what_they_may_set() {
        let any = Accepted {
            name: "rows".to_owned(),
            kind: None,
            min: None,
            max: None,
            options: Vec::new(),
            required: false,
        };
        assert_eq!(any.refusal(&json!(null)), None);
        let ranged = Accepted {
            kind: Some(ValueKind::Integer),
            min: Some(1.0),
            max: Some(9.0),
            ..any.clone()
        };
        let check = |accepted: &Accepted, value: Value, expected: Option<&str>| {
            assert_eq!(accepted.refusal(&value).as_deref(), expected, "{value}");
        };
        check(&ranged, json!(1), None);
        check(&ranged, json!(9), None);
        check(&ranged, json!(0), Some("`rows` must be at least 1"));
        check(&ranged, json!(10), Some("`rows` must be at most 9"));
        check(&ranged, json!(1.5), Some("`rows` must be a whole number"));
        let lengths = Accepted {
            max: Some(2.0),
            ..any.clone()
        };
        check(&lengths, json!("äö"), None);
        check(
            &lengths,
            json!("abc"),
            Some("`rows` must be at most 2 characters"),
        );
        check(
            &lengths,
            json!([1, 2, 3]),
            Some("`rows` must be at most 2 items"),
        );
        let options = Accepted {
            options: vec![json!("eu"), json!(1)],
            ..any
        };
        check(&options, json!("eu"), None);
        check(
            &options,
            json!("us"),
            Some("`rows` must be one of \"eu\", 1"),
        );
    }
}
