//! Looks after promises about time: runs that should have started, or ended, by now (spec 7.8).

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use baton_engine::sla::{SlaFacts, passed_sla};
use baton_model::{Timestamp, TriggerId, TriggerSettings};
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

impl Host {
    /// Marks the open runs that are late, and says so once.
    async fn note_broken_promises(&self, now: Timestamp) -> Result<(), Failure> {
        let triggers: HashMap<TriggerId, (Option<u32>, Option<u32>)> = self
            .service()
            .triggers()
            .into_iter()
            .map(|trigger| {
                let start_within = TriggerSettings::of(&trigger.settings).start_within;
                (trigger.id, (trigger.sla, start_within))
            })
            .filter(|(_, (sla, start_within))| sla.is_some() || start_within.is_some())
            .collect();
        if triggers.is_empty() {
            return Ok(());
        }
        for run in self.store().open_runs().await? {
            let promise = run.trigger_id.and_then(|id| triggers.get(&id));
            let Some((sla, start_within)) = promise.filter(|_| !run.passed_sla).copied() else {
                continue;
            };
            let facts = SlaFacts {
                date: run.execution_date,
                created_at: Some(run.created_at),
                started_at: run.started_at,
                is_final: false,
                cause: run.cause,
                sla,
                start_within,
            };
            if let Some(broken) = passed_sla(&facts, now).broken.first() {
                self.tell_of_delay(run.id, *broken, now).await?;
                let what = format!("run {} of {}", run.id, run.pipeline);
                tracing::warn!("{}", broken.sentence(&what, now));
            }
        }
        Ok(())
    }
}
