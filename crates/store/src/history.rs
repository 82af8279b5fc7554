//! What happened to a run, and what is still to be done for it.

use baton_model::{Command, Outcome, RunEvent, RunId, Timestamp};
use serde::Serialize;

use crate::grouped::Step;
use crate::sql::values;
use crate::{Store, StoreError};

/// An event as it was applied.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// Version of the run after it, counted from 1 without gaps.
    pub version: u64,
    /// When it was applied.
    pub at: Timestamp,
    /// The event; the products of an attempt are left out, they are with its block run.
    pub event: RunEvent,
}

/// Names a command: the event it follows from, and its place among the commands of that event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CommandId {
    /// The run.
    pub run: RunId,
    /// Version of the run that the event led to.
    pub version: u64,
    /// Place among the commands, from 0.
    pub position: u32,
}

impl CommandId {
    /// The names of the commands of a step, in their order.
    pub fn of_step(run: RunId, version: u64, commands: usize) -> Vec<Self> {
        (0..commands as u32)
            .map(|position| Self {
                run,
                version,
                position,
            })
            .collect()
    }
}

/// A command that was committed and not yet reported as done.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingCommand {
    /// Its name.
    pub id: CommandId,
    /// What is to be done.
    pub command: Command,
}

/// The event without products and results of tests, which are stored with the block run.
pub(crate) fn compact(event: &RunEvent) -> RunEvent {
    if let RunEvent::ItemsYielded {
        key, fence, first, ..
    } = event
    {
        return RunEvent::ItemsYielded {
            key: key.clone(),
            fence: *fence,
            first: *first,
            products: Vec::new(),
        };
    }
    let RunEvent::AttemptEnded {
        key,
        fence,
        outcome,
        usage,
        ..
    } = event
    else {
        return event.clone();
    };
    let outcome = match outcome {
        Outcome::Completed { .. } => Outcome::Completed {
            products: Vec::new(),
            items: None,
        },
        Outcome::Failed { error, .. } => Outcome::Failed {
            error: error.clone(),
            products: Vec::new(),
        },
        other => other.clone(),
    };
    RunEvent::AttemptEnded {
        key: key.clone(),
        fence: *fence,
        outcome,
        usage: *usage,
        tests: Vec::new(),
    }
}

impl Store {
    /// Events of a run after version `after`, oldest first, `limit` at most.
    pub async fn events(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let sql = "select version, at, body from event where run = $1 and version > $2
             order by version limit $3";
        let values = values![run, after as i64, limit];
        let found = self.database.fetch(sql, values).await?;
        found
            .iter()
            .map(|row| {
                Ok(EventRecord {
                    version: row.integer("version")? as u64,
                    at: row.moment("at")?,
                    event: row.json("an event", "body")?,
                })
            })
            .collect()
    }

    /// Commands that were committed and not yet reported as done, oldest first.
    ///
    /// After [`RunEvent::Resumed`] only those that follow from it are left: it makes older ones void.
    pub async fn pending_commands(&self, run: RunId) -> Result<Vec<PendingCommand>, StoreError> {
        let sql =
            "select version, position, body from command where run = $1 order by version, position";
        let found = self.database.fetch(sql, values![run]).await?;
        let done = self.done_commands(run);
        let mut pending = Vec::new();
        for row in &found {
            let id = CommandId {
                run,
                version: row.integer("version")? as u64,
                position: row.count("position")?,
            };
            if !done.contains(&id) {
                let command = row.json("a command", "body")?;
                pending.push(PendingCommand { id, command });
            }
        }
        Ok(pending)
    }

    /// Notes that a command was carried out. It leaves the database with the run's next commit or with
    /// [`Store::flush_done`]; until then a process that takes over finds it pending, so that carrying a
    /// command out twice must do no harm.
    pub fn command_done(&self, id: CommandId) {
        self.lock_done().entry(id.run).or_default().push(id);
    }

    /// Removes the commands of a run that were reported as done.
    pub async fn flush_done(&self, run: RunId) -> Result<(), StoreError> {
        let done = self.done_commands(run);
        if done.is_empty() {
            return Ok(());
        }
        self.write(Step::flush(&self.database.place, run, &done)?)
            .await?;
        self.forget_done(run, &done);
        Ok(())
    }

    pub(crate) fn done_commands(&self, run: RunId) -> Vec<CommandId> {
        self.lock_done().get(&run).cloned().unwrap_or_default()
    }

    /// Forgets what has left the database; what was reported meanwhile stays.
    pub(crate) fn forget_done(&self, run: RunId, gone: &[CommandId]) {
        let mut done = self.lock_done();
        if let Some(ids) = done.get_mut(&run) {
            ids.retain(|id| !gone.contains(id));
            if ids.is_empty() {
                done.remove(&run);
            }
        }
    }

    fn lock_done(
        &self,
    ) -> std::sync::MutexGuard<'_, std::collections::HashMap<RunId, Vec<CommandId>>> {
        // Nothing panics while it holds the lock; and a list of ids cannot be half changed.
        self.done
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
