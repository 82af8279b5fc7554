//! The record of a run and of its block runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AttemptRun, BlockError, BlockRunKey, BlockUuid, Fence, Map, Plan, Product, RunId, Timestamp,
};

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

/// What one run of a dynamic block produced for the blocks below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// How many items: as many child runs.
    pub count: u32,
    /// Names for child runs, by item, where its metadata gives one; shorter lists lack the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Option<String>>,
    /// Names of further block runs that a child run waits for, by item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Vec<String>>,
    /// Whether the block has yielded them one by one: then each is a product of its own, in order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yielded: bool,
}

/// How a block run ended, in the words of `@callback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackOn {
    /// It completed.
    Success,
    /// Its last attempt failed.
    Failure,
    /// Somebody cancelled the run.
    Cancelled,
}

impl CallbackOn {
    /// The word that `@callback` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What an attempt used. What was not measured is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Rows of the frames that it took from the blocks above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_in: Option<u64>,
    /// Rows that it produced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of its products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Processor time of its process and of everything that it started, in user code and in the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Most bytes of memory at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

/// The callbacks of a block run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackRun {
    /// What they are told.
    pub on: CallbackOn,
    /// What their result must carry.
    pub fence: Fence,
    /// Whether they have ended.
    pub done: bool,
    /// What went wrong in them. It changes no status (spec 2.10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<BlockError>,
}

/// One block of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockRun {
    /// Which block.
    pub key: BlockRunKey,
    /// What Mage calls it: `clean`, `clean:original` for a replicated block, `clean:0` or
    /// `clean:<name of the item>` for a child run.
    pub name: String,
    /// Where it stands.
    pub status: BlockStatus,
    /// Number of the newest attempt, from 1; 0 before the first. An attempt that was lost with its process
    /// starts again under the same number and a new fence.
    pub attempt: u32,
    /// How many of the attempts were before the block run was last retried by hand: retries do not count them. In a
    /// block run that stands for child runs, the most that one of those had which were dropped.
    #[serde(default)]
    pub earlier: u32,
    /// Fence of the newest attempt.
    pub fence: Fence,
    /// When the first attempt started, or began to wait for a place among the block processes of the server.
    pub started_at: Option<Timestamp>,
    /// When it reached its final status.
    pub ended_at: Option<Timestamp>,
    /// When a failed attempt is repeated.
    pub retry_at: Option<Timestamp>,
    /// Why it failed, or how its newest attempt failed while a retry is due.
    pub error: Option<BlockError>,
    /// Why it did not run: the upstream block that failed, the request that cancelled it.
    pub reason: Option<String>,
    /// What it produced; also what it stored before a test failed. Of a block that yields its items, also those of
    /// an earlier attempt that the newest one has not come to yet.
    pub products: Vec<Product>,
    /// The items of a dynamic block that completed, or those that it has yielded so far.
    pub items: Option<Items>,
    /// What its newest attempt used, once that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Its newest attempts, the oldest of them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRun>,
    /// Its callbacks, once it has ended.
    pub callbacks: Option<CallbackRun>,
}

impl BlockRun {
    /// Whether it is running in name only: its attempt waits for a place among the block processes of the server.
    pub fn waits_for_place(&self) -> bool {
        let newest = self.attempts.last();
        self.status == BlockStatus::Running && newest.is_some_and(|attempt| attempt.waits)
    }
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
    /// Its block runs: the declared ones in the order of the plan, then child runs in the order in which they
    /// came up.
    pub blocks: Vec<BlockRun>,
    /// Pipeline variables that blocks of the run have set; null for one that was removed.
    pub variables: Map,
    /// Whether somebody asked for it to stop.
    pub cancel_requested: bool,
    /// The status it is bound to end with, since a failure or its timeout has stopped it; callbacks may still run.
    pub ending: Option<RunStatus>,
    /// The newest fence that was given out.
    pub last_fence: Fence,
    /// Why it did not complete, or is bound not to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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

    /// Position of the child run of this name, as in `clean:0`, unless the plan has a block of it.
    pub fn child(&self, name: &BlockUuid) -> Option<usize> {
        let mut blocks = self.blocks.iter();
        let child =
            blocks.position(|block| block.key.child.is_some() && block.name == name.as_str());
        child.filter(|_| self.plan.block(name).is_none())
    }

    /// What the newest attempts of its block runs have used together; of memory, the most of one of them. None when
    /// nothing was measured.
    pub fn usage(&self) -> Option<Usage> {
        let mut measured = self.blocks.iter().filter_map(|block| block.usage);
        let first = measured.next()?;
        Some(measured.fold(first, |sum, one| Usage {
            rows_in: either(sum.rows_in, one.rows_in, u64::saturating_add),
            rows: either(sum.rows, one.rows, u64::saturating_add),
            bytes: either(sum.bytes, one.bytes, u64::saturating_add),
            cpu_seconds: either(sum.cpu_seconds, one.cpu_seconds, |a, b| a + b),
            peak_memory: either(sum.peak_memory, one.peak_memory, u64::max),
        }))
    }

    /// The variables that blocks see: those of the pipeline, then what blocks have set or removed, and over both what
    /// was given for the run.
    pub fn known_variables(&self) -> Map {
        let mut known = self.plan.variables.clone();
        for (name, value) in &self.variables {
            if value.is_null() {
                known.remove(name);
            } else {
                known.insert(name.clone(), value.clone());
            }
        }
        known.extend(self.plan.given.clone());
        known
    }
}

/// Both together, or the one that there is.
fn either<T>(one: Option<T>, other: Option<T>, together: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(together(one, other)),
        (one, other) => one.or(other),
    }
}
