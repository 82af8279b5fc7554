//! `notebook`: how the blocks of a pipeline stand, beside their code; and the code that a block run had.

use axum::extract::State;
use baton_app::NotebookBlock;
use baton_engine::stale::Stale;
use baton_model::{
    BlockError, BlockStatus, BlockUuid, ColumnStatistics, FailureKind, PipelineUuid, Product,
    ProductKind,
};
use baton_store::BlockRunRow;
use schemars::JsonSchema;
use serde::Serialize;

use super::By;
use super::block_runs::FrameView;
use super::outputs::ColumnInfo;
use super::usage::{TestView, UsageView, newest_tests, standing};
use crate::answer::{Many, Named, One};
use crate::error::ApiError;
use crate::params::{Limit, Path, Query};
use crate::{Shared, times, words};

/// Runs of a block when no number is asked for.
const RUNS: u32 = 40;

/// What is known of a product without opening it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ProductFacts {
    name: String,
    #[schemars(with = "words::ProductKind")]
    kind: ProductKind,
    /// Rows, for a frame.
    rows: Option<u64>,
    columns: Vec<ColumnInfo>,
    /// What is known of each column, in the same order, where it was counted.
    statistics: Vec<ColumnFacts>,
    bytes: u64,
}

/// What is known of a column without looking at its rows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ColumnFacts {
    nulls: u64,
    /// The smallest value, as text.
    min: Option<String>,
    /// The largest value, as text.
    max: Option<String>,
}

/// Why a block failed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RunFailure {
    #[schemars(with = "words::FailureKind")]
    kind: FailureKind,
    /// What happened, in one sentence or in the words of the exception.
    message: String,
    /// Type of the exception, where there was one.
    exception: Option<String>,
    /// The user's frames, outermost first.
    frames: Vec<FrameView>,
    /// What a person can do about it.
    hint: Option<String>,
}

/// A run of a block.
#[derive(Serialize, JsonSchema)]
struct NotebookRun {
    id: i64,
    pipeline_run_id: i64,
    #[schemars(with = "words::BlockStatus")]
    status: BlockStatus,
    attempt: u32,
    started_at: Option<String>,
    completed_at: Option<String>,
    failure: Option<RunFailure>,
    /// Why it did not run.
    reason: Option<String>,
    /// What its newest attempt has used, once that has ended.
    usage: Option<UsageView>,
    /// What the tests of the block have said in its newest attempt.
    tests: Vec<TestView>,
}

/// A run of a block, and which code it had.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BlockVersion {
    #[serde(flatten)]
    run: NotebookRun,
    /// The hash of the code; null when there was none.
    code: Option<String>,
}

/// What a block last produced.
#[derive(Serialize, JsonSchema)]
struct NotebookOutput {
    block_run: NotebookRun,
    products: Vec<ProductFacts>,
}

/// Why a result is stale.
#[derive(Serialize, JsonSchema)]
struct StaleReason {
    #[schemars(with = "words::StaleReason")]
    reason: &'static str,
    /// The variable, or the block above.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// How a block of a pipeline stands.
#[derive(Serialize, JsonSchema)]
struct NotebookBlockView {
    block_uuid: String,
    /// Its newest run.
    block_run: NotebookRun,
    /// What it produced when it last completed.
    output: Option<NotebookOutput>,
    /// Why that is stale; empty when it is not.
    stale: Vec<StaleReason>,
}

/// How the blocks of a pipeline stand.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Notebook {
    pipeline_uuid: String,
    /// Those that have run.
    blocks: Vec<NotebookBlockView>,
}

/// The code that a block run had.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BlockRunCode {
    block_run_id: i64,
    /// Null when there was none.
    content: Option<String>,
}

impl Named for Notebook {
    const ONE: &'static str = "notebook";
}

impl Named for BlockVersion {
    const ONE: &'static str = "block_run";
    const MANY: &'static str = "block_runs";
}

impl Named for BlockRunCode {
    const ONE: &'static str = "code";
}

impl From<&ColumnStatistics> for ColumnFacts {
    fn from(column: &ColumnStatistics) -> Self {
        Self {
            nulls: column.nulls,
            min: column.min.clone(),
            max: column.max.clone(),
        }
    }
}

impl From<&Product> for ProductFacts {
    fn from(product: &Product) -> Self {
        Self {
            name: product.name.clone(),
            kind: product.kind,
            rows: product.rows,
            columns: product.columns.iter().map(ColumnInfo::from).collect(),
            statistics: product.statistics.iter().map(ColumnFacts::from).collect(),
            bytes: product.bytes,
        }
    }
}

impl From<&BlockError> for RunFailure {
    fn from(error: &BlockError) -> Self {
        Self {
            kind: error.kind,
            message: error.message.clone(),
            exception: error.exception.clone(),
            frames: error.frames.iter().map(FrameView::from).collect(),
            hint: error.hint.clone(),
        }
    }
}

impl From<&BlockRunRow> for NotebookRun {
    fn from(block: &BlockRunRow) -> Self {
        let standing = standing(
            block.status,
            block.reason.as_ref(),
            block.started_at,
            &block.attempts,
        );
        Self {
            id: block.id,
            pipeline_run_id: block.run.0,
            status: standing.status,
            attempt: block.attempt,
            started_at: times::some(standing.started_at),
            completed_at: times::some(block.ended_at),
            failure: block.error.as_ref().map(RunFailure::from),
            reason: standing.reason,
            usage: block.usage.as_ref().map(UsageView::from),
            tests: newest_tests(&block.attempts),
        }
    }
}

impl From<&Stale> for StaleReason {
    fn from(reason: &Stale) -> Self {
        let (reason, name) = match reason {
            Stale::Code => ("code", None),
            Stale::Settings => ("settings", None),
            Stale::Inputs => ("inputs", None),
            Stale::Variable { name } => ("variable", Some(name.clone())),
            Stale::Upstream { block } => ("upstream", Some(block.to_string())),
            Stale::UpstreamFailed { block } => ("upstream_failed", Some(block.to_string())),
            Stale::UpstreamStale { block } => ("upstream_stale", Some(block.to_string())),
        };
        Self { reason, name }
    }
}

impl From<&NotebookBlock> for NotebookBlockView {
    fn from(block: &NotebookBlock) -> Self {
        let output = block.output.as_ref();
        Self {
            block_uuid: block.block.to_string(),
            block_run: NotebookRun::from(&block.newest),
            output: output.map(|(good, products)| NotebookOutput {
                block_run: NotebookRun::from(good),
                products: products.iter().map(ProductFacts::from).collect(),
            }),
            stale: block.stale.iter().map(StaleReason::from).collect(),
        }
    }
}

/// How the blocks of a pipeline last ran, what they last produced, and why that is stale. Blocks that never ran are
/// left out.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<One<Notebook>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let blocks = shared.host.notebook(&actor, &pipeline).await?;
    Ok(One(Notebook {
        pipeline_uuid: pipeline.to_string(),
        blocks: blocks.iter().map(NotebookBlockView::from).collect(),
    }))
}

/// The newest runs of a block, with the hash of the code that each had.
pub(crate) async fn history(
    State(shared): State<Shared>,
    By(actor): By,
    Path((pipeline, block)): Path<(String, String)>,
    Query(wanted): Query<Limit>,
) -> Result<Many<BlockVersion>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let limit = wanted.limit(RUNS);
    let found = shared
        .host
        .block_versions(&actor, &pipeline, &block, limit)
        .await?;
    if found.is_empty() {
        shared.host.expect_block(&actor, &pipeline, &block).await?;
    }
    let views = found.iter().map(|(block, code)| BlockVersion {
        run: NotebookRun::from(block),
        code: code.as_ref().map(ToString::to_string),
    });
    Ok(Many::whole(views.collect()))
}

/// The code that a block run was planned with.
pub(crate) async fn code(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<One<BlockRunCode>, ApiError> {
    let content = shared.host.code_of_block_run(&actor, id).await?;
    Ok(One(BlockRunCode {
        block_run_id: id,
        content,
    }))
}
