//! Steps of many runs, written together: what waits while a transaction is under way shares the next one.
//!
//! A step that comes alone does not wait for others. One that is refused, or that fails, does not disturb those that
//! it shares a transaction with. Steps that end a run are answered when they are on disk; meanwhile others are written.

use std::collections::{HashSet, VecDeque};

use baton_model::{BlockRunKey, Command, Run, RunEvent, RunId, RunStatus, Timestamp};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::hints::Hint;
use crate::history::{self, CommandId};
use crate::place::Place;
use crate::rows::{self, Array, Changes, Tally};
use crate::sql::{Changing, Database, values};
use crate::{Store, StoreError};

/// Most steps of one transaction.
const MOST: usize = 256;

/// Most of them that begin a run. They go before others, so that of many runs that are due at once the last does not
/// wait for what the first ones do; and those go on meanwhile.
const BEGINNINGS: usize = MOST / 4 * 3;

/// One step of a run as text, ready to be written.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the step, independent of the others"
)]
pub(crate) struct Step {
    run: RunId,
    /// The new row of the run; none when only commands are removed.
    advance: Option<String>,
    /// Whether it begins the run.
    is_first: bool,
    /// Whether it ends the run.
    is_last: bool,
    changes: Changes,
    events: Array,
    /// Whether every older command is void.
    voids: bool,
    /// Whether every block run is written anew: some may be gone, and the others have moved up.
    renews: bool,
    done: Array,
    commands: Array,
}

/// What changes in a row of `run`.
#[derive(Serialize)]
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
    #[serde(flatten)]
    tally: Tally,
}

impl Step {
    pub(crate) fn new(
        place: &Place,
        (run, lease): (&Run, Option<i64>),
        changed: &[BlockRunKey],
        (event, at): (&RunEvent, Timestamp),
        commands: &[Command],
        done: &[CommandId],
    ) -> Result<Self, StoreError> {
        let renews = matches!(event, RunEvent::Retried { .. });
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
            lease,
            renews: i64::from(renews),
            tally: Tally::of(run),
        };
        let voids = matches!(event, RunEvent::Resumed);
        let done = if voids { &[] } else { done };
        let mut step = Self {
            advance: Some(rows::to_rows(place, "a run", &advance)?),
            is_first: matches!(event, RunEvent::Started),
            is_last: run.status.is_final(),
            voids,
            renews,
            ..Self::flush(place, run.id, done)?
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
        for (position, command) in commands.iter().enumerate() {
            let command = rows::to_json(place, "a command", command)?;
            let command = (run.id, run.version, position, command);
            step.commands.push(place, "a command", &command)?;
        }
        Ok(step)
    }

    /// Removes commands that are done, and changes nothing else.
    pub(crate) fn flush(place: &Place, run: RunId, done: &[CommandId]) -> Result<Self, StoreError> {
        let mut ids = Array::default();
        for id in done {
            ids.push(place, "ids of commands", &(id.run, id.version, id.position))?;
        }
        Ok(Self {
            run,
            advance: None,
            is_first: false,
            is_last: false,
            changes: Changes::default(),
            events: Array::default(),
            voids: false,
            renews: false,
            done: ids,
            commands: Array::default(),
        })
    }
}

/// A step on its way, and where its result goes.
pub(crate) struct Waiting {
    step: Step,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<(), StoreError>>;

/// Where steps wait to be written.
pub(crate) type Queue = mpsc::UnboundedSender<Waiting>;

impl Store {
    /// Has a step written, together with what else is waiting. When the caller stops waiting, the step may be written
    /// all the same.
    pub(crate) async fn write(&self, step: Step) -> Result<(), StoreError> {
        let (answer, result) = oneshot::channel();
        let gone = || self.database.sort()(sqlx::Error::PoolClosed);
        // Whoever has sent a step waits for it: there are no more of them than runs are driven.
        let sent = self.queue.send(Waiting { step, answer });
        sent.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

/// The queue of a database, and the task that writes what comes through it until nobody holds the queue any more.
pub(crate) fn queue(database: Database) -> Queue {
    let (queue, mut waiting) = mpsc::unbounded_channel();
    let (unsynced, written) = mpsc::unbounded_channel();
    tokio::spawn(sync(database.clone(), written));
    tokio::spawn(async move {
        let mut held = Held::default();
        let mut arrived = Vec::new();
        loop {
            if held.is_empty() && waiting.recv_many(&mut arrived, MOST).await == 0 {
                return;
            }
            while let Ok(more) = waiting.try_recv() {
                arrived.push(more);
            }
            held.extend(arrived.drain(..));
            write_group(&database, held.take_group(), &unsynced).await;
        }
    });
    queue
}

/// Answers steps that end a run when they are on disk, as many as there are at a time.
async fn sync(database: Database, mut written: mpsc::UnboundedReceiver<Answer>) {
    let mut answers = Vec::new();
    while written.recv_many(&mut answers, usize::MAX).await > 0 {
        let mut result = database.sync().await;
        for answer in answers.drain(..) {
            // Each gets an error of its own.
            let next = if result.is_ok() {
                Ok(())
            } else {
                database.sync().await
            };
            drop(answer.send(std::mem::replace(&mut result, next)));
        }
    }
}

/// Steps that wait to be written, in the order in which they came.
#[derive(Default)]
struct Held {
    beginnings: VecDeque<Waiting>,
    others: VecDeque<Waiting>,
}

impl Held {
    fn is_empty(&self) -> bool {
        self.beginnings.is_empty() && self.others.is_empty()
    }

    fn extend(&mut self, arrived: impl Iterator<Item = Waiting>) {
        for waiting in arrived {
            if waiting.step.is_first {
                self.beginnings.push_back(waiting);
            } else {
                self.others.push_back(waiting);
            }
        }
    }

    /// Takes what can be written together: of each run only its first step, since a step must see the one before.
    fn take_group(&mut self) -> Vec<Waiting> {
        let count = self.beginnings.len().min(BEGINNINGS);
        let mut group: Vec<Waiting> = self.beginnings.drain(..count).collect();
        let mut runs: HashSet<RunId> = group.iter().map(|waiting| waiting.step.run).collect();
        let mut later = Vec::new();
        while group.len() < MOST
            && let Some(waiting) = self.others.pop_front()
        {
            if runs.insert(waiting.step.run) {
                group.push(waiting);
            } else {
                later.push(waiting);
            }
        }
        for waiting in later.into_iter().rev() {
            self.others.push_front(waiting);
        }
        group
    }
}

/// Writes a group and answers everybody in it.
async fn write_group(
    database: &Database,
    group: Vec<Waiting>,
    unsynced: &mpsc::UnboundedSender<Answer>,
) {
    let steps: Vec<&Step> = group.iter().map(|waiting| &waiting.step).collect();
    match write_together(database, &steps).await {
        Ok(written) => {
            for waiting in group {
                let run = waiting.step.run;
                // Whoever does not wait any more does not need the answer.
                if !written.contains(&run) {
                    drop(waiting.answer.send(Err(StoreError::Conflict { run })));
                } else if waiting.step.is_last {
                    drop(unsynced.send(waiting.answer));
                } else {
                    drop(waiting.answer.send(Ok(())));
                }
            }
        }
        // Nothing of the group is written. Only the one that is to blame fails.
        Err(error) if group.len() > 1 && !error.is_general() => {
            for waiting in group {
                Box::pin(write_group(database, vec![waiting], unsynced)).await;
            }
        }
        Err(error) => {
            let mut error = Some(error);
            for waiting in group {
                let error = error.take().unwrap_or_else(|| database.busy());
                drop(waiting.answer.send(Err(error)));
            }
        }
    }
}

/// Writes steps in one transaction. Gives the runs whose step was written; the others have another version.
async fn write_together(
    database: &Database,
    steps: &[&Step],
) -> Result<HashSet<RunId>, StoreError> {
    let mut transaction = database.begin().await?;
    let mut written = advance(&mut transaction, steps).await?;
    let others = steps.iter().filter(|step| step.advance.is_none());
    written.extend(others.map(|step| step.run));
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
    let sql = "insert into event (run, version, at, body)
         select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), cast(value ->> 2 as bigint), value ->> 3
         from json_each($1)";
    change(&mut transaction, sql, steps.iter().map(|step| &step.events)).await?;
    for step in steps.iter().filter(|step| step.voids) {
        let sql = "delete from command where run = $1";
        transaction.change(sql, values![step.run]).await?;
    }
    let sql = "delete from command where (run, version, position) in (
             select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), cast(value ->> 2 as bigint)
             from json_each($1))";
    change(&mut transaction, sql, steps.iter().map(|step| &step.done)).await?;
    let sql = "insert into command (run, version, position, body)
         select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), cast(value ->> 2 as bigint), value ->> 3
         from json_each($1)";
    let commands = steps.iter().map(|step| &step.commands);
    change(&mut transaction, sql, commands).await?;
    if steps.iter().any(|step| step.renews) {
        transaction.hint(Hint::Runs).await?;
    }
    if steps.iter().any(|step| step.is_last) {
        transaction.hint(Hint::Ends).await?;
    } else if steps.iter().any(|step| step.advance.is_some()) {
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
    let rows: Vec<&str> = steps
        .iter()
        .filter_map(|step| step.advance.as_deref())
        .collect();
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = format!("[{}]", rows.join(","));
    let sql = "update run set version = run.version + 1, status = step.value ->> 'status',
             cancel_requested = cast(step.value ->> 'cancel_requested' as bigint),
             last_fence = cast(step.value ->> 'last_fence' as bigint),
             started_at = cast(step.value ->> 'started_at' as bigint),
             ended_at = cast(step.value ->> 'ended_at' as bigint),
             told = 0, ending = step.value ->> 'ending', reason = step.value ->> 'reason', variables = step.value ->> 'variables',
             usage = step.value ->> 'usage',
             blocks = cast(step.value ->> 'blocks' as bigint),
             completed = cast(step.value ->> 'completed' as bigint),
             failed = cast(step.value ->> 'failed' as bigint),
             admitted = case when cast(step.value ->> 'renews' as bigint) = 1 then 1 else run.admitted end,
             settled = case when cast(step.value ->> 'renews' as bigint) = 1 then 0 else run.settled end,
             wish = case when step.value ->> 'ended_at' is null then run.wish end,
             owner = case when step.value ->> 'ended_at' is null then run.owner end,
             lease_until = case when step.value ->> 'ended_at' is null then run.lease_until end
         from json_each($1) as step
         where run.id = cast(step.value ->> 'id' as bigint)
             and run.version = cast(step.value ->> 'version' as bigint) - 1
             and case when step.value ->> 'lease' is null then run.lease_until is null
                 else run.lease_fence = cast(step.value ->> 'lease' as bigint) end
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
    let sql = "insert into block_run (run, block, child, position, name, status, attempt, fence,
             started_at, ended_at, retry_at, error, reason, items, callbacks, earlier, usage, attempts)
         select cast(value ->> 'run' as bigint), value ->> 'block', cast(value ->> 'child' as bigint),
             cast(value ->> 'position' as bigint), value ->> 'name', value ->> 'status',
             cast(value ->> 'attempt' as bigint), cast(value ->> 'fence' as bigint),
             cast(value ->> 'started_at' as bigint), cast(value ->> 'ended_at' as bigint),
             cast(value ->> 'retry_at' as bigint),
             value ->> 'error', value ->> 'reason', value ->> 'items', value ->> 'callbacks',
             cast(value ->> 'earlier' as bigint), value ->> 'usage',
             value ->> 'attempts'
         from json_each($1) where true
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
        let sql = "insert into product (run, block, child, position, manifest)
             select cast(value ->> 'run' as bigint), value ->> 'block', cast(value ->> 'child' as bigint),
                 cast(value ->> 'position' as bigint), value ->> 'manifest'
             from json_each($1) where true
             on conflict (run, block, child, position) do update set manifest = excluded.manifest";
        transaction.change(sql, values![products]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn waiting(run: i64, is_first: bool) -> Waiting {
        let place = Place {
            path: PathBuf::new(),
            is_server: false,
        };
        let mut step = Step::flush(&place, RunId(run), &[]).unwrap();
        step.is_first = is_first;
        Waiting {
            step,
            answer: oneshot::channel().0,
        }
    }

    #[test]
    fn beginnings_go_first_but_not_alone() {
        let mut held = Held::default();
        let others = [1, 2, 1].map(|run| waiting(run, false));
        let beginnings = (10..10 + MOST as i64).map(|run| waiting(run, true));
        held.extend(others.into_iter().chain(beginnings));
        let mut runs = || {
            let group = held.take_group();
            group.iter().map(|one| one.step.run.0).collect::<Vec<_>>()
        };
        let first = runs();
        assert_eq!(first.len(), BEGINNINGS + 2);
        assert_eq!(first[..2], [10, 11]);
        assert_eq!(first[BEGINNINGS..], [1, 2]);
        // The second step of a run comes after its first.
        let second = runs();
        assert_eq!(second.len(), MOST - BEGINNINGS + 1);
        assert_eq!(second.last(), Some(&1));
        assert!(held.is_empty());
    }
}
