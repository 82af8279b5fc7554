//! `block_runs`: the blocks of runs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use baton_engine::usual::Usual;
use baton_model::{BlockUuid, RunId};
use baton_store::{BlockRunRow, RunRow};
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;
use crate::times;

/// A block run as clients see it.
fn view(block: &BlockRunRow, run: &RunRow, usual: &BTreeMap<BlockUuid, Usual>) -> Value {
    // What is usual is known of a block, not of each of its child runs.
    let usual = (block.key.child.is_none())
        .then(|| usual.get(&block.key.block))
        .flatten();
    let error = block.error.as_ref().map(|error| {
        json!({
            "error": error.message,
            "message": error.message,
            "errors": error.frames,
            "exception": error.exception,
            "hint": error.hint,
        })
    });
    json!({
        "id": block.id,
        "block_uuid": block.name,
        "pipeline_run_id": block.run,
        "pipeline_schedule_id": run.trigger_id,
        "pipeline_schedule_name": run.trigger_name,
        "status": block.status.name(),
        "attempt": block.attempt,
        "reason": block.reason,
        "usage": block.usage,
        "usual": usual,
        "metrics": error.map(|error| json!({"error": error})),
        "created_at": times::text(run.created_at),
        "started_at": times::some(block.started_at),
        "completed_at": times::some(block.ended_at),
        "updated_at": times::some(block.ended_at.or(block.started_at)),
    })
}

/// The blocks of a run.
pub(crate) async fn list_of_run(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let run = shared.host.run_row(&actor, RunId(id)).await?;
    let blocks = shared.host.block_runs(&actor, RunId(id)).await?;
    let usual = shared.host.usual_of_blocks(&actor, &run.pipeline).await?;
    let views: Vec<Value> = (blocks.iter())
        .map(|block| view(block, &run, &usual))
        .collect();
    Ok(Json(
        json!({"block_runs": views, "metadata": {"count": views.len()}}),
    ))
}

/// One of them.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let block = shared.host.block_run(&actor, id).await?;
    let run = shared.host.run_row(&actor, block.run).await?;
    let usual = shared.host.usual_of_blocks(&actor, &run.pipeline).await?;
    Ok(Json(json!({"block_run": view(&block, &run, &usual)})))
}
