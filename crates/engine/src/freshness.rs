//! Whether a global data product is still good, or has to be made anew (spec 1.8).

use std::time::Duration;

use baton_model::{Age, GlobalDataProduct, MomentPart, Timestamp};
use chrono::{Datelike, Months, NaiveDateTime, TimeDelta, Timelike};

use crate::why::words::count;
use crate::zones::{naive, timestamp};

/// How fresh a product is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The logical date of its newest completed run, from which on it ages; none when there is no such run.
    pub made_at: Option<Timestamp>,
    /// When it comes to the end of its age; none when it never does.
    pub outdated_at: Option<Timestamp>,
    /// Whether it is made anew for the next block that reads it.
    pub is_outdated: bool,
    /// Why, for people: a fragment of a sentence.
    pub reason: String,
}

/// How fresh a product is at `now`, when its newest completed run has this logical date.
pub fn freshness(
    product: &GlobalDataProduct,
    newest: Option<Timestamp>,
    now: Timestamp,
) -> Freshness {
    let Some(made) = newest else {
        return Freshness {
            made_at: None,
            outdated_at: None,
            is_outdated: true,
            reason: "nothing has been made yet".to_owned(),
        };
    };
    let outdated_at = product.outdated_after.and_then(|age| end_of(age, made));
    let is_old = outdated_at.is_some_and(|outdated| outdated <= now);
    let at = naive(now);
    let missing: Vec<String> = product
        .outdated_starting_at
        .iter()
        .filter(|(part, least)| is_old && at.is_none_or(|at| value(*part, at) < *least))
        .map(|(part, least)| format!("{} {least}", in_words(*part)))
        .collect();
    let kept = match product.outdated_after {
        None => "fresh for ever".to_owned(),
        Some(age) if age == Age::default() => "to be made each time".to_owned(),
        Some(age) => format!("fresh for {}", long(age)),
    };
    let mut reason = format!("made {}, {kept}", ago(now.since(made)));
    if !missing.is_empty() {
        reason.push_str("; it waits for ");
        reason.push_str(&missing.join(" and "));
    }
    Freshness {
        made_at: newest,
        outdated_at,
        is_outdated: is_old && at.is_some() && missing.is_empty(),
        reason,
    }
}

/// When something of this date has reached an age.
fn end_of(age: Age, date: Timestamp) -> Option<Timestamp> {
    let Age {
        years,
        months,
        weeks,
        seconds,
    } = age;
    let later = naive(date)?
        .checked_add_months(Months::new(years.saturating_mul(12).saturating_add(months)))?
        .checked_add_signed(TimeDelta::weeks(weeks.into()))?
        .checked_add_signed(TimeDelta::seconds(seconds.into()))?;
    Some(timestamp(later))
}

/// The units of a length in seconds, the longest first.
const UNITS: [(u64, &str); 4] = [
    (24 * 3_600, "day"),
    (3_600, "hour"),
    (60, "minute"),
    (1, "second"),
];

/// `2 days ago`, and `47 hours ago` rather than `1 day ago`: it stands beside an age.
fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    let unit = UNITS
        .iter()
        .find(|(length, _)| seconds >= *length * if *length > 1 { 2 } else { 1 });
    unit.map_or_else(
        || "just now".to_owned(),
        |(length, unit)| format!("{} ago", count((seconds / length) as usize, unit)),
    )
}

/// `1 month 2 days`.
fn long(age: Age) -> String {
    let mut parts = vec![
        (u64::from(age.years), "year"),
        (u64::from(age.months), "month"),
        (u64::from(age.weeks), "week"),
    ];
    let mut rest = u64::from(age.seconds);
    for (length, unit) in UNITS {
        parts.push((rest / length, unit));
        rest %= length;
    }
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts = parts.map(|(number, unit)| count(number as usize, unit));
    parts.collect::<Vec<_>>().join(" ")
}

/// `hour of day`.
fn in_words(part: MomentPart) -> String {
    let known = MomentPart::KNOWN.iter().find(|(known, _)| *known == part);
    known.map_or_else(String::new, |(_, name)| name.replace('_', " "))
}

fn value(part: MomentPart, at: NaiveDateTime) -> u32 {
    match part {
        MomentPart::SecondOfMinute => at.second(),
        MomentPart::MinuteOfHour => at.minute(),
        MomentPart::HourOfDay => at.hour(),
        MomentPart::DayOfWeek => at.weekday().num_days_from_sunday(),
        MomentPart::DayOfMonth => at.day(),
        MomentPart::DayOfYear => at.ordinal(),
        MomentPart::WeekOfMonth => {
            let first = at.with_day(1).unwrap_or(at).weekday();
            (at.day() + first.num_days_from_monday()).div_ceil(7)
        }
        MomentPart::WeekOfYear => at.iso_week().week(),
        MomentPart::MonthOfYear => at.month(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        timestamp(text.parse().unwrap())
    }

    fn product(after: Option<Age>, from: &[(MomentPart, u32)]) -> GlobalDataProduct {
        GlobalDataProduct {
            uuid: "daily".to_owned(),
            pipeline: "p".into(),
            outdated_after: after,
            outdated_starting_at: from.to_vec(),
            blocks: Vec::new(),
        }
    }

    #[test]
    fn a_product_is_made_once_it_is_too_old_and_its_hour_has_come() {
        let week = Some(Age {
            weeks: 1,
            ..Age::default()
        });
        let month = Some(Age {
            months: 1,
            ..Age::default()
        });
        let six = [(MomentPart::HourOfDay, 6)];
        let newest = at("2024-01-31T12:00:00");
        let words = "made 7 days ago, fresh for 1 week";
        let waits = "made 7 days ago, fresh for 1 week; it waits for hour of day 6";
        for (after, from, now, outdated, reason) in [
            (
                week,
                &[][..],
                "2024-02-07T11:59:59",
                false,
                "made 6 days ago, fresh for 1 week",
            ),
            (week, &[], "2024-02-07T12:00:00", true, words),
            (week, &six, "2024-02-08T05:59:59", false, waits),
            (week, &six, "2024-02-08T06:00:00", true, words),
            (
                week,
                &six,
                "2024-02-07T06:00:00",
                false,
                "made 6 days ago, fresh for 1 week",
            ),
            (
                month,
                &[],
                "2024-02-29T11:00:00",
                false,
                "made 28 days ago, fresh for 1 month",
            ),
            (
                month,
                &[],
                "2024-02-29T12:00:00",
                true,
                "made 29 days ago, fresh for 1 month",
            ),
            (
                None,
                &[],
                "2024-01-31T13:30:00",
                false,
                "made 90 minutes ago, fresh for ever",
            ),
            (
                Some(Age::default()),
                &[],
                "2024-01-31T12:00:00",
                true,
                "made just now, to be made each time",
            ),
        ] {
            let found = freshness(&product(after, from), Some(newest), at(now));
            assert_eq!(found.is_outdated, outdated, "{after:?} {from:?} {now}");
            assert_eq!(found.reason, reason, "{after:?} {from:?} {now}");
            assert_eq!(found.made_at, Some(newest));
            assert_eq!(found.outdated_at.is_some(), after.is_some());
        }
        let ends = freshness(&product(month, &six), Some(newest), newest).outdated_at;
        assert_eq!(ends, Some(at("2024-02-29T12:00:00")));
        // What was never made is made at any hour.
        let never = freshness(&product(None, &six), None, at("2024-01-01T00:00:00"));
        assert!(never.is_outdated);
        assert_eq!((never.made_at, never.outdated_at), (None, None));
        assert_eq!(never.reason, "nothing has been made yet");
    }

    #[test]
    fn ages_are_told_in_words() {
        let age = Age {
            years: 1,
            months: 2,
            weeks: 0,
            seconds: 2 * 86_400 + 3_600 + 61,
        };
        assert_eq!(long(age), "1 year 2 months 2 days 1 hour 1 minute 1 second");
        for (seconds, text) in [
            (0, "just now"),
            (59, "59 seconds ago"),
            (3_599, "59 minutes ago"),
            (172_799, "47 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn parts_of_a_moment_count_as_in_metadata() {
        let sunday = naive(at("2024-12-29T23:05:07")).unwrap();
        let parts: Vec<u32> = MomentPart::KNOWN
            .iter()
            .map(|(part, _)| value(*part, sunday))
            .collect();
        assert_eq!(parts, [7, 5, 23, 0, 29, 364, 5, 52, 12]);
        assert_eq!(
            value(
                MomentPart::WeekOfMonth,
                naive(at("2024-12-30T00:00:00")).unwrap()
            ),
            6
        );
        assert_eq!(
            value(
                MomentPart::WeekOfYear,
                naive(at("2024-12-30T00:00:00")).unwrap()
            ),
            1
        );
    }
}
