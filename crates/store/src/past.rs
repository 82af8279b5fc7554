//! What earlier runs of a trigger, or of a pipeline, tell.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_model::{PipelineUuid, RunId, RunStatus, Timestamp, TriggerId};
use sqlx::AssertSqlSafe;

use crate::sql::{Row, Value, values};
use crate::{Store, StoreError};

/// How many run times of a trigger are given.
const RECENT: u32 = 7;

/// What the runs of a trigger tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerFacts {
    /// How many there are.
    pub runs: u64,
    /// The latest logical date among those that its schedule made.
    pub newest_date: Option<Timestamp>,
    /// Where the newest run stands.
    pub newest_status: Option<RunStatus>,
    /// The newest run.
    pub newest_run: Option<RunId>,
    /// How many have not ended.
    pub open: u64,
    /// How long the newest seven that completed took, the newest first.
    pub recent_runtimes: Vec<Duration>,
}

/// The runs of a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountedRuns {
    /// How many stand where; what none does is left out.
    pub counts: Vec<(RunStatus, u64)>,
    /// The pipeline of which most failed, and how many; of several the first by name.
    pub most_failed: Option<(PipelineUuid, u64)>,
}

impl CountedRuns {
    /// How many stand there.
    pub fn count(&self, status: RunStatus) -> u64 {
        let found = self.counts.iter().find(|(one, _)| *one == status);
        found.map_or(0, |(_, runs)| *runs)
    }

    fn add(&mut self, status: RunStatus, failed: Option<PipelineUuid>, runs: u64) {
        match self.counts.iter_mut().find(|(one, _)| *one == status) {
            Some((_, before)) => *before += runs,
            None => self.counts.push((status, runs)),
        }
        let most = self.most_failed.as_ref().map_or(0, |(_, most)| *most);
        if let Some(pipeline) = failed.filter(|_| runs > most) {
            self.most_failed = Some((pipeline, runs));
        }
    }
}

impl Store {
    /// The runs of stretches of time that follow each other: the first ends at the second moment, and so on. A run counts
    /// when its first block started, or when it was made where none has started.
    pub async fn count_runs(&self, moments: &[Timestamp]) -> Result<Vec<CountedRuns>, StoreError> {
        let [first, middle @ .., last] = moments else {
            return Ok(Vec::new());
        };
        let mut found = vec![CountedRuns::default(); middle.len() + 1];
        // One look at every run, whatever the number of stretches.
        let later: Vec<String> = (1..=middle.len())
            .rev()
            .map(|place| format!("when at >= ${} then {place}", place + 2))
            .collect();
        let place = if later.is_empty() {
            "0".to_owned()
        } else {
            format!("case {} else 0 end", later.join(" "))
        };
        let sql = format!(
            "select place, status, pipeline, count(*) as runs from (
                 select cast({place} as bigint) as place, status, case status when 'failed' then pipeline end as pipeline
                 from (select coalesce(started_at, created_at) as at, status, pipeline from run) as timed
                 where at >= $1 and at < $2
             ) as placed group by place, status, pipeline order by place, status, pipeline"
        );
        let values = [first, last].into_iter().chain(middle);
        let values = values.map(|at| Value::from(*at)).collect();
        let rows = self.database.fetch(AssertSqlSafe(sql), values).await?;
        for row in &rows {
            let place = usize::try_from(row.integer("place")?).unwrap_or(usize::MAX);
            if let Some(found) = found.get_mut(place) {
                let status = row.word("the status of a run", "status")?;
                let failed = row.some_text("pipeline")?.map(PipelineUuid::new);
                found.add(status, failed, row.integer("runs")? as u64);
            }
        }
        Ok(found)
    }

    /// What the runs of each trigger tell; a trigger without runs is left out.
    pub async fn trigger_facts(&self) -> Result<Vec<(TriggerId, TriggerFacts)>, StoreError> {
        let facts = self.facts_where("trigger_id is not null", &[]).await?;
        Ok(facts.into_iter().collect())
    }

    /// What the runs of one trigger tell.
    pub async fn facts_of_trigger(&self, trigger: TriggerId) -> Result<TriggerFacts, StoreError> {
        let mut facts = self
            .facts_where("trigger_id = $1", &[trigger.into()])
            .await?;
        Ok(facts.remove(&trigger).unwrap_or_default())
    }

    async fn facts_where(
        &self,
        condition: &str,
        values: &[Value],
    ) -> Result<BTreeMap<TriggerId, TriggerFacts>, StoreError> {
        // The schedule's dates come from their own index: the numbers and times of runs do not have to be read.
        let sql = format!(
            "select counted.trigger_id, counted.runs, counted.open, counted.newest, run.status, (
                 select max(execution_date) from run as dated
                 where dated.trigger_id = counted.trigger_id and dated.cause = 'schedule'
             ) as newest_date
             from (
                 select trigger_id, count(*) as runs, max(id) as newest,
                     sum(case when status in ('initial', 'running') then 1 else 0 end) as open
                 from run where {condition} group by trigger_id
             ) as counted join run on run.id = counted.newest"
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values.to_vec())
            .await?;
        let mut facts = BTreeMap::new();
        for row in &found {
            let trigger = TriggerId(row.integer("trigger_id")?);
            let fact = TriggerFacts {
                runs: row.integer("runs")? as u64,
                newest_date: row.some_moment("newest_date")?,
                newest_status: Some(row.word("the status of a run", "status")?),
                newest_run: Some(RunId(row.integer("newest")?)),
                open: row.integer("open")? as u64,
                recent_runtimes: Vec::new(),
            };
            facts.insert(trigger, fact);
        }
        let sql = format!(
            "select trigger_id, started_at, ended_at from run where id in (
                 select id from (
                     select id, row_number() over (partition by trigger_id order by id desc) as place
                     from run where {condition} and status = 'completed'
                 ) as placed where place <= {RECENT}
             ) order by id desc"
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values.to_vec())
            .await?;
        for row in &found {
            let trigger = TriggerId(row.integer("trigger_id")?);
            let times = (row.some_moment("started_at")?, row.some_moment("ended_at")?);
            if let (Some(fact), (Some(start), Some(end))) = (facts.get_mut(&trigger), times) {
                fact.recent_runtimes.push(end.since(start));
            }
        }
        Ok(facts)
    }

    /// Runs of a trigger with a logical date in this range, both ends included, by date.
    pub async fn dates_of(
        &self,
        trigger: TriggerId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, RunId, RunStatus)>, StoreError> {
        let sql = "select execution_date, id, status from run
             where trigger_id = $1 and execution_date >= $2 and execution_date <= $3
             order by execution_date, id";
        let found = self.database.fetch(sql, values![trigger, from, to]).await?;
        let date = |row: &Row| {
            Ok((
                row.moment("execution_date")?,
                row.run("id")?,
                row.word("the status of a run", "status")?,
            ))
        };
        found.iter().map(date).collect()
    }

    /// Where the newest run of each logical date of a pipeline stands, in this range, both ends included, whoever made it.
    /// What a notebook runs of it does not count: that has the date of whatever run it looks at.
    pub async fn newest_of_dates(
        &self,
        pipeline: &PipelineUuid,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<Timestamp, RunStatus>, StoreError> {
        let sql = "select execution_date, status from run where id in (
                 select max(id) from run
                 where pipeline = $1 and execution_date >= $2 and execution_date <= $3
                     and not (cause = 'call' and trigger_id is null)
                 group by execution_date
             )";
        let found = self
            .database
            .fetch(sql, values![pipeline, from, to])
            .await?;
        let date = |row: &Row| {
            let status = row.word("the status of a run", "status")?;
            Ok((row.moment("execution_date")?, status))
        };
        found.iter().map(date).collect()
    }

    /// The newest run of a pipeline that completed.
    pub async fn last_completed(
        &self,
        pipeline: &PipelineUuid,
    ) -> Result<Option<RunId>, StoreError> {
        let sql = "select id from run where pipeline = $1 and status = 'completed' order by id desc limit 1";
        let found = self.database.fetch_first(sql, values![pipeline]).await?;
        found.map(|row| row.run("id")).transpose()
    }
}
