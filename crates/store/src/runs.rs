//! Runs: created, stepped forward, read back. Each change is one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use baton_model::{
    BlockRunKey, Cause, Fence, PipelineUuid, Plan, Run, RunEvent, RunId, RunStatus, Timestamp,
    Usage,
};
use sqlx::AssertSqlSafe;

use crate::grouped::{Holder, Step};
use crate::rows;
use crate::sql::{Changing, values};
use crate::{Store, StoreError};

/// Which runs to list.
#[derive(Clone, Debug)]
pub struct RunFilter {
    /// Only those of this pipeline.
    pub pipeline: Option<PipelineUuid>,
    /// So many at most.
    pub limit: u32,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Number inside the project.
    pub id: RunId,
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// Where it stands.
    pub status: RunStatus,
    /// Why it exists.
    pub cause: Cause,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its first block started.
    pub started_at: Option<Timestamp>,
    /// When it reached its final status.
    pub ended_at: Option<Timestamp>,
    /// How many block runs it has.
    pub blocks: u32,
    /// How many of them completed.
    pub completed: u32,
    /// How many of them failed, themselves.
    pub failed: u32,
    /// What its blocks used together, once it has ended.
    pub usage: Option<Usage>,
}

impl Store {
    /// Stores one step of a run in one transaction: the run's new state, the block runs that `changed` with
    /// their products, and the event that caused it.
    ///
    /// Refused with [`StoreError::Conflict`] unless the stored run is exactly one version older, and when another process
    /// holds its lease.
    /// A step that ends the run is on disk when this returns, and with it all earlier ones: what the run
    /// names must be on disk before.
    pub async fn commit(
        &self,
        run: &Run,
        changed: &[BlockRunKey],
        event: &RunEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Everything is put into text here, and not where all wait for it.
        let place = &self.database.place;
        let holder = Holder {
            lease: self.lease_of(run.id),
            driver: self.driver.as_deref(),
        };
        let step = Step::new(place, (run, holder), changed, (event, now))?;
        self.write(step).await
    }

    /// The run with all its block runs and their products.
    pub async fn load_run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        // One transaction, so that a commit in between cannot tear what is read.
        let mut looking = self.database.look().await?;
        let run = read_run(&mut looking, id).await?;
        looking.commit().await?;
        Ok(run)
    }

    /// Runs, newest first.
    pub async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let sql = "select id, pipeline, status, cause, created_at, started_at, ended_at, blocks, completed, failed, usage
             from run where $1 is null or pipeline = $1 order by id desc limit $2";
        let pipeline = filter.pipeline.as_ref().map(PipelineUuid::as_str);
        let found = self
            .database
            .fetch(sql, values![pipeline, filter.limit])
            .await?;
        found
            .iter()
            .map(|row| {
                Ok(RunSummary {
                    id: row.run("id")?,
                    pipeline: PipelineUuid::new(row.text("pipeline")?),
                    status: row.word("the status of a run", "status")?,
                    cause: row.word("the cause of a run", "cause")?,
                    created_at: row.moment("created_at")?,
                    started_at: row.some_moment("started_at")?,
                    ended_at: row.some_moment("ended_at")?,
                    blocks: row.count("blocks")?,
                    completed: row.count("completed")?,
                    failed: row.count("failed")?,
                    usage: row.some_json("what a run used", "usage")?,
                })
            })
            .collect()
    }
}

async fn read_run(looking: &mut Changing, id: RunId) -> Result<Option<Run>, StoreError> {
    let sql = "select * from run join plan on plan.run = run.id where id = $1";
    let found = looking.fetch(sql, values![id]).await?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let sql = format!(
        "select {} from block_run where run = $1 order by position",
        rows::BLOCK_COLUMNS
    );
    let blocks = looking.fetch(AssertSqlSafe(sql), values![id]).await?;
    let mut blocks = blocks
        .iter()
        .map(rows::block_run)
        .collect::<Result<Vec<_>, _>>()?;
    let places: HashMap<BlockRunKey, usize> = blocks
        .iter()
        .enumerate()
        .map(|(place, block)| (block.key.clone(), place))
        .collect();
    let sql =
        "select block, child, manifest from product where run = $1 order by block, child, position";
    let products = looking.fetch(sql, values![id]).await?;
    for row in &products {
        let key = rows::key(&row.text("block")?, row.integer("child")?);
        if let Some(place) = places.get(&key) {
            let product = row.json("a product", "manifest")?;
            blocks[*place].products.push(product);
        }
    }
    let plan: Plan = row.json("a plan", "body")?;
    Ok(Some(Run {
        id,
        plan: Arc::new(plan),
        status: row.word("the status of a run", "status")?,
        version: row.integer("version")? as u64,
        blocks,
        variables: row.json("variables", "variables")?,
        ending: row.some_word("the ending of a run", "ending")?,
        reason: row.some_text("reason")?,
        cancel_requested: row.integer("cancel_requested")? != 0,
        last_fence: Fence(row.integer("last_fence")? as u64),
        created_at: row.moment("created_at")?,
        started_at: row.some_moment("started_at")?,
        ended_at: row.some_moment("ended_at")?,
    }))
}
