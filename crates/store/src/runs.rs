//! Runs: created, stepped forward, read back. Each change is one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use baton_model::{BlockRunKey, Fence, Plan, Run, RunEvent, RunId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::grouped::{Holder, Step};
use crate::rows;
use crate::sql::{Changing, values};
use crate::{Store, StoreError};

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
