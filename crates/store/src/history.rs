//! What happened to a run.

use baton_model::{Outcome, RunEvent, RunId, Timestamp};

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
}
