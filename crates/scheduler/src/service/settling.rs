//! What follows from the ends of runs. That it was drawn is stored with the runs that follow, in one step: an end has its
//! consequences once, whoever dies in between.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use baton_engine::triggers::{Waiting, circle, told};
use baton_model::{
    After, BackfillId, Cause, Map, PipelineUuid, Run, RunId, RunStatus, Timestamp, Trigger,
    TriggerId, TriggerKind, TriggerSettings,
};
use baton_store::{NewRun, NonEvent, RunRow, Settled, StoreError};
use serde_json::json;

use super::submitting::priority;
use super::{News, Service, Wanted};

/// Ends that are settled in one transaction.
const TOGETHER: usize = 256;

/// Most runs that are gone back over, to find where a run began.
const LONGEST_WAY: usize = 1_000;

/// The end of a run, with what may follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The run.
    pub run: RunId,
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// How it ended.
    pub status: RunStatus,
    /// The stored trigger that it belongs to.
    pub trigger: Option<TriggerId>,
    /// Name of its trigger.
    pub trigger_name: Option<String>,
    /// Its logical date.
    pub date: Timestamp,
    /// The backfill that it belongs to.
    pub backfill: Option<BackfillId>,
    /// How long it took, if it has started.
    pub took: Option<Duration>,
    /// The run whose end made it, if one did.
    pub follows: Option<RunId>,
}

/// The run whose end made another one.
fn followed(cause: Cause, parent: Option<RunId>) -> Option<RunId> {
    parent.filter(|_| cause == Cause::Completion)
}

impl From<&Run> for End {
    fn from(run: &Run) -> Self {
        let times = run.started_at.zip(run.ended_at);
        Self {
            run: run.id,
            pipeline: run.plan.pipeline.clone(),
            status: run.status,
            trigger: run.plan.occasion.trigger,
            trigger_name: run.plan.trigger.clone(),
            date: run.plan.execution_date,
            backfill: run.plan.occasion.backfill,
            took: times.map(|(from, to)| to.since(from)),
            follows: followed(run.plan.occasion.cause, run.plan.occasion.parent),
        }
    }
}

impl From<&RunRow> for End {
    fn from(row: &RunRow) -> Self {
        let times = row.started_at.zip(row.ended_at);
        Self {
            run: row.id,
            pipeline: row.pipeline.clone(),
            status: row.status,
            trigger: row.trigger_id,
            trigger_name: row.trigger_name.clone(),
            date: row.execution_date,
            backfill: row.backfill_id,
            took: times.map(|(from, to)| to.since(from)),
            follows: followed(row.cause, row.parent_id),
        }
    }
}

/// Whether an end is what `after` waits for.
fn is_followed(after: &After, end: &End) -> bool {
    let trigger = after.trigger.as_deref();
    after.pipeline == end.pipeline
        && after.status.is_none_or(|status| status == end.status)
        && trigger.is_none_or(|name| end.trigger_name.as_deref() == Some(name))
}

impl Service {
    /// Draws the consequences of the ends that are known, and of those that another process has left.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        loop {
            let ends = self.ends().await?;
            if ends.is_empty() {
                return Ok(());
            }
            let done = self.settle_some(&ends).await;
            if done.is_err() {
                let mut book = self.book();
                // Another process may go on with them.
                book.unread.ends |= self.inner.shared.is_some();
                if self.inner.shared.is_none() {
                    book.ends.extend(ends);
                }
                return done;
            }
        }
    }

    /// Some ends that are to be settled.
    async fn ends(&self) -> Result<Vec<End>, StoreError> {
        let mut found = BTreeMap::new();
        if std::mem::take(&mut self.book().unread.ends) {
            let rows = self.inner.store.unsettled_runs(TOGETHER as u32).await;
            let rows = rows.inspect_err(|_| self.book().unread.ends = true)?;
            let mut book = self.book();
            // There may be more.
            book.unread.ends |= rows.len() >= TOGETHER;
            for row in &rows {
                // Whoever drives it here is about to say so itself.
                if self.inner.shared.is_some() || !self.is_live(row.id) {
                    let end = End::from(row);
                    book.ended(end.run, end.status, end.took);
                    found.insert(end.run, end);
                }
            }
        }
        let mut book = self.book();
        // A live run's row is looked at before the queue: what leaves the one is in the other by then.
        let most = TOGETHER.min(book.ends.len());
        let own: Vec<End> = book.ends.drain(..most).collect();
        found.extend(own.into_iter().map(|end| (end.run, end)));
        Ok(found.into_values().collect())
    }

    async fn settle_some(&self, ends: &[End]) -> Result<(), StoreError> {
        let mut ends = ends.to_vec();
        let followers = self.followers(&ends);
        let mut followers = self.without_circles(followers, &ends).await?;
        while !ends.is_empty() {
            let (origins, new) = self.drawn(&followers).await;
            baton_base::failpoint("run-ended");
            let ids: Vec<RunId> = ends.iter().map(|end| end.run).collect();
            let draft =
                |id, new: &NewRun| baton_engine::create(id, Arc::clone(&new.plan), new.created_at);
            let duty = self
                .inner
                .shared
                .as_ref()
                .and_then(super::shared::Shared::duty);
            let store = &self.inner.store;
            let settled = store.settle_runs(duty.as_ref(), &ids, &new, draft);
            match settled.await? {
                Settled::Done(made) => {
                    baton_base::failpoint("run-followed");
                    let mut book = self.book();
                    for (run, priority) in made.into_iter().zip(origins) {
                        if let Some(run) = run {
                            book.created(&run, priority);
                            self.tell_alone(News::Created(run.id));
                        }
                    }
                    drop(book);
                    for end in &ends {
                        (self.inner.on_end)(end);
                    }
                    return Ok(());
                }
                // The others were settled before, or are deleted.
                Settled::Only(left) => {
                    ends.retain(|end| left.contains(&end.run));
                    followers.retain(|one| one.parent.is_some_and(|run| left.contains(&run)));
                }
            }
        }
        Ok(())
    }

    /// The runs that follow from these ends.
    fn followers(&self, ends: &[End]) -> Vec<Wanted> {
        let book = self.book();
        let mut after: HashMap<&PipelineUuid, Vec<(&Trigger, &After)>> = HashMap::new();
        for entry in book.entries() {
            if entry.trigger.kind == TriggerKind::Pipeline && entry.trigger.is_active {
                for one in &entry.settings.after {
                    let waiting = after.entry(&one.pipeline).or_default();
                    waiting.push((&entry.trigger, one));
                }
            }
        }
        let mut wanted = Vec::new();
        for end in ends {
            let mut last = None;
            for (trigger, one) in after.get(&end.pipeline).into_iter().flatten() {
                // A trigger may name a pipeline twice.
                if !is_followed(one, end) || last == Some(trigger.id) {
                    continue;
                }
                last = Some(trigger.id);
                // The logical date is that of the run that it follows.
                let mut follower =
                    Wanted::new(trigger.pipeline.clone(), Cause::Completion, end.date);
                follower.trigger = Some((*trigger).clone());
                follower.parent = Some(end.run);
                let run =
                    json!({"id": end.run, "pipeline_uuid": end.pipeline, "status": end.status});
                follower.event = Map::from_iter([("pipeline_run".to_owned(), run)]);
                wanted.push(follower);
            }
        }
        wanted
    }

    /// What follows without the runs that would begin a circle anew: those of pipelines that the run that has ended goes
    /// back to, where their triggers make each other's runs. Why is kept with the trigger.
    async fn without_circles(
        &self,
        wanted: Vec<Wanted>,
        ends: &[End],
    ) -> Result<Vec<Wanted>, StoreError> {
        let mut ways: HashMap<RunId, Vec<PipelineUuid>> = HashMap::new();
        let mut kept = Vec::with_capacity(wanted.len());
        for one in wanted {
            let end = ends.iter().find(|end| Some(end.run) == one.parent);
            let (Some(end), Some(trigger)) = (end, &one.trigger) else {
                kept.push(one);
                continue;
            };
            let way = match ways.entry(end.run) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.way_to(end).await?),
            };
            let begins = way.iter().position(|pipeline| *pipeline == one.pipeline);
            let Some(begins) = begins.filter(|_| self.is_in_circle(trigger)) else {
                kept.push(one);
                continue;
            };
            let mut round = way.get(begins..).unwrap_or_default().to_vec();
            round.push(one.pipeline.clone());
            let reason = NonEvent {
                trigger: trigger.id,
                at: self.now(),
                date: Some(one.date),
                reason: format!(
                    "triggers would make the runs of each other without end: {}",
                    told(&round)
                ),
            };
            tracing::warn!(trigger = %trigger.id, after = %end.run, reason = reason.reason, "a run that follows another was not made");
            // It is in the log, too.
            let _ = self.inner.store.note_non_event(&reason).await;
        }
        Ok(kept)
    }

    /// The pipelines of the runs that led to an end, the first one first and its own last.
    async fn way_to(&self, end: &End) -> Result<Vec<PipelineUuid>, StoreError> {
        let mut way = vec![end.pipeline.clone()];
        let mut next = end.follows;
        while let Some(run) = next.filter(|_| way.len() < LONGEST_WAY) {
            let Some(row) = self.inner.store.run_row(run).await? else {
                break;
            };
            next = followed(row.cause, row.parent_id);
            way.push(row.pipeline);
        }
        way.reverse();
        Ok(way)
    }

    /// Whether the runs of a trigger can lead back to it.
    fn is_in_circle(&self, trigger: &Trigger) -> bool {
        let book = self.book();
        let own = TriggerSettings::of(&trigger.settings).after;
        let on = book.entries().filter(|entry| entry.trigger.is_active);
        let others: Vec<Waiting<'_>> = on
            .map(|entry| Waiting {
                trigger: &entry.trigger,
                after: &entry.settings.after,
            })
            .collect();
        let own = Waiting {
            trigger,
            after: &own,
        };
        circle(own, &others).is_some()
    }

    /// Plans of runs that follow others, with their priorities. What cannot be planned leaves a reason with its trigger.
    async fn drawn(&self, wanted: &[Wanted]) -> (Vec<i64>, Vec<NewRun>) {
        let (mut priorities, mut new) = (Vec::new(), Vec::new());
        if wanted.is_empty() {
            return (priorities, new);
        }
        let drawn = self.inner.desk.draw(wanted.to_vec()).await;
        let at = self.now();
        for (drawn, wanted) in drawn.into_iter().zip(wanted) {
            match drawn {
                Ok(drawn) => {
                    priorities.push(priority(wanted));
                    new.push(NewRun {
                        plan: Arc::new(drawn.plan),
                        sources: drawn.texts,
                        created_at: at,
                        priority: priority(wanted),
                        note: None,
                        call: None,
                        queue_limit: None,
                    });
                }
                Err(complaint) => {
                    tracing::warn!(%complaint, after = ?wanted.parent, "a run that follows another could not be made");
                    if let Some(trigger) = &wanted.trigger {
                        let reason = NonEvent {
                            trigger: trigger.id,
                            at,
                            date: Some(wanted.date),
                            reason: complaint.message,
                        };
                        // It is in the log, too.
                        let _ = self.inner.store.note_non_event(&reason).await;
                    }
                }
            }
        }
        (priorities, new)
    }
}
