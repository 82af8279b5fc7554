//! Wall clocks: which moment a time of day of a zone is, also where clocks are put forward or back.
//!
//! A time that a zone skips stands for the next moment that it has; one that it has twice stands for the first of
//! the two. Expressions that name every hour follow time as it passes instead: they skip nothing and stay an hour
//! apart.

use std::sync::LazyLock;

use baton_model::{Schedule, Timestamp};
use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use croner::Cron;

/// A time zone with its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

/// No time zone has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone called `{0}`; names look like Europe/Berlin or UTC")]
pub struct UnknownZone(pub String);

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;

static EVERY_HOUR: LazyLock<Option<Box<Cron>>> =
    LazyLock::new(|| match Schedule::parse("0 * * * *") {
        Ok(Schedule::Cron(cron)) => Some(cron),
        _ => None,
    });

/// Clocks differ from universal time, and are put forward, by less than this.
const REACH: TimeDelta = TimeDelta::hours(30);

impl Zone {
    /// Coordinated universal time, which has no rules.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of a name of the IANA data base; UTC when none is given.
    pub fn parse(name: Option<&str>) -> Result<Self, UnknownZone> {
        let Some(name) = name else {
            return Ok(Self::UTC);
        };
        name.parse()
            .map(Self)
            .map_err(|_| UnknownZone(name.to_owned()))
    }

    /// The name of the zone.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What clocks of the zone show.
    pub(crate) fn wall(self, at: Timestamp) -> Option<NaiveDateTime> {
        let at = naive(at)?;
        Some(at + self.offset(at))
    }

    /// The moment at which clocks of the zone show this.
    pub(crate) fn moment(self, wall: NaiveDateTime) -> Timestamp {
        timestamp(self.resolved(wall))
    }

    /// The newest moment of an expression before `at`.
    pub(crate) fn cron_before(self, cron: &Cron, at: Timestamp) -> Option<Timestamp> {
        let at = naive(at)?;
        let found = if self.0 == Tz::UTC {
            before(cron, at)?
        } else if names_every_hour(cron) {
            self.passing_before(cron, at)?
        } else {
            self.shown_before(cron, at)?
        };
        Some(timestamp(found))
    }

    /// The first moment of an expression after `at`.
    pub(crate) fn cron_after(self, cron: &Cron, at: Timestamp) -> Option<Timestamp> {
        let at = naive(at)?;
        let found = if self.0 == Tz::UTC {
            after(cron, at)?
        } else if names_every_hour(cron) {
            self.passing_after(cron, at)?
        } else {
            self.shown_after(cron, at)?
        };
        Some(timestamp(found))
    }

    /// When the hour began that clocks show.
    pub(crate) fn hour_of(self, at: Timestamp) -> Option<Timestamp> {
        if self.0 == Tz::UTC {
            return Some(Timestamp(at.0 - at.0.rem_euclid(HOUR)));
        }
        self.cron_before(EVERY_HOUR.as_deref()?, Timestamp(at.0.checked_add(1)?))
    }

    /// When the hour after it begins.
    pub(crate) fn hour_after(self, at: Timestamp) -> Option<Timestamp> {
        if self.0 == Tz::UTC {
            return Some(Timestamp((at.0 - at.0.rem_euclid(HOUR)).checked_add(HOUR)?));
        }
        self.cron_after(EVERY_HOUR.as_deref()?, at)
    }

    fn offset(self, at: NaiveDateTime) -> TimeDelta {
        let offset = self.0.offset_from_utc_datetime(&at).fix();
        TimeDelta::seconds(offset.local_minus_utc().into())
    }

    fn resolved(self, wall: NaiveDateTime) -> NaiveDateTime {
        match self.0.from_local_datetime(&wall) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.naive_utc(),
            MappedLocalTime::None => {
                let shown = |at: NaiveDateTime| at + self.offset(at) >= wall;
                first(wall - REACH, wall + REACH, shown)
            }
        }
    }

    /// Goes through the times of day that clocks show.
    fn shown_after(self, cron: &Cron, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut wall = at + self.offset(at);
        loop {
            wall = after(cron, wall)?;
            let found = self.resolved(wall);
            if found > at {
                return Some(found);
            }
        }
    }

    fn shown_before(self, cron: &Cron, at: NaiveDateTime) -> Option<NaiveDateTime> {
        // Where clocks were put back a while ago, they have shown later times than now already.
        let now = self.offset(at);
        let put_back = (self.offset(at - TimeDelta::days(1)) - now).max(TimeDelta::zero());
        let mut wall = at + now + put_back + TimeDelta::seconds(1);
        loop {
            wall = before(cron, wall)?;
            let found = self.resolved(wall);
            if found < at {
                return Some(found);
            }
        }
    }

    /// Goes through time as it passes, one stretch of the same offset after the other.
    fn passing_after(self, cron: &Cron, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut found = after(cron, at + self.offset(at))? - self.offset(at);
        let mut from = at;
        while let Some(change) = self.change_between(from, found) {
            let offset = self.offset(change);
            found = after(cron, change + offset - TimeDelta::microseconds(1))? - offset;
            from = change;
        }
        Some(found)
    }

    fn passing_before(self, cron: &Cron, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut until = at;
        let mut offset = self.offset(at - TimeDelta::microseconds(1));
        loop {
            let found = before(cron, until + offset)? - offset;
            let mut newest = None;
            let mut from = found;
            while let Some(change) = self.change_between(from, until - TimeDelta::microseconds(1)) {
                newest = Some(change);
                from = change;
            }
            let Some(change) = newest else {
                return Some(found);
            };
            until = change;
            offset = self.offset(change - TimeDelta::seconds(1));
        }
    }

    /// The first moment after `from` and not after `until` at which clocks are put forward or back.
    fn change_between(self, from: NaiveDateTime, until: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut start = from;
        while start < until {
            let end = until.min(start + TimeDelta::days(7));
            let offset = self.offset(start);
            if self.offset(end) != offset {
                return Some(first(start, end, |at| self.offset(at) != offset));
            }
            start = end;
        }
        None
    }
}

/// The first whole second after `low` of which something holds that holds of `high`.
fn first(
    low: NaiveDateTime,
    high: NaiveDateTime,
    holds: impl Fn(NaiveDateTime) -> bool,
) -> NaiveDateTime {
    let (mut low, mut high) = (low.and_utc().timestamp(), high.and_utc().timestamp());
    let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(at(middle).naive_utc()) {
            high = middle;
        } else {
            low = middle;
        }
    }
    at(high).naive_utc()
}

fn names_every_hour(cron: &Cron) -> bool {
    (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false))
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

pub(crate) fn naive(at: Timestamp) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(at.0).map(|at| at.naive_utc())
}

pub(crate) fn timestamp(at: NaiveDateTime) -> Timestamp {
    Timestamp(at.and_utc().timestamp_micros())
}
