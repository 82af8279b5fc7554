//! `pipeline_runs`: runs, started, stopped, retried.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use baton_app::{Call, Called};
use baton_engine::usual::Usual;
use baton_model::{PipelineUuid, RunId, RunStatus, TriggerId};
use baton_store::{RunOrder, RunPage, RunRow};
use serde_json::{Map, Value, json};

use super::{By, inside};
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// Rows of a page when no number is asked for.
const ROWS: u32 = 60;

/// A run in a list, beside what is usual for its pipeline.
fn summary(run: &RunRow, usual: Option<&Usual>) -> Map<String, Value> {
    let Value::Object(map) = json!({
        "id": run.id,
        "pipeline_uuid": run.pipeline,
        "status": run.status.name(),
        "execution_date": times::text(run.execution_date),
        "pipeline_schedule_id": run.trigger_id,
        "pipeline_schedule_name": run.trigger_name,
        "backfill_id": run.backfill_id,
        "cause": run.cause.name(),
        "reason": run.note,
        "passed_sla": run.passed_sla,
        "executor_type": "local_python",
        "block_runs_count": run.blocks,
        "completed_block_runs_count": run.completed,
        "failed_block_runs_count": run.failed,
        "parent_run_id": run.parent_id,
        "retried_run_id": run.repeats,
        "metrics": null,
        "usage": run.usage,
        "usual": usual,
        "created_at": times::text(run.created_at),
        "started_at": times::some(run.started_at),
        "completed_at": times::some(run.ended_at),
        "updated_at": times::some(run.ended_at.or(run.started_at).or(Some(run.created_at))),
    }) else {
        return Map::new();
    };
    map
}

/// A run with its variables.
async fn detail(shared: &Shared, by: &By, id: RunId) -> Result<Value, ApiError> {
    let row = shared.host.run_row(&by.0, id).await?;
    let run = shared.host.run(&by.0, id).await?;
    let pipelines = std::slice::from_ref(&row.pipeline);
    let usual = shared.host.usual_of_pipelines(&by.0, pipelines).await?;
    let mut view = summary(&row, usual.get(&row.pipeline));
    let mut variables = run.plan.given.clone();
    variables.extend(run.variables.clone());
    view.insert("variables".to_owned(), json!(variables));
    view.insert("event_variables".to_owned(), json!(run.plan.occasion.event));
    view.insert("pipeline_type".to_owned(), json!(run.plan.kind.name()));
    if view.get("reason").is_some_and(Value::is_null) {
        view.insert("reason".to_owned(), json!(run.reason));
    }
    Ok(Value::Object(view))
}

fn page_of(params: &Params) -> Result<RunPage, ApiError> {
    let statuses = params
        .all("status")
        .map(|word| {
            serde_json::from_value::<RunStatus>(word.into())
                .map_err(|_| ApiError::invalid(format!("there is no status `{word}`")))
        })
        .collect::<Result<_, _>>()?;
    let triggers = params
        .all("pipeline_schedule_id")
        .filter_map(|id| id.parse().ok().map(TriggerId));
    Ok(RunPage {
        pipelines: params
            .all("pipeline_uuid")
            .map(PipelineUuid::from)
            .collect(),
        triggers: triggers.collect(),
        backfill: params.number("backfill_id")?.map(baton_model::BackfillId),
        statuses,
        order: match params.get("_order_by") {
            Some("id" | "created_at") => RunOrder::Oldest,
            Some("-execution_date") => RunOrder::ByDate,
            _ => RunOrder::Newest,
        },
        offset: params.offset()?,
        limit: params.limit(ROWS)?,
        ..RunPage::default()
    })
}

async fn answer(shared: &Shared, by: &By, page: &RunPage) -> Result<Json<Value>, ApiError> {
    let found = shared.host.runs(&by.0, page).await?;
    let seen = u64::from(page.offset) + found.rows.len() as u64;
    let pipelines: Vec<_> = found.rows.iter().map(|run| run.pipeline.clone()).collect();
    let usual = shared.host.usual_of_pipelines(&by.0, &pipelines).await?;
    let views: Vec<_> = (found.rows.iter())
        .map(|run| summary(run, usual.get(&run.pipeline)))
        .collect();
    Ok(Json(json!({
        "pipeline_runs": views,
        "metadata": {"count": found.total, "results": {"next": seen < found.total}, "next": seen < found.total},
    })))
}

/// Runs, the newest first.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    answer(&shared, &by, &page_of(&params)?).await
}

/// Runs of a pipeline.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let mut page = page_of(&params)?;
    page.pipelines = vec![PipelineUuid::new(pipeline)];
    answer(&shared, &by, &page).await
}

/// Runs of a trigger.
pub(crate) async fn list_of_schedule(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let mut page = page_of(&params)?;
    page.triggers = vec![TriggerId(id)];
    answer(&shared, &by, &page).await
}

/// Longest time that a request waits for the end of a run.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// `_wait`: seconds to wait for the end of the run.
async fn wait(shared: &Shared, by: &By, id: RunId, params: &Params) -> Result<(), ApiError> {
    if let Some(seconds) = params.number("_wait")? {
        let limit = Duration::from_secs(seconds.unsigned_abs()).min(LONGEST_WAIT);
        shared.host.wait_for_run(&by.0, id, limit).await?;
    }
    Ok(())
}

/// One run; with `_wait` as soon as it has ended.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    wait(&shared, &by, RunId(id), &params).await?;
    Ok(Json(
        json!({"pipeline_run": detail(&shared, &by, RunId(id)).await?}),
    ))
}

/// What a call says: `{"pipeline_run": {"variables": {...}}, anything else: part of the event}`.
fn call_of(body: &Value, headers: &HeaderMap) -> Call {
    let run = inside(body, "pipeline_run");
    let variables = run.get("variables").and_then(Value::as_object);
    let mut event = body.as_object().cloned().unwrap_or_default();
    event.retain(|key, _| key != "pipeline_run" && key != "api_key");
    let key = headers.get("idempotency-key");
    Call {
        variables: variables.cloned().unwrap_or_default(),
        event,
        key: key.and_then(|key| key.to_str().ok()).map(str::to_owned),
    }
}

async fn called(
    shared: &Shared,
    by: &By,
    id: i64,
    token: Option<&str>,
    call: Call,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let Called { run, .. } = shared
        .host
        .call_trigger(&by.0, TriggerId(id), token, call)
        .await?;
    // Whoever may start it may see what they have started.
    let owner = By(baton_app::Actor::Owner);
    wait(shared, &owner, run, params).await?;
    Ok(Json(
        json!({"pipeline_run": detail(shared, &owner, run).await?}),
    ))
}

/// Starts a run of a trigger, by a session.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    params: Params,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, ApiError> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    called(&shared, &by, id, None, call_of(&body, &headers), &params).await
}

/// Starts a run of a trigger, by its token in the address.
pub(crate) async fn create_by_token(
    State(shared): State<Shared>,
    by: By,
    Path((id, token)): Path<(i64, String)>,
    params: Params,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, ApiError> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    called(
        &shared,
        &by,
        id,
        Some(&token),
        call_of(&body, &headers),
        &params,
    )
    .await
}

/// Starts a run of a trigger, by its token as bearer.
pub(crate) async fn create_by_bearer(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    params: Params,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, ApiError> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim);
    // A session is as good as the trigger's own token.
    let token = bearer.filter(|_| by.0 == baton_app::Actor::Nobody);
    called(&shared, &by, id, token, call_of(&body, &headers), &params).await
}

/// Stops or retries a run: `{"pipeline_run": {"status": "cancelled"}}`, or
/// `{"pipeline_run": {"pipeline_run_action": "retry_blocks", "from_block_uuid": ...}}`.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, ApiError> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let wanted = inside(&body, "pipeline_run");
    let word = |key: &str| wanted.get(key).and_then(Value::as_str);
    let id = RunId(id);
    match (word("pipeline_run_action"), word("status")) {
        (Some("retry_blocks"), _) => {
            let from = word("from_block_uuid").map(Into::into);
            shared.host.retry_run(&by.0, id, from).await?;
        }
        (None, Some("cancelled")) => {
            let reason = "stopped by a person";
            shared.host.cancel_run(&by.0, id, reason).await?;
        }
        _ => {
            return Err(ApiError::invalid(
                "a run can be given `status: cancelled` or `pipeline_run_action: retry_blocks`",
            ));
        }
    }
    Ok(Json(
        json!({"pipeline_run": detail(&shared, &by, id).await?}),
    ))
}

/// Deletes a run that has ended.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let id = RunId(id);
    let view = detail(&shared, &by, id).await?;
    shared.host.delete_run(&by.0, id).await?;
    Ok(Json(json!({"pipeline_run": view})))
}
