//! Stopping a backfill: its open runs, of which there may be a hundred thousand, are stopped beside everything else, and
//! by the next process when this one ends before.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use baton_model::{Backfill, BackfillId, BackfillStatus, RunId};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Host;
use super::backfills::{OPEN, is_open};
use crate::actor::Actor;
use crate::failure::Failure;

/// How long whoever cancels a backfill waits for its runs: few of them are stopped by then.
const MOMENT: Duration = Duration::from_millis(500);

/// Runs that are stopped at the same time, so that they share transactions.
const TOGETHER: usize = 64;

/// How often runs that could not be stopped are tried again.
const TRIES: u32 = 5;

/// How long to wait before that.
const PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before all is tried again that the database has refused.
const AGAIN: Duration = Duration::from_secs(30);

/// How long another process leaves this to the one that is at it, should that fall silent.
const LONGEST: Duration = Duration::from_secs(60);

impl Host {
    /// Has the runs of a backfill stopped. It is cancelled when each of them has been told, and cancelling until then.
    pub(super) async fn cancel_backfill(
        self: &Arc<Self>,
        actor: &Actor,
        mut backfill: Backfill,
    ) -> Result<Backfill, Failure> {
        if !is_open(&backfill) || backfill.status == Some(BackfillStatus::Cancelling) {
            return Ok(backfill);
        }
        // Nothing of it starts while the runs are stopped.
        if let Some(trigger) = backfill.trigger {
            self.limit_backfill(&backfill, trigger, true).await?;
        }
        backfill.status = Some(BackfillStatus::Cancelling);
        let id = self.store().put_backfill(backfill).await?.id;
        self.audit(actor, "backfill.cancel", &id.to_string(), Value::Null)
            .await;
        // It goes on when nobody waits for it.
        drop(timeout(MOMENT, self.stop_runs(id)).await);
        self.backfill(&Actor::Owner, id).await
    }

    /// Stops the runs of a backfill that was cancelled, in a task of its own, unless one is at it. What it gives is there
    /// when that is over.
    pub(super) fn stop_runs(self: &Arc<Self>, id: BackfillId) -> oneshot::Receiver<()> {
        let (done, over) = oneshot::channel();
        match self.stopped().entry(id) {
            Entry::Occupied(mut under_way) => {
                // There may be runs that it has not seen.
                under_way.insert(true);
                return over;
            }
            Entry::Vacant(nobody) => nobody.insert(false),
        };
        let host = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let stopped = Self::stop_all(&host, id).await;
                let Some(host) = host.upgrade() else { break };
                match stopped {
                    Ok(()) if host.is_to_stop_more(id) => {}
                    Ok(()) => break,
                    Err(failure) => {
                        drop(host);
                        tracing::warn!(backfill = %id, reason = failure.message, "the runs of a backfill cannot be stopped");
                        sleep(AGAIN).await;
                    }
                }
            }
            // Whoever waited may be gone.
            let _ = done.send(());
        });
        over
    }

    /// Whether there may be more runs to stop; if not, nobody is at it any more.
    fn is_to_stop_more(&self, id: BackfillId) -> bool {
        let mut stopped = self.stopped();
        let again = stopped.get_mut(&id).is_some_and(std::mem::take);
        if !again {
            stopped.remove(&id);
        }
        again
    }

    async fn stop_all(host: &Weak<Self>, id: BackfillId) -> Result<(), Failure> {
        // What those do that were told is theirs: a block may take its time.
        let mut told = HashSet::new();
        let mut tries = 0;
        loop {
            let mut refused = None;
            let open = match host.upgrade() {
                Some(host) => host.dated_runs(id, OPEN.to_vec()).await?,
                None => return Ok(()),
            };
            let left: Vec<RunId> = open.into_iter().map(|(_, _, (run, _))| run).collect();
            let left: Vec<RunId> = left.into_iter().filter(|run| !told.contains(run)).collect();
            if left.is_empty() || tries == TRIES {
                break;
            }
            for some in left.chunks(TOGETHER) {
                // The host may go meanwhile: another one goes on then.
                let Some(host) = host.upgrade() else {
                    return Ok(());
                };
                if !host.may_stop(id).await? {
                    return Ok(());
                }
                let mut stops = JoinSet::new();
                for run in some.iter().copied() {
                    let service = host.service().clone();
                    stops.spawn(async move {
                        let stopped = service.cancel(run, "its backfill was cancelled").await;
                        stopped
                            .map(|_| run)
                            .map_err(|complaint| complaint.to_string())
                    });
                }
                while let Some(stopped) = stops.join_next().await {
                    match stopped.unwrap_or_else(|error| Err(error.to_string())) {
                        Ok(run) => drop(told.insert(run)),
                        Err(reason) => refused = Some(reason),
                    }
                }
            }
            if let Some(reason) = refused {
                tries += 1;
                tracing::warn!(backfill = %id, reason, "runs of a backfill could not be stopped");
                sleep(PAUSE).await;
            }
        }
        match host.upgrade() {
            Some(host) => host.note_cancelled(id).await,
            None => Ok(()),
        }
    }

    /// Whether no other process is at it.
    async fn may_stop(&self, id: BackfillId) -> Result<bool, Failure> {
        let Some(sharing) = self.service().sharing() else {
            return Ok(true);
        };
        let (name, now) = (Self::duty(id), self.service().now());
        let duty = self.store().take_duty(&name, &sharing.owner, now, LONGEST);
        Ok(duty.await?.is_some())
    }

    async fn note_cancelled(&self, id: BackfillId) -> Result<(), Failure> {
        let Some(mut backfill) = self.store().backfill(id).await? else {
            return Ok(());
        };
        if backfill.status == Some(BackfillStatus::Cancelling) {
            backfill.status = Some(BackfillStatus::Cancelled);
            backfill = self.store().put_backfill(backfill).await?;
        }
        if backfill.status == Some(BackfillStatus::Cancelled) {
            self.switch_off(&backfill).await?;
        }
        Ok(())
    }

    fn stopped(&self) -> MutexGuard<'_, HashMap<BackfillId, bool>> {
        self.stopping.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
