//! Starting a backfill: its trigger, and the runs of its dates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use baton_engine::backfills::{self, intervals};
use baton_model::{
    Backfill, BackfillId, BackfillStatus, Cause, Interval, Timestamp, Trigger, TriggerId,
    TriggerKind,
};
use baton_scheduler::Wanted;

use super::Host;
use super::backfills::{is_of_missing, settings_of};
use crate::actor::Actor;
use crate::failure::Failure;

/// Runs that are made in one transaction.
const TOGETHER: usize = 500;

/// How long making the runs of a backfill may take before another process goes on with it.
const MAKING: Duration = Duration::from_secs(300);

impl Host {
    pub(super) async fn start_backfill(
        self: &Arc<Self>,
        mut backfill: Backfill,
    ) -> Result<Backfill, Failure> {
        match backfill.status {
            Some(BackfillStatus::Initial | BackfillStatus::Running) => return Ok(backfill),
            Some(BackfillStatus::Cancelling) => {
                return Err(Failure::conflict(
                    format!("the runs of backfill {} are being stopped", backfill.id),
                    "start it when it is cancelled",
                ));
            }
            Some(BackfillStatus::Paused) => {
                if let Some(trigger) = backfill.trigger {
                    self.limit_backfill(&backfill, trigger, false).await?;
                }
                backfill.status = Some(BackfillStatus::Running);
                let backfill = self.store().put_backfill(backfill).await?;
                // Its last run may have ended meanwhile.
                self.follow_backfill(backfill.id).await?;
                return self.backfill(&Actor::Owner, backfill.id).await;
            }
            _ => {}
        }
        intervals(&backfill)?;
        backfill.trigger = Some(self.trigger_of(&backfill).await?);
        backfill.status = Some(BackfillStatus::Initial);
        backfill.started_at = Some(self.service().now());
        (backfill.completed_at, backfill.failed_at) = (None, None);
        let backfill = self.store().put_backfill(backfill).await?;
        self.make_runs(backfill).await
    }

    /// The trigger that the runs of a backfill belong to, switched on.
    async fn trigger_of(&self, backfill: &Backfill) -> Result<TriggerId, Failure> {
        let stored = match backfill.trigger {
            Some(id) => self.store().trigger(id).await?,
            None => None,
        };
        let at = self.service().now();
        let mut name = format!("Backfill {}", backfill.name);
        let taken = self
            .store()
            .trigger_named(&backfill.pipeline, &name)
            .await?;
        if taken.is_some_and(|taken| Some(taken.id) != backfill.trigger) {
            name = format!("{name} ({})", backfill.id);
        }
        // No kind, so that nothing but the backfill makes runs of it.
        let kind = TriggerKind::Other("backfill".to_owned());
        let trigger = Trigger {
            id: stored.as_ref().map_or(TriggerId(0), |stored| stored.id),
            interval: Some("@once".to_owned()),
            is_active: true,
            last_enabled_at: Some(at),
            variables: backfill.variables.clone(),
            settings: settings_of(backfill, false),
            created_at: stored.map_or(at, |stored| stored.created_at),
            ..Trigger::new(backfill.pipeline.clone(), name, kind, at)
        };
        let kept = self.store().put_trigger(trigger).await?;
        self.service().trigger_changed(kept.id);
        Ok(kept.id)
    }

    /// Makes the runs of a backfill that was started. Those that an earlier process has made are not made again.
    async fn make_runs(self: &Arc<Self>, backfill: Backfill) -> Result<Backfill, Failure> {
        let Some(sharing) = self.service().sharing() else {
            return self.make_runs_alone(backfill).await;
        };
        // Another process may be at it.
        let name = Self::duty(backfill.id);
        let now = self.service().now();
        let duty = self
            .store()
            .take_duty(&name, &sharing.owner, now, MAKING)
            .await?;
        let Some(duty) = duty else {
            return Ok(backfill);
        };
        let made = self.make_runs_alone(backfill).await;
        self.store().leave_duty(&duty).await?;
        made
    }

    async fn make_runs_alone(
        self: &Arc<Self>,
        mut backfill: Backfill,
    ) -> Result<Backfill, Failure> {
        let all = intervals(&backfill)?;
        let since = backfill.started_at.unwrap_or(backfill.updated_at);
        // Its own runs of this start are made already; of the rest, runs of anybody count, as its preview says.
        let runs = self.dated_runs(backfill.id, Vec::new()).await?.into_iter();
        let made: BTreeSet<Timestamp> = runs
            .filter(|(.., (_, made))| *made >= since)
            .map(|(date, ..)| date)
            .collect();
        let newest = if is_of_missing(&backfill) {
            self.newest_of_anybody(&backfill).await?
        } else {
            BTreeMap::new()
        };
        let is_wanted = |interval: &&Interval| {
            let newest = newest.get(&interval.start).copied();
            !made.contains(&interval.start) && backfills::is_missing(newest)
        };
        let trigger = match backfill.trigger {
            Some(id) => self.store().trigger(id).await?,
            None => None,
        };
        let wanted: Vec<Wanted> = all
            .iter()
            .filter(is_wanted)
            .map(|interval| {
                let pipeline = backfill.pipeline.clone();
                let mut one = Wanted::new(pipeline, Cause::Backfill, interval.start);
                one.trigger.clone_from(&trigger);
                one.backfill = Some(backfill.id);
                one.variables = backfills::variables(interval);
                one
            })
            .collect();
        for part in wanted.chunks(TOGETHER) {
            if let Some(cancelled) = self.cancelled_meanwhile(backfill.id).await? {
                return Ok(cancelled);
            }
            for made in self.service().submit(part.to_vec()).await {
                if let Err(complaint) = made {
                    backfill.status = Some(BackfillStatus::Failed);
                    backfill.failed_at = Some(self.service().now());
                    self.store().put_backfill(backfill).await?;
                    return Err(Failure::complained(complaint));
                }
            }
        }
        if let Some(cancelled) = self.cancelled_meanwhile(backfill.id).await? {
            return Ok(cancelled);
        }
        backfill.status = Some(BackfillStatus::Running);
        let backfill = self.store().put_backfill(backfill).await?;
        // Runs may have ended before it was noted that all are made, or there was nothing to make.
        self.follow_backfill(backfill.id).await?;
        self.backfill(&Actor::Owner, backfill.id).await
    }

    /// The backfill, if somebody has cancelled it while its runs are made: those are stopped as well.
    async fn cancelled_meanwhile(
        self: &Arc<Self>,
        id: BackfillId,
    ) -> Result<Option<Backfill>, Failure> {
        let backfill = self.backfill(&Actor::Owner, id).await?;
        let is_cancelled = matches!(
            backfill.status,
            Some(BackfillStatus::Cancelling | BackfillStatus::Cancelled)
        );
        if is_cancelled {
            drop(self.stop_runs(id));
        }
        Ok(is_cancelled.then_some(backfill))
    }

    /// What one process at a time does for a backfill.
    pub(super) fn duty(id: BackfillId) -> String {
        format!("backfill {id}")
    }

    /// Goes on with backfills that another process has started or cancelled, if that has not come to it.
    pub(super) async fn begin_backfills(self: &Arc<Self>) -> Result<(), Failure> {
        for backfill in self.store().backfills(None).await? {
            match backfill.status {
                Some(BackfillStatus::Initial) => drop(self.make_runs(backfill).await?),
                Some(BackfillStatus::Cancelling) => drop(self.stop_runs(backfill.id)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Goes on with what an earlier process has begun: making the runs of backfills, or stopping them.
    pub(super) async fn finish_backfills(self: &Arc<Self>) -> Result<(), Failure> {
        for backfill in self.store().backfills(None).await? {
            let id = backfill.id;
            let done = match backfill.status {
                Some(BackfillStatus::Initial) => self.make_runs(backfill).await.map(drop),
                Some(BackfillStatus::Running) => self.follow_backfill(id).await,
                Some(BackfillStatus::Cancelling) => {
                    drop(self.stop_runs(id));
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(failure) = done {
                tracing::warn!(backfill = %id, reason = failure.message, "a backfill cannot go on");
            }
        }
        Ok(())
    }
}
