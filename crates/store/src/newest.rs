//! The newest block run of each block of a pipeline, whatever became of the rest of its run: what a notebook shows, and
//! what it takes as inputs.

use baton_model::{BlockUuid, CodeHash, PipelineUuid, RunId};
use sqlx::AssertSqlSafe;

use crate::blocks::{BlockRunRow, block_run_row, columns_of};
use crate::sql::{Row, values};
use crate::{Store, StoreError, rows};

/// So many runs of the pipeline are looked at, the newest ones.
const RUNS: u32 = 2_000;

/// What is newest of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct NewestOfBlock {
    /// The newest block run that came to something: it started, or it is clear why it did not.
    pub newest: BlockRunRow,
    /// The newest run in which it completed.
    pub completed: Option<RunId>,
}

impl Store {
    /// What is newest of each of `blocks`. One that has never had its turn is left out.
    pub async fn newest_of_blocks(
        &self,
        pipeline: &PipelineUuid,
        blocks: &[BlockUuid],
    ) -> Result<Vec<(BlockUuid, NewestOfBlock)>, StoreError> {
        let names: Vec<[&str; 1]> = blocks.iter().map(|block| [block.as_str()]).collect();
        let names = rows::to_rows(&self.database.place, "names of blocks", &names)?;
        let newest = |condition: &str| {
            format!(
                "(
                 select run.id from run join block_run on block_run.run = run.id
                 where run.pipeline = $1 and block_run.block = wanted.value ->> 0 and block_run.child = -1
                     and {condition} and run.id >= (
                         select coalesce(min(id), 0) from (
                             select id from run where pipeline = $1 order by id desc limit {RUNS}
                         ) as recent
                     )
                 order by run.id desc limit 1
             )"
            )
        };
        let columns = columns_of("block_run");
        let sql = format!(
            "select {columns}, found.completed from (
                 select wanted.value ->> 0 as name, {} as newest, {} as completed from json_each($2) as wanted
             ) as found join block_run on block_run.run = found.newest
                 and block_run.block = found.name and block_run.child = -1",
            newest("block_run.status <> 'initial'"),
            newest("block_run.status = 'completed'"),
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![pipeline, names])
            .await?;
        let one = |row: &Row| {
            let newest = block_run_row(row)?;
            let completed = row.some_integer("completed")?.map(RunId);
            Ok((
                newest.key.block.clone(),
                NewestOfBlock { newest, completed },
            ))
        };
        found.iter().map(one).collect()
    }

    /// The run of a declared block in a run.
    pub async fn block_run_in(
        &self,
        run: RunId,
        block: &BlockUuid,
    ) -> Result<Option<BlockRunRow>, StoreError> {
        let sql = format!(
            "select {} from block_run where run = $1 and block = $2 and child = -1",
            columns_of("block_run")
        );
        let found = self
            .database
            .fetch_first(AssertSqlSafe(sql), values![run, block.as_str()])
            .await?;
        found.as_ref().map(block_run_row).transpose()
    }

    /// The newest runs of a declared block that have ended, with the hash of the code that each was planned with.
    pub async fn versions_of_block(
        &self,
        pipeline: &PipelineUuid,
        block: &BlockUuid,
        limit: u32,
    ) -> Result<Vec<(BlockRunRow, Option<CodeHash>)>, StoreError> {
        let sql = format!(
            "select {}, (
                 select planned.value ->> 'code' from plan cross join json_each(plan.body, '$.blocks') as planned
                 where plan.run = run.id and planned.value ->> 'uuid' = $2
             ) as code
             from run join block_run on block_run.run = run.id
             where run.pipeline = $1 and block_run.block = $2 and block_run.child = -1
                 and block_run.started_at is not null and block_run.ended_at is not null
             order by run.id desc limit $3",
            columns_of("block_run")
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![pipeline, block.as_str(), limit])
            .await?;
        let one = |row: &Row| {
            let code = row.some_text("code")?.map(CodeHash::new);
            Ok((block_run_row(row)?, code))
        };
        found.iter().map(one).collect()
    }
}
