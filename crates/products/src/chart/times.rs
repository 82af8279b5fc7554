//! Parts of a time: the second, the day, the year that it lies in, by the clocks of its zone.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::temporal_conversions::as_datetime_with_timezone;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};

/// Microseconds of a second.
pub(super) const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// The first Monday after the epoch.
const MONDAY: i64 = 4 * DAY;

/// How wide the parts of a time are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interval {
    /// Every time stands for itself.
    Original,
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks, from Monday on.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
}

impl Interval {
    /// All of them, the finest first.
    pub const ALL: [Self; 8] = [
        Self::Original,
        Self::Second,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
    ];

    /// The interval that projects call `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The beginning of the part that a time lies in; both in microseconds since the epoch, without a zone.
    fn start(self, time: i64) -> Option<i64> {
        let even = |width: i64, from: i64| {
            let past = time.checked_sub(from)?.rem_euclid(width);
            time.checked_sub(past)
        };
        match self {
            Self::Original => Some(time),
            Self::Second => even(SECOND, 0),
            Self::Minute => even(MINUTE, 0),
            Self::Hour => even(HOUR, 0),
            Self::Day => even(DAY, 0),
            Self::Week => even(WEEK, MONDAY),
            Self::Month | Self::Year => {
                let date = DateTime::from_timestamp_micros(time)?.date_naive();
                let month = if self == Self::Year { 1 } else { date.month() };
                let first = NaiveDate::from_ymd_opt(date.year(), month, 1)?;
                Some(first.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
            }
        }
    }
}

/// How the times of a column are read.
pub(super) struct Clock {
    zone: Option<(String, Tz)>,
}

impl Clock {
    /// The clock of a column of this type; none where it has no times. Text may be times.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Timestamp(_, Some(zone)) => {
                let found = zone.parse().ok()?;
                Some(Self {
                    zone: Some((zone.to_string(), found)),
                })
            }
            DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => {
                Some(Self { zone: None })
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Self { zone: None }),
            DataType::Dictionary(_, values) => Self::of(values),
            _ => None,
        }
    }

    pub(super) fn zone(&self) -> Option<&str> {
        self.zone.as_ref().map(|(name, _)| name.as_str())
    }

    /// The part that each time lies in, as the clocks of the zone show it; null for what is no time.
    pub(super) fn parts(
        &self,
        column: &ArrayRef,
        interval: Interval,
    ) -> Result<TimestampMicrosecondArray, ArrowError> {
        let column = super::column::plain(column)?;
        let zone = match column.data_type() {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        };
        // What cannot be read as a time becomes null.
        let micros = compute::cast(&column, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
        let micros = micros.as_primitive::<TimestampMicrosecondType>();
        let parts = micros.iter().map(|time| {
            let time = time?;
            let shown = match &self.zone {
                Some((_, zone)) => {
                    let time = as_datetime_with_timezone::<TimestampMicrosecondType>(time, *zone)?;
                    time.naive_local().and_utc().timestamp_micros()
                }
                None => time,
            };
            interval.start(shown)
        });
        Ok(parts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_where_people_expect_it() {
        let time = |text: &str| {
            let time = DateTime::parse_from_rfc3339(text).unwrap();
            time.timestamp_micros()
        };
        // A Thursday; and a time before the epoch, a Sunday.
        for (from, interval, expected) in [
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Original,
                "2024-02-29T13:45:59.5Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Second,
                "2024-02-29T13:45:59Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Minute,
                "2024-02-29T13:45:00Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Hour,
                "2024-02-29T13:00:00Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Day,
                "2024-02-29T00:00:00Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Week,
                "2024-02-26T00:00:00Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Month,
                "2024-02-01T00:00:00Z",
            ),
            (
                "2024-02-29T13:45:59.5Z",
                Interval::Year,
                "2024-01-01T00:00:00Z",
            ),
            (
                "1969-12-28T23:59:59Z",
                Interval::Week,
                "1969-12-22T00:00:00Z",
            ),
            (
                "1969-12-28T23:59:59Z",
                Interval::Hour,
                "1969-12-28T23:00:00Z",
            ),
            (
                "1969-12-28T23:59:59Z",
                Interval::Month,
                "1969-12-01T00:00:00Z",
            ),
        ] {
            let found = interval.start(time(from));
            assert_eq!(found, Some(time(expected)), "{from} {interval:?}");
        }
        assert_eq!(Interval::Year.start(i64::MAX), None);
        assert_eq!(Interval::Week.start(i64::MIN), None);
        for one in Interval::ALL {
            assert_eq!(Interval::parse(one.name()), Some(one));
        }
    }
}
