//! The dates of a schedule: which logical date is the current one, which comes next, and which interval a run of a
//! date stands for (spec 2.4, 7.3).

use std::time::Duration;

use baton_model::{Interval, Schedule, Timestamp};
use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use serde_json::Number;

use crate::zones::{Zone, naive, timestamp};

const HOUR: i64 = 3_600;

/// The logical date of the run that is due at `now`: the beginning of the current period of the zone's clocks, or the
/// newest moment of a cron expression before `now`. With a `landing` time it is that time within the current period.
///
/// None when an expression never comes true.
pub fn current_date(
    schedule: &Schedule,
    zone: Zone,
    now: Timestamp,
    landing: Option<Timestamp>,
) -> Option<Timestamp> {
    let at = zone.wall(now)?;
    let landing = landing.and_then(|landing| zone.wall(landing));
    let midnight = at.date().and_hms_opt(0, 0, 0)?;
    let date = match schedule {
        Schedule::Once | Schedule::AlwaysOn => return Some(now),
        Schedule::Cron(cron) => return zone.cron_before(cron, now),
        Schedule::Hourly => return Some(in_hour(zone.hour_of(now)?, landing)),
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
    Some(zone.moment(date))
}

/// The logical date after the current one; none where there is none.
pub fn next_date(
    schedule: &Schedule,
    zone: Zone,
    now: Timestamp,
    landing: Option<Timestamp>,
) -> Option<Timestamp> {
    date_after(
        schedule,
        zone,
        current_date(schedule, zone, now, landing)?,
        landing,
    )
}

/// The logical date after a logical date; none where there is none.
pub fn date_after(
    schedule: &Schedule,
    zone: Zone,
    date: Timestamp,
    landing: Option<Timestamp>,
) -> Option<Timestamp> {
    let days = |days: u64| {
        let wall = zone.wall(date)?;
        let time = landing.and_then(|landing| zone.wall(landing));
        let midnight = wall.date().and_hms_opt(0, 0, 0)?;
        Some(zone.moment(timed(midnight + Days::new(days), time)))
    };
    match schedule {
        Schedule::Once | Schedule::AlwaysOn => None,
        Schedule::Cron(cron) => zone.cron_after(cron, date),
        Schedule::Hourly => {
            let landing = landing.and_then(|landing| zone.wall(landing));
            Some(in_hour(zone.hour_after(date)?, landing))
        }
        Schedule::Daily => days(1),
        Schedule::Weekly => days(7),
        Schedule::Monthly => {
            let time = landing.and_then(|landing| zone.wall(landing));
            let day = time.map_or(1, |landing| landing.day());
            let month = in_month(zone.wall(date)?.date(), 1)? + Months::new(1);
            Some(zone.moment(timed(in_month(month.date(), day)?, time)))
        }
    }
}

/// The interval that begins with a logical date.
///
/// It ends with the next moment of a cron expression, counted from the first one that is not before the date. The
/// one before it is taken for as long, also where a calendar or an expression makes it longer or shorter, as in Mage.
pub fn interval(schedule: &Schedule, zone: Zone, date: Timestamp) -> Interval {
    let none = Interval {
        start: date,
        end: None,
        seconds: None,
        previous: None,
    };
    let Some(start) = naive(date) else {
        return none;
    };
    let days = |days: u64| {
        let end = zone.moment(zone.wall(date)? + Days::new(days));
        Some((end, Number::from((end.0 - date.0) / 1_000_000)))
    };
    let ends = match schedule {
        Schedule::Once | Schedule::AlwaysOn => None,
        Schedule::Hourly => Some((
            timestamp(start + TimeDelta::seconds(HOUR)),
            Number::from(HOUR),
        )),
        Schedule::Daily => days(1),
        Schedule::Weekly => days(7),
        Schedule::Monthly => zone
            .wall(date)
            .and_then(|wall| wall.checked_add_months(Months::new(1)))
            .map(|wall| zone.moment(wall))
            .and_then(|end| measured(date, end)),
        Schedule::Cron(cron) => {
            let before = Timestamp(date.0.saturating_sub(1));
            let first = zone.cron_after(cron, before);
            first
                .and_then(|first| zone.cron_after(cron, first))
                .and_then(|end| measured(date, end))
        }
    };
    let Some((end, seconds)) = ends else {
        return none;
    };
    Interval {
        end: Some(end),
        seconds: Some(seconds),
        previous: Some(Timestamp(date.0 - (end.0 - date.0))),
        ..none
    }
}

/// An end with the length of what it ends, which is a float, as in Mage.
fn measured(start: Timestamp, end: Timestamp) -> Option<(Timestamp, Number)> {
    let micros = end.0.checked_sub(start.0)?;
    Some((end, Number::from_f64(micros as f64 / 1e6)?))
}

/// A moment in the hour that `start` begins: the beginning, or its landing time.
fn in_hour(start: Timestamp, landing: Option<NaiveDateTime>) -> Timestamp {
    let lands = landing.map_or(0, |landing| landing.minute() * 60 + landing.second());
    start.after(Duration::from_secs(lands.into()))
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
