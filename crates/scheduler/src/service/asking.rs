//! What people ask of a single run: to stop, to start again.

use baton_base::Class;
use baton_model::{BlockUuid, Run, RunEvent, RunId};

use super::{Complaint, News, Planted, Service};
use crate::drive::Cancel;

impl Service {
    /// Asks a run to stop: one that is driven as Ctrl-C does, one that waits at once. Says whether there was anything to
    /// stop.
    pub async fn cancel(&self, id: RunId, reason: &str) -> Result<bool, Complaint> {
        let live = self.live().get_mut(&id).map(|live| {
            live.asked = Some(reason.to_owned());
            live.cancel.clone()
        });
        if let Some(cancel) = live {
            return Ok(cancel
                .send(Cancel::Because(reason.to_owned()))
                .await
                .is_ok());
        }
        let event = RunEvent::CancelRequested {
            reason: reason.to_owned(),
        };
        self.step(id, &event).await
    }

    /// Applies one event to a run that nobody drives.
    async fn step(&self, id: RunId, event: &RunEvent) -> Result<bool, Complaint> {
        let lease = self
            .inner
            .desk
            .lease(id)
            .map_err(|error| Complaint::of(&error))?;
        let store = &self.inner.store;
        let run = store.load_run(id).await;
        let Some(run) = run.map_err(|error| Complaint::of(&error))? else {
            return Ok(false);
        };
        let at = self.now();
        let step = baton_engine::apply(run, event, at);
        if step.ignored.is_some() {
            return Ok(false);
        }
        let done = store
            .commit(&step.run, &step.changed, event, &step.commands, at)
            .await;
        let ids = done.map_err(|error| Complaint::of(&error))?;
        for command in ids {
            store.command_done(command);
        }
        drop(lease);
        if step.run.status.is_final() {
            self.see_off(&step.run);
            self.follow(&step.run).await;
        }
        Ok(true)
    }

    /// Notes everywhere that a run has ended.
    pub(super) fn see_off(&self, run: &Run) {
        let took = run
            .started_at
            .zip(run.ended_at)
            .map(|(from, to)| to.since(from));
        if self.inner.options.planted != Planted::ForgetsEnds {
            self.book().ended(run.id, run.status, took);
        }
        self.tell(News::Ended(run.id, run.status));
        (self.inner.on_end)(run);
        self.wake();
    }

    /// Starts a run again that has ended: from `from` on, or everything that has not completed. That it goes on is
    /// recorded by then: whoever asks is told so, and so is a process that takes over.
    pub async fn retry(&self, id: RunId, from: Option<BlockUuid>) -> Result<(), Complaint> {
        if self.is_live(id) {
            return Err(under_way(id));
        }
        let lease = self.inner.desk.lease(id);
        let lease = lease.map_err(|error| Complaint::of(&error))?;
        let run = self.inner.store.load_run(id).await;
        let run = run.map_err(|error| Complaint::of(&error))?;
        let run = run.ok_or_else(|| Complaint {
            message: format!("there is no run {id}"),
            hint: None,
            class: Class::User,
        })?;
        if let Some(block) = &from
            && run.plan.block(block).is_none()
        {
            return Err(Complaint {
                message: format!("run {id} has no block `{block}`"),
                hint: None,
                class: Class::User,
            });
        }
        let event = RunEvent::Retried { from };
        let at = self.now();
        // What the engine refuses must not be driven: nothing would follow from it.
        let step = baton_engine::apply(run, &event, at);
        if let Some(reason) = step.ignored {
            return Err(Complaint {
                message: reason,
                hint: None,
                class: Class::Conflict,
            });
        }
        let wires = self.reserve(id).ok_or_else(|| under_way(id))?;
        self.book().reopened(&step.run);
        let this = self.clone();
        // In a task of its own: whoever asks may go away meanwhile, and what was recorded must be driven.
        let recorded = tokio::spawn(async move {
            let store = &this.inner.store;
            let done = store.commit(&step.run, &step.changed, &event, &step.commands, at);
            let done = done.await;
            drop(lease);
            for command in done.as_deref().unwrap_or_default() {
                store.command_done(*command);
            }
            // The step may be stored although we were told that it is not: whoever drives the run finds out.
            this.send_off(id, RunEvent::Resumed, wires);
            done.map(drop).map_err(|error| Complaint::of(&error))
        });
        recorded.await.unwrap_or_else(|_| {
            Err(Complaint {
                message: format!("run {id} was not started again"),
                hint: None,
                class: Class::Bug,
            })
        })
    }
}

fn under_way(id: RunId) -> Complaint {
    Complaint {
        message: format!("run {id} is running"),
        hint: Some("cancel it first, or wait until it ends".to_owned()),
        class: Class::Conflict,
    }
}
