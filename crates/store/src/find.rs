//! Finding runs by what was planned: their pipeline, logical date, status, and whether a person started them.

use baton_model::{BlockRunKey, PipelineUuid, Product, RunId, RunStatus, Timestamp};

use crate::rows;
use crate::sql::{Row, values};
use crate::{Store, StoreError};

/// Which runs are wanted; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Of this pipeline.
    pub pipeline: Option<PipelineUuid>,
    /// With a logical date from this one on.
    pub from: Option<Timestamp>,
    /// With a logical date up to this one.
    pub to: Option<Timestamp>,
    /// With one of these statuses; empty for all.
    pub statuses: Vec<RunStatus>,
    /// So many at most.
    pub limit: u32,
}

impl Store {
    /// Numbers of the runs that are wanted, the newest logical date first.
    pub async fn find_runs(&self, query: &RunQuery) -> Result<Vec<RunId>, StoreError> {
        let statuses = query.statuses.iter().map(|status| [status.name()]);
        let statuses: Vec<[&str; 1]> = statuses.collect();
        let sql = "select run.id from run
             where ($1 is null or run.pipeline = $1)
                 and ($2 is null or run.execution_date >= $2)
                 and ($3 is null or run.execution_date <= $3)
                 and ($4 = '[]' or run.status in (select value ->> 0 from json_each($4)))
             order by run.execution_date desc, run.id desc limit $5";
        let values = values![
            query.pipeline.as_ref().map(PipelineUuid::as_str),
            query.from,
            query.to,
            rows::to_rows(&self.database.place, "statuses", &statuses)?,
            query.limit,
        ];
        let found = self.database.fetch(sql, values).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// The completed runs of a pipeline that were made for a global data product, with their logical dates: the newest
    /// date first, so many at most.
    pub async fn runs_of_product(
        &self,
        pipeline: &PipelineUuid,
        product: &str,
        limit: u32,
    ) -> Result<Vec<(RunId, Timestamp)>, StoreError> {
        let sql = "select run.id, run.execution_date from run join plan on plan.run = run.id
             where run.pipeline = $1 and run.status = 'completed'
                 and json_extract(plan.body, '$.occasion.product') = $2
             order by run.execution_date desc, run.id desc limit $3";
        let found = self
            .database
            .fetch(sql, values![pipeline, product, limit])
            .await?;
        let dated = |row: &Row| Ok((row.run("id")?, row.moment("execution_date")?));
        found.iter().map(dated).collect()
    }

    /// The newest run of the pipeline, however it ended, in which the block run called `name` completed: a block, or a
    /// child run such as `clean:0`, also where its item has given it another name. Of the runs that a trigger started, of those that a person started, or of all.
    pub async fn newest_output(
        &self,
        pipeline: &PipelineUuid,
        name: &str,
        triggered: Option<bool>,
    ) -> Result<Option<(RunId, BlockRunKey)>, StoreError> {
        let sql = "select run.id, block_run.block, block_run.child
             from run join block_run on block_run.run = run.id
             where run.pipeline = $1 and block_run.status = 'completed' and ($3 is null or run.triggered = $3)
                 and (block_run.name = $2 or block_run.block = $2 and block_run.child = -1
                     or block_run.block || ':' || cast(block_run.child as text) = $2)
             order by run.id desc, block_run.name = $2 desc, block_run.child limit 1";
        let values = values![pipeline, name, triggered];
        let Some(row) = self.database.fetch_first(sql, values).await? else {
            return Ok(None);
        };
        let key = rows::key(&row.text("block")?, row.integer("child")?);
        Ok(Some((row.run("id")?, key)))
    }

    /// What the block run called `name` produced in a run.
    pub async fn products_named(&self, run: RunId, name: &str) -> Result<Vec<Product>, StoreError> {
        let sql = "select block, child from block_run
             where run = $1 and (name = $2 or block = $2 and child = -1 or block || ':' || cast(child as text) = $2)
             order by name = $2 desc, child limit 1";
        let found = self.database.fetch_first(sql, values![run, name]).await?;
        let Some(row) = found else {
            return Ok(Vec::new());
        };
        let key = rows::key(&row.text("block")?, row.integer("child")?);
        self.products(run, &key).await
    }
}
