//! New runs: numbers are given out, runs and the source texts of their plans stored, however many in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use baton_model::{CodeHash, Plan, Run, RunId, RunStatus, Timestamp, TriggerId};

use crate::grouped;
use crate::hints::Hint;
use crate::rows::{self, Tally};
use crate::sql::{Changing, values};
use crate::{Store, StoreError};

/// A run that is to be made.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// What is planned.
    pub plan: Arc<Plan>,
    /// The source texts that the plan names.
    pub sources: Vec<(CodeHash, String)>,
    /// When it is made.
    pub created_at: Timestamp,
    /// Higher starts first.
    pub priority: i64,
    /// Why it waits, or why it is skipped.
    pub note: Option<String>,
    /// The call that asks for it, where another one may be the same.
    pub call: Option<CallKey>,
    /// It is not made when so many runs of its trigger wait already.
    pub queue_limit: Option<u32>,
}

/// What makes a call of a trigger the same as another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallKey {
    /// The trigger.
    pub trigger: TriggerId,
    /// Chosen by the caller, or made of what it says.
    pub key: String,
    /// Calls before this moment are others.
    pub since: Timestamp,
}

/// What is stored of a run besides what the engine knows.
#[derive(Clone, Copy, Default)]
struct Extra<'a> {
    priority: i64,
    note: Option<&'a str>,
    settled: bool,
    owner: Option<&'a str>,
}

rows::row! {
    /// A new row of `run`.
    struct NewRow<'a> {
        id: i64,
        pipeline: &'a str,
        status: &'static str,
        version: u64,
        cancel_requested: i64,
        last_fence: u64,
        created_at: i64,
        started_at: Option<i64>,
        ended_at: Option<i64>,
        ending: Option<&'static str>,
        variables: String,
        trigger_id: Option<i64>,
        trigger_name: Option<&'a str>,
        triggered: i64,
        cause: &'static str,
        execution_date: i64,
        backfill_id: Option<i64>,
        parent_id: Option<i64>,
        repeats: Option<i64>,
        note: Option<&'a str>,
        priority: i64,
        settled: i64,
        blocks: u32,
        completed: u32,
        failed: u32,
        owner: Option<&'a str>,
    }
}

impl Store {
    /// Gives out a number, lets `draft` create the run with it, and stores the run and the source texts of
    /// its plan, in one transaction.
    pub async fn create_run(
        &self,
        sources: &[(CodeHash, String)],
        draft: impl FnOnce(RunId) -> Run,
    ) -> Result<Run, StoreError> {
        let mut transaction = self.database.begin().await?;
        let numbers = transaction.run_numbers(1).await?;
        let run = draft(RunId(numbers.first().copied().unwrap_or_default()));
        let id = run.id;
        // Nothing follows from a run by hand.
        let extra = Extra {
            settled: true,
            ..Extra::default()
        };
        let new = [(run, extra)];
        let is_new = self.insert(&mut transaction, &new).await?.contains(&id);
        let [(run, _)] = new;
        if !is_new {
            return Err(StoreError::Exists {
                what: format!("a run of `{}` for this date", run.plan.pipeline),
            });
        }
        let sources: Vec<_> = sources.iter().collect();
        self.keep_sources(&mut transaction, &sources).await?;
        transaction.commit().await?;
        Ok(run)
    }

    /// Makes runs in one transaction, each by `draft` with the number that it gets. None stands for a run that was not
    /// made: its schedule has one for this date, the same call has made one, or too many of its trigger wait.
    pub async fn create_runs(
        &self,
        wanted: Vec<NewRun>,
        draft: impl Fn(RunId, &NewRun) -> Run,
    ) -> Result<Vec<Option<Run>>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.database.begin().await?;
        let made = self.create_on(&mut transaction, &wanted, draft).await?;
        transaction.commit().await?;
        self.keep_texts(wanted.into_iter().flat_map(|new| new.sources));
        Ok(made)
    }

    /// The same as part of a transaction.
    pub(crate) async fn create_on(
        &self,
        transaction: &mut Changing,
        wanted: &[NewRun],
        draft: impl Fn(RunId, &NewRun) -> Run,
    ) -> Result<Vec<Option<Run>>, StoreError> {
        let numbers = transaction.run_numbers(wanted.len()).await?;
        let mut runs: Vec<(Run, Extra<'_>)> = Vec::with_capacity(wanted.len());
        let mut room = room(transaction, wanted).await?;
        for (id, new) in numbers.iter().zip(wanted) {
            let left = new.plan.occasion.trigger.zip(new.queue_limit);
            let left = left.and_then(|(trigger, limit)| room.get_mut(&trigger).zip(Some(limit)));
            if let Some((waiting, limit)) = &left
                && **waiting >= i64::from(*limit)
            {
                continue;
            }
            if let Some(call) = &new.call
                && !claim(transaction, call, new.created_at, *id).await?
            {
                continue;
            }
            if let Some((waiting, _)) = left {
                *waiting += 1;
            }
            let extra = Extra {
                priority: new.priority,
                note: new.note.as_deref(),
                settled: false,
                owner: self.driver.as_deref(),
            };
            runs.push((draft(RunId(*id), new), extra));
        }
        let stored = self.insert(transaction, &runs).await?;
        // Runs of one tick often share their sources.
        let sources: HashMap<&CodeHash, &(CodeHash, String)> = wanted
            .iter()
            .flat_map(|new| &new.sources)
            .map(|source| (&source.0, source))
            .collect();
        let sources: Vec<_> = sources.into_values().collect();
        self.keep_sources(transaction, &sources).await?;
        transaction.hint(Hint::Runs).await?;
        let made = runs.into_iter().map(|(run, _)| (run.id.0, run));
        let mut made: HashMap<i64, Run> =
            made.filter(|(_, run)| stored.contains(&run.id)).collect();
        Ok(numbers.iter().map(|id| made.remove(id)).collect())
    }

    /// Inserts runs with all they have. Gives those that are stored now; the others have a date that is taken.
    async fn insert(
        &self,
        transaction: &mut Changing,
        made: &[(Run, Extra<'_>)],
    ) -> Result<HashSet<RunId>, StoreError> {
        let new = made
            .iter()
            .map(|(run, extra)| self.new_row(run, *extra))
            .collect::<Result<Vec<_>, _>>()?;
        let new = rows::to_rows(&self.database.place, "runs", &new)?;
        let sql = "with new as materialized (select value from json_each($1))
             insert into run (id, pipeline, status, version, cancel_requested, last_fence,
                 created_at, started_at, ended_at, ending, variables, trigger_id, trigger_name, triggered, cause,
                 execution_date, backfill_id, parent_id, repeats, note, priority, settled, blocks, completed, failed,
                 owner)
             select cast(value ->> 0 as bigint), value ->> 1, value ->> 2,
                 cast(value ->> 3 as bigint), cast(value ->> 4 as bigint), cast(value ->> 5 as bigint),
                 cast(value ->> 6 as bigint), cast(value ->> 7 as bigint), cast(value ->> 8 as bigint),
                 value ->> 9, value ->> 10, cast(value ->> 11 as bigint), value ->> 12,
                 cast(value ->> 13 as bigint), value ->> 14, cast(value ->> 15 as bigint),
                 cast(value ->> 16 as bigint), cast(value ->> 17 as bigint), cast(value ->> 18 as bigint),
                 value ->> 19, cast(value ->> 20 as bigint), cast(value ->> 21 as bigint),
                 cast(value ->> 22 as bigint), cast(value ->> 23 as bigint), cast(value ->> 24 as bigint),
                 value ->> 25
             from new where true on conflict do nothing returning id";
        let found = transaction.fetch(sql, values![new]).await?;
        let stored = found
            .iter()
            .map(|row| row.run("id"))
            .collect::<Result<HashSet<_>, _>>()?;

        let mut plans = Vec::with_capacity(stored.len());
        let mut changes = rows::Changes::default();
        for (run, _) in made.iter().filter(|(run, _)| stored.contains(&run.id)) {
            plans.push((
                run.id.0,
                rows::to_json(&self.database.place, "a plan", &*run.plan)?,
            ));
            changes.add(&self.database.place, run, |_| true, None)?;
        }
        let plans = rows::to_rows(&self.database.place, "plans", &plans)?;
        let sql = "with new as materialized (select value from json_each($1))
             insert into plan (run, body) select cast(value ->> 0 as bigint), value ->> 1 from new";
        transaction.change(sql, values![plans]).await?;
        // What is new has replaced no products.
        changes.replaced = rows::Array::default();
        grouped::write_blocks(transaction, changes).await?;
        Ok(stored)
    }

    fn new_row<'a>(&self, run: &'a Run, extra: Extra<'a>) -> Result<NewRow<'a>, StoreError> {
        let plan = &*run.plan;
        let tally = Tally::of(run);
        let occasion = &plan.occasion;
        Ok(NewRow {
            id: run.id.0,
            pipeline: plan.pipeline.as_str(),
            status: run.status.name(),
            version: run.version,
            cancel_requested: i64::from(run.cancel_requested),
            last_fence: run.last_fence.0,
            created_at: run.created_at.0,
            started_at: run.started_at.map(|at| at.0),
            ended_at: run.ended_at.map(|at| at.0),
            ending: run.ending.map(RunStatus::name),
            variables: rows::to_json(&self.database.place, "variables", &run.variables)?,
            trigger_id: occasion.trigger.map(|trigger| trigger.0),
            trigger_name: plan.trigger.as_deref(),
            triggered: i64::from(plan.triggered),
            cause: occasion.cause.name(),
            execution_date: plan.execution_date.0,
            backfill_id: occasion.backfill.map(|backfill| backfill.0),
            parent_id: occasion.parent.map(|run| run.0),
            repeats: occasion.repeats.map(|run| run.0),
            note: extra.note,
            priority: extra.priority,
            settled: i64::from(extra.settled),
            blocks: tally.blocks,
            completed: tally.completed,
            failed: tally.failed,
            owner: extra.owner,
        })
    }

    async fn keep_sources(
        &self,
        transaction: &mut Changing,
        sources: &[&(CodeHash, String)],
    ) -> Result<(), StoreError> {
        if sources.is_empty() {
            return Ok(());
        }
        let sources = rows::to_rows(&self.database.place, "source texts", sources)?;
        let sql = "with new as materialized (select value from json_each($1))
             insert into code (hash, body)
             select value ->> 0, value ->> 1 from new where true on conflict do nothing";
        transaction.change(sql, values![sources]).await?;
        Ok(())
    }
}

/// How many runs wait of each trigger that takes so many only. Nobody makes others of them before the transaction ends.
async fn room(
    transaction: &mut Changing,
    wanted: &[NewRun],
) -> Result<BTreeMap<TriggerId, i64>, StoreError> {
    let limited = wanted.iter().filter(|new| new.queue_limit.is_some());
    let limited = limited.filter_map(|new| new.plan.occasion.trigger);
    let mut waiting: BTreeMap<_, _> = limited.map(|trigger| (trigger, 0)).collect();
    // In one order, so that two of these do not wait for each other.
    for (trigger, count) in &mut waiting {
        let sql = "update trigger set name = name where id = $1";
        transaction.change(sql, values![*trigger]).await?;
        let sql =
            "select count(*) as waiting from run where trigger_id = $1 and status = 'initial'";
        let found = transaction.fetch(sql, values![*trigger]).await?;
        if let Some(row) = found.first() {
            *count = row.integer("waiting")?;
        }
    }
    Ok(waiting)
}

/// Notes that a call makes this run. False when the same call has made one.
async fn claim(
    transaction: &mut Changing,
    call: &CallKey,
    at: Timestamp,
    run: i64,
) -> Result<bool, StoreError> {
    let sql = "delete from call_key where trigger_id = $1 and at < $2";
    transaction
        .change(sql, values![call.trigger, call.since])
        .await?;
    // Whoever comes second waits here for the end of the first one's transaction.
    let sql = "insert into call_key (trigger_id, key, at, run) values ($1, $2, $3, $4)
         on conflict do nothing returning run";
    let values = values![call.trigger, call.key.as_str(), at, run];
    Ok(!transaction.fetch(sql, values).await?.is_empty())
}
