//! `runs`: one block, run at once, with what it gave (spec 7.7); or the blocks around it, or the whole pipeline.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use baton_app::RunRequest;
use baton_model::{BlockUuid, RunStatus};
use serde_json::{Map, Value, json};

use super::{By, inside, outputs};
use crate::Shared;
use crate::error::ApiError;

/// How long an answer waits at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a block: `{"run": {"pipeline_uuid", "block_uuid", "variables", "run_upstream_blocks", "run_downstream_blocks",
/// "timeout"}}`; without a block all of the pipeline. With a timeout of 0 the answer does not wait.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Json(body): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let wanted = inside(&body, "run");
    let word = |key: &str| {
        let found = wanted.get(key).and_then(Value::as_str);
        let missing = || ApiError::invalid(format!("`run.{key}` is missing"));
        found.map(str::to_owned).ok_or_else(missing)
    };
    let block = match wanted.get("block_uuid") {
        None | Some(Value::Null) => None,
        Some(_) => Some(word("block_uuid")?),
    };
    let variables = wanted.get("variables").and_then(Value::as_object);
    let request = RunRequest {
        pipeline: word("pipeline_uuid")?,
        env: "dev".to_owned(),
        variables: variables.cloned().unwrap_or_else(Map::new),
        block: block.clone(),
        upstream: wanted.get("run_upstream_blocks") == Some(&Value::Bool(true)),
        downstream: wanted.get("run_downstream_blocks") == Some(&Value::Bool(true)),
        committed: true,
        ..RunRequest::default()
    };
    let wait = wanted.get("timeout").and_then(Value::as_f64);
    let wait = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let wait = wait.map_or(PATIENCE, |wait| wait.min(PATIENCE));
    let done = shared.host.execute_block(&by.0, request, wait).await?;
    let blocks = shared.host.block_runs(&by.0, done.run).await?;
    let declared = || blocks.iter().filter(|one| one.key.child.is_none());
    let uuid = block.as_deref().map(BlockUuid::from);
    let found = declared().find(|one| Some(&one.key.block) == uuid.as_ref());
    let mut views = Vec::new();
    if let Some(found) = found {
        let made = shared.host.outputs_of_block_run(&by.0, found.id).await?;
        views = outputs::views(&shared, &by, &made).await?;
    }
    Ok(Json(json!({"run": {
        "pipeline_run_id": done.run,
        "block_run_id": found.map(|found| found.id),
        "block_uuid": block,
        "status": done.status.map_or("running", RunStatus::name),
        "block_status": found.map(|found| found.status.name()),
        "error": found.and_then(|found| found.error.as_ref()).map(|error| &error.message),
        "output": views,
        "block_runs": declared()
            .map(|one| json!({"id": one.id, "block_uuid": one.name, "status": one.status.name()}))
            .collect::<Vec<_>>(),
    }})))
}
