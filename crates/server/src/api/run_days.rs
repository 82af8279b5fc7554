//! `pipeline_runs/days`: how many runs each of the last days had, and how they stand.

use axum::extract::State;
use baton_app::DayOfRuns;
use baton_model::RunStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::answer::{Many, Named};
use crate::error::ApiError;
use crate::params::Query;
use crate::{Shared, times};

/// Days when no number is asked for, and at most.
const DAYS: u32 = 30;
const MOST_DAYS: u32 = 366;

/// The runs of a day: those whose first block started on it, or that were made on it where none has started.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunDay")]
pub(crate) struct DayView {
    /// The date in the zone: `2026-11-22`.
    date: String,
    /// When the day begins, in UTC.
    from: String,
    /// When the next day begins.
    to: String,
    /// How many runs stand where.
    counts: Counts,
    /// The pipeline of which most runs failed; null where none did.
    most_failed: Option<MostFailed>,
}

/// How many runs stand where.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunCounts")]
struct Counts {
    initial: u64,
    running: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
}

/// The pipeline of which most runs failed.
#[derive(Serialize, JsonSchema)]
struct MostFailed {
    pipeline_uuid: String,
    failed: u64,
}

impl Named for DayView {
    const ONE: &'static str = "day";
    const MANY: &'static str = "days";
}

impl From<DayOfRuns> for DayView {
    fn from(DayOfRuns { day, runs }: DayOfRuns) -> Self {
        let count = |status| runs.count(status);
        Self {
            counts: Counts {
                initial: count(RunStatus::Initial),
                running: count(RunStatus::Running),
                completed: count(RunStatus::Completed),
                failed: count(RunStatus::Failed),
                cancelled: count(RunStatus::Cancelled),
            },
            date: day.date,
            from: times::text(day.from),
            to: times::text(day.to),
            most_failed: runs.most_failed.map(|(pipeline, failed)| MostFailed {
                pipeline_uuid: pipeline.to_string(),
                failed,
            }),
        }
    }
}

/// Which days.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DaysQuery {
    /// So many days up to today, at most 366; 30 without it.
    days: Option<u32>,
    /// The time zone whose days they are, such as Europe/Berlin; UTC without it.
    zone: Option<String>,
}

/// How many runs each of the last days had, the oldest day first.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<DaysQuery>,
) -> Result<Many<DayView>, ApiError> {
    let days = query.days.unwrap_or(DAYS).min(MOST_DAYS);
    let found = shared.host.run_days(&actor, days, query.zone.as_deref());
    let found = found.await?.into_iter();
    Ok(Many::whole(found.map(DayView::from).collect()))
}
