//! `runs`: one block, run at once, with what it gave (spec 7.7); or the blocks around it, or the whole pipeline.

use std::time::Duration;

use axum::extract::State;
use baton_app::RunRequest;
use baton_model::{BlockStatus, BlockUuid, RunStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::By;
use super::outputs::{self, OutputView};
use crate::answer::{Named, One};
use crate::body::Payload;
use crate::error::ApiError;
use crate::{Shared, words};

/// How long an answer waits at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is to be run at once.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BlockExecution {
    pipeline_uuid: String,
    /// The block; without one, all of the pipeline.
    block_uuid: Option<String>,
    /// Variables of this run.
    variables: Option<Map<String, Value>>,
    /// Whether the blocks above it run first.
    run_upstream_blocks: Option<bool>,
    /// Whether the blocks below it run, too.
    run_downstream_blocks: Option<bool>,
    /// With a block: it gets what blocks got in this run, the outputs of the blocks above as well as variables,
    /// environment, dates and event; `variables` count over them.
    from_pipeline_run_id: Option<i64>,
    /// Seconds to wait for its end, at most 300; then it goes on, and the answer says where it stands. With 0 the answer
    /// does not wait.
    timeout: Option<f64>,
}

/// What was run.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ExecutedBlock {
    pipeline_run_id: i64,
    block_run_id: Option<i64>,
    block_uuid: Option<String>,
    /// Where the run stands.
    #[schemars(with = "words::RunStatus")]
    status: RunStatus,
    /// Where the block stands.
    #[schemars(with = "Option<words::BlockStatus>")]
    block_status: Option<BlockStatus>,
    /// Why it failed.
    error: Option<String>,
    /// What it produced.
    output: Vec<OutputView>,
    /// Every block of the run.
    block_runs: Vec<ExecutedBlockRun>,
}

/// A block of a run.
#[derive(Serialize, JsonSchema)]
struct ExecutedBlockRun {
    id: i64,
    block_uuid: String,
    #[schemars(with = "words::BlockStatus")]
    status: BlockStatus,
}

impl Named for BlockExecution {
    const ONE: &'static str = "run";
}

impl Named for ExecutedBlock {
    const ONE: &'static str = "run";
}

/// Runs a block: `{"run": {"pipeline_uuid", "block_uuid", "variables", "run_upstream_blocks", "run_downstream_blocks",
/// "from_pipeline_run_id", "timeout"}}`; without a block all of the pipeline.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    payload: Payload<BlockExecution>,
) -> Result<One<ExecutedBlock>, ApiError> {
    let wanted = payload.wanted;
    let block = wanted.block_uuid;
    let request = RunRequest {
        pipeline: wanted.pipeline_uuid,
        env: "dev".to_owned(),
        variables: wanted.variables.unwrap_or_default(),
        blocks: block.iter().cloned().collect(),
        upstream: wanted.run_upstream_blocks == Some(true),
        downstream: wanted.run_downstream_blocks == Some(true),
        from_run: wanted.from_pipeline_run_id,
        committed: true,
        ..RunRequest::default()
    };
    let wait = wanted.timeout;
    let wait = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let wait = wait.map_or(PATIENCE, |wait| wait.min(PATIENCE));
    let done = shared.host.execute_block(&by.0, request, wait).await?;
    let blocks = shared.host.block_runs(&by.0, done.run).await?;
    let declared = || blocks.iter().filter(|one| one.key.child.is_none());
    let uuid = block.as_deref().map(BlockUuid::from);
    let found = declared().find(|one| Some(&one.key.block) == uuid.as_ref());
    let mut output = Vec::new();
    if let Some(found) = found {
        let made = shared.host.outputs_of_block_run(&by.0, found.id).await?;
        output = outputs::views(&shared, &by, &made).await?;
    }
    let error = found.and_then(|found| found.error.as_ref());
    let block_runs = declared().map(|one| ExecutedBlockRun {
        id: one.id,
        block_uuid: one.name.clone(),
        status: one.status,
    });
    Ok(One(ExecutedBlock {
        pipeline_run_id: done.run.0,
        block_run_id: found.map(|found| found.id),
        block_uuid: block,
        status: done.status.unwrap_or(RunStatus::Running),
        block_status: found.map(|found| found.status),
        error: error.map(|error| error.message.clone()),
        output,
        block_runs: block_runs.collect(),
    }))
}
