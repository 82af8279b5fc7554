//! Steps of runs as text, and the transaction that writes those of many runs together. One that is refused does not disturb
//! those that it shares a transaction with.

use std::collections::HashSet;

use baton_model::{BlockRunKey, Run, RunEvent, RunId, RunStatus, Timestamp};

use crate::StoreError;
use crate::hints::Hint;
use crate::history;
use crate::place::Place;
use crate::rows::{self, Array, Changes, Tally};
use crate::sql::{Changing, Database, values};

/// One step of a run as text, ready to be written.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) run: RunId,
    /// The new row of the run.
    advance: String,
    /// Whether it is the first step of the run.
    pub(crate) is_first: bool,
    /// Whether it ends the run.
    pub(crate) is_last: bool,
    changes: Changes,
    events: Array,
    /// Whether every block run is written anew: some may be gone, and the others have moved up.
    renews: bool,
}

rows::row! {
    /// What changes in a row of `run`.
    struct Advance<'a> {
        id: i64,
        version: u64,
        status: &'static str,
        cancel_requested: i64,
        last_fence: u64,
        started_at: Option<i64>,
        ended_at: Option<i64>,
        ending: Option<&'static str>,
        reason: Option<&'a str>,
        variables: String,
        usage: Option<String>,
        /// Fence of the lease under which it was made.
        lease: Option<i64>,
        /// Whether a run that had ended begins once more.
        renews: i64,
        blocks: u32,
        completed: u32,
        failed: u32,
        /// Who drives it from now on, where it begins once more.
        owner: Option<&'a str>,
        /// Whether it is what somebody wished for: that it stops.
        fulfils: i64,
    }
}

/// Who makes a step.
pub(crate) struct Holder<'a> {
    /// Fence of the lease that it has.
    pub(crate) lease: Option<i64>,
    /// Its name, where it drives runs alone.
    pub(crate) driver: Option<&'a str>,
}

impl Step {
    pub(crate) fn new(
        place: &Place,
        (run, holder): (&Run, Holder<'_>),
        changed: &[BlockRunKey],
        (event, at): (&RunEvent, Timestamp),
    ) -> Result<Self, StoreError> {
        let renews = matches!(event, RunEvent::Retried { .. });
        let tally = Tally::of(run);
        let advance = Advance {
            id: run.id.0,
            version: run.version,
            status: run.status.name(),
            cancel_requested: i64::from(run.cancel_requested),
            last_fence: run.last_fence.0,
            started_at: run.started_at.map(|at| at.0),
            ended_at: run.ended_at.map(|at| at.0),
            ending: run.ending.map(RunStatus::name),
            reason: run.reason.as_deref(),
            variables: rows::to_json(place, "variables", &run.variables)?,
            usage: (run.status.is_final().then(|| run.usage()).flatten())
                .map(|usage| rows::to_json(place, "what a run used", &usage))
                .transpose()?,
            lease: holder.lease,
            renews: i64::from(renews),
            blocks: tally.blocks,
            completed: tally.completed,
            failed: tally.failed,
            owner: holder.driver.filter(|_| renews),
            fulfils: i64::from(matches!(event, RunEvent::CancelRequested { .. })),
        };
        let mut step = Self {
            run: run.id,
            advance: rows::to_rows(place, "a run", &advance)?,
            is_first: run.version == 1,
            is_last: run.status.is_final(),
            changes: Changes::default(),
            events: Array::default(),
            renews,
        };
        let wanted: HashSet<&BlockRunKey> = changed.iter().collect();
        let fresh = match event {
            RunEvent::ItemsYielded {
                key,
                first,
                products,
                ..
            } => Some((key, *first as usize..*first as usize + products.len())),
            _ => None,
        };
        let is_wanted = |key: &BlockRunKey| renews || wanted.contains(key);
        (step.changes).add(place, run, is_wanted, fresh.as_ref())?;
        let event = rows::to_json(place, "an event", &history::compact(event))?;
        let event = (run.id, run.version, at, event);
        step.events.push(place, "an event", &event)?;
        Ok(step)
    }

    /// One that writes nothing.
    #[cfg(test)]
    pub(crate) fn empty(run: RunId, is_first: bool) -> Self {
        Self {
            run,
            advance: String::new(),
            is_first,
            is_last: false,
            changes: Changes::default(),
            events: Array::default(),
            renews: false,
        }
    }
}

/// Writes steps in one transaction. Gives the runs whose step was written; the others have another version.
pub(crate) async fn write_together(
    database: &Database,
    steps: &[&Step],
) -> Result<HashSet<RunId>, StoreError> {
    let mut transaction = database.begin().await?;
    let written = advance(&mut transaction, steps).await?;
    let steps: Vec<&Step> = steps
        .iter()
        .copied()
        .filter(|step| written.contains(&step.run))
        .collect();
    for step in steps.iter().filter(|step| step.renews) {
        let sql = "delete from block_run where run = $1";
        transaction.change(sql, values![step.run]).await?;
    }
    write_blocks(
        &mut transaction,
        Changes {
            blocks: Array::joined(steps.iter().map(|step| &step.changes.blocks)),
            replaced: Array::joined(steps.iter().map(|step| &step.changes.replaced)),
            products: Array::joined(steps.iter().map(|step| &step.changes.products)),
        },
    )
    .await?;
    let sql = "with new as materialized (select value from json_each($1))
         insert into event (run, version, at, body)
         select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), cast(value ->> 2 as bigint), value ->> 3
         from new";
    change(&mut transaction, sql, steps.iter().map(|step| &step.events)).await?;
    if steps.iter().any(|step| step.renews) {
        transaction.hint(Hint::Runs).await?;
    }
    if steps.iter().any(|step| step.is_last) {
        transaction.hint(Hint::Ends).await?;
    } else if !steps.is_empty() {
        transaction.hint(Hint::Steps).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

/// Runs a statement that takes a JSON array, unless there is nothing in it.
async fn change<'a>(
    transaction: &mut Changing,
    sql: &'static str,
    arrays: impl Iterator<Item = &'a Array>,
) -> Result<(), StoreError> {
    let array = Array::joined(arrays);
    if !array.is_empty() {
        transaction.change(sql, values![array.finish()]).await?;
    }
    Ok(())
}

/// Moves the rows of runs one version on. Gives those that had the version before, and that nobody has taken over.
async fn advance(
    transaction: &mut Changing,
    steps: &[&Step],
) -> Result<HashSet<RunId>, StoreError> {
    let rows: Vec<&str> = steps.iter().map(|step| step.advance.as_str()).collect();
    let rows = format!("[{}]", rows.join(","));
    let sql = "with step as materialized (select value from json_each($1))
         update run set version = run.version + 1, status = step.value ->> 2,
             cancel_requested = cast(step.value ->> 3 as bigint),
             last_fence = cast(step.value ->> 4 as bigint),
             started_at = cast(step.value ->> 5 as bigint),
             ended_at = cast(step.value ->> 6 as bigint),
             told = 0, ending = step.value ->> 7, reason = step.value ->> 8, variables = step.value ->> 9,
             usage = step.value ->> 10,
             blocks = cast(step.value ->> 13 as bigint),
             completed = cast(step.value ->> 14 as bigint),
             failed = cast(step.value ->> 15 as bigint),
             admitted = case when cast(step.value ->> 12 as bigint) = 1 then 1 else run.admitted end,
             settled = case when cast(step.value ->> 12 as bigint) = 1 then 0 else run.settled end,
             wish = case when step.value ->> 6 is null and cast(step.value ->> 17 as bigint) = 0 then run.wish end,
             owner = case when step.value ->> 6 is null then coalesce(step.value ->> 16, run.owner) end,
             lease_until = case when step.value ->> 6 is null then run.lease_until end
         from step
         where run.id = cast(step.value ->> 0 as bigint)
             and run.version = cast(step.value ->> 1 as bigint) - 1
             and case when step.value ->> 11 is null then run.lease_until is null
                 else run.lease_fence = cast(step.value ->> 11 as bigint) end
         returning run.id";
    let found = transaction.fetch(sql, values![rows]).await?;
    found.iter().map(|row| row.run("id")).collect()
}

/// Inserts or replaces block runs, and replaces or completes their products.
pub(crate) async fn write_blocks(
    transaction: &mut Changing,
    changes: Changes,
) -> Result<(), StoreError> {
    if changes.blocks.is_empty() {
        return Ok(());
    }
    let blocks = changes.blocks.finish();
    let sql = "with new as materialized (select value from json_each($1))
         insert into block_run (run, block, child, position, name, status, attempt, fence,
             started_at, ended_at, retry_at, error, reason, items, callbacks, earlier, usage, attempts)
         select cast(value ->> 0 as bigint), value ->> 1, cast(value ->> 2 as bigint),
             cast(value ->> 3 as bigint), value ->> 4, value ->> 5,
             cast(value ->> 6 as bigint), cast(value ->> 7 as bigint),
             cast(value ->> 8 as bigint), cast(value ->> 9 as bigint),
             cast(value ->> 10 as bigint),
             value ->> 11, value ->> 12, value ->> 13, value ->> 14,
             cast(value ->> 15 as bigint), value ->> 16, value ->> 17
         from new where true
         on conflict (run, block, child) do update set status = excluded.status,
             attempt = excluded.attempt, fence = excluded.fence,
             started_at = excluded.started_at, ended_at = excluded.ended_at,
             retry_at = excluded.retry_at, error = excluded.error, reason = excluded.reason,
             items = excluded.items, callbacks = excluded.callbacks, earlier = excluded.earlier,
             usage = excluded.usage, attempts = excluded.attempts";
    transaction.change(sql, values![blocks]).await?;
    if !changes.replaced.is_empty() {
        let sql = "delete from product where (run, block, child) in (
                 select cast(value ->> 0 as bigint), value ->> 1, cast(value ->> 2 as bigint)
                 from json_each($1))";
        let replaced = changes.replaced.finish();
        transaction.change(sql, values![replaced]).await?;
    }
    if !changes.products.is_empty() {
        let products = changes.products.finish();
        let sql = "with new as materialized (select value from json_each($1))
             insert into product (run, block, child, position, manifest, pipeline)
             select cast(value ->> 0 as bigint), value ->> 1, cast(value ->> 2 as bigint),
                 cast(value ->> 3 as bigint), value ->> 4, value ->> 5
             from new where true
             on conflict (run, block, child, position) do update set manifest = excluded.manifest";
        transaction.change(sql, values![products]).await?;
    }
    Ok(())
}
