//! Facts of Baton's domain: ids, the pipeline graph, plans, runs, data products, events and commands.
//!
//! No I/O, no async, no clock: time comes in as a [`Timestamp`]. What is decided with these facts is the
//! business of `engine`; how they are stored or shown is the business of the outer crates.

mod attempt;
mod backfill;
mod block;
mod error;
mod event;
mod ids;
mod pipeline;
mod plan;
mod product;
mod resources;
mod run;
mod schedule;
mod shared;
mod time;
mod trigger;

pub use attempt::{AttemptRun, REMEMBERED_ATTEMPTS, TestResult, TestStatus};
pub use backfill::{Backfill, BackfillId, BackfillStatus, IntervalUnit};
pub use block::{Block, BlockKind, Language, RetrySettings};
pub use error::{BlockError, Caret, FailureKind, Frame};
pub use event::{Command, Outcome, RunEvent};
pub use ids::{BlockRunKey, BlockUuid, CodeHash, Fence, ObjectHash, PipelineUuid, RunId};
pub use pipeline::{LimitReached, Pipeline, PipelineKind, RunLimits};
pub use plan::{
    Attached, Occasion, OlderOutput, OnFailure, Plan, PlannedBlock, RetryPolicy, RunTimeout,
};
pub use product::{Chunk, Column, ColumnStatistics, Content, Product, ProductKind};
pub use resources::{Machine, Reserved, ResourceSettings, parse_cpu, parse_size};
pub use run::{BlockRun, BlockStatus, CallbackOn, CallbackRun, Items, Run, RunStatus, Usage};
pub use schedule::{BadSchedule, Interval, Schedule};
pub use shared::{Age, GlobalDataProduct, MomentPart, SharedBlock};
pub use time::Timestamp;
pub use trigger::{
    Accepted, After, Cause, Misfire, PoolUse, Trigger, TriggerId, TriggerKind, TriggerSettings,
};

/// A map of JSON values that keeps the order of its keys, as variables and configurations do.
pub type Map = serde_json::Map<String, serde_json::Value>;
