//! From runs that wait to runs that are let in.

use std::collections::HashMap;

use baton_engine::admission::{Admission, Limits, RunTicket, TriggerLimits};
use baton_model::{RunEvent, RunId};
use baton_store::StoreError;

use super::book::Book;
use super::{MOMENT, Planted, Service};

impl Service {
    /// Lets runs in as far as limits allow, and notes why the others wait. Gives how many were let in.
    pub(super) async fn admit(&self) -> Result<usize, StoreError> {
        if *self.inner.stopping.borrow() {
            return Ok(0);
        }
        let decided = {
            let mut book = self.book();
            book.admit(|book, waiting| self.limits(book, waiting))
        };
        if let Some(shared) = &self.inner.shared {
            let started = decided
                .iter()
                .filter_map(|(id, admission)| (*admission == Admission::Start).then_some(*id));
            let started: Vec<RunId> = started.collect();
            if let Some(duty) = shared.duty().filter(|_| !started.is_empty()) {
                let admitted = self.inner.store.admit_runs(&duty, &started).await;
                // What was decided holds for nobody, so it is found out anew.
                admitted.inspect_err(|_| *self.book() = Book::unread())?;
            }
        }
        let mut started = 0;
        for (id, admission) in decided {
            started += usize::from(admission == Admission::Start);
            match admission {
                // Whoever takes its lease drives it.
                Admission::Start if self.inner.shared.is_some() => {}
                Admission::Start => self.launch(id, RunEvent::Started),
                Admission::Skip { reason } => {
                    if let Err(complaint) = self.cancel(id, &reason).await {
                        tracing::warn!(run = %id, %complaint, "a run could not be skipped");
                        // It is looked at again.
                        self.book().has_moved = true;
                    }
                }
                Admission::Wait { reason } => self.book().waits(id, reason),
            }
        }
        Ok(started)
    }

    /// Stores why runs wait. Reasons name the runs in the way and change with every one of them, so not each is stored.
    pub(super) async fn note(&self) -> Result<(), StoreError> {
        let now = self.now();
        let notes: Vec<_> = {
            let mut book = self.book();
            let is_early = book.noted_at.is_some_and(|at| now.since(at) < MOMENT);
            if book.untold.is_empty() || is_early {
                return Ok(());
            }
            book.noted_at = Some(now);
            std::mem::take(&mut book.untold).into_iter().collect()
        };
        let texts: Vec<_> = notes
            .iter()
            .map(|(id, note)| (*id, note.as_deref().map(str::to_owned)))
            .collect();
        let done = self.inner.store.set_notes(&texts).await;
        if done.is_err() {
            let mut book = self.book();
            for (id, note) in notes {
                book.untold.entry(id).or_insert(note);
            }
        }
        done
    }

    /// Why a run waits, as it was last found out.
    pub fn waits_for(&self, id: RunId) -> Option<String> {
        self.book().notes.get(&id).map(ToString::to_string)
    }

    /// What holds for runs that wait.
    fn limits(&self, book: &Book, waiting: &[&RunTicket]) -> Limits {
        if self.inner.options.planted == Planted::IgnoresLimits {
            return Limits::default();
        }
        let mut triggers = HashMap::new();
        let mut held = HashMap::new();
        let mut pipelines = HashMap::new();
        for ticket in waiting {
            if let Some(entry) = ticket.trigger.and_then(|id| book.entry(id)) {
                if entry.settings.is_paused {
                    let reason = || format!("`{}` is paused", entry.trigger.name);
                    held.entry(entry.trigger.id).or_insert_with(reason);
                }
                triggers
                    .entry(entry.trigger.id)
                    .or_insert_with(|| TriggerLimits {
                        name: entry.trigger.name.clone(),
                        runs: entry.settings.run_limit,
                    });
            }
            if !pipelines.contains_key(&ticket.pipeline) {
                let limits = self.inner.desk.limits(&ticket.pipeline);
                pipelines.insert(ticket.pipeline.clone(), limits);
            }
        }
        Limits {
            triggers,
            pipelines,
            held,
            project: Some(self.inner.options.open_runs),
            pools: self.inner.desk.pools(),
            machine: self.inner.desk.machine(),
        }
    }
}
