//! Whether a global data product is still good, or has to be made anew (spec 1.8).

use baton_model::{Age, GlobalDataProduct, MomentPart, Timestamp};
use chrono::{Datelike, Months, NaiveDateTime, TimeDelta, Timelike};

use crate::zones::{naive, timestamp};

/// When a product becomes too old whose newest run has this logical date; none when it never does.
pub fn outdated_at(product: &GlobalDataProduct, date: Timestamp) -> Option<Timestamp> {
    let Age {
        years,
        months,
        weeks,
        seconds,
    } = product.outdated_after?;
    let later = naive(date)?
        .checked_add_months(Months::new(years.saturating_mul(12).saturating_add(months)))?
        .checked_add_signed(TimeDelta::weeks(weeks.into()))?
        .checked_add_signed(TimeDelta::seconds(seconds.into()))?;
    Some(timestamp(later))
}

/// Whether a product has to be made anew at `now`, when its newest completed run has this logical date.
pub fn is_outdated(product: &GlobalDataProduct, newest: Option<Timestamp>, now: Timestamp) -> bool {
    let Some(date) = newest else {
        return true;
    };
    let Some(at) = naive(now) else {
        return false;
    };
    outdated_at(product, date).is_some_and(|outdated| outdated <= now)
        && product
            .outdated_starting_at
            .iter()
            .all(|(part, least)| value(*part, at) >= *least)
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
        for (after, from, now, outdated) in [
            (week, &[][..], "2024-02-07T11:59:59", false),
            (week, &[], "2024-02-07T12:00:00", true),
            (week, &six, "2024-02-08T05:59:59", false),
            (week, &six, "2024-02-08T06:00:00", true),
            (week, &six, "2024-02-07T06:00:00", false),
            (month, &[], "2024-02-29T11:00:00", false),
            (month, &[], "2024-02-29T12:00:00", true),
            (None, &[], "2034-01-01T00:00:00", false),
        ] {
            let found = is_outdated(&product(after, from), Some(newest), at(now));
            assert_eq!(found, outdated, "{after:?} {from:?} {now}");
        }
        // What was never made is made at any hour.
        assert!(is_outdated(
            &product(None, &six),
            None,
            at("2024-01-01T00:00:00")
        ));
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
