//! From triggers to runs.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use baton_model::{Cause, PipelineUuid, Timestamp, TriggerId, TriggerKind};
use baton_store::{NonEvent, StoreError};
use tokio::time::Instant;

use super::{News, Service, Wanted};

/// Triggers that are looked at together, so that the first runs of many start before the last are planned.
const TOGETHER: usize = 256;

/// How long runs that go on wait for those that are due at the same time.
const RUSH: Duration = Duration::from_secs(3);

/// Microseconds until a trigger whose run could not be planned is looked at again.
const PLAN_AGAIN: i64 = 60_000_000;

impl Service {
    /// Reads what has changed in the database.
    pub(super) async fn refresh(&self) -> Result<(), StoreError> {
        let (all, changed) = {
            let mut book = self.book();
            (
                std::mem::take(&mut book.unread.triggers),
                std::mem::take(&mut book.changed),
            )
        };
        let store = &self.inner.store;
        let read = async {
            if all {
                let triggers = store.triggers().await?;
                let mut facts: HashMap<_, _> = store.trigger_facts().await?.into_iter().collect();
                let mut book = self.book();
                let stored: HashSet<TriggerId> =
                    triggers.iter().map(|trigger| trigger.id).collect();
                let gone: Vec<TriggerId> = book
                    .entries()
                    .map(|entry| entry.trigger.id)
                    .filter(|id| !stored.contains(id))
                    .collect();
                for id in gone {
                    book.remove(id);
                }
                for trigger in triggers {
                    let facts = facts.remove(&trigger.id).unwrap_or_default();
                    book.put(trigger, facts);
                }
            }
            // With all of them, those that have changed were read as well.
            for id in changed.iter().filter(|_| !all) {
                match store.trigger(*id).await? {
                    Some(trigger) => {
                        let facts = store.facts_of_trigger(*id).await?;
                        self.book().put(trigger, facts);
                    }
                    None => self.book().remove(*id),
                }
            }
            Ok(())
        };
        let done: Result<(), StoreError> = read.await;
        if done.is_err() {
            let mut book = self.book();
            book.unread.triggers |= all;
            book.changed.extend(changed);
        }
        done
    }

    /// Makes the runs of all dates that have come.
    pub(super) async fn fire(&self) -> Result<(), StoreError> {
        let (mut rush, mut over) = (None, Instant::now() + RUSH);
        loop {
            let now = self.now();
            let due = self.book().take_due(now, TOGETHER);
            if due.is_empty() {
                return Ok(());
            }
            if due.len() == TOGETHER && rush.is_none() && Instant::now() < over {
                // There are more: all are to begin before the first ones go on.
                rush = Some(self.inner.store.rush());
            }
            let (wanted, skipped) = self.decided(&due, now);
            if let Err(error) = self.make(wanted, &skipped).await {
                // The dates are not lost: they are looked at again when the database is back.
                let mut book = self.book();
                for id in due {
                    book.look_at(id, Some(now));
                }
                return Err(error);
            }
            // Let those in before the next ones are planned.
            let started = self.admit().await?;
            if started == 0 {
                over = Instant::now();
            }
            if Instant::now() >= over {
                rush = None;
            }
        }
    }

    /// What the triggers want now; the second list has reasons for runs that are to be skipped at once.
    fn decided(&self, due: &[TriggerId], now: Timestamp) -> (Vec<Wanted>, Vec<Option<String>>) {
        let mut wanted = Vec::new();
        let mut skipped = Vec::new();
        let mut book = self.book();
        for id in due {
            let Some(entry) = book.entry(*id) else {
                continue;
            };
            if entry.trigger.kind != TriggerKind::Time {
                continue;
            }
            let decision = entry.decide(now);
            for date in decision.due {
                let pipeline = entry.trigger.pipeline.clone();
                let mut one = Wanted::new(pipeline, Cause::Schedule, date);
                one.trigger = Some(entry.trigger.clone());
                wanted.push(one);
                skipped.push(decision.skip.clone());
            }
            book.look_at(*id, decision.next);
        }
        drop(book);
        self.without_lost(wanted, skipped, now)
    }

    /// What is wanted of pipelines that are still there. Those of others are looked at again, since a folder may come
    /// back, as when somebody changes to another branch and back.
    fn without_lost(
        &self,
        wanted: Vec<Wanted>,
        skipped: Vec<Option<String>>,
        now: Timestamp,
    ) -> (Vec<Wanted>, Vec<Option<String>>) {
        let mut known: HashMap<PipelineUuid, bool> = HashMap::new();
        let later = Timestamp(now.0.saturating_add(PLAN_AGAIN));
        let there = wanted.into_iter().zip(skipped).filter(|(one, _)| {
            let pipeline = &one.pipeline;
            let is_there = *known
                .entry(pipeline.clone())
                .or_insert_with(|| self.inner.desk.has_pipeline(pipeline));
            if let Some(trigger) = one.trigger.as_ref().filter(|_| !is_there) {
                self.book().look_at(trigger.id, Some(later));
            }
            is_there
        });
        there.unzip()
    }

    /// Makes runs of schedules. What cannot be planned leaves a reason with its trigger.
    async fn make(
        &self,
        wanted: Vec<Wanted>,
        skipped: &[Option<String>],
    ) -> Result<(), StoreError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let origins: Vec<(Option<TriggerId>, Timestamp)> = wanted
            .iter()
            .map(|one| (one.trigger.as_ref().map(|trigger| trigger.id), one.date))
            .collect();
        let results = self.try_submit(wanted).await?;
        let mut told = HashSet::new();
        for ((result, (trigger, date)), skip) in results.into_iter().zip(origins).zip(skipped) {
            let Some(trigger) = trigger else { continue };
            match result {
                Ok(Some(run)) => {
                    if let Some(reason) = skip {
                        // A run that cannot be cancelled runs: nothing is lost.
                        let _ = self.cancel(run, reason).await;
                    }
                }
                // Somebody else has made it: what we know of the trigger is old.
                Ok(None) => {
                    let mut book = self.book();
                    book.changed.insert(trigger);
                    book.look_at(trigger, None);
                    self.wake();
                }
                Err(complaint) => {
                    tracing::warn!(%trigger, %complaint, "a date of a schedule could not become a run");
                    let now = self.now();
                    // What is in the way may be mended while the date still counts.
                    let later = Timestamp(now.0.saturating_add(PLAN_AGAIN));
                    self.book().look_at(trigger, Some(later));
                    let reason = NonEvent {
                        trigger,
                        at: now,
                        date: Some(date),
                        reason: complaint.message,
                    };
                    self.inner.store.note_non_event(&reason).await?;
                    // The dates behind it have the same in their way.
                    if told.insert(trigger) {
                        self.tell(News::NotMade(trigger, date, reason.reason));
                    }
                }
            }
        }
        Ok(())
    }
}
