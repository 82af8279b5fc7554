//! `retention`: what is too old, and deleting it before the server does.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;

/// Runs that are named one by one; more are only counted.
const NAMED: usize = 1000;

/// What would be deleted now.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let stale = shared.host.stale(&actor).await?;
    let seconds = |age: Option<std::time::Duration>| age.map(|age| age.as_secs());
    let part = |runs: &[baton_model::RunId], age| {
        let named = runs.get(..NAMED).unwrap_or(runs);
        json!({"kept_seconds": seconds(age), "count": runs.len(), "pipeline_run_ids": named})
    };
    Ok(Json(json!({"retention": {
        "runs": part(&stale.runs, stale.keeping.runs),
        "logs": part(&stale.logs, stale.keeping.logs),
    }})))
}

/// Deletes it.
pub(crate) async fn clean(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let cleaned = shared.host.clean(&actor).await?;
    Ok(Json(json!({"retention": {
        "runs": cleaned.runs,
        "logs": cleaned.logs,
        "objects": cleaned.objects,
        "bytes": cleaned.bytes,
    }})))
}
