//! Why a pipeline cannot be planned, and what to do about it.

use baton_base::{Class, Diagnose};
use baton_model::{BlockUuid, PipelineUuid};

/// A pipeline that cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The pipeline is of a kind that this version does not run.
    #[error("plan pipeline `{pipeline}`: pipelines of type `{kind}` are not supported yet")]
    PipelineKind {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// Its kind.
        kind: String,
    },
    /// Two blocks have the same name.
    #[error("plan pipeline `{pipeline}`: two blocks are called `{block}`")]
    DuplicateBlock {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// The name.
        block: BlockUuid,
    },
    /// Blocks wait for each other.
    #[error("plan pipeline `{pipeline}`: its blocks form a cycle: {}", arrows(.path))]
    Cycle {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// The blocks of the cycle in the direction of the data, the first one again at the end.
        path: Vec<BlockUuid>,
    },
    /// The selected block does not exist.
    #[error("plan pipeline `{pipeline}`: it has no block `{block}`")]
    UnknownBlock {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// What was asked for.
        block: BlockUuid,
        /// The most similar name that exists.
        nearest: Option<BlockUuid>,
    },
    /// The selected block is of a kind that never runs.
    #[error("plan block `{block}`: blocks of type `{kind}` do not run on their own")]
    NotRunnable {
        /// The block.
        block: BlockUuid,
        /// Its kind.
        kind: String,
    },
    /// A block waits for one that never runs.
    #[error(
        "plan block `{block}`: its upstream block `{upstream}` is of type `{kind}` and never runs, so `{block}` could never start"
    )]
    NeverStarts {
        /// The block.
        block: BlockUuid,
        /// The block it waits for.
        upstream: BlockUuid,
        /// That block's kind.
        kind: String,
    },
    /// Blocks of a pipeline are of kinds or in languages that this version does not run.
    #[error(
        "run pipeline `{pipeline}`: it has blocks that Baton does not run yet: {}",
        kinds(.blocks)
    )]
    NotYet {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// The blocks, each with what it is.
        blocks: Vec<(BlockUuid, String)>,
        /// Those that could run without them.
        others: Vec<BlockUuid>,
    },
    /// A block reserves more than this machine has.
    #[error("plan block `{block}`: {reason}")]
    TooLarge {
        /// The block.
        block: BlockUuid,
        /// What it wants and what there is.
        reason: String,
    },
    /// Nothing supplies an input of a selected block.
    #[error("plan block `{block}`: there is no data of its upstream block `{upstream}`")]
    MissingInput {
        /// The block.
        block: BlockUuid,
        /// The block whose products are missing.
        upstream: BlockUuid,
    },
}

impl Diagnose for PlanError {
    fn class(&self) -> Class {
        Class::User
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PipelineKind { .. } => Some(
                "run a pipeline of type `python`; the other types are still to come".to_owned(),
            ),
            Self::DuplicateBlock { block, .. } => Some(format!(
                "rename one of the blocks called `{block}` in the pipeline's metadata.yaml"
            )),
            Self::Cycle { .. } => {
                Some("remove one of these connections from `upstream_blocks`".to_owned())
            }
            Self::UnknownBlock { nearest, .. } => nearest
                .as_ref()
                .map(|nearest| format!("did you mean `{nearest}`?")),
            Self::NotRunnable { .. } => None,
            Self::NeverStarts {
                block, upstream, ..
            } => Some(format!(
                "remove `{upstream}` from the `upstream_blocks` of `{block}`"
            )),
            Self::NotYet { others, .. } => Some(run_others(others)),
            Self::TooLarge { .. } => Some(
                "lower `resource_requests` in its `executor_config`, or say with --cpus and --total-memory that there is more"
                    .to_owned(),
            ),
            Self::MissingInput { upstream, .. } => {
                Some(format!("run with --upstream, or run `{upstream}` first"))
            }
        }
    }
}

/// How the blocks run that need nothing of those that do not.
fn run_others(others: &[BlockUuid]) -> String {
    let options: Vec<String> = others
        .iter()
        .map(|uuid| format!("--block {uuid}"))
        .collect();
    match options.len() {
        0 => "its other blocks need what these produce".to_owned(),
        1..=MOST_NAMED => format!("run the others alone: {}", options.join(" ")),
        _ => "name the blocks that are to run: --block ONE --block ANOTHER".to_owned(),
    }
}

/// More blocks than these make a hint that nobody reads.
const MOST_NAMED: usize = 10;

fn kinds(blocks: &[(BlockUuid, String)]) -> String {
    let blocks: Vec<String> = blocks
        .iter()
        .map(|(uuid, what)| format!("{uuid} ({what})"))
        .collect();
    blocks.join(", ")
}

fn arrows(path: &[BlockUuid]) -> String {
    let names: Vec<&str> = path.iter().map(BlockUuid::as_str).collect();
    names.join(" -> ")
}
