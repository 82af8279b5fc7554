//! Runs that are wanted, planned and stored: they wait for their turn then.

use std::collections::BTreeMap;
use std::sync::Arc;

use baton_base::Class;
use baton_model::{Cause, RunId, TriggerId};
use baton_store::{NewRun, StoreError};

use super::{Complaint, Drawn, News, Service, Wanted};

impl Service {
    /// Makes runs that wait for their turn, in one transaction. None for one that the database does not
    /// take: see [`baton_store::NewRun`].
    pub async fn submit(&self, wanted: Vec<Wanted>) -> Vec<Result<Option<RunId>, Complaint>> {
        let count = wanted.len();
        self.try_submit(wanted)
            .await
            .unwrap_or_else(|error| vec![Err(Complaint::of(&error)); count])
    }

    /// The same; an error is the database's, and nothing has been made.
    pub(super) async fn try_submit(
        &self,
        wanted: Vec<Wanted>,
    ) -> Result<Vec<Result<Option<RunId>, Complaint>>, StoreError> {
        let origins: Vec<_> = wanted
            .iter()
            .map(|one| {
                let asked = (one.call.clone(), one.queue_limit);
                (priority(one), scheduled_by(one), asked)
            })
            .collect();
        let drawn = self.inner.desk.draw(wanted).await;
        let at = self.now();
        let mut results = Vec::with_capacity(drawn.len());
        let mut new = Vec::new();
        let mut failed: BTreeMap<TriggerId, Complaint> = BTreeMap::new();
        for (mut drawn, (priority, trigger, (call, queue_limit))) in drawn.into_iter().zip(origins)
        {
            if let Some(trigger) = trigger {
                // A run of a newer date would make nobody look for the older one again.
                if let Some(complaint) = failed.get(&trigger) {
                    drawn = Err(complaint.clone());
                } else if let Err(complaint) = &drawn {
                    failed.insert(trigger, complaint.clone());
                }
            }
            results.push(drawn.map(|drawn| {
                new.push(NewRun {
                    plan: Arc::new(drawn.plan),
                    sources: drawn.texts,
                    created_at: at,
                    priority,
                    note: None,
                    call,
                    queue_limit,
                });
                None
            }));
        }
        let made = self.create(new).await?;
        let slots = results.iter_mut().filter_map(|result| result.as_mut().ok());
        for (slot, id) in slots.zip(made) {
            *slot = id;
        }
        Ok(results)
    }

    /// Makes a run of a plan that somebody else has drawn.
    pub async fn submit_drawn(&self, drawn: Drawn) -> Result<RunId, Complaint> {
        let new = NewRun {
            plan: Arc::new(drawn.plan),
            sources: drawn.texts,
            created_at: self.now(),
            priority: 0,
            note: None,
            call: None,
            queue_limit: None,
        };
        let made = self.create(vec![new]).await;
        let made = made.map_err(|error| Complaint::of(&error))?;
        made.into_iter().flatten().next().ok_or_else(|| Complaint {
            message: "the run was not made".to_owned(),
            hint: None,
            class: Class::Bug,
        })
    }

    /// Stores runs and puts them in the queue.
    async fn create(&self, new: Vec<NewRun>) -> Result<Vec<Option<RunId>>, StoreError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let draft =
            |id, new: &NewRun| baton_engine::create(id, Arc::clone(&new.plan), new.created_at);
        let priorities: Vec<i64> = new.iter().map(|new| new.priority).collect();
        let stored = self.inner.store.create_runs(new, draft).await?;
        baton_base::failpoint("runs-created");
        let keeps_book = self.keeps_book();
        let mut book = self.book();
        let mut ids = Vec::with_capacity(stored.len());
        for (run, priority) in stored.into_iter().zip(priorities) {
            ids.push(run.as_ref().map(|run| run.id));
            if let Some(run) = run {
                if keeps_book {
                    book.created(&run, priority);
                }
                self.tell_alone(News::Created(run.id));
                // With others, whoever takes the lease reads it.
                if self.inner.shared.is_none() {
                    book.keep_fresh(run);
                }
            }
        }
        drop(book);
        self.wake();
        Ok(ids)
    }
}

/// The trigger whose schedule wants it.
fn scheduled_by(wanted: &Wanted) -> Option<TriggerId> {
    let trigger = wanted.trigger.as_ref().map(|trigger| trigger.id);
    trigger.filter(|_| wanted.cause == Cause::Schedule)
}

/// Higher starts first.
pub(super) fn priority(wanted: &Wanted) -> i64 {
    let settings = wanted.trigger.as_ref().map(|trigger| &trigger.settings);
    let priority = settings.and_then(|settings| settings.get("priority"));
    priority
        .and_then(serde_json::Value::as_i64)
        .unwrap_or_default()
}
