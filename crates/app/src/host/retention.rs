//! What is too old goes by itself: once when the server starts, and every day.

use std::sync::Weak;
use std::time::Duration;

use baton_model::RunId;
use serde_json::json;
use tokio::time::sleep;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;
use crate::retention::{Cleaned, Keeping};

/// How long the server has for other things first.
const FIRST: Duration = Duration::from_secs(5);

/// How often it is looked at.
const INTERVAL: Duration = Duration::from_secs(86_400);

/// What is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// How long things are kept.
    pub keeping: Keeping,
    /// Runs that would go, with their products and logs.
    pub runs: Vec<RunId>,
    /// Runs of which only the log would go.
    pub logs: Vec<RunId>,
}

/// Deletes what is too old, again and again, as long as the host is there.
pub(super) async fn watch(host: Weak<Host>) {
    let mut pause = FIRST;
    loop {
        sleep(pause).await;
        pause = INTERVAL;
        let Some(host) = host.upgrade() else { return };
        match host.delete_stale().await {
            Ok(cleaned) if cleaned != Cleaned::default() => {
                let Cleaned {
                    runs,
                    logs,
                    objects,
                    bytes,
                } = cleaned;
                tracing::info!(runs, logs, objects, bytes, "what was too old is deleted");
            }
            Ok(_) => {}
            Err(failure) => {
                let reason = failure.message;
                tracing::warn!(reason, "what is too old could not be deleted");
            }
        }
    }
}

impl Host {
    /// What would be deleted now.
    pub async fn stale(&self, actor: &Actor) -> Result<Stale, Failure> {
        actor.may(Right::Read)?;
        self.find_stale().await
    }

    /// Deletes what is too old now, as the server does every day.
    pub async fn clean(&self, actor: &Actor) -> Result<Cleaned, Failure> {
        actor.may(Right::Edit)?;
        let cleaned = self.delete_stale().await?;
        let told = json!({"runs": cleaned.runs, "logs": cleaned.logs, "bytes": cleaned.bytes});
        self.audit(actor, "retention.clean", "project", told).await;
        Ok(cleaned)
    }

    async fn find_stale(&self) -> Result<Stale, Failure> {
        let keeping = Keeping::of(&self.project().await?)?;
        let state = self.state();
        let mut runs = match keeping.runs {
            Some(age) => state.old_runs(age, None).await?,
            None => Vec::new(),
        };
        runs.retain(|run| !self.service().is_live(*run));
        let mut logs = match keeping.logs {
            Some(age) => state.old_logs(age, None).await?,
            None => Vec::new(),
        };
        logs.retain(|run| !self.service().is_live(*run) && runs.binary_search(run).is_err());
        Ok(Stale {
            keeping,
            runs,
            logs,
        })
    }

    async fn delete_stale(&self) -> Result<Cleaned, Failure> {
        let stale = self.find_stale().await?;
        let mut cleaned = Cleaned::default();
        if let Some(age) = stale.keeping.runs
            && !stale.runs.is_empty()
        {
            cleaned = self.state().delete_old_runs(&stale.runs, age).await?;
        }
        self.state().delete_logs(&stale.logs)?;
        cleaned.logs = stale.logs.len() as u64;
        self.delete_old_copies(stale.keeping.logs).await?;
        Ok(cleaned)
    }
}
