//! The dates of a schedule: which logical date is the current one, which comes next, and which interval a run of a
//! date stands for (spec 2.4, 7.3). Everything is in UTC.

use baton_model::{Interval, Schedule, Timestamp};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use croner::Cron;
use serde_json::Number;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// The logical date of the run that is due at `now`: the beginning of the current period, or the newest moment of a
/// cron expression before `now`. With a `landing` time it is that time within the current period.
///
/// None when an expression never comes true.
pub fn current_date(
    schedule: &Schedule,
    now: Timestamp,
    landing: Option<Timestamp>,
) -> Option<Timestamp> {
    let at = moment(now)?;
    let landing = landing.and_then(moment);
    let midnight = at.date().and_hms_opt(0, 0, 0)?;
    let date = match schedule {
        Schedule::Once | Schedule::AlwaysOn => return Some(now),
        Schedule::Cron(cron) => before(cron, at)?,
        Schedule::Hourly => {
            let hour = at.date().and_hms_opt(at.hour(), 0, 0)?;
            match landing {
                None => hour,
                Some(landing) => hour
                    .with_minute(landing.minute())?
                    .with_second(landing.second())?,
            }
        }
        Schedule::Daily => timed(midnight, landing),
        Schedule::Weekly => {
            let monday = midnight - Days::new(at.weekday().num_days_from_monday().into());
            let day = landing.map_or(0, |landing| landing.weekday().num_days_from_monday());
            timed(monday + Days::new(day.into()), landing)
        }
        Schedule::Monthly => {
            let day = landing.map_or(1, |landing| landing.day());
            timed(in_month(midnight.date(), day)?, landing)
        }
    };
    Some(timestamp(date))
}

/// The logical date after the current one; none where there is none.
pub fn next_date(
    schedule: &Schedule,
    now: Timestamp,
    landing: Option<Timestamp>,
) -> Option<Timestamp> {
    let current = moment(current_date(schedule, now, landing)?)?;
    let next = match schedule {
        Schedule::Once | Schedule::AlwaysOn => return None,
        Schedule::Cron(cron) => after(cron, current)?,
        Schedule::Hourly => current + TimeDelta::seconds(HOUR),
        Schedule::Daily => current + TimeDelta::seconds(DAY),
        Schedule::Weekly => current + TimeDelta::seconds(WEEK),
        Schedule::Monthly => {
            let day = landing.and_then(moment).map_or(1, |landing| landing.day());
            let month = in_month(current.date(), 1)? + Months::new(1);
            timed(in_month(month.date(), day)?, Some(current))
        }
    };
    Some(timestamp(next))
}

/// The interval that begins with a logical date.
///
/// It ends with the next moment of a cron expression, counted from the first one that is not before the date. The
/// one before it is taken for as long, also where a calendar or an expression makes it longer or shorter, as in Mage.
pub fn interval(schedule: &Schedule, date: Timestamp) -> Interval {
    let none = Interval {
        start: date,
        end: None,
        seconds: None,
        previous: None,
    };
    let Some(start) = moment(date) else {
        return none;
    };
    let fixed = |seconds: i64| Some((start + TimeDelta::seconds(seconds), Number::from(seconds)));
    let ends = match schedule {
        Schedule::Once | Schedule::AlwaysOn => None,
        Schedule::Hourly => fixed(HOUR),
        Schedule::Daily => fixed(DAY),
        Schedule::Weekly => fixed(WEEK),
        Schedule::Monthly => measured(start, start.checked_add_months(Months::new(1))),
        Schedule::Cron(cron) => {
            let first = cron.find_next_occurrence(&start, true).ok();
            measured(start, first.and_then(|first| after(cron, first)))
        }
    };
    let Some((end, seconds)) = ends else {
        return none;
    };
    Interval {
        end: Some(timestamp(end)),
        seconds: Some(seconds),
        previous: Some(timestamp(start - (end - start))),
        ..none
    }
}

/// An end with the length of what it ends, which is a float, as in Mage.
fn measured(start: NaiveDateTime, end: Option<NaiveDateTime>) -> Option<(NaiveDateTime, Number)> {
    let end = end?;
    let micros = (end - start).num_microseconds()?;
    Some((end, Number::from_f64(micros as f64 / 1e6)?))
}

/// The newest moment of the expression before `at`.
fn before(cron: &Cron, at: NaiveDateTime) -> Option<NaiveDateTime> {
    // The expression knows whole seconds only: of a moment within one, that second is before it.
    let whole = at.with_nanosecond(0)?;
    let from = if whole < at {
        whole + TimeDelta::seconds(1)
    } else {
        whole
    };
    cron.find_previous_occurrence(&from, false).ok()
}

/// The first moment of the expression after `at`.
fn after(cron: &Cron, at: NaiveDateTime) -> Option<NaiveDateTime> {
    cron.find_next_occurrence(&at, false).ok()
}

/// A day at the time of day of `landing`.
fn timed(midnight: NaiveDateTime, landing: Option<NaiveDateTime>) -> NaiveDateTime {
    landing
        .and_then(|landing| {
            let (hour, minute) = (landing.hour(), landing.minute());
            midnight.date().and_hms_opt(hour, minute, landing.second())
        })
        .unwrap_or(midnight)
}

/// The day of the month of `date`, or its last one in a shorter month.
fn in_month(date: NaiveDate, day: u32) -> Option<NaiveDateTime> {
    let first = date.with_day(1)?;
    let last = (first + Months::new(1)).pred_opt()?.day();
    first.with_day(day.min(last))?.and_hms_opt(0, 0, 0)
}

pub(crate) fn moment(at: Timestamp) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(at.0).map(|at| at.naive_utc())
}

pub(crate) fn timestamp(at: NaiveDateTime) -> Timestamp {
    Timestamp(at.and_utc().timestamp_micros())
}
