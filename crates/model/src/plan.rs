//! A frozen plan: everything a run needs to know, fixed when the run is created.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    BackfillId, BlockError, BlockKind, BlockRunKey, BlockUuid, Cause, CodeHash, Interval, Items,
    Language, Map, PipelineKind, PipelineUuid, PoolUse, Reserved, ResourceSettings, RunId,
    RunStatus, Timestamp, TriggerId,
};

/// What a failed block means for the rest of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Blocks below it become `upstream_failed`, everything else goes on.
    Continue,
    /// The run fails at once and every block that has not ended is cancelled, as in a triggered run of Mage.
    Stop,
    /// Blocks go on level by level until one below a failed block has its turn: it and those after it are cancelled,
    /// as in a run of `mage run`.
    UntilNeeded,
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
    /// What all delays together stay below, where the metadata sets `max_delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_delay: Option<Duration>,
    /// Whether the delay doubles from retry to retry.
    pub exponential_backoff: bool,
}

/// A conditional, callback or extension block that runs beside the block it is attached to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// Its own name.
    pub uuid: BlockUuid,
    /// Path of its file, relative to the project.
    pub file: String,
    /// Hash under which the planned source text is stored; none when the file is missing.
    pub code: Option<CodeHash>,
    /// Its own settings.
    pub configuration: Map,
    /// For an extension, which one: `great_expectations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
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
    /// Whether each of its items makes a run of the blocks below it (spec 2.12).
    #[serde(default)]
    pub dynamic: bool,
    /// Whether the blocks below take all of its child runs together as one list.
    #[serde(default)]
    pub reduce_output: bool,
    /// Conditionals that decide whether it runs.
    #[serde(default)]
    pub conditions: Vec<Attached>,
    /// Callbacks that run when it has ended.
    #[serde(default)]
    pub callbacks: Vec<Attached>,
    /// Extensions that check what it produced.
    #[serde(default)]
    pub extensions: Vec<Attached>,
    /// Whether its imports, its own or those of project modules it imports, need the worker that has
    /// pandas and Arrow loaded.
    pub needs_frames: bool,
    /// Modules that are slow to import and that it needs, likewise: a worker may import them in advance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slow_imports: Vec<String>,
    /// What it reserves and may use.
    #[serde(default, skip_serializing_if = "ResourceSettings::is_empty")]
    pub resources: ResourceSettings,
    /// Why the block cannot run at all (its file is missing, its language is not supported): it fails with this.
    pub problem: Option<BlockError>,
}

/// How long a run may take, and what becomes of it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTimeout {
    /// Counted from the start of the run.
    pub after: Duration,
    /// [`RunStatus::Failed`] or [`RunStatus::Cancelled`].
    pub status: RunStatus,
}

/// Where the products of a block outside the plan come from, and how many there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OlderOutput {
    /// The run.
    pub run: RunId,
    /// The items of a dynamic block, one entry for each of its runs there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Items>,
    /// How many child runs it had there; none when it ran once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<u32>,
    /// Whether blocks below it take its child runs together as one list.
    #[serde(default)]
    pub reduced: bool,
}

impl OlderOutput {
    /// The output of a block that ran once and is not dynamic.
    pub fn single(run: RunId) -> Self {
        Self {
            run,
            items: Vec::new(),
            children: None,
            reduced: false,
        }
    }
}

/// What a triggered run was started for, besides its variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Occasion {
    /// What its blocks see as `execution_partition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The interval of the schedule that it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// What the event that started it said.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub event: Map,
    /// The global data product that it is to renew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The run whose block started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    /// The block run that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<BlockRunKey>,
    /// Why it exists.
    #[serde(default)]
    pub cause: Cause,
    /// The stored trigger that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerId>,
    /// The backfill that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<BackfillId>,
    /// Places in pools that it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolUse>,
    /// The run that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RunId>,
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
    /// Where products of blocks outside the plan come from.
    pub inputs: BTreeMap<BlockUuid, OlderOutput>,
    /// The pipeline's own variables.
    pub variables: Map,
    /// Variables of the trigger and those given for this run; they win over the pipeline's.
    #[serde(default)]
    pub given: Map,
    /// Name of the environment: `dev`, `prod`, ...
    pub env: String,
    /// Whether blocks receive the keyword arguments of a triggered run.
    pub triggered: bool,
    /// Name of the trigger, for a triggered run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// What a triggered run was started for.
    #[serde(default)]
    pub occasion: Occasion,
    /// Whether all blocks run in one worker process, one after the other.
    #[serde(default)]
    pub one_process: bool,
    /// Whether values pass from block to block in that process's memory, unconverted.
    #[serde(default)]
    pub cache_in_memory: bool,
    /// Longest time the run may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<RunTimeout>,
    /// The run's logical date.
    pub execution_date: Timestamp,
    /// What a failed block means for the rest.
    pub on_failure: OnFailure,
    /// Most block runs at a time, from the pipeline's `concurrency_config`.
    pub block_run_limit: Option<u32>,
    /// Most block runs at a time on this machine.
    pub workers: u32,
    /// What the run reserves as long as it is open; its blocks share it.
    #[serde(default, skip_serializing_if = "Reserved::is_nothing")]
    pub reserved: Reserved,
}

impl Plan {
    /// The planned block called `uuid`.
    pub fn block(&self, uuid: &BlockUuid) -> Option<&PlannedBlock> {
        self.blocks.iter().find(|block| &block.uuid == uuid)
    }
}
