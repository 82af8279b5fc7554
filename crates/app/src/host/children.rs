//! Runs that blocks start, when a server drives them: runs of the same scheduler.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use baton_model::{Cause, Fence, Plan, Run, RunId, TriggerKind};
use baton_runner::{Refusal, RefusalKind};
use baton_scheduler::{Complaint, News, Service, Wanted};
use baton_store::Store;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::nested::{Beginning, MOST_DEPTH, StartRuns, Starting};
use crate::occasion::revive;

/// Starts the runs that blocks ask for. It is made before the service, which it is linked to later.
#[derive(Default)]
pub(super) struct FromBlocks {
    link: OnceLock<(Store, Service)>,
    /// Locks of global data products, by the run that renews them.
    locks: Mutex<HashMap<RunId, File>>,
    /// Runs that an attempt has found again, by the run and the fence that it has.
    found: Mutex<HashMap<RunId, (RunId, Fence)>>,
}

impl FromBlocks {
    pub(super) fn link(&self, store: Store, service: Service) {
        // Linked once, where both are made.
        let _ = self.link.set((store, service));
    }

    pub(super) fn service(&self) -> Option<&Service> {
        self.link.get().map(|(_, service)| service)
    }

    /// Hears of the ends of runs: what they held is free then.
    pub(super) async fn follow(self: Arc<Self>, mut news: Receiver<News>) {
        loop {
            match news.recv().await {
                Ok(News::Ended(run, _)) => {
                    drop(self.locks().remove(&run));
                    self.found().retain(|_, (parent, _)| *parent != run);
                }
                Ok(_) => {}
                // Ends may be among what was missed.
                Err(RecvError::Lagged(_)) => self.look_after_locks().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn look_after_locks(&self) {
        let held: Vec<RunId> = self.locks().keys().copied().collect();
        let Some((store, _)) = self.link.get().filter(|_| !held.is_empty()) else {
            return;
        };
        // While the database does not answer, they are kept.
        let Ok(marks) = store.marks(&held).await else {
            return;
        };
        let is_open = |run: &RunId| {
            let mut marks = marks.iter().filter(|mark| mark.run == *run);
            marks.any(|mark| !mark.status.is_final())
        };
        self.locks().retain(|run, _| is_open(run));
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<RunId, File>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> MutexGuard<'_, HashMap<RunId, (RunId, Fence)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that the same call has started in an attempt that was lost with its process. It has gone on, or ended,
    /// meanwhile: started once more it would do everything twice. Equal calls find one run each.
    async fn find_again(
        &self,
        store: &Store,
        parent: &Run,
        beginning: &Beginning,
    ) -> Result<Option<RunId>, Refusal> {
        let block = parent.block(&beginning.asked_by);
        let newest =
            block.and_then(|block| Some((block.fence, block.attempts.last()?.lost_since?)));
        let Some((fence, since)) = newest else {
            return Ok(None);
        };
        let refused = |error| refusal(&Complaint::of(&error));
        let mut variables = beginning.variables.clone();
        revive(&mut variables);
        let product = beginning.product.as_ref().map(|(name, _)| name);
        let mine = (parent.id, fence);
        let children = store.children_since(parent.id, since).await;
        for id in children.map_err(refused)? {
            if self.found().get(&id) == Some(&mine) {
                continue;
            }
            let Some(run) = store.load_run(id).await.map_err(refused)? else {
                continue;
            };
            let Plan {
                pipeline,
                occasion,
                trigger,
                given,
                ..
            } = &*run.plan;
            let is_it = *pipeline == beginning.pipeline
                && occasion.asked_by.as_ref() == Some(&beginning.asked_by)
                && occasion.product.as_ref() == product
                && trigger.as_ref() == Some(&beginning.trigger)
                && (variables.iter()).all(|(name, value)| given.get(name) == Some(value))
                // A product that was renewed and is old again is renewed once more.
                && (product.is_none() || !run.status.is_final());
            if is_it {
                self.found().insert(id, mine);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The run and those above it, at most so many as may stand above one another.
    async fn line(&self, from: RunId) -> Result<Vec<Run>, Refusal> {
        let mut line = Vec::new();
        let mut next = Some(from);
        while let Some(id) = next.take() {
            let Some((store, _)) = self.link.get() else {
                break;
            };
            let run = store.load_run(id).await;
            let run = run.map_err(|error| refusal(&Complaint::of(&error)))?;
            if let Some(run) = run {
                next = run
                    .plan
                    .occasion
                    .parent
                    .filter(|_| line.len() < MOST_DEPTH as usize);
                line.push(run);
            }
        }
        Ok(line)
    }

    async fn begin(&self, beginning: Beginning) -> Result<RunId, Refusal> {
        let Some((store, service)) = self.link.get() else {
            return Err(Refusal::new(
                RefusalKind::Failed,
                "the scheduler has not started",
            ));
        };
        let pipeline = beginning.pipeline.clone();
        let line = self.line(beginning.parent).await?;
        if line.len() > MOST_DEPTH as usize {
            return Err(Refusal::new(
                RefusalKind::Failed,
                format!(
                    "pipeline `{pipeline}` is not started: {MOST_DEPTH} runs have started one another already. Does a \
                     pipeline start itself?"
                ),
            ));
        }
        if line.first().is_some_and(|run| run.cancel_requested) {
            return Err(Refusal::new(
                RefusalKind::Failed,
                format!(
                    "pipeline `{pipeline}` is not started: the run that wants it was cancelled"
                ),
            ));
        }
        if let Some(parent) = line.first()
            && let Some(run) = self.find_again(store, parent, &beginning).await?
        {
            if let Some((_, lock)) = beginning.product {
                self.locks().insert(run, lock);
                // It may have ended before anybody could hear of it.
                self.look_after_locks().await;
            }
            return Ok(run);
        }
        let stored = store.trigger_named(&pipeline, &beginning.trigger).await;
        let stored = stored.map_err(|error| refusal(&Complaint::of(&error)))?;
        // It stands for the same interval of time as the run that wants it. A data product stands for now, also where the
        // run of an old date wants it: its age counts from its logical date.
        let above = line.first().filter(|_| beginning.product.is_none());
        let date = above.map_or_else(|| service.now(), |run| run.plan.execution_date);
        let mut wanted = Wanted::new(pipeline.clone(), Cause::Code, date);
        wanted.trigger = stored.filter(|trigger| trigger.kind == TriggerKind::Api);
        wanted.trigger_name = Some(beginning.trigger);
        wanted.variables = beginning.variables;
        wanted.parent = Some(beginning.parent);
        wanted.asked_by = Some(beginning.asked_by);
        let (product, lock) = beginning
            .product
            .map_or((None, None), |(name, lock)| (Some(name), Some(lock)));
        wanted.product = product;
        let made = service.submit(vec![wanted]).await.into_iter().next();
        match made {
            Some(Ok(Some(run))) => {
                if let Some(lock) = lock {
                    self.locks().insert(run, lock);
                }
                Ok(run)
            }
            Some(Err(complaint)) => Err(Refusal::new(
                RefusalKind::Failed,
                format!("a run of pipeline `{pipeline}` could not be started: {complaint}"),
            )),
            Some(Ok(None)) | None => Err(Refusal::new(
                RefusalKind::Failed,
                format!("a run of pipeline `{pipeline}` could not be started"),
            )),
        }
    }
}

impl StartRuns for FromBlocks {
    fn holds<'a>(&'a self, parent: RunId, product: &'a str) -> Starting<'a, bool> {
        Box::pin(async move {
            let line = self.line(parent).await.unwrap_or_default();
            line.iter()
                .any(|run| run.plan.occasion.product.as_deref() == Some(product))
        })
    }

    fn start(&self, beginning: Beginning) -> Starting<'_, Result<RunId, Refusal>> {
        Box::pin(self.begin(beginning))
    }
}

fn refusal(complaint: &Complaint) -> Refusal {
    Refusal::new(RefusalKind::Failed, complaint.to_string())
}
