//! Hints that something may have changed: they wake whoever waits and say nothing more. One may be lost, so that
//! whoever waits looks by itself from time to time.

use tokio::sync::watch;

use crate::postgres;
use crate::sql::Connections;
use crate::{Store, StoreError};

/// Waits for hints; none that comes between two waits is missed.
#[derive(Clone, Debug)]
pub struct Hints(watch::Receiver<()>);

impl Hints {
    /// Returns when a hint has come since the last time. For ever when the store is gone.
    pub async fn wait_for_hint(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Store {
    /// What waits for hints that come from now on: those of this process, and with a server those of every other one.
    pub fn hints(&self) -> Hints {
        Hints(self.hint.subscribe())
    }

    /// Wakes whoever waits for hints.
    pub async fn give_hint(&self) -> Result<(), StoreError> {
        self.hint.send_replace(());
        match &self.database.connections {
            Connections::Sqlite { .. } | Connections::Memory(_) => Ok(()),
            Connections::Postgres { writers, .. } => postgres::notify(writers)
                .await
                .map_err(self.database.sort()),
        }
    }
}
