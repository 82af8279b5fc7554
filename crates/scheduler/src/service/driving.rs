//! From a run that was let in to its end.

use std::sync::Arc;

use baton_model::{Run, RunEvent, RunId, RunStatus};
use baton_store::StoreError;
use tokio::sync::mpsc;

use super::{Complaint, Live, News, Service};
use crate::{LeaseError, drive};

/// News of a run that wait to be passed on.
const NOTICES: usize = 1024;

impl Service {
    /// Finds the runs that an earlier process left: those that waited wait on, those that were open go on.
    pub(super) async fn take_over(&self) -> Result<(), StoreError> {
        let rows = self.inner.store.open_runs().await?;
        let mut again = Vec::new();
        {
            let mut book = self.book();
            for row in rows {
                // What a person runs by hand is theirs to resume.
                if row.cause == baton_model::Cause::Hand {
                    continue;
                }
                let ticket = super::book::ticket_of_row(&row);
                if row.status == RunStatus::Initial {
                    book.waiting.insert(row.id, ticket);
                } else {
                    book.open.insert(row.id, ticket);
                    again.push(row.id);
                }
            }
            book.has_moved = true;
        }
        for id in again {
            self.launch(id, RunEvent::Resumed);
        }
        Ok(())
    }

    /// Drives a run to its end.
    pub(super) async fn see_through(&self, id: RunId, first: RunEvent) {
        let (cancel, cancelled) = mpsc::channel(4);
        let (variables, changes) = mpsc::unbounded_channel();
        self.live().insert(id, Live { cancel, variables });
        self.tell(News::Opened(id));
        let ended = self.driven(id, first, changes, cancelled).await;
        self.live().remove(&id);
        match ended {
            Ok(Some(run)) if run.status.is_final() => {
                self.see_off(&run);
                self.follow(&run).await;
            }
            // Abandoned, for a service that comes after this one.
            Ok(_) => {
                self.book().open.remove(&id);
            }
            Err(complaint) => {
                tracing::error!(run = %id, %complaint, "a run could not be driven");
                self.book().open.remove(&id);
                self.wake();
            }
        }
    }

    async fn driven(
        &self,
        id: RunId,
        first: RunEvent,
        changes: mpsc::UnboundedReceiver<baton_model::Map>,
        cancelled: mpsc::Receiver<crate::Cancel>,
    ) -> Result<Option<Run>, Complaint> {
        let desk = &self.inner.desk;
        let lease = match desk.lease(id) {
            Ok(lease) => lease,
            // Somebody drives it by hand: it is theirs.
            Err(LeaseError::Held { .. }) => return Ok(None),
            Err(error) => return Err(Complaint::held(&error)),
        };
        let run = self.inner.store.load_run(id).await;
        let Some(run) = run.map_err(|error| Complaint::of(&error))? else {
            return Ok(None);
        };
        if run.status.is_final() {
            return Ok(Some(run));
        }
        let session = match desk.session(&run).await {
            Ok(session) => session,
            Err(complaint) => return self.refuse(run, &complaint).await.map(Some),
        };
        let journal = desk.journal(id)?;
        let (notices, mut news) = mpsc::channel(NOTICES);
        let this = self.clone();
        let told = tokio::spawn(async move {
            while let Some(notice) = news.recv().await {
                this.tell(News::Inside(id, Arc::new(notice)));
            }
        });
        let ended = drive(&session, run, first, journal, notices, changes, cancelled).await;
        session.runner.shut_down().await;
        drop(lease);
        // It ends with the last sender.
        let _ = told.await;
        ended.map(Some).map_err(|error| Complaint::of(&error))
    }

    /// Ends a run that cannot even begin, with the reason.
    async fn refuse(&self, run: Run, complaint: &Complaint) -> Result<Run, Complaint> {
        let mut reason = complaint.message.clone();
        if let Some(hint) = &complaint.hint {
            reason.push_str("; ");
            reason.push_str(hint);
        }
        let event = RunEvent::Refused { reason };
        let at = self.now();
        let step = baton_engine::apply(run, &event, at);
        let store = &self.inner.store;
        let done = store.commit(&step.run, &step.changed, &event, &step.commands, at);
        let ids = done.await.map_err(|error| Complaint::of(&error))?;
        for id in ids {
            store.command_done(id);
        }
        Ok(step.run)
    }
}
