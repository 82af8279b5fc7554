//! `backfills`: one run for each interval of a window.

use axum::extract::State;
use baton_app::{Detail, Wish};
use baton_engine::backfills::{Preview, variables};
use baton_model::{
    Backfill, BackfillId, BackfillStatus, Interval, IntervalUnit, Map, PipelineUuid,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::By;
use crate::answer::{Many, Named, One};
use crate::body::{Field, Payload};
use crate::error::ApiError;
use crate::params::{Order, Paging, Path, Query, flag};
use crate::{Shared, times, words};

/// Rows of a page when no number is asked for.
const ROWS: u32 = 200;

/// Most dates that an answer lists; their number is always the whole one.
const MOST_DATES: usize = 1_000;

/// The dates as their runs are told of them.
fn dates<'i>(intervals: impl IntoIterator<Item = &'i Interval>) -> Vec<Map> {
    let intervals = intervals.into_iter().take(MOST_DATES);
    intervals.map(variables).collect()
}

/// A backfill.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Backfill")]
pub(crate) struct BackfillView {
    id: i64,
    name: String,
    pipeline_uuid: String,
    /// The trigger that its runs belong to, once it has begun.
    pipeline_schedule_id: Option<i64>,
    block_uuid: Option<String>,
    /// Null before it has begun.
    #[schemars(with = "Option<words::BackfillStatus>")]
    status: Option<BackfillStatus>,
    start_datetime: Option<String>,
    end_datetime: Option<String>,
    #[schemars(with = "Option<words::IntervalUnit>")]
    interval_type: Option<IntervalUnit>,
    interval_units: Option<u32>,
    variables: Map,
    settings: Map,
    metrics: Option<Value>,
    started_at: Option<String>,
    completed_at: Option<String>,
    failed_at: Option<String>,
    created_at: String,
    updated_at: String,
    /// Its dates, as the variables that their runs get; at most 1000.
    pipeline_run_dates: Vec<Map>,
    /// How many dates there are.
    pipeline_run_dates_count: usize,
    /// How many runs there are.
    total_run_count: u64,
}

/// What a backfill is to be; what is not named stays. What the server itself says of it may come back with it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BackfillChange {
    name: Option<String>,
    #[serde(default)]
    start_datetime: Field<String>,
    #[serde(default)]
    end_datetime: Field<String>,
    #[serde(default)]
    #[schemars(with = "Option<words::IntervalUnit>")]
    interval_type: Field<IntervalUnit>,
    #[serde(default)]
    interval_units: Field<Units>,
    #[serde(default)]
    variables: Field<Map>,
    /// What is not named stays; null takes a setting away.
    #[serde(default)]
    settings: Field<Map>,
    /// `initial` or `running` starts it, `paused` pauses it, `cancelled` stops it.
    #[schemars(with = "Option<words::BackfillStatus>")]
    status: Option<String>,
}

/// A number; Mage's clients send it as text, too.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Units {
    Number(u32),
    Text(String),
}

impl Named for BackfillView {
    const ONE: &'static str = "backfill";
    const MANY: &'static str = "backfills";
}

impl Named for BackfillChange {
    const ONE: &'static str = "backfill";
}

impl From<&Detail> for BackfillView {
    fn from(detail: &Detail) -> Self {
        let backfill = &detail.backfill;
        Self {
            id: backfill.id.0,
            name: backfill.name.clone(),
            pipeline_uuid: backfill.pipeline.to_string(),
            pipeline_schedule_id: backfill.trigger.map(|trigger| trigger.0),
            block_uuid: None,
            status: backfill.status,
            start_datetime: times::some(backfill.start),
            end_datetime: times::some(backfill.end),
            interval_type: backfill.unit,
            interval_units: backfill.units,
            variables: backfill.variables.clone(),
            settings: backfill.settings.clone(),
            metrics: None,
            started_at: times::some(backfill.started_at),
            completed_at: times::some(backfill.completed_at),
            failed_at: times::some(backfill.failed_at),
            created_at: times::text(backfill.created_at),
            updated_at: times::text(backfill.updated_at),
            pipeline_run_dates: dates(&detail.intervals),
            pipeline_run_dates_count: detail.intervals.len(),
            total_run_count: detail.runs,
        }
    }
}

async fn detail(shared: &Shared, by: &By, id: BackfillId) -> Result<BackfillView, ApiError> {
    let detail = shared.host.backfill_detail(&by.0, id).await?;
    Ok(BackfillView::from(&detail))
}

async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: Option<&PipelineUuid>,
    paging: &Paging,
) -> Result<Many<BackfillView>, ApiError> {
    let found = shared.host.backfills(&by.0, pipeline).await?;
    if let (Some(pipeline), []) = (pipeline, found.as_slice()) {
        shared.host.expect_pipeline(&by.0, pipeline).await?;
    }
    let page = paging.cut(found, ROWS, Order::Down, |backfill| backfill.id.0)?;
    let mut rows = Vec::new();
    for backfill in &page.rows {
        rows.push(detail(shared, by, backfill.id).await?);
    }
    Ok(Many {
        rows,
        metadata: page.metadata,
    })
}

/// Which backfills are wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BackfillQuery {
    /// Those of this pipeline.
    pipeline_uuid: Option<String>,
}

/// All backfills.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<BackfillQuery>,
    paging: Paging,
) -> Result<Many<BackfillView>, ApiError> {
    let pipeline = query.pipeline_uuid.map(PipelineUuid::new);
    answer(&shared, &by, pipeline.as_ref(), &paging).await
}

/// The backfills of a pipeline.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    paging: Paging,
) -> Result<Many<BackfillView>, ApiError> {
    answer(&shared, &by, Some(&PipelineUuid::new(pipeline)), &paging).await
}

/// One backfill, with its dates.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<One<BackfillView>, ApiError> {
    Ok(One(detail(&shared, &by, BackfillId(id)).await?))
}

fn wrong(key: &str) -> ApiError {
    ApiError::invalid(format!("`{key}` cannot have this value"))
}

impl BackfillChange {
    /// Puts what a request sets into a backfill, and gives what it wishes.
    fn apply(self, backfill: &mut Backfill) -> Result<Option<Wish>, ApiError> {
        if let Some(name) = self.name {
            backfill.name = name;
        }
        if let Field::Given(text) = self.start_datetime {
            backfill.start = times::read("start_datetime", text.as_deref())?;
        }
        if let Field::Given(text) = self.end_datetime {
            backfill.end = times::read("end_datetime", text.as_deref())?;
        }
        if let Field::Given(unit) = self.interval_type {
            backfill.unit = unit;
        }
        if let Field::Given(units) = self.interval_units {
            let units = units.map(|units| match units {
                Units::Number(units) => Ok(units),
                Units::Text(text) => text.parse().map_err(|_| wrong("interval_units")),
            });
            backfill.units = units.transpose()?;
        }
        if let Field::Given(variables) = self.variables {
            backfill.variables = variables.unwrap_or_default();
        }
        match self.settings {
            Field::Absent => {}
            Field::Given(None) => backfill.settings.clear(),
            Field::Given(Some(settings)) => {
                backfill.settings.extend(settings);
                backfill.settings.retain(|_, value| !value.is_null());
            }
        }
        match self.status.as_deref() {
            Some("initial" | "running") => Ok(Some(Wish::Start)),
            Some("paused") => Ok(Some(Wish::Pause)),
            Some("cancelling" | "cancelled") => Ok(Some(Wish::Cancel)),
            None => Ok(None),
            Some(_) => Err(wrong("status")),
        }
    }
}

/// Makes a backfill; `status: initial` starts it at once.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    payload: Payload<BackfillChange>,
) -> Result<One<BackfillView>, ApiError> {
    let mut backfill = Backfill::new(PipelineUuid::new(pipeline));
    let wish = payload.wanted.apply(&mut backfill)?;
    let made = shared.host.create_backfill(&by.0, backfill).await?;
    if wish.is_some() {
        let begun = shared.host.update_backfill(&by.0, made.id, |_| {}, wish);
        begun.await?;
    }
    Ok(One(detail(&shared, &by, made.id).await?))
}

/// Changes a backfill, starts, pauses or cancels it; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    payload: Payload<BackfillChange>,
) -> Result<One<BackfillView>, ApiError> {
    let id = BackfillId(id);
    let mut backfill = shared.host.backfill(&by.0, id).await?;
    let mut wanted = payload.wanted;
    // A client that sends back everything it was shown wishes nothing.
    let before = backfill.status.map(BackfillStatus::name);
    if payload.map.len() > 1 && wanted.status.as_deref() == before {
        wanted.status = None;
    }
    let wish = wanted.apply(&mut backfill)?;
    let changed = shared
        .host
        .update_backfill(&by.0, id, move |stored| *stored = backfill, wish);
    changed.await?;
    Ok(One(detail(&shared, &by, id).await?))
}

/// Deletes a backfill.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<One<BackfillView>, ApiError> {
    let id = BackfillId(id);
    let view = detail(&shared, &by, id).await?;
    shared.host.remove_backfill(&by.0, id).await?;
    Ok(One(view))
}

/// What a backfill would do.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BackfillPreview {
    /// The dates that runs would be made for, as the variables that they get; at most 1000.
    pipeline_run_dates: Vec<Map>,
    /// How many runs would be made.
    total_run_count: usize,
    /// How many dates would be left alone, since they have completed.
    left_alone_count: usize,
    /// How many runs would be under way at a time; null without a limit.
    pipeline_run_limit: Option<u32>,
    /// How long it would take, judged by earlier runs.
    expected_seconds: Option<f64>,
}

impl Named for BackfillPreview {
    const ONE: &'static str = "preview";
}

fn previewed(preview: &Preview) -> One<BackfillPreview> {
    One(BackfillPreview {
        pipeline_run_dates: dates(&preview.runs),
        total_run_count: preview.runs.len(),
        left_alone_count: preview.left_alone,
        pipeline_run_limit: preview.at_a_time,
        expected_seconds: preview.takes.map(|takes| takes.as_secs_f64()),
    })
}

/// What of the dates is wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PreviewQuery {
    /// Only dates that have no run that completed; without it, as the settings say.
    #[serde(default, deserialize_with = "flag")]
    only_missing: Option<bool>,
}

impl PreviewQuery {
    fn only_missing(&self, backfill: &Backfill) -> bool {
        let by_setting = || backfill.settings.get("only_missing") == Some(&Value::Bool(true));
        self.only_missing.unwrap_or_else(by_setting)
    }
}

/// What a backfill would do if it were started now.
pub(crate) async fn preview(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Query(query): Query<PreviewQuery>,
) -> Result<One<BackfillPreview>, ApiError> {
    let backfill = shared.host.backfill(&by.0, BackfillId(id)).await?;
    let only_missing = query.only_missing(&backfill);
    let found = shared.host.preview_backfill(&by.0, &backfill, only_missing);
    Ok(previewed(&found.await?))
}

/// The same of one that is not stored.
pub(crate) async fn preview_of_new(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    Query(query): Query<PreviewQuery>,
    payload: Payload<BackfillChange>,
) -> Result<One<BackfillPreview>, ApiError> {
    let mut backfill = Backfill::new(PipelineUuid::new(pipeline));
    payload.wanted.apply(&mut backfill)?;
    let pipeline = &backfill.pipeline;
    shared.host.expect_pipeline(&by.0, pipeline).await?;
    let only_missing = query.only_missing(&backfill);
    let found = shared.host.preview_backfill(&by.0, &backfill, only_missing);
    Ok(previewed(&found.await?))
}
