//! `backfills`: one run for each interval of a window.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::{Detail, Wish, moment};
use baton_engine::backfills::{Preview, variables};
use baton_model::{
    Backfill, BackfillId, BackfillStatus, Interval, IntervalUnit, Map, PipelineUuid, Timestamp,
};
use serde_json::{Value, json};

use super::{By, inside};
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// Most dates that an answer lists; their number is always the whole one.
const MOST_DATES: usize = 1_000;

/// The dates as their runs are told of them.
fn dates<'i>(intervals: impl IntoIterator<Item = &'i Interval>) -> Vec<Map> {
    let intervals = intervals.into_iter().take(MOST_DATES);
    intervals.map(variables).collect()
}

fn summary(backfill: &Backfill) -> Map {
    let Value::Object(map) = json!({
        "id": backfill.id,
        "name": backfill.name,
        "pipeline_uuid": backfill.pipeline,
        "pipeline_schedule_id": backfill.trigger,
        "block_uuid": null,
        "status": backfill.status.map(BackfillStatus::name),
        "start_datetime": times::some(backfill.start),
        "end_datetime": times::some(backfill.end),
        "interval_type": backfill.unit,
        "interval_units": backfill.units,
        "variables": backfill.variables,
        "settings": backfill.settings,
        "metrics": null,
        "started_at": times::some(backfill.started_at),
        "completed_at": times::some(backfill.completed_at),
        "failed_at": times::some(backfill.failed_at),
        "created_at": times::text(backfill.created_at),
        "updated_at": times::text(backfill.updated_at),
    }) else {
        return Map::new();
    };
    map
}

fn whole(detail: &Detail) -> Value {
    let mut view = summary(&detail.backfill);
    view.insert(
        "pipeline_run_dates".to_owned(),
        json!(dates(&detail.intervals)),
    );
    view.insert(
        "pipeline_run_dates_count".to_owned(),
        json!(detail.intervals.len()),
    );
    view.insert("total_run_count".to_owned(), json!(detail.runs));
    Value::Object(view)
}

async fn detail(shared: &Shared, by: &By, id: BackfillId) -> Result<Value, ApiError> {
    Ok(whole(&shared.host.backfill_detail(&by.0, id).await?))
}

async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: Option<&PipelineUuid>,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let found = shared.host.backfills(&by.0, pipeline).await?;
    let total = found.len();
    let (skip, limit) = (params.offset()? as usize, params.limit(200)? as usize);
    let mut views = Vec::new();
    for backfill in found.iter().skip(skip).take(limit) {
        views.push(detail(shared, by, backfill.id).await?);
    }
    Ok(Json(
        json!({"backfills": views, "metadata": {"count": total}}),
    ))
}

/// All backfills.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let pipeline = params.get("pipeline_uuid").map(PipelineUuid::from);
    answer(&shared, &by, pipeline.as_ref(), &params).await
}

/// The backfills of a pipeline.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    answer(&shared, &by, Some(&PipelineUuid::new(pipeline)), &params).await
}

/// One backfill, with its dates.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let view = detail(&shared, &by, BackfillId(id)).await?;
    Ok(Json(json!({"backfill": view})))
}

/// A backfill of a pipeline that nothing is known of yet.
fn empty(pipeline: String) -> Backfill {
    Backfill {
        id: BackfillId(0),
        pipeline: PipelineUuid::new(pipeline),
        name: String::new(),
        start: None,
        end: None,
        unit: None,
        units: None,
        variables: Map::new(),
        settings: Map::new(),
        status: None,
        trigger: None,
        started_at: None,
        completed_at: None,
        failed_at: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// Puts what a request sets into a backfill, and gives what it wishes.
fn change(backfill: &mut Backfill, wanted: &Map) -> Result<Option<Wish>, ApiError> {
    let mut wish = None;
    for (key, value) in wanted {
        let wrong = || ApiError::invalid(format!("`{key}` cannot have this value"));
        let at = || match value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => moment(text).map(Some).ok_or_else(wrong),
            _ => Err(wrong()),
        };
        let map = || match value {
            Value::Null => Ok(Map::new()),
            Value::Object(map) => Ok(map.clone()),
            _ => Err(wrong()),
        };
        match key.as_str() {
            "name" => value
                .as_str()
                .ok_or_else(wrong)?
                .clone_into(&mut backfill.name),
            "start_datetime" => backfill.start = at()?,
            "end_datetime" => backfill.end = at()?,
            "interval_type" => {
                backfill.unit = serde_json::from_value::<Option<IntervalUnit>>(value.clone())
                    .map_err(|_| wrong())?;
            }
            "interval_units" => {
                let units = value
                    .as_u64()
                    .or(value.as_str().and_then(|text| text.parse().ok()));
                let units = units.and_then(|units| u32::try_from(units).ok());
                if units.is_none() && !value.is_null() {
                    return Err(wrong());
                }
                backfill.units = units;
            }
            "variables" => backfill.variables = map()?,
            "settings" => backfill.settings = map()?,
            "status" => {
                wish = match value.as_str() {
                    Some("initial" | "running") => Some(Wish::Start),
                    Some("paused") => Some(Wish::Pause),
                    Some("cancelled") => Some(Wish::Cancel),
                    _ if value.is_null() => None,
                    _ => return Err(wrong()),
                }
            }
            // What the server itself says of a backfill comes back with it.
            _ => {}
        }
    }
    Ok(wish)
}

/// Makes a backfill; `status: initial` starts it at once.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let mut backfill = empty(pipeline);
    let wish = change(&mut backfill, &inside(&body, "backfill"))?;
    let made = shared.host.create_backfill(&by.0, backfill).await?;
    if wish.is_some() {
        let begun = shared.host.update_backfill(&by.0, made.id, |_| {}, wish);
        begun.await?;
    }
    let view = detail(&shared, &by, made.id).await?;
    Ok(Json(json!({"backfill": view})))
}

/// Changes a backfill, starts, pauses or cancels it; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let id = BackfillId(id);
    let mut backfill = shared.host.backfill(&by.0, id).await?;
    let before = backfill.status.map(BackfillStatus::name);
    let wanted = inside(&body, "backfill");
    let mut wish = change(&mut backfill, &wanted)?;
    // A client that sends back everything it was shown wishes nothing.
    if wanted.len() > 1 && wanted.get("status").and_then(Value::as_str) == before {
        wish = None;
    }
    let changed = shared
        .host
        .update_backfill(&by.0, id, move |stored| *stored = backfill, wish);
    changed.await?;
    Ok(Json(json!({"backfill": detail(&shared, &by, id).await?})))
}

/// Deletes a backfill.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let id = BackfillId(id);
    let view = detail(&shared, &by, id).await?;
    shared.host.remove_backfill(&by.0, id).await?;
    Ok(Json(json!({"backfill": view})))
}

fn previewed(preview: &Preview) -> Json<Value> {
    Json(json!({"preview": {
        "pipeline_run_dates": dates(&preview.runs),
        "total_run_count": preview.runs.len(),
        "left_alone_count": preview.left_alone,
        "pipeline_run_limit": preview.at_a_time,
        "expected_seconds": preview.takes.map(|takes| takes.as_secs_f64()),
    }}))
}

fn only_missing(backfill: &Backfill, params: &Params) -> bool {
    match params.get("only_missing") {
        Some(text) => matches!(text, "1" | "true"),
        None => backfill.settings.get("only_missing") == Some(&Value::Bool(true)),
    }
}

/// What a backfill would do if it were started now.
pub(crate) async fn preview(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let backfill = shared.host.backfill(&by.0, BackfillId(id)).await?;
    let only_missing = only_missing(&backfill, &params);
    let found = shared.host.preview_backfill(&by.0, &backfill, only_missing);
    Ok(previewed(&found.await?))
}

/// The same of one that is not stored.
pub(crate) async fn preview_of_new(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    params: Params,
    Json(body): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let mut backfill = empty(pipeline);
    change(&mut backfill, &inside(&body, "backfill"))?;
    let only_missing = only_missing(&backfill, &params);
    let found = shared.host.preview_backfill(&by.0, &backfill, only_missing);
    Ok(previewed(&found.await?))
}
