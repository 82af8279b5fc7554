//! `why`: an answer in sentences.

use axum::Json;
use axum::extract::{Path, State};
use baton_engine::why::Why;
use baton_model::{RunId, TriggerId};
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;

fn view(why: &Why) -> Json<Value> {
    Json(json!({"why": {"headline": why.headline, "details": why.details}}))
}

/// Why a run is as it is.
pub(crate) async fn of_run(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    Ok(view(&shared.host.why_run(&actor, RunId(id)).await?))
}

/// Why a trigger makes no run.
pub(crate) async fn of_trigger(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    Ok(view(&shared.host.why_trigger(&actor, TriggerId(id)).await?))
}
