//! A global data product: the outputs of a pipeline's newest run, kept fresh for other pipelines (spec 1.8).

use serde::{Deserialize, Serialize};

use crate::{BlockUuid, PipelineUuid};

/// A global data product as its project declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlobalDataProduct {
    /// Its name.
    pub uuid: String,
    /// The pipeline whose runs make it.
    pub pipeline: PipelineUuid,
    /// How old its newest run may get; without an age it never gets too old.
    pub outdated_after: Option<Age>,
    /// What the calendar must have reached besides; nothing means at any time.
    pub outdated_starting_at: Vec<(MomentPart, u32)>,
    /// The blocks whose outputs it hands out, in order; empty for those that no block is below.
    pub blocks: Vec<SharedBlock>,
}

/// A block of a global data product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBlock {
    /// The block.
    pub uuid: BlockUuid,
    /// The outputs of so many of the newest runs are handed out; 0 for all.
    pub partitions: u32,
}

/// An age in units of the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Age {
    /// Years.
    pub years: u32,
    /// Months.
    pub months: u32,
    /// Weeks.
    pub weeks: u32,
    /// Seconds.
    pub seconds: u32,
}

/// A part of a moment that `outdated_starting_at` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentPart {
    /// 0 to 59.
    SecondOfMinute,
    /// 0 to 59.
    MinuteOfHour,
    /// 0 to 23.
    HourOfDay,
    /// 0 is Sunday.
    DayOfWeek,
    /// From 1.
    DayOfMonth,
    /// From 1.
    DayOfYear,
    /// From 1; weeks begin on Monday.
    WeekOfMonth,
    /// From 1, as ISO 8601 counts.
    WeekOfYear,
    /// From 1.
    MonthOfYear,
}

impl MomentPart {
    /// Every part with the name that metadata uses.
    pub const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::SecondOfMinute, "second_of_minute"),
        (Self::MinuteOfHour, "minute_of_hour"),
        (Self::HourOfDay, "hour_of_day"),
        (Self::DayOfWeek, "day_of_week"),
        (Self::DayOfMonth, "day_of_month"),
        (Self::DayOfYear, "day_of_year"),
        (Self::WeekOfMonth, "week_of_month"),
        (Self::WeekOfYear, "week_of_year"),
        (Self::MonthOfYear, "month_of_year"),
    ];
}
