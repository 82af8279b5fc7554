//! Looks after promises about time: runs that should have started, or ended, by now (spec 7.8).

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use baton_engine::sla::{SlaFacts, broken};
use baton_model::{RunId, Timestamp, Trigger, TriggerId, TriggerSettings};
use baton_store::RunRow;
use tokio::time::sleep;

use super::Host;
use crate::failure::Failure;

/// How often the open runs are looked at. A promise counts in seconds.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks at the open runs again and again, as long as the host is there.
pub(super) async fn watch(host: Weak<Host>) {
    loop {
        sleep(INTERVAL).await;
        let Some(host) = host.upgrade() else { return };
        let now = host.service().now();
        if !host.service().is_scheduling() {
            continue;
        }
        if host.service().sharing().is_some()
            && let Err(failure) = host.begin_backfills().await
        {
            tracing::warn!(
                reason = failure.message,
                "backfills could not be looked after"
            );
        }
        if let Err(failure) = host.note_broken_promises(now).await {
            tracing::warn!(
                reason = failure.message,
                "promises about time could not be looked after"
            );
        }
    }
}

/// Within how many seconds a run of a trigger should end, and start.
#[derive(Clone, Copy)]
struct Promises {
    sla: Option<u32>,
    start_within: Option<u32>,
}

impl Promises {
    /// Those of a trigger, if it makes any.
    fn of(trigger: &Trigger) -> Option<Self> {
        let (sla, start_within) = (
            trigger.sla,
            TriggerSettings::of(&trigger.settings).start_within,
        );
        let promises = Self { sla, start_within };
        (sla.is_some() || start_within.is_some()).then_some(promises)
    }
}

impl Host {
    /// Marks the open runs that are late, and says so once.
    async fn note_broken_promises(&self, now: Timestamp) -> Result<(), Failure> {
        let triggers = self.service().triggers();
        let triggers: HashMap<TriggerId, Promises> = triggers
            .into_iter()
            .filter_map(|trigger| Some((trigger.id, Promises::of(&trigger)?)))
            .collect();
        if triggers.is_empty() {
            return Ok(());
        }
        for run in self.store().open_runs().await? {
            if let Some(promises) = run.trigger_id.and_then(|id| triggers.get(&id)) {
                self.note_if_late(&run, *promises, now).await?;
            }
        }
        Ok(())
    }

    /// The same of a run that has just ended: it may have been late only since it was last looked at.
    pub(super) async fn note_broken_promises_of(
        &self,
        run: RunId,
        trigger: &Trigger,
    ) -> Result<(), Failure> {
        let Some(promises) = Promises::of(trigger) else {
            return Ok(());
        };
        match self.store().run_row(run).await? {
            Some(run) => {
                let now = self.service().now();
                self.note_if_late(&run, promises, run.ended_at.unwrap_or(now))
                    .await
            }
            None => Ok(()),
        }
    }

    async fn note_if_late(
        &self,
        run: &RunRow,
        promises: Promises,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if run.passed_sla {
            return Ok(());
        }
        let facts = SlaFacts {
            date: run.execution_date,
            created_at: Some(run.created_at),
            started_at: run.started_at,
            ended_at: run.ended_at,
            cause: run.cause,
            sla: promises.sla,
            start_within: promises.start_within,
        };
        if let Some(broken) = broken(&facts, now).first() {
            self.tell_of_delay(run.id, *broken, now).await?;
            let what = format!("run {} of {}", run.id, run.pipeline);
            tracing::warn!("{}", broken.sentence(&what, now));
        }
        Ok(())
    }
}
