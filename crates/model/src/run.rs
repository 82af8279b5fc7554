//! The record of a run and of its block runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{BlockError, BlockRunKey, Fence, Plan, Product, RunId, Timestamp};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Created, nothing started.
    Initial,
    /// Blocks are running or waiting.
    Running,
    /// Every block completed.
    Completed,
    /// A block failed.
    Failed,
    /// A person or a limit stopped it.
    Cancelled,
}

impl RunStatus {
    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Where a block run stands (spec 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockStatus {
    /// Waits for its upstream blocks, or for its retry.
    Initial,
    /// Ready, waits for a free place.
    Queued,
    /// An attempt is under way.
    Running,
    /// Its products are committed.
    Completed,
    /// Its last attempt failed.
    Failed,
    /// Stopped before it ended.
    Cancelled,
    /// A block above it failed.
    UpstreamFailed,
    /// A condition said no, here or above.
    ConditionFailed,
}

impl BlockStatus {
    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::UpstreamFailed => "upstream_failed",
            Self::ConditionFailed => "condition_failed",
        }
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Initial | Self::Queued | Self::Running)
    }
}

/// One block of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockRun {
    /// Which block.
    pub key: BlockRunKey,
    /// Where it stands.
    pub status: BlockStatus,
    /// Number of the newest attempt, from 1; 0 before the first. An attempt that was lost with its process
    /// starts again under the same number and a new fence.
    pub attempt: u32,
    /// Fence of the newest attempt.
    pub fence: Fence,
    /// When the first attempt started.
    pub started_at: Option<Timestamp>,
    /// When it reached its final status.
    pub ended_at: Option<Timestamp>,
    /// When a failed attempt is repeated.
    pub retry_at: Option<Timestamp>,
    /// Why it failed, or how its newest attempt failed while a retry is due.
    pub error: Option<BlockError>,
    /// Why it did not run: the upstream block that failed, the request that cancelled it.
    pub reason: Option<String>,
    /// What it produced; also what it stored before a test failed.
    pub products: Vec<Product>,
}

/// A run of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Number inside the project.
    pub id: RunId,
    /// What was planned.
    pub plan: Arc<Plan>,
    /// Where it stands.
    pub status: RunStatus,
    /// Number of events that were applied. A process that commits an older version than the stored one
    /// finds that another one drives the run.
    pub version: u64,
    /// Its block runs, in the order of the plan.
    pub blocks: Vec<BlockRun>,
    /// Whether somebody asked for it to stop.
    pub cancel_requested: bool,
    /// The newest fence that was given out.
    pub last_fence: Fence,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its first block started.
    pub started_at: Option<Timestamp>,
    /// When it reached its final status.
    pub ended_at: Option<Timestamp>,
}

impl Run {
    /// The block run of `key`.
    pub fn block(&self, key: &BlockRunKey) -> Option<&BlockRun> {
        self.blocks.iter().find(|block| &block.key == key)
    }
}
