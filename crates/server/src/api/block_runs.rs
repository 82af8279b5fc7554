//! `block_runs`: the blocks of runs.

use std::collections::BTreeMap;

use axum::extract::State;
use baton_app::Actor;
use baton_engine::usual::Usual;
use baton_model::{BlockError, BlockStatus, BlockUuid, Caret, Frame, RunId};
use baton_store::{BlockRunRow, RunRow};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::By;
use super::notebook::ProductFacts;
use super::usage::{AttemptView, TestView, UsageView, UsualView, newest_tests, standing};
use crate::answer::{Many, ManyWith, Named, One};
use crate::error::ApiError;
use crate::params::Path;
use crate::{Shared, times, words};

/// One block of one run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockRun")]
pub(crate) struct BlockRunView {
    id: i64,
    /// The block; a child run of a dynamic block has the name of its item behind it.
    block_uuid: String,
    pipeline_run_id: i64,
    pipeline_schedule_id: Option<i64>,
    pipeline_schedule_name: Option<String>,
    #[schemars(with = "words::BlockStatus")]
    status: BlockStatus,
    /// Number of the newest attempt, from 1; 0 before the first.
    attempt: u32,
    /// Why it did not run.
    reason: Option<String>,
    /// What its newest attempt has used, once that has ended.
    usage: Option<UsageView>,
    /// What the tests of the block have said in its newest attempt.
    tests: Vec<TestView>,
    /// Its newest attempts, up to 20, the oldest of them first.
    attempts: Vec<AttemptView>,
    /// What is usual for the block.
    usual: Option<UsualView>,
    /// How it failed, where it did.
    metrics: Option<Metrics>,
    /// What went wrong in its callbacks, also that they were stopped. It changes no status.
    callback_error: Option<FailureView>,
    created_at: String,
    started_at: Option<String>,
    completed_at: Option<String>,
    updated_at: Option<String>,
    /// When its next attempt begins, after one that failed.
    retry_at: Option<String>,
}

/// What is known of a block run besides.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockRunMetrics")]
struct Metrics {
    error: FailureView,
}

/// Why a block failed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockFailure")]
pub(crate) struct FailureView {
    /// What happened, in the words of the exception.
    error: String,
    /// The same.
    message: String,
    /// The user's frames, outermost first.
    errors: Vec<FrameView>,
    /// Type of the exception, where there was one.
    exception: Option<String>,
    /// What a person can do about it.
    hint: Option<String>,
}

/// A place in the user's code.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Frame")]
pub(crate) struct FrameView {
    /// Path of the file, relative to the project where it lies in it.
    file: String,
    /// Line, from 1.
    line: u32,
    /// Name of the function.
    function: String,
    /// The line's text.
    code: Option<String>,
    /// Where in `code` a caret belongs: the place that the parser complains about.
    caret: Option<CaretView>,
}

/// A place in a line of code, in characters from 0; it may stand behind the last one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Caret")]
struct CaretView {
    /// The first character.
    from: u32,
    /// The one behind the last.
    to: u32,
}

impl From<&Frame> for FrameView {
    fn from(frame: &Frame) -> Self {
        Self {
            file: frame.file.clone(),
            line: frame.line,
            function: frame.function.clone(),
            code: frame.code.clone(),
            caret: frame.caret.map(|Caret { from, to }| CaretView { from, to }),
        }
    }
}

impl From<&BlockError> for FailureView {
    fn from(error: &BlockError) -> Self {
        Self {
            error: error.message.clone(),
            message: error.message.clone(),
            errors: error.frames.iter().map(FrameView::from).collect(),
            exception: error.exception.clone(),
            hint: error.hint.clone(),
        }
    }
}

impl Named for BlockRunView {
    const ONE: &'static str = "block_run";
    const MANY: &'static str = "block_runs";
}

fn view(block: &BlockRunRow, run: &RunRow, usual: &BTreeMap<BlockUuid, Usual>) -> BlockRunView {
    // What is usual is known of a block, not of each of its child runs.
    let usual = (block.key.child.is_none())
        .then(|| usual.get(&block.key.block))
        .flatten();
    let error = block.error.as_ref().map(FailureView::from);
    let callbacks = block.callbacks.as_ref();
    let of_callbacks = callbacks.and_then(|callbacks| callbacks.error.as_ref());
    let standing = standing(
        block.status,
        block.reason.as_ref(),
        block.started_at,
        &block.attempts,
    );
    BlockRunView {
        id: block.id,
        block_uuid: block.name.clone(),
        pipeline_run_id: block.run.0,
        pipeline_schedule_id: run.trigger_id.map(|trigger| trigger.0),
        pipeline_schedule_name: run.trigger_name.clone(),
        status: standing.status,
        attempt: block.attempt,
        reason: standing.reason,
        usage: block.usage.as_ref().map(UsageView::from),
        tests: newest_tests(&block.attempts),
        attempts: block.attempts.iter().map(AttemptView::from).collect(),
        usual: usual.map(UsualView::from),
        metrics: error.map(|error| Metrics { error }),
        callback_error: of_callbacks.map(FailureView::from),
        created_at: times::text(run.created_at),
        started_at: times::some(standing.started_at),
        completed_at: times::some(block.ended_at),
        updated_at: times::some(block.ended_at.or(standing.started_at)),
        retry_at: times::some(block.retry_at),
    }
}

/// The blocks of a run.
pub(super) async fn of_run(
    shared: &Shared,
    actor: &Actor,
    run: &RunRow,
) -> Result<Vec<BlockRunView>, ApiError> {
    let blocks = shared.host.block_runs(actor, run.id).await?;
    let usual = shared.host.usual_of_blocks(actor, &run.pipeline).await?;
    Ok(blocks
        .iter()
        .map(|block| view(block, run, &usual))
        .collect())
}

/// The blocks of a run.
pub(crate) async fn list_of_run(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Many<BlockRunView>, ApiError> {
    let run = shared.host.run_row(&actor, RunId(id)).await?;
    Ok(Many::whole(of_run(&shared, &actor, &run).await?))
}

/// One of them.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<One<BlockRunView>, ApiError> {
    let block = shared.host.block_run(&actor, id).await?;
    let run = shared.host.run_row(&actor, block.run).await?;
    let usual = shared.host.usual_of_blocks(&actor, &run.pipeline).await?;
    Ok(One(view(&block, &run, &usual)))
}

/// What a block run took from one above it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockInput")]
pub(crate) struct InputView {
    /// The block above; a child run of a dynamic block has the name of its item behind it.
    block_uuid: String,
    /// The run that produced it.
    pipeline_run_id: i64,
    /// The block run that produced it, whose outputs can be read page by page; none where it did not run.
    block_run_id: Option<i64>,
    outputs: Vec<ProductFacts>,
}

/// What a block run was given besides.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InputMetadata {
    count: usize,
    pipeline_run_id: i64,
    /// The variables of the run.
    variables: Map<String, Value>,
    /// What the event that started it said.
    event_variables: Map<String, Value>,
    env: String,
    execution_date: String,
}

impl Named for InputView {
    const ONE: &'static str = "input";
    const MANY: &'static str = "inputs";
}

/// What a block run was given. A run of the block with `from_pipeline_run_id` gets the same.
pub(crate) async fn inputs(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<ManyWith<InputView, InputMetadata>, ApiError> {
    let found = shared.host.inputs_of_block_run(&actor, id).await?;
    let views: Vec<InputView> = found
        .taken
        .iter()
        .map(|taken| InputView {
            block_uuid: match &taken.block_run {
                Some(row) => row.name.clone(),
                None => taken.block.to_string(),
            },
            pipeline_run_id: taken.run.0,
            block_run_id: taken.block_run.as_ref().map(|row| row.id),
            outputs: taken.products.iter().map(ProductFacts::from).collect(),
        })
        .collect();
    let plan = &found.run.plan;
    let metadata = InputMetadata {
        count: views.len(),
        pipeline_run_id: found.run.id.0,
        variables: found.variables,
        event_variables: plan.occasion.event.clone(),
        env: plan.env.clone(),
        execution_date: times::text(plan.execution_date),
    };
    Ok(ManyWith(views, metadata))
}
