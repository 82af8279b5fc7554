//! From runs that wait to runs that are let in.

use std::collections::HashMap;

use baton_engine::admission::{Admission, Limits, TriggerLimits, admit};
use baton_model::{RunEvent, RunId};
use baton_store::StoreError;

use super::Service;
use super::book::Book;

impl Service {
    /// Lets runs in as far as limits allow, and notes why the others wait.
    pub(super) async fn admit(&self) -> Result<(), StoreError> {
        if *self.inner.stopping.borrow() {
            return Ok(());
        }
        let decided = {
            let mut book = self.book();
            if !std::mem::take(&mut book.has_moved) || book.waiting.is_empty() {
                return Ok(());
            }
            let waiting: Vec<_> = book.waiting.values().cloned().collect();
            let open: Vec<_> = book.open.values().cloned().collect();
            admit(&waiting, &open, &self.limits(&book))
        };
        let mut notes = Vec::new();
        for (id, admission) in decided {
            match admission {
                Admission::Start => {
                    self.book().opened(id);
                    self.launch(id, RunEvent::Started);
                }
                Admission::Skip { reason } => {
                    if let Err(complaint) = self.cancel(id, &reason).await {
                        tracing::warn!(run = %id, %complaint, "a run could not be skipped");
                    }
                }
                Admission::Wait { reason } => {
                    let mut book = self.book();
                    if book.notes.get(&id) != Some(&reason) {
                        book.notes.insert(id, reason.clone());
                        notes.push((id, reason));
                    }
                }
            }
        }
        for (id, reason) in notes {
            self.inner.store.set_note(id, Some(&reason)).await?;
        }
        Ok(())
    }

    /// Why a run waits, as it was last found out.
    pub fn waits_for(&self, id: RunId) -> Option<String> {
        self.book().notes.get(&id).map(ToString::to_string)
    }

    /// What holds for the runs that wait.
    fn limits(&self, book: &Book) -> Limits {
        let mut triggers = HashMap::new();
        let mut held = HashMap::new();
        let mut pipelines = HashMap::new();
        for ticket in book.waiting.values() {
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
            ..Limits::default()
        }
    }
}
