//! Runs: created, stepped forward, read back. Each change is one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use baton_model::{
    BlockRunKey, Command, Fence, PipelineUuid, Plan, Run, RunEvent, RunId, RunStatus, Timestamp,
};
use sqlx::{Connection, Row, SqliteConnection};

use crate::history::{self, CommandId};
use crate::open::execute;
use crate::rows::{self, Changes, Tally};
use crate::sql::values;
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
        // What was retried may have lost child runs, and the others have moved up.
        let anew = matches!(event, RunEvent::Retried { .. });
        let mut rows = Changes::default();
        rows.add(&self.path, run, |key| anew || wanted.contains(key))?;
        let body = crate::rows::to_json(&self.path, "an event", &history::compact(event))?;
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
        if anew {
            sqlx::query("delete from block_run where run = ?1")
                .bind(run.id.0)
                .execute(&mut *transaction)
                .await
                .map_err(self.sort())?;
        }
        self.write_blocks(&mut transaction, rows).await?;
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

    /// Inserts or replaces block runs, and replaces their products.
    pub(crate) async fn write_blocks(
        &self,
        connection: &mut SqliteConnection,
        changes: Changes,
    ) -> Result<(), StoreError> {
        let any_products = !changes.products.is_empty();
        if changes.blocks.is_empty() {
            return Ok(());
        }
        let blocks = changes.blocks.finish();
        let sql = "insert into block_run (run, block, child, position, name, status, attempt, fence,
                 started_at, ended_at, retry_at, error, reason, items, callbacks)
             select cast(value ->> 'run' as bigint), value ->> 'block', cast(value ->> 'child' as bigint),
                 cast(value ->> 'position' as bigint), value ->> 'name', value ->> 'status',
                 cast(value ->> 'attempt' as bigint), cast(value ->> 'fence' as bigint),
                 cast(value ->> 'started_at' as bigint), cast(value ->> 'ended_at' as bigint),
                 cast(value ->> 'retry_at' as bigint),
                 value ->> 'error', value ->> 'reason', value ->> 'items', value ->> 'callbacks'
             from json_each(?1) where true
             on conflict (run, block, child) do update set status = excluded.status,
                 attempt = excluded.attempt, fence = excluded.fence,
                 started_at = excluded.started_at, ended_at = excluded.ended_at,
                 retry_at = excluded.retry_at, error = excluded.error, reason = excluded.reason,
                 items = excluded.items, callbacks = excluded.callbacks";
        self.change_on(connection, sql, values![blocks.as_str()])
            .await?;
        let sql = "delete from product where (run, block, child) in (
                 select cast(value ->> 'run' as bigint), value ->> 'block', cast(value ->> 'child' as bigint)
                 from json_each(?1))";
        self.change_on(connection, sql, values![blocks]).await?;
        if any_products {
            let products = changes.products.finish();
            let sql = "insert into product (run, block, child, position, manifest)
                 select cast(value ->> 'run' as bigint), value ->> 'block', cast(value ->> 'child' as bigint),
                     cast(value ->> 'position' as bigint), value ->> 'manifest'
                 from json_each(?1)";
            self.change_on(connection, sql, values![products]).await?;
        }
        Ok(())
    }

    /// Moves the row of the run one version on.
    async fn advance(
        &self,
        connection: &mut SqliteConnection,
        run: &Run,
    ) -> Result<(), StoreError> {
        let tally = Tally::of(run);
        let updated = sqlx::query(
            "update run set version = ?2, status = ?3, cancel_requested = ?4, last_fence = ?5,
                 started_at = ?6, ended_at = ?7, ending = ?8, variables = ?9,
                 blocks = ?10, completed = ?11, failed = ?12
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
        .bind(tally.blocks)
        .bind(tally.completed)
        .bind(tally.failed)
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
            reason: None,
            last_fence: Fence(number("last_fence")? as u64),
            created_at: Timestamp(number("created_at")?),
            started_at: moment("started_at")?,
            ended_at: moment("ended_at")?,
        }))
    }

    /// Runs, newest first.
    pub async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let found = sqlx::query(
            "select id, pipeline, status, created_at, started_at, ended_at, blocks, completed, failed
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
