//! Days of the calendar, as the clocks of a zone show them.

use baton_model::Timestamp;
use chrono::{NaiveTime, TimeDelta};

use crate::zones::Zone;

/// A day of a zone. It may be longer or shorter than 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its date: `2026-11-22`.
    pub date: String,
    /// When it begins.
    pub from: Timestamp,
    /// When the next one begins.
    pub to: Timestamp,
}

/// So many days up to the one of `now`, the oldest first.
pub fn last_days(zone: Zone, now: Timestamp, count: u32) -> Vec<Day> {
    let Some(today) = zone.wall(now).map(|wall| wall.date()) else {
        return Vec::new();
    };
    (0..i64::from(count))
        .rev()
        .filter_map(|back| {
            let date = today.checked_sub_signed(TimeDelta::try_days(back)?)?;
            let next = date.succ_opt()?;
            Some(Day {
                date: date.to_string(),
                from: zone.moment(date.and_time(NaiveTime::MIN)),
                to: zone.moment(next.and_time(NaiveTime::MIN)),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zones::timestamp;

    fn at(text: &str) -> Timestamp {
        timestamp(text.parse().unwrap())
    }

    fn days(zone: &str, now: &str, count: u32) -> Vec<(String, Timestamp, Timestamp)> {
        let zone = Zone::parse(Some(zone)).unwrap();
        let days = last_days(zone, at(now), count).into_iter();
        days.map(|day| (day.date, day.from, day.to)).collect()
    }

    #[test]
    fn days_are_those_of_the_zone() {
        // Midnight has passed in Berlin, and has not in Lima.
        let now = "2026-11-21T23:30:00";
        let berlin = ("2026-11-22", "2026-11-21T23:00:00", "2026-11-22T23:00:00");
        let lima = ("2026-11-21", "2026-11-21T05:00:00", "2026-11-22T05:00:00");
        for (zone, (date, from, to)) in [("Europe/Berlin", berlin), ("America/Lima", lima)] {
            assert_eq!(days(zone, now, 1), [(date.to_owned(), at(from), at(to))]);
        }
        assert_eq!(days("UTC", now, 0), []);
    }

    #[test]
    fn days_follow_each_other_where_clocks_are_changed() {
        let found = days("Europe/Berlin", "2026-10-26T12:00:00", 3);
        let hours: Vec<i64> = found
            .iter()
            .map(|(_, from, to)| (to.0 - from.0) / 3_600_000_000)
            .collect();
        assert_eq!(hours, [24, 25, 24]);
        assert!(found.windows(2).all(|two| two[0].2 == two[1].1));
        // A day without a midnight begins with the first moment that it has.
        let beirut = days("Asia/Beirut", "2026-03-29T12:00:00", 1);
        assert_eq!(beirut[0].1, at("2026-03-28T22:00:00"));
        assert_eq!(beirut[0].2, at("2026-03-29T21:00:00"));
    }
}
