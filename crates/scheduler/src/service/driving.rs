//! From a run that was let in to its end.

use std::collections::HashMap;
use std::sync::Arc;

use baton_base::Class;
use baton_model::{Cause, Run, RunEvent, RunId, RunStatus};
use baton_store::{Claims, StoreError};
use tokio::time::sleep;

use super::{Complaint, Live, News, PATIENCE, PAUSE, Planted, Service, Wires};
use crate::{Audience, Notice, drive};

const TAKEN: &str = "another process has taken the run over";

/// How a run is to go on.
struct Course {
    first: RunEvent,
    /// Whether nobody here has tried yet.
    is_first: bool,
    /// The version of the run before `first`.
    version: Option<u64>,
}

/// What came of driving a run.
enum Driven {
    /// It has ended, under our hands.
    Ended(Box<Run>),
    /// It had ended before, which was told by whoever ended it.
    Over(RunStatus),
    /// It was left as it is.
    Abandoned,
    /// Another one has it.
    Elsewhere,
}

impl Service {
    /// Finds the runs that an earlier process left, or that others have made: those that waited wait on, those that were
    /// open go on.
    pub(super) async fn take_over(&self) -> Result<(), StoreError> {
        if !std::mem::take(&mut self.book().unread.runs) {
            return Ok(());
        }
        let done = self.read_runs().await;
        done.inspect_err(|_| self.book().unread.runs = true)
    }

    async fn read_runs(&self) -> Result<(), StoreError> {
        let before = self.book().runs();
        if self.inner.shared.is_none() {
            self.inner.store.name_open_runs().await?;
        }
        let rows = self.inner.store.open_runs().await?;
        let mut claims: HashMap<RunId, Claims> =
            self.inner.store.open_claims().await?.into_iter().collect();
        if self.inner.shared.is_some() {
            self.book().reconcile(rows, claims, &before);
            return Ok(());
        }
        let mut again = Vec::new();
        {
            let mut book = self.book();
            for row in rows {
                // What a person runs by hand is theirs to resume, unless it was begun again here.
                if row.cause == Cause::Hand && row.owner.is_none() {
                    continue;
                }
                let claims = claims.remove(&row.id).unwrap_or_default();
                let ticket = super::book::ticket_of_row(&row, claims);
                if row.status == RunStatus::Initial {
                    book.waits_again(ticket, row.note);
                } else if self.inner.options.planted != Planted::LeavesTheOpen {
                    book.enters(ticket);
                    again.push(row.id);
                }
            }
        }
        for id in again {
            self.launch(id, RunEvent::Resumed);
        }
        Ok(())
    }

    /// Drives a run to its end, however often the database refuses meanwhile.
    pub(super) async fn see_through(&self, id: RunId, first: RunEvent, mut wires: Wires) {
        self.tell_alone(News::Opened(id));
        let shared = self.inner.shared.as_ref();
        let mut stopping = self.inner.stopping.subscribe();
        let mut course = Course {
            first,
            is_first: true,
            version: None,
        };
        let mut pause = PAUSE;
        // One that was let in at the last moment would not hear that it is to be left.
        while !*stopping.borrow() {
            match self.driven(id, &mut course, wires).await {
                Ok(Driven::Ended(run)) => {
                    self.see_off(&run);
                    return;
                }
                Ok(Driven::Over(status)) => {
                    self.live().remove(&id);
                    self.inner.store.forget_lease(id);
                    if shared.is_none() {
                        let mut book = self.book();
                        book.ended(id, status, None);
                        book.unread.ends = true;
                    }
                    self.wake();
                    return;
                }
                // For a process that comes after this one.
                Ok(Driven::Abandoned) => {
                    if !*stopping.borrow() {
                        tracing::warn!(run = %id, "{TAKEN}");
                    }
                    break;
                }
                Ok(Driven::Elsewhere) => tracing::debug!(run = %id, "another process drives it"),
                Err(complaint) => {
                    if let Some(shared) = shared
                        && !self.still_holds(shared, id).await
                    {
                        tracing::warn!(run = %id, "{TAKEN}");
                        break;
                    }
                    // What could not even be read was not tried.
                    course.is_first &= course.version.is_none();
                    tracing::error!(run = %id, %complaint, "a run could not be driven");
                    // It may be what the database refuses, too.
                    let _ = self
                        .inner
                        .store
                        .set_note(id, Some(&complaint.message))
                        .await;
                }
            }
            wires = self.rewire(id);
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => break,
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(PATIENCE);
        }
        if shared.is_some() {
            // What cannot be given back now is free when the lease ends.
            let _ = self.inner.store.release_run(id).await;
            self.live().remove(&id);
            return;
        }
        self.live().remove(&id);
        self.book().leaves(id);
    }

    /// Makes the wires of a run anew; that it is to stop is not forgotten.
    fn rewire(&self, id: RunId) -> Wires {
        let mut lives = self.live();
        let asked = lives.remove(&id).and_then(|live| live.asked);
        let (live, wires) = Live::new(asked);
        lives.insert(id, live);
        wires
    }

    async fn driven(
        &self,
        id: RunId,
        course: &mut Course,
        wires: Wires,
    ) -> Result<Driven, Complaint> {
        let desk = &self.inner.desk;
        // Whoever takes its lease from now on finds the name of this process on it, and that it lives. With others, the
        // lease in the database was taken with what else there was to drive.
        if self.inner.shared.is_none() && desk.is_leased(id) {
            // What becomes of it is seen later.
            return Ok(Driven::Elsewhere);
        }
        // Should it have changed meanwhile, the first step is refused, and it is read after all.
        let fresh = self.book().take_fresh(id);
        let run = match fresh {
            Some(run) => run,
            None => match self.inner.store.load_run(id).await {
                Ok(Some(run)) => run,
                Ok(None) => return Ok(Driven::Over(RunStatus::Cancelled)),
                Err(error) => return Err(Complaint::of(&error)),
            },
        };
        // The event that comes first may be stored although we were told that it is not.
        let is_untouched = *course.version.get_or_insert(run.version) == run.version;
        if run.status.is_final() {
            return Ok(if is_untouched && course.is_first {
                Driven::Over(run.status)
            } else {
                Driven::Ended(Box::new(run))
            });
        }
        let first = if is_untouched {
            course.first.clone()
        } else {
            RunEvent::Resumed
        };
        let session = match desk.session(&run).await {
            Ok(session) => session,
            Err(complaint) if complaint.class == Class::Transient => return Err(complaint),
            Err(complaint) => {
                let run = self.refuse(run, &complaint).await?;
                return Ok(Driven::Ended(Box::new(run)));
            }
        };
        let journal = desk.journal(id)?;
        let this = self.clone();
        let audience = Audience::Function(Arc::new(move |notice| {
            match (&this.inner.shared, &notice) {
                (Some(shared), Notice::Log(_)) => shared.logged.notify_one(),
                (Some(_), Notice::Block(_)) => {}
                _ => this.tell(News::Inside(id, Arc::new(notice))),
            }
        }));
        let Wires { cancelled, changes } = wires;
        let ended = drive(&session, run, first, journal, audience, changes, cancelled).await;
        session.runner.shut_down().await;
        let run = ended.map_err(|error| Complaint::of(&error))?;
        Ok(if run.status.is_final() {
            Driven::Ended(Box::new(run))
        } else {
            Driven::Abandoned
        })
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
        // It is over: there is nothing to carry out.
        let done = store.commit(&step.run, &step.changed, &event, at);
        done.await.map_err(|error| Complaint::of(&error))?;
        Ok(step.run)
    }
}
