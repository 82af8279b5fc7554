//! When a trigger of type time runs, as its file says it, and the interval that one of its runs stands for.
//!
//! What follows from a schedule, such as its next run, is decided in `engine`.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A schedule that can be followed.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// One run, and never again.
    Once,
    /// A run whenever there is none.
    AlwaysOn,
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every Monday.
    Weekly,
    /// Every first day of a month.
    Monthly,
    /// Whenever the expression says so.
    Cron(Box<Cron>),
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSchedule(pub String);

impl Schedule {
    /// Reads `@daily` and the like, or a cron expression: five fields, or six with the seconds *last*. A step on a
    /// single value (`5/10`) is allowed, a range may go past its end (`22-5`), and the last Friday of a month is `L5`
    /// or `5L`.
    pub fn parse(text: &str) -> Result<Self, BadSchedule> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix('@') {
            return match name {
                "once" => Ok(Self::Once),
                "always_on" => Ok(Self::AlwaysOn),
                "hourly" => Ok(Self::Hourly),
                "daily" => Ok(Self::Daily),
                "weekly" => Ok(Self::Weekly),
                "monthly" => Ok(Self::Monthly),
                "yearly" | "annually" => Self::cron("0 0 1 1 *"),
                "midnight" => Self::cron("0 0 * * *"),
                _ => Err(BadSchedule("there is no interval of this name".to_owned())),
            };
        }
        Self::cron(text)
    }

    /// Whether no moment of the calendar fits it, as the 31st of February: an expression that names days of the month
    /// and no weekdays, all of them beyond the ends of its months.
    pub fn never_comes(&self) -> bool {
        let Self::Cron(cron) = self else {
            return false;
        };
        let pattern = &cron.pattern;
        let days = pattern.days.values();
        if pattern.is_dom_wildcard() || !pattern.is_dow_wildcard() || days.is_empty() {
            return false;
        }
        let months = pattern.months.values();
        // The 29th of February comes in some years.
        let last = |month: &u16| match *month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let most = months.iter().map(last).max().unwrap_or(31);
        days.iter().all(|day| *day > most) && !pattern.days.has_modifiers()
    }

    fn cron(text: &str) -> Result<Self, BadSchedule> {
        let mut fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if !matches!(fields.len(), 5 | 6) {
            let count = fields.len();
            return Err(BadSchedule(format!(
                "a cron expression has five fields, or a sixth with the seconds behind them; this one has {count}"
            )));
        }
        if let Some(days) = fields.get_mut(4) {
            *days = last_days(days);
        }
        for (field, (least, most)) in fields.iter_mut().zip(BOUNDS) {
            *field = unrolled(field, least, most);
        }
        if fields.len() == 6 {
            // The parser wants the seconds first.
            fields.rotate_right(1);
        }
        CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .sloppy_ranges(true)
            .build()
            .parse(&fields.join(" "))
            .map(|cron| Self::Cron(Box::new(cron)))
            .map_err(|error| BadSchedule(error.to_string().trim_end_matches('.').to_owned()))
    }
}

/// The least and the greatest value of each of the first five fields.
const BOUNDS: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

/// Ranges that go past the end of their field, as two that do not: hours `22-5` are `22-23,0-5`.
fn unrolled(field: &str, least: u32, most: u32) -> String {
    let parts: Vec<String> = field
        .split(',')
        .map(|part| {
            let bounds = part
                .split_once('-')
                .and_then(|(from, to)| Some((from.parse::<u32>().ok()?, to.parse::<u32>().ok()?)));
            match bounds {
                Some((from, to)) if from > to && from <= most && to >= least => {
                    format!("{from}-{most},{least}-{to}")
                }
                _ => part.to_owned(),
            }
        })
        .collect();
    parts.join(",")
}

/// `L5` of the weekdays as the parser writes it: `5L`.
fn last_days(field: &str) -> String {
    let days: Vec<String> = field
        .split(',')
        .map(|day| match day.strip_prefix('L') {
            Some(number) if !number.is_empty() => format!("{number}L"),
            _ => day.to_owned(),
        })
        .collect();
    days.join(",")
}

/// The interval that a run of a schedule stands for (spec 2.4). It begins with the run's logical date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it; none for a schedule without intervals.
    pub end: Option<Timestamp>,
    /// Its length; an integer or not, as blocks get it.
    pub seconds: Option<serde_json::Number>,
    /// When the interval before it began.
    pub previous: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_that_never_come_are_known() {
        let never = |text: &str| Schedule::parse(text).is_ok_and(|one| one.never_comes());
        for text in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
            assert!(never(text), "{text}");
        }
        for text in [
            "0 0 29 2 *",
            "0 0 31 2,3 *",
            "0 0 31 2 1",
            "0 0 L 2 *",
            "0 0 * 2 *",
            "0 0 30,31 4 *",
            "@monthly",
        ] {
            assert!(!never(text), "{text}");
        }
    }

    #[test]
    fn schedules_are_judged() {
        for good in [
            "@once",
            "@hourly",
            "@always_on",
            "@midnight",
            "0 2 * * *",
            " 0 2 * * * ",
            "*/15 * * * *",
            "5/5 * * * *",
            "10/10 * * * *",
            "0 9 * * MON-FRI",
            "0 0 1 jan,JUL *",
            "0 0 L * *",
            "0 0 * * L5",
            "0 0 * * 7",
            "0 22-5 * * 5-1",
            "30 4 1,15 * 5",
            "0 12 * * * 30",
        ] {
            assert!(Schedule::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "@sometimes",
            "",
            "* * * *",
            "61 * * * *",
            "* 24 * * *",
            "every day",
            "0 0 31 13 *",
            "a b c d e",
            "* * * * * * *",
            "*/0 * * * *",
        ] {
            assert!(Schedule::parse(bad).is_err(), "{bad}");
        }
    }
}
