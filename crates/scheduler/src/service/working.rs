//! Runs that were let in and are driven here, where several processes share the database.

use baton_model::{RunEvent, RunId};
use baton_store::{StoreError, Wish};
use tokio::time::sleep;

use super::shared::Shared;
use super::{Service, complain};
use crate::session::Cancel;

/// Runs that are taken at a time, so that others get some as well.
const TOGETHER: usize = 16;

impl Service {
    /// Takes runs that may start, or that somebody has left, and drives them; passes wishes to stop on.
    pub(super) async fn work(&self, shared: &Shared) {
        let mut stopping = self.inner.stopping.subscribe();
        loop {
            if let Err(error) = self.find_work(shared).await {
                shared.is_in_trouble(self.now());
                complain(&error);
            }
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = shared.work.notified() => {}
                () = sleep(shared.interval()) => {}
            }
        }
    }

    async fn find_work(&self, shared: &Shared) -> Result<(), StoreError> {
        let (store, sharing) = (&self.inner.store, &shared.sharing);
        for wish in store.wishes(&sharing.owner).await? {
            self.pass_on(&wish);
        }
        loop {
            let here: Vec<RunId> = self.live().keys().copied().collect();
            let room = (self.inner.options.open_runs as usize).saturating_sub(here.len());
            let most = room.min(TOGETHER);
            let now = self.now();
            let claimed = store
                .claim_runs(
                    &sharing.owner,
                    (now, sharing.lease),
                    most as u32,
                    shared.hears_others(now),
                    &here,
                )
                .await?;
            let count = claimed.len();
            for one in claimed {
                let first = if one.is_new {
                    RunEvent::Started
                } else {
                    RunEvent::Resumed
                };
                self.launch(one.run, first);
            }
            if count < most.max(1) || *self.inner.stopping.borrow() {
                return Ok(());
            }
        }
    }

    /// Tells the driver of a run that it is to stop, once for each time that somebody wants it.
    fn pass_on(&self, wish: &Wish) {
        let mut lives = self.live();
        let live = lives.get_mut(&wish.run);
        let Some(live) = live.filter(|live| wish.again || live.asked.is_none()) else {
            return;
        };
        let told = live.cancel.try_send(Cancel::Because(wish.reason.clone()));
        if told.is_ok() {
            live.asked = Some(wish.reason.clone());
        }
    }

    /// Whether the lease of a run that is driven here is still in these hands. One that cannot be looked at is.
    pub(super) async fn still_holds(&self, shared: &Shared, run: RunId) -> bool {
        let (store, sharing) = (&self.inner.store, &shared.sharing);
        let held = store.renew_leases(&sharing.owner, self.now(), sharing.lease);
        held.await.map_or(true, |held| held.contains(&run))
    }
}
