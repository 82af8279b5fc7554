//! `retention`: what is too old, and deleting it before the server does.

use std::time::Duration;

use axum::extract::State;
use baton_model::RunId;
use schemars::JsonSchema;
use serde::Serialize;

use super::By;
use crate::Shared;
use crate::answer::{Named, One};
use crate::error::ApiError;

/// Runs that are named one by one; more are only counted.
const NAMED: usize = 1000;

/// What is too old.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TooOld {
    /// Runs, with everything of them.
    runs: TooOldRuns,
    /// Runs whose logs are too old.
    logs: TooOldRuns,
}

/// Runs of which something is too old.
#[derive(Serialize, JsonSchema)]
struct TooOldRuns {
    /// How long it is kept; null for ever.
    kept_seconds: Option<u64>,
    count: usize,
    /// At most 1000 of them.
    pipeline_run_ids: Vec<i64>,
}

/// What was deleted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    /// Runs.
    runs: u64,
    /// Logs of runs.
    logs: u64,
    /// Stored objects.
    objects: u64,
    /// Size of those.
    bytes: u64,
}

impl Named for TooOld {
    const ONE: &'static str = "retention";
}

impl Named for Deleted {
    const ONE: &'static str = "retention";
}

fn part(runs: &[RunId], age: Option<Duration>) -> TooOldRuns {
    TooOldRuns {
        kept_seconds: age.map(|age| age.as_secs()),
        count: runs.len(),
        pipeline_run_ids: runs.iter().take(NAMED).map(|run| run.0).collect(),
    }
}

/// What would be deleted now.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<One<TooOld>, ApiError> {
    let stale = shared.host.stale(&actor).await?;
    Ok(One(TooOld {
        runs: part(&stale.runs, stale.keeping.runs),
        logs: part(&stale.logs, stale.keeping.logs),
    }))
}

/// Deletes it.
pub(crate) async fn clean(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<One<Deleted>, ApiError> {
    let cleaned = shared.host.clean(&actor).await?;
    Ok(One(Deleted {
        runs: cleaned.runs,
        logs: cleaned.logs,
        objects: cleaned.objects,
        bytes: cleaned.bytes,
    }))
}
