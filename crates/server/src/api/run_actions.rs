//! What is done with several runs at once, and two runs beside each other.

use axum::extract::State;
use baton_app::{BlockResult, ComparedBlock};
use baton_model::{BlockStatus, RunId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::answer::{Named, One};
use crate::body::Payload;
use crate::error::{ApiError, Code};
use crate::params::Path;
use crate::{Shared, words};

/// Most runs of one action.
const MOST_RUNS: usize = 1_000;

/// What is to be done with runs.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Stops those that have not ended.
    Cancel,
    /// Runs blocks that have not completed again.
    Retry,
    /// Deletes those that have ended.
    Delete,
}

/// Something to be done with several runs.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RunAction {
    name: Action,
    /// The runs, at most 1000.
    pipeline_run_ids: Vec<i64>,
}

/// What came of an action.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RunActionAnswer {
    /// One for each run, in the order of the request.
    results: Vec<RunActionResult>,
    /// For how many runs it was done.
    done_count: usize,
}

/// What came of an action for one run.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RunActionResult {
    pipeline_run_id: i64,
    /// Null where it was done.
    error: Option<RunActionError>,
}

/// Why something was not done with a run.
#[derive(Serialize, JsonSchema)]
struct RunActionError {
    /// A stable word for programs.
    #[serde(rename = "type")]
    kind: Code,
    message: String,
    hint: Option<String>,
}

impl Named for RunAction {
    const ONE: &'static str = "action";
}

impl Named for RunActionAnswer {
    const ONE: &'static str = "action";
}

/// Stops, retries or deletes several runs. What cannot be done with one does not stand in the way of the others.
pub(crate) async fn act(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload<RunAction>,
) -> Result<One<RunActionAnswer>, ApiError> {
    let wanted = payload.wanted;
    if wanted.pipeline_run_ids.len() > MOST_RUNS {
        return Err(ApiError::invalid(format!(
            "`pipeline_run_ids` names more than {MOST_RUNS} runs"
        )));
    }
    let mut results = Vec::new();
    for id in wanted.pipeline_run_ids {
        let run = RunId(id);
        let done = match wanted.name {
            Action::Cancel => {
                shared
                    .host
                    .cancel_run(&actor, run, "stopped by a person")
                    .await
            }
            Action::Retry => shared.host.retry_run(&actor, run, None).await,
            Action::Delete => shared.host.delete_run(&actor, run).await,
        };
        let error = done.err().map(ApiError::from);
        results.push(RunActionResult {
            pipeline_run_id: id,
            error: error.map(|error| RunActionError {
                kind: error.code,
                message: error.message,
                hint: error.hint,
            }),
        });
    }
    let done = results.iter().filter(|result| result.error.is_none());
    Ok(One(RunActionAnswer {
        done_count: done.count(),
        results,
    }))
}

/// Two runs beside each other.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Comparison")]
pub(crate) struct ComparisonView {
    pipeline_run_id: i64,
    with_pipeline_run_id: i64,
    blocks: Vec<ComparedBlockView>,
    /// What is different in the first run, a sentence each.
    changes: Vec<String>,
}

/// One block in two runs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ComparedBlock")]
struct ComparedBlockView {
    block_uuid: String,
    /// Whether its code is the same in both; null when only one of them has the block.
    is_same_code: Option<bool>,
    /// How it is in the first run; null where that does not have it.
    run: Option<BlockResultView>,
    /// How it is in the other run.
    with: Option<BlockResultView>,
}

/// What a block came to in a run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockResult")]
struct BlockResultView {
    #[schemars(with = "words::BlockStatus")]
    status: BlockStatus,
    /// How long it took, with its retries.
    seconds: Option<f64>,
    attempts: u32,
    /// Rows of the frames that it produced.
    rows: Option<u64>,
    /// Size of what it produced.
    bytes: u64,
}

impl Named for ComparisonView {
    const ONE: &'static str = "comparison";
}

impl From<BlockResult> for BlockResultView {
    fn from(result: BlockResult) -> Self {
        Self {
            status: result.status,
            seconds: result.took.map(|took| took.as_secs_f64()),
            attempts: result.attempts,
            rows: result.rows,
            bytes: result.bytes,
        }
    }
}

impl From<ComparedBlock> for ComparedBlockView {
    fn from(block: ComparedBlock) -> Self {
        Self {
            block_uuid: block.name,
            is_same_code: block.is_same_code,
            run: block.one.map(BlockResultView::from),
            with: block.other.map(BlockResultView::from),
        }
    }
}

/// Two runs of one pipeline beside each other.
pub(crate) async fn compare(
    State(shared): State<Shared>,
    By(actor): By,
    Path((id, with)): Path<(i64, i64)>,
) -> Result<One<ComparisonView>, ApiError> {
    let found = shared.host.compare_runs(&actor, RunId(id), RunId(with));
    let found = found.await?;
    Ok(One(ComparisonView {
        pipeline_run_id: id,
        with_pipeline_run_id: with,
        blocks: found
            .blocks
            .into_iter()
            .map(ComparedBlockView::from)
            .collect(),
        changes: found.changes,
    }))
}
