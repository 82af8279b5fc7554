//! A frozen plan: everything a run needs to know, fixed when the run is created.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    BlockError, BlockKind, BlockUuid, CodeHash, Language, Map, PipelineKind, PipelineUuid, RunId,
    Timestamp,
};

/// What a failed block means for the rest of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Blocks below it become `upstream_failed`, everything else goes on.
    Continue,
    /// The run fails at once and every block that has not ended is cancelled, as in a triggered run of Mage.
    Stop,
}

/// How often and after which delays a failed attempt is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Further attempts after the first.
    pub retries: u32,
    /// Delay before the first retry.
    pub delay: Duration,
    /// Longest single delay.
    pub max_delay: Duration,
    /// Whether the delay doubles from retry to retry.
    pub exponential_backoff: bool,
}

/// One block of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedBlock {
    /// Name inside the pipeline.
    pub uuid: BlockUuid,
    /// What it is for.
    pub kind: BlockKind,
    /// Language of its code.
    pub language: Language,
    /// Every block whose products are inputs, in the order of the arguments. One that is not part of
    /// the plan takes its products from [`Plan::inputs`].
    pub upstream: Vec<BlockUuid>,
    /// Path of the block's file, relative to the project; for messages and tracebacks.
    pub file: String,
    /// Hash under which the planned source text is stored; none when there is no text to run.
    pub code: Option<CodeHash>,
    /// The block's own settings.
    pub configuration: Map,
    /// How failed attempts are repeated.
    pub retry: RetryPolicy,
    /// Longest time an attempt may take.
    pub timeout: Option<Duration>,
    /// The block whose file this one runs.
    pub replicated: Option<BlockUuid>,
    /// Higher starts first among blocks that are ready together.
    pub priority: i64,
    /// Whether its imports, its own or those of project modules it imports, need the worker that has
    /// pandas and Arrow loaded.
    pub needs_frames: bool,
    /// Why the block cannot run at all (its file is missing, its language is not supported): it fails with this.
    pub problem: Option<BlockError>,
}

/// Everything a run needs to know, fixed when the run is created: what ran is what was planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// How it is driven.
    pub kind: PipelineKind,
    /// Blocks that are to run, in the order of the file. All of them get a block run.
    pub blocks: Vec<PlannedBlock>,
    /// Runs that products of blocks outside the plan come from.
    pub inputs: BTreeMap<BlockUuid, RunId>,
    /// Pipeline variables overlaid by those given for this run.
    pub variables: Map,
    /// Name of the environment: `dev`, `prod`, ...
    pub env: String,
    /// Whether blocks receive the keyword arguments of a triggered run.
    pub triggered: bool,
    /// The run's logical date.
    pub execution_date: Timestamp,
    /// What a failed block means for the rest.
    pub on_failure: OnFailure,
    /// Most block runs at a time, from the pipeline's `concurrency_config`.
    pub block_run_limit: Option<u32>,
    /// Most block runs at a time on this machine.
    pub workers: u32,
}

impl Plan {
    /// The planned block called `uuid`.
    pub fn block(&self, uuid: &BlockUuid) -> Option<&PlannedBlock> {
        self.blocks.iter().find(|block| &block.uuid == uuid)
    }
}
