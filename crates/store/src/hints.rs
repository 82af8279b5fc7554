//! Hints that something has changed: they wake whoever waits, in every process on the database. Each is given with the
//! change that it is about, in one transaction. One may be lost with a connection, which counts as a hint of its own;
//! and whoever waits looks by itself from time to time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_model::TriggerId;
use tokio::sync::{broadcast, watch};

use crate::sql::{Changing, Connections};
use crate::{Store, StoreError};

/// Hints that a listener may be behind; then it is told that anything may have changed.
const KEPT: usize = 1024;

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Anything: hints may have been lost.
    Anything,
    /// Runs were made, or opened again.
    Runs,
    /// Runs may start, or somebody has left them.
    Free,
    /// Something has happened inside runs.
    Steps,
    /// Runs have ended.
    Ends,
    /// Somebody wants a run to stop.
    Wishes,
    /// A trigger was changed, or is gone.
    Trigger(TriggerId),
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => f.write_str("anything"),
            Self::Runs => f.write_str("runs"),
            Self::Free => f.write_str("free"),
            Self::Steps => f.write_str("steps"),
            Self::Ends => f.write_str("ends"),
            Self::Wishes => f.write_str("wishes"),
            Self::Trigger(id) => write!(f, "trigger-{id}"),
        }
    }
}

impl Hint {
    fn parse(text: &str) -> Self {
        let trigger = text.strip_prefix("trigger-").map(str::parse);
        match (text, trigger) {
            ("runs", _) => Self::Runs,
            ("free", _) => Self::Free,
            ("steps", _) => Self::Steps,
            ("ends", _) => Self::Ends,
            ("wishes", _) => Self::Wishes,
            (_, Some(Ok(id))) => Self::Trigger(TriggerId(id)),
            // Of a newer version, perhaps.
            _ => Self::Anything,
        }
    }
}

/// A hint with who gave it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    from: Arc<str>,
    hint: Hint,
}

impl Heard {
    pub(crate) fn parse(payload: &str) -> Option<Self> {
        let (from, hint) = payload.split_once(' ')?;
        Some(Self {
            from: from.into(),
            hint: Hint::parse(hint),
        })
    }

    pub(crate) fn anything() -> Self {
        Self {
            from: "".into(),
            hint: Hint::Anything,
        }
    }
}

/// Where the hints of a database are passed on inside this process.
#[derive(Debug)]
pub(crate) struct Board {
    heard: broadcast::Sender<Heard>,
    alive: watch::Sender<()>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            heard: broadcast::Sender::new(KEPT),
            alive: watch::Sender::new(()),
        }
    }
}

impl Board {
    /// Ends when the board is gone.
    pub(crate) fn alive(&self) -> watch::Receiver<()> {
        self.alive.subscribe()
    }

    pub(crate) fn say(&self, heard: Heard) {
        // Nobody has to listen.
        let _ = self.heard.send(heard);
    }
}

/// A name for a store that no other one on its database has.
pub(crate) fn new_name() -> Arc<str> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (process, now) = (std::process::id(), baton_base::now());
    format!("{process}-{now}-{number}").into()
}

/// Waits for hints; none that comes between two waits is missed.
#[derive(Debug)]
pub struct Hints {
    heard: broadcast::Receiver<Heard>,
    name: Arc<str>,
}

impl Hints {
    /// The next hint, and whether this store has given it. For ever when the store is gone.
    pub async fn next(&mut self) -> (Hint, bool) {
        match self.heard.recv().await {
            Ok(heard) => (heard.hint, heard.from == self.name),
            Err(broadcast::error::RecvError::Lagged(_)) => (Hint::Anything, false),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Store {
    /// What waits for hints that come from now on: those of this process, and with a server those of every other one.
    pub fn hints(&self) -> Hints {
        Hints {
            heard: self.database.board.heard.subscribe(),
            name: Arc::clone(&self.database.name),
        }
    }

    /// Wakes whoever waits for hints.
    pub async fn give_hint(&self, hint: Hint) -> Result<(), StoreError> {
        if !matches!(self.database.connections, Connections::Postgres { .. }) {
            self.database.board.say(Heard {
                from: Arc::clone(&self.database.name),
                hint,
            });
            return Ok(());
        }
        let mut transaction = self.database.begin().await?;
        transaction.hint(hint).await?;
        transaction.commit().await
    }
}

impl Changing {
    /// Gives a hint when this transaction is committed.
    pub(crate) async fn hint(&mut self, hint: Hint) -> Result<(), StoreError> {
        if !self.is_on_server() {
            self.hints.push(hint);
            return Ok(());
        }
        let sql = "select pg_notify($1, $2)";
        let payload = format!("{} {hint}", self.name);
        let values = crate::sql::values![crate::postgres::CHANNEL, payload];
        self.fetch(sql, values).await.map(drop)
    }

    /// Gives the hints of a transaction that was committed.
    pub(crate) fn told(board: &Board, name: &Arc<str>, hints: Vec<Hint>) {
        for hint in hints {
            board.say(Heard {
                from: Arc::clone(name),
                hint,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_arrive_as_they_were_given() {
        for hint in [
            Hint::Anything,
            Hint::Runs,
            Hint::Free,
            Hint::Steps,
            Hint::Ends,
            Hint::Wishes,
            Hint::Trigger(TriggerId(7)),
        ] {
            let heard = Heard::parse(&format!("1-2-3 {hint}")).unwrap();
            assert_eq!((heard.hint, &*heard.from), (hint, "1-2-3"));
        }
        assert!(Heard::parse("").is_none());
        assert_eq!(Heard::parse("1 later").unwrap().hint, Hint::Anything);
    }
}
