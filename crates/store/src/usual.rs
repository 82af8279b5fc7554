//! The newest runs of pipelines and blocks that completed: what is usual is said by these.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_model::{BlockUuid, PipelineUuid, RunId, Timestamp, Usage};

use crate::rows;
use crate::sql::{Row, values};
use crate::{Store, StoreError};

/// A run of a pipeline, or of a block in it, that completed.
#[derive(Clone, Debug, PartialEq)]
pub struct GoodRun {
    /// The run.
    pub run: RunId,
    /// From its first start to its end.
    pub took: Duration,
    /// What it used, as far as it was measured.
    pub usage: Usage,
}

/// Number of the run, start, end, and what it used.
type Told = (RunId, Timestamp, Timestamp, Option<Usage>);

impl GoodRun {
    fn of((run, start, end, usage): Told) -> Self {
        Self {
            run,
            took: end.since(start),
            usage: usage.unwrap_or_default(),
        }
    }
}

impl Store {
    /// The newest `limit` runs of each pipeline that completed, the newest first; pipelines without any are left out.
    /// One statement, which reads so many runs of each pipeline and no more.
    pub async fn good_runs(
        &self,
        pipelines: &[PipelineUuid],
        limit: u32,
    ) -> Result<BTreeMap<PipelineUuid, Vec<GoodRun>>, StoreError> {
        let place = &self.database.place;
        let wanted: Vec<(&PipelineUuid,)> = pipelines.iter().map(|one| (one,)).collect();
        let wanted = rows::to_rows(place, "names of pipelines", &wanted)?;
        let sql = "select wanted.pipeline, '[' || (
                 select string_agg(newest.told, ',') from (
                     select '[' || run.id || ',' || run.started_at || ',' || run.ended_at || ','
                         || coalesce(run.usage, 'null') || ']' as told
                     from run where run.pipeline = wanted.pipeline and run.status = 'completed'
                         and run.started_at is not null and run.ended_at is not null
                     order by run.id desc limit $2
                 ) as newest
             ) || ']' as told
             from (select value ->> 0 as pipeline from json_each($1)) as wanted";
        let found = self.database.fetch(sql, values![wanted, limit]).await?;
        let mut good = BTreeMap::new();
        for row in &found {
            let told: Option<Vec<Told>> = row.some_json("what runs used", "told")?;
            let mut runs: Vec<GoodRun> = told.into_iter().flatten().map(GoodRun::of).collect();
            runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.run));
            if !runs.is_empty() {
                good.insert(PipelineUuid::new(row.text("pipeline")?), runs);
            }
        }
        Ok(good)
    }

    /// How the blocks of a pipeline did in its newest `limit` runs that completed, the newest first. Child runs are not
    /// counted one by one: the block that they belong to is.
    pub async fn good_block_runs(
        &self,
        pipeline: &PipelineUuid,
        limit: u32,
    ) -> Result<BTreeMap<BlockUuid, Vec<GoodRun>>, StoreError> {
        let sql = "select run, block, started_at, ended_at, usage from block_run
             where child = -1 and status = 'completed' and started_at is not null and ended_at is not null
                 and run in (select id from run where pipeline = $1 and status = 'completed' order by id desc limit $2)
             order by run desc";
        let found = self.database.fetch(sql, values![pipeline, limit]).await?;
        let told = |row: &Row| {
            let usage = row.some_json("what a block used", "usage")?;
            let times = (row.moment("started_at")?, row.moment("ended_at")?);
            Ok::<Told, StoreError>((row.run("run")?, times.0, times.1, usage))
        };
        let mut good: BTreeMap<BlockUuid, Vec<GoodRun>> = BTreeMap::new();
        for row in &found {
            let block = BlockUuid::new(row.text("block")?);
            let run = GoodRun::of(told(row)?);
            good.entry(block).or_default().push(run);
        }
        Ok(good)
    }
}
