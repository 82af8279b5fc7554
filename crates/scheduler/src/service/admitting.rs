//! From runs that wait to runs that are let in.

use std::collections::HashMap;

use baton_engine::admission::{self, Admission, Limits, RunTicket};
use baton_model::{PipelineUuid, RunEvent, RunId};
use baton_store::StoreError;

use super::book::Ticket;
use super::{PipelineLimits, Service};

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
            let mut pipelines: HashMap<PipelineUuid, PipelineLimits> = HashMap::new();
            for ticket in book.waiting.values() {
                if !pipelines.contains_key(&ticket.pipeline) {
                    let limits = self.inner.desk.limits(&ticket.pipeline);
                    pipelines.insert(ticket.pipeline.clone(), limits);
                }
            }
            let tickets = |tickets: &std::collections::BTreeMap<RunId, Ticket>| -> Vec<RunTicket> {
                tickets.values().map(|ticket| self.ticket(&book, ticket, &pipelines)).collect()
            };
            let waiting = tickets(&book.waiting);
            let open = tickets(&book.open);
            let limits = Limits {
                open_runs: Some(self.inner.options.open_runs),
                pools: self.inner.desk.pools(),
                ..Limits::default()
            };
            admission::decide(&waiting, &open, &limits)
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

    fn ticket(
        &self,
        book: &super::Book,
        ticket: &Ticket,
        pipelines: &HashMap<PipelineUuid, PipelineLimits>,
    ) -> RunTicket {
        let _ = (book, pipelines);
        RunTicket {
            run: ticket.run,
            pipeline: ticket.pipeline.clone(),
            trigger: ticket.trigger,
            priority: ticket.priority,
            date: ticket.date,
            created_at: ticket.created_at,
            pools: ticket.pools.clone(),
        }
    }
}
