//! A pipeline as its folder declares it.

use serde::{Deserialize, Serialize};

use crate::{Block, BlockUuid, Map, PipelineUuid, RetrySettings};

/// How the blocks of a pipeline are driven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineKind {
    /// Batch: blocks in the order of their graph.
    Python,
    /// A source and its destinations.
    Integration,
    /// Messages, until it is stopped.
    Streaming,
    /// A kind this version does not run (`pyspark`, `databricks`, `execution_framework`, ...).
    #[serde(untagged)]
    Other(String),
}

impl PipelineKind {
    /// The kind that metadata calls `name`.
    pub fn parse(name: &str) -> Self {
        match name {
            "python" => Self::Python,
            "integration" => Self::Integration,
            "streaming" => Self::Streaming,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name that metadata uses.
    pub fn name(&self) -> &str {
        match self {
            Self::Python => "python",
            Self::Integration => "integration",
            Self::Streaming => "streaming",
            Self::Other(name) => name,
        }
    }
}

/// How many runs of a pipeline there may be at a time. None and 0 are no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Of each trigger that has no limit of its own.
    pub per_trigger: Option<u32>,
    /// Of all triggers together.
    pub all_triggers: Option<u32>,
    /// What becomes of a run beyond a limit.
    pub when_reached: LimitReached,
}

/// What becomes of a run beyond a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitReached {
    /// It waits for its turn.
    #[default]
    Wait,
    /// It is cancelled.
    Skip,
}

/// A pipeline as its `metadata.yaml` declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Name of its folder.
    pub uuid: PipelineUuid,
    /// Name for people.
    pub name: String,
    /// What it does, in the words of its author.
    pub description: Option<String>,
    /// How it is driven.
    pub kind: PipelineKind,
    /// Its blocks, in the order of the file.
    pub blocks: Vec<Block>,
    /// Callback blocks; their `upstream` names the blocks they are attached to.
    pub callbacks: Vec<Block>,
    /// Conditional blocks; their `upstream` names the blocks they are attached to.
    pub conditionals: Vec<Block>,
    /// Extension blocks (checks of data); their `upstream` names the blocks they are attached to.
    pub extensions: Vec<Block>,
    /// Charts; their `upstream` names the block whose output they draw.
    pub widgets: Vec<Block>,
    /// Global variables.
    pub variables: Map,
    /// Labels.
    pub tags: Vec<String>,
    /// What the pipeline says about retries.
    pub retry: RetrySettings,
    /// Most block runs of one run at a time.
    pub block_run_limit: Option<u32>,
    /// Most runs at a time.
    #[serde(default)]
    pub run_limits: RunLimits,
    /// `notification_config` as it is.
    #[serde(default)]
    pub notifications: Map,
    /// Whether changes of its triggers go into its `triggers.yaml`.
    #[serde(default)]
    pub saves_triggers: bool,
    /// Whether all blocks share one worker process.
    pub one_process: bool,
    /// Whether products stay in that process's memory.
    pub cache_in_memory: bool,
}

impl Pipeline {
    /// The block called `uuid` among `blocks`.
    pub fn block(&self, uuid: &BlockUuid) -> Option<&Block> {
        self.blocks.iter().find(|block| &block.uuid == uuid)
    }
}
