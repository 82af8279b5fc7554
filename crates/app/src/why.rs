//! Why a run is as it is, and why a trigger makes none: the facts for what `engine` says about them.
//!
//! Everything is read from the project's state, so that it can be asked without a server, too.

use std::collections::BTreeSet;

use baton_engine::triggers::{TriggerHistory, decide};
use baton_engine::why::{Why, WhyFacts, why, why_no_run};
use baton_model::{RunId, RunStatus, Timestamp, Trigger, TriggerKind, TriggerSettings};
use baton_scheduler::is_scheduled;
use baton_store::RunPage;

use crate::failure::Failure;
use crate::state::ProjectState;

impl ProjectState {
    /// Why a run is as it is at `now`.
    pub async fn why_run(&self, id: RunId, now: Timestamp) -> Result<Why, Failure> {
        let run = self.run(id).await?;
        let note = self.store.run_row(id).await?.and_then(|row| row.note);
        // Whoever holds the lock, or the duty, schedules; when somebody last did is not recorded.
        let schedules = if self.store.is_shared() {
            is_scheduled(&self.store, now).await?
        } else {
            self.is_served()
        };
        let seen = schedules.then_some(now);
        let drivers = self.drivers().await?;
        let is_driven =
            run.status != RunStatus::Running || drivers.go_on_with(id, run.plan.occasion.cause);
        let pipeline = &run.plan.pipeline;
        let usual = self.usual_of_pipelines(std::slice::from_ref(pipeline), Some(id));
        let usual = usual.await?.remove(pipeline);
        let usual_blocks = self.usual_of_blocks(pipeline, Some(id)).await?;
        let page = RunPage {
            pipelines: vec![run.plan.pipeline.clone()],
            statuses: vec![RunStatus::Completed],
            after: Some(id),
            limit: 1,
            ..RunPage::default()
        };
        let good = self.store.page_runs(&page).await?.rows.into_iter().next();
        let good = match good {
            Some(row) => self.store.load_run(row.id).await?,
            None => None,
        };
        Ok(why(&WhyFacts {
            run: &run,
            now,
            waits_for: note.as_deref(),
            scheduler_seen: seen,
            is_driven,
            usual: usual.and_then(|usual| usual.seconds),
            usual_blocks: &usual_blocks,
            last_good: good.as_ref(),
        }))
    }

    /// Why a trigger makes no run at `now`, or which it makes.
    pub async fn why_trigger(&self, trigger: &Trigger, now: Timestamp) -> Result<Why, Failure> {
        let facts = self.store.facts_of_trigger(trigger.id).await?;
        let refused = self.store.non_events(trigger.id, 1).await?;
        let history = TriggerHistory {
            newest_date: facts.newest_date,
            has_run_at: &|date| facts.newest_date == Some(date),
            newest_made: None,
            runs: facts.runs,
            newest_is_open: facts.newest_status.is_some_and(|status| !status.is_final()),
            open: u32::try_from(facts.open).unwrap_or(u32::MAX),
            runtimes: &facts.recent_runtimes,
            copies: 1,
        };
        let mut decision = decide(trigger, &history, now);
        if trigger.is_active {
            if !self.has_pipeline(&trigger.pipeline) {
                let pipeline = &trigger.pipeline;
                decision.due.clear();
                decision.waits = false;
                decision.reason = format!("its pipeline `{pipeline}` does not exist");
            } else if trigger.kind == TriggerKind::Pipeline {
                let after = TriggerSettings::of(&trigger.settings).after;
                let gone: BTreeSet<&str> = (after.iter())
                    .filter(|after| !self.has_pipeline(&after.pipeline))
                    .map(|after| after.pipeline.as_str())
                    .collect();
                for pipeline in gone {
                    let more = format!(", but there is no pipeline `{pipeline}`");
                    decision.reason.push_str(&more);
                }
            }
        }
        // Once a later date has its run, or the trigger is off, that is past.
        let refused = refused
            .into_iter()
            .next()
            .filter(|event| trigger.is_active && event.date > facts.newest_date)
            .filter(|_| self.has_pipeline(&trigger.pipeline));
        let refused = refused.map(|event| event.reason);
        Ok(why_no_run(trigger, &decision, refused.as_deref()))
    }
}
