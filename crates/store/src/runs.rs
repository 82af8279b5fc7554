//! Runs: created, stepped forward, read back. Each change is one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use baton_model::{
    BlockRunKey, CodeHash, Command, Fence, PipelineUuid, Plan, Run, RunEvent, RunId, RunStatus,
    Timestamp,
};
use sqlx::{Connection, Row, SqliteConnection};

use crate::history::{self, CommandId};
use crate::open::execute;
use crate::rows;
use crate::{Store, StoreError};

/// Changed block runs and their products, each as one JSON array.
struct Changes {
    blocks: String,
    products: String,
    any_products: bool,
}

/// Which runs to list.
#[derive(Clone, Debug)]
pub struct RunFilter {
    /// Only those of this pipeline.
    pub pipeline: Option<PipelineUuid>,
    /// So many at most.
    pub limit: u32,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Number inside the project.
    pub id: RunId,
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// Where it stands.
    pub status: RunStatus,
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
}

impl Store {
    /// Gives out a number, lets `make` create the run with it, and stores the run and the source texts of
    /// its plan, in one transaction.
    pub async fn create_run(
        &self,
        sources: &[(CodeHash, String)],
        make: impl FnOnce(RunId) -> Run,
    ) -> Result<Run, StoreError> {
        let mut transaction = self
            .writer
            .begin_with("begin immediate")
            .await
            .map_err(self.sort())?;
        let row = sqlx::query(
            "insert into run (pipeline, status, version, cancel_requested, last_fence, created_at)
             values ('', '', 0, 0, 0, 0) returning id",
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(self.sort())?;
        let run = make(RunId(row.try_get(0).map_err(self.sort())?));
        self.insert(&mut transaction, &run, sources).await?;
        transaction.commit().await.map_err(self.sort())?;
        Ok(run)
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        run: &Run,
        sources: &[(CodeHash, String)],
    ) -> Result<(), StoreError> {
        sqlx::query(
            "update run set pipeline = ?2, status = ?3, version = ?4, cancel_requested = ?5,
                 last_fence = ?6, created_at = ?7, started_at = ?8, ended_at = ?9, ending = ?10,
                 variables = ?11
             where id = ?1",
        )
        .bind(run.id.0)
        .bind(run.plan.pipeline.as_str())
        .bind(run.status.name())
        .bind(run.version as i64)
        .bind(run.cancel_requested)
        .bind(run.last_fence.0 as i64)
        .bind(run.created_at.0)
        .bind(run.started_at.map(|at| at.0))
        .bind(run.ended_at.map(|at| at.0))
        .bind(run.ending.map(RunStatus::name))
        .bind(rows::to_json(&self.path, "variables", &run.variables)?)
        .execute(&mut *connection)
        .await
        .map_err(self.sort())?;
        sqlx::query("insert into plan (run, body) values (?1, ?2)")
            .bind(run.id.0)
            .bind(rows::to_json(&self.path, "a plan", &*run.plan)?)
            .execute(&mut *connection)
            .await
            .map_err(self.sort())?;
        sqlx::query(
            "insert or ignore into code (hash, body)
             select value ->> 0, value ->> 1 from json_each(?1)",
        )
        .bind(rows::to_json(&self.path, "source texts", sources)?)
        .execute(&mut *connection)
        .await
        .map_err(self.sort())?;
        let changes = self.changes(run, |_| true)?;
        self.write_blocks(connection, run.id, &changes).await
    }

    /// Stores one step of a run in one transaction: the run's new state, the block runs that `changed` with
    /// their products, the event that caused it and the commands that follow. Returns the names of the
    /// commands.
    ///
    /// Refused with [`StoreError::Conflict`] unless the stored run is exactly one version older.
    /// A step that ends the run is on disk when this returns, and with it all earlier ones: what the run
    /// names must be on disk before.
    pub async fn commit(
        &self,
        run: &Run,
        changed: &[BlockRunKey],
        event: &RunEvent,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<CommandId>, StoreError> {
        // Everything is put into text before the lock is taken.
        let wanted: HashSet<&BlockRunKey> = changed.iter().collect();
        let rows = self.changes(run, |key| wanted.contains(key))?;
        let body = rows::to_json(&self.path, "an event", &history::compact(event))?;
        let command_texts = commands
            .iter()
            .map(|command| rows::to_json(&self.path, "a command", command))
            .collect::<Result<Vec<_>, _>>()?;
        let command_texts = rows::to_json(&self.path, "commands", &command_texts)?;
        let done = self.done_commands(run.id);

        let mut connection = self.writer.acquire().await.map_err(self.sort())?;
        let last = run.status.is_final();
        if last {
            execute(&mut connection, "pragma synchronous = full")
                .await
                .map_err(self.sort())?;
        }
        let mut transaction = connection
            .begin_with("begin immediate")
            .await
            .map_err(self.sort())?;
        self.advance(&mut transaction, run).await?;
        self.write_blocks(&mut transaction, run.id, &rows).await?;
        sqlx::query("insert into event (run, version, at, body) values (?1, ?2, ?3, ?4)")
            .bind(run.id.0)
            .bind(run.version as i64)
            .bind(now.0)
            .bind(body)
            .execute(&mut *transaction)
            .await
            .map_err(self.sort())?;
        if matches!(event, RunEvent::Resumed) {
            history::remove_all_commands(&mut transaction, run.id)
                .await
                .map_err(self.sort())?;
        } else if !done.is_empty() {
            self.remove_commands(&mut transaction, run.id, &done)
                .await?;
        }
        if !commands.is_empty() {
            sqlx::query(
                "insert into command (run, version, position, body)
                 select ?1, ?2, key, value from json_each(?3)",
            )
            .bind(run.id.0)
            .bind(run.version as i64)
            .bind(command_texts)
            .execute(&mut *transaction)
            .await
            .map_err(self.sort())?;
        }
        transaction.commit().await.map_err(self.sort())?;
        if last {
            execute(&mut connection, "pragma synchronous = normal")
                .await
                .map_err(self.sort())?;
        }
        self.forget_done(run.id, &done);
        Ok((0..commands.len() as u32)
            .map(|position| CommandId {
                run: run.id,
                version: run.version,
                position,
            })
            .collect())
    }

    /// The rows of the block runs that are wanted, and of their products.
    fn changes(
        &self,
        run: &Run,
        wanted: impl Fn(&BlockRunKey) -> bool,
    ) -> Result<Changes, StoreError> {
        let mut blocks = Vec::new();
        let mut products = Vec::new();
        for (position, block) in run.blocks.iter().enumerate() {
            if wanted(&block.key) {
                let (row, its_products) = rows::block_rows(&self.path, position, block)?;
                blocks.push(row);
                products.extend(its_products);
            }
        }
        let any_products = !products.is_empty();
        Ok(Changes {
            blocks: rows::to_json(&self.path, "block runs", &blocks)?,
            products: rows::to_json(&self.path, "products", &products)?,
            any_products,
        })
    }

    /// Inserts or replaces block runs, and replaces their products.
    async fn write_blocks(
        &self,
        connection: &mut SqliteConnection,
        run: RunId,
        changes: &Changes,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "insert into block_run (run, block, child, position, name, status, attempt, fence,
                 started_at, ended_at, retry_at, error, reason, items, callbacks)
             select ?1, value ->> 'block', value ->> 'child', value ->> 'position',
                 value ->> 'name', value ->> 'status', value ->> 'attempt', value ->> 'fence',
                 value ->> 'started_at', value ->> 'ended_at', value ->> 'retry_at',
                 value ->> 'error', value ->> 'reason', value ->> 'items', value ->> 'callbacks'
             from json_each(?2) where true
             on conflict (run, block, child) do update set status = excluded.status,
                 attempt = excluded.attempt, fence = excluded.fence,
                 started_at = excluded.started_at, ended_at = excluded.ended_at,
                 retry_at = excluded.retry_at, error = excluded.error, reason = excluded.reason,
                 items = excluded.items, callbacks = excluded.callbacks",
        )
        .bind(run.0)
        .bind(changes.blocks.as_str())
        .execute(&mut *connection)
        .await
        .map_err(self.sort())?;
        sqlx::query(
            "delete from product where run = ?1 and (block, child) in
                 (select value ->> 'block', value ->> 'child' from json_each(?2))",
        )
        .bind(run.0)
        .bind(changes.blocks.as_str())
        .execute(&mut *connection)
        .await
        .map_err(self.sort())?;
        if changes.any_products {
            sqlx::query(
                "insert into product (run, block, child, position, manifest)
                 select ?1, value ->> 'block', value ->> 'child', value ->> 'position',
                     value ->> 'manifest'
                 from json_each(?2)",
            )
            .bind(run.0)
            .bind(changes.products.as_str())
            .execute(connection)
            .await
            .map_err(self.sort())?;
        }
        Ok(())
    }

    /// Moves the row of the run one version on.
    async fn advance(
        &self,
        connection: &mut SqliteConnection,
        run: &Run,
    ) -> Result<(), StoreError> {
        let updated = sqlx::query(
            "update run set version = ?2, status = ?3, cancel_requested = ?4, last_fence = ?5,
                 started_at = ?6, ended_at = ?7, ending = ?8, variables = ?9
             where id = ?1 and version = ?2 - 1",
        )
        .bind(run.id.0)
        .bind(run.version as i64)
        .bind(run.status.name())
        .bind(run.cancel_requested)
        .bind(run.last_fence.0 as i64)
        .bind(run.started_at.map(|at| at.0))
        .bind(run.ended_at.map(|at| at.0))
        .bind(run.ending.map(RunStatus::name))
        .bind(rows::to_json(&self.path, "variables", &run.variables)?)
        .execute(connection)
        .await
        .map_err(self.sort())?;
        if updated.rows_affected() == 1 {
            Ok(())
        } else {
            Err(StoreError::Conflict { run: run.id })
        }
    }

    /// The run with all its block runs and their products.
    pub async fn load_run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        // One transaction, so that a commit in between cannot tear what is read.
        let mut transaction = self.readers.begin().await.map_err(self.sort())?;
        let run = self.read_run(&mut transaction, id).await?;
        transaction.commit().await.map_err(self.sort())?;
        Ok(run)
    }

    async fn read_run(
        &self,
        connection: &mut SqliteConnection,
        id: RunId,
    ) -> Result<Option<Run>, StoreError> {
        let found = sqlx::query("select * from run join plan on plan.run = run.id where id = ?1")
            .bind(id.0)
            .fetch_optional(&mut *connection)
            .await
            .map_err(self.sort())?;
        let Some(row) = found else {
            return Ok(None);
        };
        let blocks = sqlx::query(sqlx::AssertSqlSafe(format!(
            "select {} from block_run where run = ?1 order by position",
            rows::BLOCK_COLUMNS
        )))
        .bind(id.0)
        .fetch_all(&mut *connection)
        .await
        .map_err(self.sort())?;
        let mut blocks = blocks
            .iter()
            .map(|row| rows::block_run(&self.path, row))
            .collect::<Result<Vec<_>, _>>()?;
        let places: HashMap<BlockRunKey, usize> = blocks
            .iter()
            .enumerate()
            .map(|(place, block)| (block.key.clone(), place))
            .collect();
        let products = sqlx::query(
            "select block, child, manifest from product where run = ?1 order by block, child, position",
        )
        .bind(id.0)
        .fetch_all(&mut *connection)
        .await
        .map_err(self.sort())?;
        for row in &products {
            let key = rows::key(
                row.try_get(0).map_err(self.sort())?,
                row.try_get(1).map_err(self.sort())?,
            );
            let manifest: &str = row.try_get(2).map_err(self.sort())?;
            if let Some(place) = places.get(&key) {
                let product = rows::from_json(&self.path, "a product", manifest)?;
                blocks[*place].products.push(product);
            }
        }
        let plan: Plan = rows::from_json(
            &self.path,
            "a plan",
            row.try_get("body").map_err(self.sort())?,
        )?;
        let number = |column: &str| row.try_get::<i64, _>(column).map_err(self.sort());
        let moment = |column: &str| {
            let at: Option<i64> = row.try_get(column).map_err(self.sort())?;
            Ok::<_, StoreError>(at.map(Timestamp))
        };
        Ok(Some(Run {
            id,
            plan: Arc::new(plan),
            status: rows::word(&self.path, "the status of a run", &row, "status")?,
            version: number("version")? as u64,
            blocks,
            variables: rows::from_json(
                &self.path,
                "variables",
                row.try_get("variables").map_err(self.sort())?,
            )?,
            ending: row
                .try_get::<Option<String>, _>("ending")
                .map_err(self.sort())?
                .map(|word| serde_json::from_value(word.into()))
                .transpose()
                .map_err(StoreError::value(&self.path, "the ending of a run"))?,
            cancel_requested: number("cancel_requested")? != 0,
            last_fence: Fence(number("last_fence")? as u64),
            created_at: Timestamp(number("created_at")?),
            started_at: moment("started_at")?,
            ended_at: moment("ended_at")?,
        }))
    }

    /// Runs, newest first.
    pub async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let found = sqlx::query(
            "select id, pipeline, status, created_at, started_at, ended_at,
                 (select count(*) from block_run where run = id) as blocks,
                 (select count(*) from block_run where run = id and status = 'completed') as completed,
                 (select count(*) from block_run where run = id and status = 'failed') as failed
             from run where ?1 is null or pipeline = ?1 order by id desc limit ?2",
        )
        .bind(filter.pipeline.as_ref().map(PipelineUuid::as_str))
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await
        .map_err(self.sort())?;
        found
            .iter()
            .map(|row| {
                let moment = |column: &str| {
                    let at: Option<i64> = row.try_get(column).map_err(self.sort())?;
                    Ok::<_, StoreError>(at.map(Timestamp))
                };
                let pipeline: &str = row.try_get("pipeline").map_err(self.sort())?;
                Ok(RunSummary {
                    id: RunId(row.try_get("id").map_err(self.sort())?),
                    pipeline: pipeline.into(),
                    status: rows::word(&self.path, "the status of a run", row, "status")?,
                    created_at: Timestamp(row.try_get("created_at").map_err(self.sort())?),
                    started_at: moment("started_at")?,
                    ended_at: moment("ended_at")?,
                    blocks: row.try_get("blocks").map_err(self.sort())?,
                    completed: row.try_get("completed").map_err(self.sort())?,
                    failed: row.try_get("failed").map_err(self.sort())?,
                })
            })
            .collect()
    }
}
