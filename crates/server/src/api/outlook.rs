//! What is to come: `forecast` of the runs that schedules bring, and the next dates of a schedule as somebody types it.
//! And `calls`: what callers asked of a trigger.

use std::time::Duration;

use axum::extract::State;
use baton_app::Outlook;
use baton_model::TriggerId;
use baton_store::TriggerCall;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use super::pipeline_schedules::{TriggerChange, empty};
use crate::answer::{Many, Named, One};
use crate::body::Payload;
use crate::error::ApiError;
use crate::params::{Limit, Path, Query};
use crate::{Shared, times, words};

/// Hours of a forecast when no number is asked for.
const HOURS: u32 = 24;

/// Dates of a schedule when no number is asked for, and at most.
const DATES: u32 = 5;
const MOST_DATES: u32 = 100;

/// Calls when no number is asked for.
const CALLS: u32 = 100;

/// What schedules bring.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Forecast")]
pub(crate) struct ForecastView {
    /// The runs, in the order in which they start.
    runs: Vec<PlannedRun>,
    /// Whether there are more runs, or more steps of a load, than are listed.
    is_cut: bool,
    /// Where they want more of a pool than it has.
    collisions: Vec<CollisionView>,
    /// The pools of the project, by their names.
    pools: Vec<PoolView>,
}

/// How many places of a pool the planned runs want. What runs already is not in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PoolLoad")]
struct PoolView {
    pool: String,
    /// Places of the pool.
    slots: u32,
    /// From when on how many places are wanted, by time; none before the first moment.
    load: Vec<LoadStep>,
}

/// So many places are wanted from this moment until the next one.
#[derive(Serialize, JsonSchema)]
struct LoadStep {
    from: String,
    wanted: u32,
}

/// A run that is to come.
#[derive(Serialize, JsonSchema)]
struct PlannedRun {
    pipeline_schedule_id: i64,
    pipeline_uuid: String,
    /// Its logical date.
    execution_date: String,
    starts_at: String,
    /// When it usually will have ended: by the runs of its trigger, else by those of its pipeline; where there are none, a
    /// minute is assumed.
    ends_at: String,
}

/// A time in which runs want more places of a pool than it has.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Collision")]
struct CollisionView {
    pool: String,
    from: String,
    until: String,
    /// Most places that are wanted at one moment of it.
    wanted: u32,
    /// Places of the pool.
    slots: u32,
    /// The triggers whose runs want them.
    pipeline_schedule_ids: Vec<i64>,
}

impl Named for ForecastView {
    const ONE: &'static str = "forecast";
}

impl From<Outlook> for ForecastView {
    fn from(outlook: Outlook) -> Self {
        let runs = outlook.runs.into_iter().map(|run| PlannedRun {
            pipeline_schedule_id: run.trigger.0,
            pipeline_uuid: run.pipeline.to_string(),
            execution_date: times::text(run.date),
            starts_at: times::text(run.at),
            ends_at: times::text(run.ends),
        });
        let collisions = outlook
            .collisions
            .into_iter()
            .map(|collision| CollisionView {
                pool: collision.pool,
                from: times::text(collision.from),
                until: times::text(collision.until),
                wanted: collision.wanted,
                slots: collision.slots,
                pipeline_schedule_ids: collision.triggers.iter().map(|id| id.0).collect(),
            });
        let pools = outlook.pools.into_iter().map(|one| {
            let load = one.load.into_iter().map(|(from, wanted)| LoadStep {
                from: times::text(from),
                wanted,
            });
            PoolView {
                pool: one.pool,
                slots: one.slots,
                load: load.collect(),
            }
        });
        Self {
            runs: runs.collect(),
            is_cut: outlook.is_cut,
            collisions: collisions.collect(),
            pools: pools.collect(),
        }
    }
}

/// How far a forecast goes.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ForecastQuery {
    /// Hours from now on, at most 744; 24 without it.
    hours: Option<u32>,
}

/// The runs that schedules bring, and where they want more of a pool than it has.
pub(crate) async fn forecast(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<ForecastQuery>,
) -> Result<One<ForecastView>, ApiError> {
    let hours = u64::from(query.hours.unwrap_or(HOURS));
    let span = Duration::from_secs(hours * 3_600);
    let outlook = shared.host.outlook(&actor, span).await?;
    Ok(One(outlook.into()))
}

/// The dates of a schedule.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ScheduleDates {
    /// The next logical dates, in UTC.
    dates: Vec<String>,
}

impl Named for ScheduleDates {
    const ONE: &'static str = "preview";
}

/// How many dates are wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DatesQuery {
    /// So many, at most 100; 5 without it.
    count: Option<u32>,
}

impl DatesQuery {
    fn count(&self) -> usize {
        self.count.unwrap_or(DATES).min(MOST_DATES) as usize
    }
}

/// The next dates of a trigger that is not stored yet, as if it were switched on.
pub(crate) async fn dates_of_new(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
    Query(query): Query<DatesQuery>,
    payload: Payload<TriggerChange>,
) -> Result<One<ScheduleDates>, ApiError> {
    let mut trigger = empty(pipeline);
    payload.wanted.apply(&mut trigger)?;
    let pipeline = &trigger.pipeline;
    shared.host.expect_pipeline(&actor, pipeline).await?;
    let dates = shared.host.dates_of(&actor, trigger, query.count())?;
    Ok(One(ScheduleDates {
        dates: dates.into_iter().map(times::text).collect(),
    }))
}

/// A call of a trigger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TriggerCallRecord")]
pub(crate) struct CallView {
    pipeline_schedule_id: i64,
    at: String,
    /// How it was answered: it started a run, or came again; it was refused, too many runs waited, or the run could not
    /// be made.
    #[schemars(with = "words::CallStatus")]
    status: String,
    /// What makes it the same call as another one.
    idempotency_key: Option<String>,
    /// The run that it started, or that an earlier call with its key had started.
    pipeline_run_id: Option<i64>,
    /// Why, for people.
    reason: Option<String>,
}

impl Named for CallView {
    const ONE: &'static str = "call";
    const MANY: &'static str = "calls";
}

impl From<TriggerCall> for CallView {
    fn from(call: TriggerCall) -> Self {
        Self {
            pipeline_schedule_id: call.trigger.0,
            at: times::text(call.at),
            status: call.status,
            idempotency_key: call.key,
            pipeline_run_id: call.run.map(|run| run.0),
            reason: call.note,
        }
    }
}

/// What callers asked of a trigger, the newest first.
pub(crate) async fn calls(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
    Query(wanted): Query<Limit>,
) -> Result<Many<CallView>, ApiError> {
    let limit = wanted.limit(CALLS);
    let calls = shared.host.calls(&actor, TriggerId(id), limit).await?;
    Ok(Many::whole(calls.into_iter().map(CallView::from).collect()))
}
