//! Old runs that nobody needs any more.

use baton_model::{PipelineUuid, RunId, Timestamp};

use crate::rows;
use crate::sql::values;
use crate::{Store, StoreError};

impl Store {
    /// Runs that ended before `before` and may go: for each block that completed in one of them, a later completed run
    /// has it too, and no run that may still be resumed takes inputs from it. The oldest first.
    pub async fn old_runs(
        &self,
        before: Timestamp,
        pipeline: Option<&PipelineUuid>,
    ) -> Result<Vec<RunId>, StoreError> {
        let sql = "select run.id from run
             where run.ended_at < $1 and ($2 is null or run.pipeline = $2)
                 and not exists (
                     select 1 from block_run as own
                     where own.run = run.id and own.status = 'completed'
                         and not exists (
                             select 1 from run as later
                             join block_run as other on other.run = later.id
                             where later.pipeline = run.pipeline and later.id > run.id
                                 and later.status = 'completed'
                                 and other.block = own.block and other.status = 'completed'
                         )
                 )
                 and run.id not in (
                     select cast(coalesce(input.value ->> 'run', input.value ->> '$') as bigint) from plan
                     join run as taker on taker.id = plan.run
                     cross join json_each(plan.body, '$.inputs') as input
                     where taker.status <> 'completed'
                 )
             order by run.id";
        let values = values![before, pipeline.map(PipelineUuid::as_str)];
        let found = self.database.fetch(sql, values).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// Deletes those of these runs that ended before `before`, with their products and events. Objects stay until they
    /// are collected. Gives how many there were.
    pub async fn delete_runs(&self, runs: &[RunId], before: Timestamp) -> Result<u64, StoreError> {
        let numbers: Vec<[i64; 1]> = runs.iter().map(|run| [run.0]).collect();
        let numbers = rows::to_rows(&self.database.place, "numbers of runs", &numbers)?;
        // One that went on meanwhile has not ended, or a moment ago.
        let sql = "delete from run where ended_at < $2
             and id in (select cast(value ->> 0 as bigint) from json_each($1))";
        self.database.change(sql, values![numbers, before]).await
    }
}
