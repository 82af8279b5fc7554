//! What people ask of a single run: to stop, to start again.

use baton_base::Class;
use baton_engine::Step;
use baton_model::{BlockUuid, Run, RunEvent, RunId, Timestamp};

use super::{Complaint, End, News, Planted, Service};
use crate::Lease;
use crate::session::Cancel;

/// The right to change a run.
enum Hold {
    /// A lock of this machine.
    File(Lease),
    /// A lease in the database.
    Row,
}

/// Why there is none.
enum NoHold {
    /// Another process has it.
    Elsewhere,
    Failed(Complaint),
}

impl Service {
    /// Asks a run to stop, and then the runs that its blocks have started. Says whether there was anything to stop.
    pub async fn cancel(&self, id: RunId, reason: &str) -> Result<bool, Complaint> {
        let is_told = self.cancel_one(id, reason).await?;
        let mut above = vec![id];
        while let Some(parent) = above.pop() {
            let children = self.inner.store.open_children(parent).await;
            for child in children.map_err(|error| Complaint::of(&error))? {
                let reason = format!("run {parent}, which started it, was cancelled");
                self.cancel_one(child, &reason).await?;
                above.push(child);
            }
        }
        Ok(is_told)
    }

    /// Asks one run to stop: one that is driven as Ctrl-C does, one that waits at once.
    async fn cancel_one(&self, id: RunId, reason: &str) -> Result<bool, Complaint> {
        if let Some(is_told) = self.tell_driver(id, reason).await {
            return Ok(is_told);
        }
        let event = RunEvent::CancelRequested {
            reason: reason.to_owned(),
        };
        if let Some(is_stopped) = self.step(id, &event).await? {
            return Ok(is_stopped);
        }
        // It may have begun here meanwhile.
        if let Some(is_told) = self.tell_driver(id, reason).await {
            return Ok(is_told);
        }
        // Whoever drives it is told so, and whoever takes it over.
        let wished = self.inner.store.put_wish(id, reason).await;
        wished.map_err(|error| Complaint::of(&error))
    }

    /// Tells whoever drives a run here that it is to stop. None when nobody does; else whether it was heard.
    async fn tell_driver(&self, id: RunId, reason: &str) -> Option<bool> {
        let cancel = self.live().get_mut(&id).map(|live| {
            live.asked = Some(reason.to_owned());
            live.cancel.clone()
        })?;
        let told = cancel.send(Cancel::Because(reason.to_owned()));
        Some(told.await.is_ok())
    }

    /// Applies one event to a run that nobody drives. None when somebody else has it.
    async fn step(&self, id: RunId, event: &RunEvent) -> Result<Option<bool>, Complaint> {
        let hold = match self.hold(id).await {
            Ok(hold) => hold,
            Err(NoHold::Elsewhere) => return Ok(None),
            Err(NoHold::Failed(complaint)) => return Err(complaint),
        };
        let stepped = self.step_held(id, event).await;
        let is_final = matches!(&stepped, Ok(Some(run)) if run.status.is_final());
        self.give_back(id, hold, is_final).await;
        let Some(run) = stepped? else {
            return Ok(Some(false));
        };
        if run.status.is_final() {
            self.see_off(&run);
        }
        Ok(Some(true))
    }

    /// The same, once no one else can drive it. None when nothing comes of it.
    async fn step_held(&self, id: RunId, event: &RunEvent) -> Result<Option<Run>, Complaint> {
        let store = &self.inner.store;
        let run = store.load_run(id).await;
        let Some(run) = run.map_err(|error| Complaint::of(&error))? else {
            return Ok(None);
        };
        let at = self.now();
        let step = baton_engine::apply(run, event, at);
        if step.ignored.is_some() {
            return Ok(None);
        }
        // Whoever drives it next resumes it, which decides anew what is to be done.
        let done = store.commit(&step.run, &step.changed, event, at);
        done.await.map_err(|error| Complaint::of(&error))?;
        Ok(Some(step.run))
    }

    /// The right to change a run.
    async fn hold(&self, id: RunId) -> Result<Hold, NoHold> {
        let Some(shared) = &self.inner.shared else {
            return match self.inner.desk.lease(id) {
                // It has begun here meanwhile; what begins from now on finds the lease taken.
                Ok(_) if self.is_live(id) => Err(NoHold::Elsewhere),
                Ok(lease) => Ok(Hold::File(lease)),
                Err(error) => Err(NoHold::Failed(Complaint::of(&error))),
            };
        };
        // A person may be driving it by hand.
        if let Err(error) = self.inner.desk.lease(id) {
            return Err(NoHold::Failed(Complaint::of(&error)));
        }
        let (sharing, now) = (&shared.sharing, self.now());
        let store = &self.inner.store;
        let leased = store.lease_run(id, &sharing.owner, now, sharing.lease);
        match leased.await {
            Ok(Some(_)) => Ok(Hold::Row),
            Ok(None) => Err(NoHold::Elsewhere),
            Err(error) => Err(NoHold::Failed(Complaint::of(&error))),
        }
    }

    async fn give_back(&self, id: RunId, hold: Hold, is_final: bool) {
        match hold {
            Hold::File(lease) => drop(lease),
            // Its end has given it back.
            Hold::Row if is_final => self.inner.store.forget_lease(id),
            // What cannot be given back now is free when the lease ends.
            Hold::Row => drop(self.inner.store.release_run(id).await),
        }
    }

    /// Notes that a run has ended here.
    pub(super) fn see_off(&self, run: &Run) {
        let end = End::from(run);
        if self.inner.shared.is_some() {
            self.live().remove(&run.id);
            self.inner.store.forget_lease(run.id);
            // There is a place for another one; whoever schedules finds the end in the database.
            if let Some(shared) = &self.inner.shared {
                shared.work.notify_one();
            }
            return;
        }
        let (id, status) = (end.run, end.status);
        let is_noted = self.inner.options.planted != Planted::ForgetsEnds;
        {
            let mut book = self.book();
            if is_noted {
                book.ended(id, status, end.took);
            }
            book.ends.push(end);
        }
        self.live().remove(&id);
        self.tell(News::Ended(id, status));
        self.wake();
    }

    /// Starts a run again that has ended: from `from` on, or everything that has not completed. That it goes on is
    /// recorded by then: whoever asks is told so, and so is a process that takes over.
    pub async fn retry(&self, id: RunId, from: Option<BlockUuid>) -> Result<(), Complaint> {
        if self.is_live(id) {
            return Err(under_way(id));
        }
        let hold = match self.hold(id).await {
            Ok(hold) => hold,
            Err(NoHold::Elsewhere) => return Err(under_way(id)),
            Err(NoHold::Failed(complaint)) => return Err(complaint),
        };
        match self.retried(id, from).await {
            Ok((step, event, at)) => self.begin_again(id, (step, event, at), hold).await,
            Err(complaint) => {
                self.give_back(id, hold, false).await;
                Err(complaint)
            }
        }
    }

    /// What retrying a run makes of it.
    async fn retried(
        &self,
        id: RunId,
        from: Option<BlockUuid>,
    ) -> Result<(Step, RunEvent, Timestamp), Complaint> {
        let run = self.inner.store.load_run(id).await;
        let run = run.map_err(|error| Complaint::of(&error))?;
        let run = run.ok_or_else(|| Complaint {
            message: format!("there is no run {id}"),
            hint: None,
            class: Class::User,
        })?;
        if let Some(block) = &from
            && run.plan.block(block).is_none()
            && run.child(block).is_none()
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
        Ok((step, event, at))
    }

    /// Stores that a run goes on, and has it driven.
    async fn begin_again(
        &self,
        id: RunId,
        (step, event, at): (Step, RunEvent, Timestamp),
        hold: Hold,
    ) -> Result<(), Complaint> {
        let wires = if self.inner.shared.is_some() {
            None
        } else {
            let Some(wires) = self.reserve(id) else {
                return Err(under_way(id));
            };
            self.book().reopened(&step.run);
            Some(wires)
        };
        let this = self.clone();
        // In a task of its own: whoever asks may go away meanwhile, and what was recorded must be driven.
        let recorded = tokio::spawn(async move {
            let store = &this.inner.store;
            // Whoever drives it resumes it, which decides anew what is to be done.
            let done = store.commit(&step.run, &step.changed, &event, at);
            let done = done.await;
            this.give_back(id, hold, false).await;
            // The step may be stored although we were told that it is not: whoever drives the run finds out.
            if let Some(wires) = wires {
                this.send_off(id, RunEvent::Resumed, wires);
            } else {
                this.book().unread.runs = true;
                this.wake();
            }
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
