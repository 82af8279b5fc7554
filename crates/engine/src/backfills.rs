//! Backfills: the dates of a window, what the run of each is told, which of them are missing, and where the whole
//! stands (spec 7.6).

use std::collections::BTreeMap;
use std::time::Duration;

use baton_base::{Class, Diagnose};
use baton_model::{
    Backfill, BackfillStatus, Interval, IntervalUnit, Map, RunStatus, Timestamp, TriggerSettings,
};
use chrono::{Months, NaiveDateTime, TimeDelta};
use serde_json::{Number, Value};

use crate::zones::{naive, timestamp};

/// Most runs of one backfill.
pub const MOST_DATES: usize = 100_000;

/// A backfill that says no dates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackfillError {
    /// A field that it needs is empty.
    #[error("find the dates of backfill `{name}`: its {field} is missing")]
    Missing {
        /// The backfill.
        name: String,
        /// What is not there, for people.
        field: &'static str,
    },
    /// The window ends before it begins.
    #[error("find the dates of backfill `{name}`: it ends before it begins")]
    Backwards {
        /// The backfill.
        name: String,
    },
    /// An interval of nothing.
    #[error("find the dates of backfill `{name}`: an interval of 0 {unit}s never ends")]
    NoInterval {
        /// The backfill.
        name: String,
        /// The unit.
        unit: &'static str,
    },
    /// More dates than one backfill may have.
    #[error("find the dates of backfill `{name}`: it would have more than {MOST_DATES} runs")]
    TooMany {
        /// The backfill.
        name: String,
    },
}

impl Diagnose for BackfillError {
    fn class(&self) -> Class {
        Class::User
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } => {
                "give it a first and a last date, and an interval such as 1 day"
            }
            Self::Backwards { .. } => "exchange the first and the last date",
            Self::NoInterval { .. } => "give the interval at least one unit",
            Self::TooMany { .. } => "make the interval longer, or split the window",
        };
        Some(hint.to_owned())
    }
}

fn unit_name(unit: IntervalUnit) -> &'static str {
    match unit {
        IntervalUnit::Second | IntervalUnit::Custom => "second",
        IntervalUnit::Minute => "minute",
        IntervalUnit::Hour => "hour",
        IntervalUnit::Day => "day",
        IntervalUnit::Week => "week",
        IntervalUnit::Month => "month",
        IntervalUnit::Year => "year",
    }
}

/// The length of an interval.
#[derive(Clone, Copy)]
enum Length {
    Seconds(i64),
    Months(u32),
}

impl Length {
    fn of(unit: IntervalUnit, units: u32) -> Option<Self> {
        let seconds = |each: i64| Some(Self::Seconds(each.checked_mul(i64::from(units))?));
        match unit {
            IntervalUnit::Second | IntervalUnit::Custom => seconds(1),
            IntervalUnit::Minute => seconds(60),
            IntervalUnit::Hour => seconds(3_600),
            IntervalUnit::Day => seconds(86_400),
            IntervalUnit::Week => seconds(604_800),
            IntervalUnit::Month => Some(Self::Months(units)),
            IntervalUnit::Year => Some(Self::Months(units.checked_mul(12)?)),
        }
    }

    /// The moment so many intervals after `start`. Months are counted from the start, so that the 31st comes back
    /// after a shorter month.
    fn after(self, start: NaiveDateTime, count: i64) -> Option<NaiveDateTime> {
        match self {
            Self::Seconds(each) => {
                let time = TimeDelta::try_seconds(each.checked_mul(count)?)?;
                start.checked_add_signed(time)
            }
            Self::Months(each) => {
                let months = i64::from(each).checked_mul(count)?;
                let magnitude = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
                if months < 0 {
                    start.checked_sub_months(magnitude)
                } else {
                    start.checked_add_months(magnitude)
                }
            }
        }
    }
}

/// The intervals of a backfill that stand for one run each, oldest first. The last date counts too.
pub fn intervals(backfill: &Backfill) -> Result<Vec<Interval>, BackfillError> {
    let name = || backfill.name.clone();
    let missing = |field| BackfillError::Missing {
        name: name(),
        field,
    };
    let start = backfill.start.ok_or_else(|| missing("first date"))?;
    let end = backfill.end.ok_or_else(|| missing("last date"))?;
    let unit = backfill.unit.ok_or_else(|| missing("interval"))?;
    let units = backfill.units.unwrap_or(1);
    if end < start {
        return Err(BackfillError::Backwards { name: name() });
    }
    if units == 0 {
        let unit = unit_name(unit);
        return Err(BackfillError::NoInterval { name: name(), unit });
    }
    let (Some(first), Some(length)) = (naive(start), Length::of(unit, units)) else {
        return Ok(Vec::new());
    };
    let date = |count: i64| length.after(first, count).map(timestamp);
    let mut found = Vec::new();
    let mut count = 0;
    while let Some(at) = date(count).filter(|at| *at <= end) {
        if found.len() == MOST_DATES {
            return Err(BackfillError::TooMany { name: name() });
        }
        let next = date(count + 1);
        found.push(Interval {
            start: at,
            end: next,
            seconds: next.and_then(|next| seconds(at, next)),
            previous: date(count - 1),
        });
        count += 1;
    }
    Ok(found)
}

fn seconds(start: Timestamp, end: Timestamp) -> Option<Number> {
    Number::from_f64((end.0.checked_sub(start.0)?) as f64 / 1e6)
}

/// What the run of an interval is told, over the variables of the backfill.
pub fn variables(interval: &Interval) -> Map {
    let mut variables = Map::new();
    let text = |at: Option<Timestamp>, format: &str| match at.and_then(naive) {
        Some(at) => Value::from(at.format(format).to_string()),
        None => Value::Null,
    };
    let moment = |at: Option<Timestamp>| match at {
        Some(Timestamp(micros)) if micros % 1_000_000 != 0 => text(at, "%Y-%m-%dT%H:%M:%S%.6f"),
        _ => text(at, "%Y-%m-%dT%H:%M:%S"),
    };
    let start = Some(interval.start);
    let mut set = |name: &str, value: Value| variables.insert(name.to_owned(), value);
    set("ds", text(start, "%Y-%m-%d"));
    set("hr", text(start, "%H"));
    set("execution_date", moment(start));
    set("interval_start_datetime", moment(start));
    set("interval_end_datetime", moment(interval.end));
    let seconds = interval.seconds.clone();
    set(
        "interval_seconds",
        seconds.map_or(Value::Null, Value::Number),
    );
    set(
        "interval_start_datetime_previous",
        moment(interval.previous),
    );
    variables
}

/// Where a backfill stands that was started, from the newest run of each date.
///
/// What a person has decided stays: paused and cancelled do, until they start it again.
pub fn status(
    decided: BackfillStatus,
    dates: usize,
    newest: &BTreeMap<Timestamp, RunStatus>,
) -> BackfillStatus {
    if is_decided(decided) {
        return decided;
    }
    let any = |wanted: &[RunStatus]| newest.values().any(|status| wanted.contains(status));
    if newest.is_empty() && dates > 0 {
        BackfillStatus::Initial
    } else if newest.len() < dates || any(&[RunStatus::Initial, RunStatus::Running]) {
        BackfillStatus::Running
    } else if any(&[RunStatus::Failed]) {
        BackfillStatus::Failed
    } else if any(&[RunStatus::Cancelled]) {
        BackfillStatus::Cancelled
    } else {
        BackfillStatus::Completed
    }
}

/// Whether a person has decided where a backfill stands, whatever becomes of its runs.
pub fn is_decided(status: BackfillStatus) -> bool {
    matches!(
        status,
        BackfillStatus::Cancelling | BackfillStatus::Cancelled | BackfillStatus::Paused
    )
}

/// Whether a date is missing by its newest run: there is none, it has failed or was cancelled. One whose run is open is
/// not missing.
pub fn is_missing(newest: Option<RunStatus>) -> bool {
    matches!(
        newest,
        None | Some(RunStatus::Failed | RunStatus::Cancelled)
    )
}

/// Which runs of a backfill of missing dates say where it stands, once all of them are made: `own` has the newest run of
/// its own for each date, `newest` that of anybody. What failed here and was made good elsewhere is no longer missing.
pub fn telling(
    own: BTreeMap<Timestamp, RunStatus>,
    newest: &BTreeMap<Timestamp, RunStatus>,
) -> BTreeMap<Timestamp, RunStatus> {
    let tells = |(date, status): &(Timestamp, RunStatus)| {
        !is_missing(Some(*status)) || is_missing(newest.get(date).copied())
    };
    own.into_iter().filter(tells).collect()
}

/// What a backfill would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Intervals that would get a run.
    pub runs: Vec<Interval>,
    /// Dates that are left alone since their newest run completed or is open.
    pub left_alone: usize,
    /// Runs at a time at most.
    pub at_a_time: Option<u32>,
    /// How long it would take, if runs take as long as usual.
    pub takes: Option<Duration>,
}

/// What a backfill would do if it were started: all of its dates, or only those that are missing by the newest run of
/// each, whoever made it.
pub fn preview(
    backfill: &Backfill,
    only_missing: bool,
    newest: &BTreeMap<Timestamp, RunStatus>,
    usual: Option<Duration>,
) -> Result<Preview, BackfillError> {
    let all = intervals(backfill)?;
    let dates = all.len();
    let runs: Vec<Interval> = if only_missing {
        let newest = |one: &Interval| newest.get(&one.start).copied();
        let all = all.into_iter();
        all.filter(|one| is_missing(newest(one))).collect()
    } else {
        all
    };
    let at_a_time = TriggerSettings::of(&backfill.settings).run_limit;
    let turns = match at_a_time {
        Some(limit) => runs.len().div_ceil(limit.max(1) as usize),
        None => usize::from(!runs.is_empty()),
    };
    let turns = u32::try_from(turns).unwrap_or(u32::MAX);
    Ok(Preview {
        left_alone: dates - runs.len(),
        takes: usual.map(|usual| usual.saturating_mul(turns)),
        runs,
        at_a_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        timestamp(text.parse().unwrap())
    }

    fn backfill(start: &str, end: &str, unit: IntervalUnit, units: u32) -> Backfill {
        Backfill {
            name: "spring".to_owned(),
            start: Some(at(start)),
            end: Some(at(end)),
            unit: Some(unit),
            units: Some(units),
            ..Backfill::new("demo".into())
        }
    }

    fn dates(backfill: &Backfill) -> Vec<String> {
        let found = intervals(backfill).unwrap();
        let starts = found.iter().map(|interval| naive(interval.start).unwrap());
        starts
            .map(|at| at.format("%Y-%m-%d %H").to_string())
            .collect()
    }

    #[test]
    fn the_last_date_counts() {
        let days = backfill(
            "2024-02-27T06:00:00",
            "2024-03-01T06:00:00",
            IntervalUnit::Day,
            1,
        );
        assert_eq!(
            dates(&days),
            [
                "2024-02-27 06",
                "2024-02-28 06",
                "2024-02-29 06",
                "2024-03-01 06"
            ]
        );
        let weeks = backfill(
            "2024-02-27T00:00:00",
            "2024-03-11T23:00:00",
            IntervalUnit::Week,
            2,
        );
        assert_eq!(dates(&weeks), ["2024-02-27 00"]);
        let custom = backfill(
            "2024-02-27T00:00:00",
            "2024-02-27T03:00:00",
            IntervalUnit::Custom,
            5400,
        );
        assert_eq!(
            dates(&custom),
            ["2024-02-27 00", "2024-02-27 01", "2024-02-27 03"]
        );
        let one = backfill(
            "2024-02-27T00:00:00",
            "2024-02-27T00:00:00",
            IntervalUnit::Year,
            1,
        );
        assert_eq!(dates(&one), ["2024-02-27 00"]);
    }

    #[test]
    fn months_end_on_their_last_day() {
        let months = backfill(
            "2024-01-31T00:00:00",
            "2024-05-31T00:00:00",
            IntervalUnit::Month,
            1,
        );
        assert_eq!(
            dates(&months),
            [
                "2024-01-31 00",
                "2024-02-29 00",
                "2024-03-31 00",
                "2024-04-30 00",
                "2024-05-31 00"
            ]
        );
        let years = backfill(
            "2024-02-29T00:00:00",
            "2028-12-31T00:00:00",
            IntervalUnit::Year,
            1,
        );
        assert_eq!(
            dates(&years),
            [
                "2024-02-29 00",
                "2025-02-28 00",
                "2026-02-28 00",
                "2027-02-28 00",
                "2028-02-29 00"
            ]
        );
    }

    #[test]
    fn a_backfill_that_says_no_dates_says_why() {
        let error = |backfill: &Backfill| intervals(backfill).unwrap_err().to_string();
        let good = || {
            backfill(
                "2024-01-01T00:00:00",
                "2024-01-02T00:00:00",
                IntervalUnit::Day,
                1,
            )
        };
        let find = "find the dates of backfill `spring`:";
        let mut bad = good();
        bad.unit = None;
        assert_eq!(error(&bad), format!("{find} its interval is missing"));
        bad = good();
        bad.end = bad.start.map(|start| Timestamp(start.0 - 1));
        assert_eq!(error(&bad), format!("{find} it ends before it begins"));
        bad = good();
        bad.units = Some(0);
        assert_eq!(
            error(&bad),
            format!("{find} an interval of 0 days never ends")
        );
        bad = good();
        bad.unit = Some(IntervalUnit::Second);
        bad.end = bad
            .start
            .map(|start| start.after(Duration::from_secs(99_999)));
        assert_eq!(intervals(&bad).unwrap().len(), MOST_DATES);
        bad.end = bad
            .start
            .map(|start| start.after(Duration::from_secs(100_000)));
        assert_eq!(
            error(&bad),
            format!("{find} it would have more than 100000 runs")
        );
    }

    #[test]
    fn runs_are_told_their_interval() {
        let months = backfill(
            "2024-01-31T06:00:00",
            "2024-03-31T06:00:00",
            IntervalUnit::Month,
            1,
        );
        let found = intervals(&months).unwrap();
        assert_eq!(
            Value::Object(variables(&found[1])),
            json!({
                "ds": "2024-02-29", "hr": "06", "execution_date": "2024-02-29T06:00:00",
                "interval_start_datetime": "2024-02-29T06:00:00", "interval_end_datetime": "2024-03-31T06:00:00",
                "interval_seconds": 2_678_400.0, "interval_start_datetime_previous": "2024-01-31T06:00:00",
            })
        );
    }

    #[test]
    fn the_newest_run_of_each_date_counts() {
        use BackfillStatus as B;
        use RunStatus::{Cancelled, Completed, Failed, Initial, Running};
        for (newest, expected) in [
            (&[][..], B::Initial),
            (&[Failed], B::Running),
            (&[Completed, Initial], B::Running),
            (&[Failed, Running], B::Running),
            (&[Completed, Completed], B::Completed),
            (&[Completed, Failed], B::Failed),
            (&[Cancelled, Failed], B::Failed),
            (&[Cancelled, Completed], B::Cancelled),
        ] {
            let newest = (0..).map(Timestamp).zip(newest.iter().copied()).collect();
            assert_eq!(status(B::Running, 2, &newest), expected, "{newest:?}");
            for decided in [B::Paused, B::Cancelling, B::Cancelled] {
                assert_eq!(status(decided, 2, &newest), decided);
            }
        }
    }

    #[test]
    fn what_others_have_made_good_is_not_held_against_a_backfill() {
        use RunStatus::{Cancelled, Completed, Failed, Running};
        let by_date = |statuses: &[RunStatus]| -> BTreeMap<Timestamp, RunStatus> {
            (0..).map(Timestamp).zip(statuses.iter().copied()).collect()
        };
        let own = by_date(&[Completed, Failed, Failed, Cancelled, Running]);
        let newest = by_date(&[Failed, Completed, Failed, Running, Running]);
        let told = telling(own, &newest);
        let expected = [(0, Completed), (2, Failed), (4, Running)];
        let expected = expected.map(|(date, status)| (Timestamp(date), status));
        assert_eq!(told, expected.into_iter().collect());
        // Nothing was missing: no run has been made, and all is done.
        let none = BTreeMap::new();
        let status = status(BackfillStatus::Running, 0, &none);
        assert_eq!(status, BackfillStatus::Completed);
    }

    #[test]
    fn a_preview_says_what_would_run() {
        let mut days = backfill(
            "2024-01-01T00:00:00",
            "2024-01-05T00:00:00",
            IntervalUnit::Day,
            1,
        );
        let Value::Object(settings) = json!({"pipeline_run_limit": 2}) else {
            panic!("an object")
        };
        days.settings = settings;
        let newest = BTreeMap::from([
            (at("2024-01-01T00:00:00"), RunStatus::Completed),
            (at("2024-01-02T00:00:00"), RunStatus::Failed),
            (at("2024-01-03T00:00:00"), RunStatus::Running),
        ]);
        let minute = Some(Duration::from_secs(60));
        let found = preview(&days, true, &newest, minute).unwrap();
        let starts: Vec<Timestamp> = found.runs.iter().map(|one| one.start).collect();
        assert_eq!(
            starts,
            [
                at("2024-01-02T00:00:00"),
                at("2024-01-04T00:00:00"),
                at("2024-01-05T00:00:00")
            ]
        );
        assert_eq!((found.left_alone, found.at_a_time), (2, Some(2)));
        assert_eq!(found.takes, Some(Duration::from_secs(120)));
        let found = preview(&days, false, &newest, None).unwrap();
        assert_eq!(
            (found.runs.len(), found.left_alone, found.takes),
            (5, 0, None)
        );
    }
}
