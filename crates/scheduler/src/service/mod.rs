//! The service: makes the runs that triggers call for, lets them in one after the other, and drives them.
//!
//! One loop. It takes no input: everything it acts on is in the database, and a hint only wakes it. Losing a hint
//! costs a moment, for it also looks by itself every now and then.

mod admitting;
mod book;
mod desk;
mod driving;
mod firing;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_base::{Class, Diagnose, chain};
use baton_model::{Map, Run, RunEvent, RunId, RunStatus, Timestamp, Trigger, TriggerId};
use baton_store::{NewRun, Store, StoreError};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::time::sleep;

pub use desk::{Complaint, Desk, Drawn, Soon, Wanted};

use self::book::Book;
use crate::drive::Cancel;
use crate::{LeaseError, Notice};

/// How often the loop looks by itself, should a hint have been lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the loop waits after the database has refused.
const PAUSE: Duration = Duration::from_secs(1);

/// News that a slow listener may be behind before it loses some.
const NEWS: usize = 4096;

/// The clock of the service.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Limits of the service.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Most runs that are driven at a time.
    pub open_runs: u32,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self { open_runs: 256 }
    }
}

/// Something that happened, for those who watch.
#[derive(Clone, Debug)]
pub enum News {
    /// A run was made.
    Created(RunId),
    /// A run was let in.
    Opened(RunId),
    /// Something happened inside a run.
    Inside(RunId, Arc<Notice>),
    /// A run has ended.
    Ended(RunId, RunStatus),
    /// A trigger was changed, or has fired.
    Trigger(TriggerId),
}

/// What an open run can be told.
struct Live {
    cancel: mpsc::Sender<Cancel>,
    variables: mpsc::UnboundedSender<Map>,
}

/// Schedules and drives the runs of one project. Clones share it.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    desk: Arc<dyn Desk>,
    clock: Clock,
    options: ServiceOptions,
    hint: Notify,
    book: Mutex<Book>,
    live: Mutex<HashMap<RunId, Live>>,
    news: broadcast::Sender<News>,
    /// How many runs are driven; it stops at zero.
    driven: watch::Sender<usize>,
    stopping: watch::Sender<bool>,
    /// When the loop last turned; 0 before its first turn.
    turned: AtomicI64,
    on_end: Box<dyn Fn(&Run) + Send + Sync>,
}

impl Service {
    /// A service that does nothing before [`Service::run`]. `on_end` hears of every run that has ended.
    pub fn new(
        store: Store,
        desk: Arc<dyn Desk>,
        clock: Clock,
        options: ServiceOptions,
        on_end: impl Fn(&Run) + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                desk,
                clock,
                options,
                hint: Notify::new(),
                book: Mutex::default(),
                live: Mutex::default(),
                news: broadcast::channel(NEWS).0,
                driven: watch::Sender::new(0),
                stopping: watch::Sender::new(false),
                turned: AtomicI64::new(0),
                on_end: Box::new(on_end),
            }),
        }
    }

    /// The loop: until [`Service::shut_down`].
    pub async fn run(&self) {
        let inner = &self.inner;
        let mut stopping = inner.stopping.subscribe();
        self.book().all_changed = true;
        let mut has_begun = false;
        while !*stopping.borrow() {
            let turn = async {
                if !has_begun {
                    self.take_over().await?;
                }
                self.refresh().await?;
                self.fire().await?;
                self.admit().await?;
                Ok::<_, StoreError>(())
            };
            let pause = match turn.await {
                Ok(()) => {
                    has_begun = true;
                    inner.turned.store(self.now().0, Ordering::Relaxed);
                    let next = self.book().next_look();
                    let wait = next.map(|at| at.since(self.now()));
                    wait.unwrap_or(PATIENCE).min(PATIENCE)
                }
                // The database is busy or away: what is to be done is still in it.
                Err(error) => {
                    complain(&error);
                    PAUSE
                }
            };
            tokio::select! {
                () = inner.hint.notified() => {}
                () = sleep(pause) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// Lets no further run in, stops those that are driven, and waits for them. They go on when a service starts again.
    pub async fn shut_down(&self) {
        self.inner.stopping.send_replace(true);
        for live in self.live().values() {
            // Abandoned, not cancelled: the run stays as it is and is taken over.
            let _ = live.cancel.try_send(Cancel::Abandon);
        }
        let mut driven = self.inner.driven.subscribe();
        // The sender is ours.
        drop(driven.wait_for(|count| *count == 0).await);
    }

    /// Follows what happens.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.inner.news.subscribe()
    }

    /// The store that the service works on.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The moment by the clock of the service.
    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    /// Makes runs that wait for their turn, in one transaction. None for a date of a schedule that has a run already.
    pub async fn submit(&self, wanted: Vec<Wanted>) -> Vec<Result<Option<RunId>, Complaint>> {
        let priorities: Vec<i64> = wanted.iter().map(priority).collect();
        let drawn = self.inner.desk.draw(wanted).await;
        let at = self.now();
        let mut results = Vec::with_capacity(drawn.len());
        let mut new = Vec::new();
        for (drawn, priority) in drawn.into_iter().zip(priorities) {
            results.push(drawn.map(|drawn| {
                new.push(NewRun {
                    plan: Arc::new(drawn.plan),
                    sources: drawn.texts,
                    created_at: at,
                    priority,
                    note: None,
                });
                None
            }));
        }
        let made = self.create(&new).await;
        match made {
            Ok(made) => {
                let slots = results.iter_mut().filter_map(|result| result.as_mut().ok());
                for (slot, id) in slots.zip(made) {
                    *slot = id;
                }
                results
            }
            Err(error) => results
                .into_iter()
                .map(|result| result.and_then(|_| Err(Complaint::of(&error))))
                .collect(),
        }
    }

    /// Makes a run of a plan that somebody else has drawn.
    pub async fn submit_drawn(&self, drawn: Drawn) -> Result<RunId, Complaint> {
        let new = NewRun {
            plan: Arc::new(drawn.plan),
            sources: drawn.texts,
            created_at: self.now(),
            priority: 0,
            note: None,
        };
        let made = self.create(&[new]).await;
        let made = made.map_err(|error| Complaint::of(&error))?;
        made.into_iter().flatten().next().ok_or_else(|| Complaint {
            message: "the run was not made".to_owned(),
            hint: None,
            class: Class::Bug,
        })
    }

    /// When the loop last turned; none before its first turn.
    pub fn turned_at(&self) -> Option<Timestamp> {
        let at = self.inner.turned.load(Ordering::Relaxed);
        (at != 0).then_some(Timestamp(at))
    }

    /// How long the oldest date that is due has not been looked at.
    pub fn lag(&self) -> Duration {
        let next = self.book().next_look();
        // What is to be looked at as soon as possible has no moment.
        let next = next.filter(|at| at.0 != i64::MIN);
        next.map_or(Duration::ZERO, |at| self.now().since(at))
    }

    /// How many runs are driven here.
    pub fn driven_runs(&self) -> usize {
        *self.inner.driven.borrow()
    }

    /// Stores runs and puts them in the queue.
    async fn create(&self, new: &[NewRun]) -> Result<Vec<Option<RunId>>, StoreError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let draft =
            |id, new: &NewRun| baton_engine::create(id, Arc::clone(&new.plan), new.created_at);
        let runs = self.inner.store.create_runs(new.to_vec(), draft).await?;
        baton_base::failpoint("runs-created");
        let mut book = self.book();
        let mut ids = Vec::with_capacity(runs.len());
        for (run, new) in runs.into_iter().zip(new) {
            if let Some(run) = &run {
                book.created(run, new.priority);
                self.tell(News::Created(run.id));
            }
            ids.push(run.map(|run| run.id));
        }
        drop(book);
        self.wake();
        Ok(ids)
    }

    /// Says that a trigger was changed in the database, or removed from it.
    pub fn trigger_changed(&self, id: TriggerId) {
        self.book().changed.insert(id);
        self.tell(News::Trigger(id));
        self.wake();
    }

    /// The triggers as the service knows them.
    pub fn triggers(&self) -> Vec<Trigger> {
        self.book()
            .entries()
            .map(|entry| entry.trigger.clone())
            .collect()
    }

    /// Hands variables that a block has set to its run.
    pub fn set_variables(&self, run: RunId, variables: Map) {
        if let Some(live) = self.live().get(&run) {
            // The run may have ended meanwhile.
            let _ = live.variables.send(variables);
        }
    }

    /// Whether the run is driven here.
    pub fn is_live(&self, run: RunId) -> bool {
        self.live().contains_key(&run)
    }

    /// Asks a run to stop: one that is driven as Ctrl-C does, one that waits at once. Says whether there was anything to
    /// stop.
    pub async fn cancel(&self, id: RunId, reason: &str) -> Result<bool, Complaint> {
        let live = self.live().get(&id).map(|live| live.cancel.clone());
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
        }
        Ok(true)
    }

    /// Notes everywhere that a run has ended.
    fn see_off(&self, run: &Run) {
        let took = run
            .started_at
            .zip(run.ended_at)
            .map(|(from, to)| to.since(from));
        self.book().ended(run.id, run.status, took);
        self.tell(News::Ended(run.id, run.status));
        (self.inner.on_end)(run);
        self.wake();
    }

    /// Starts a run again that has ended: from `from` on, or everything that has not completed.
    pub async fn retry(
        &self,
        id: RunId,
        from: Option<baton_model::BlockUuid>,
    ) -> Result<(), Complaint> {
        if self.is_live(id) {
            return Err(Complaint {
                message: format!("run {id} is running"),
                hint: Some("cancel it first, or wait until it ends".to_owned()),
                class: Class::Conflict,
            });
        }
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
        // Recorded before anything else: whoever asks now is told of a run that goes on, and so is a process that
        // takes over.
        if !self.step(id, &RunEvent::Retried { from }).await? {
            return Err(Complaint {
                message: format!("run {id} has nothing to retry"),
                hint: None,
                class: Class::Conflict,
            });
        }
        self.launch(id, RunEvent::Resumed);
        Ok(())
    }

    /// Drives a run in a task of its own.
    fn launch(&self, id: RunId, first: RunEvent) {
        self.inner.driven.send_modify(|count| *count += 1);
        let this = self.clone();
        tokio::spawn(async move {
            this.see_through(id, first).await;
            this.inner.driven.send_modify(|count| *count -= 1);
        });
    }

    fn wake(&self) {
        self.inner.hint.notify_one();
    }

    fn tell(&self, news: News) {
        // Nobody has to listen.
        let _ = self.inner.news.send(news);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.inner
            .book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<RunId, Live>> {
        self.inner
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn complain(error: &(impl Diagnose + 'static)) {
    tracing::error!(error = %chain(error), "the scheduler could not do its work");
}

impl Complaint {
    /// What an error of ours says to people.
    pub fn of(error: &(impl Diagnose + 'static)) -> Self {
        Self {
            message: format!("failed to {}", chain(error)),
            hint: error.hint(),
            class: error.class(),
        }
    }

    fn held(error: &LeaseError) -> Self {
        Self::of(error)
    }
}

/// Higher starts first.
fn priority(wanted: &Wanted) -> i64 {
    let settings = wanted.trigger.as_ref().map(|trigger| &trigger.settings);
    let priority = settings.and_then(|settings| settings.get("priority"));
    priority
        .and_then(serde_json::Value::as_i64)
        .unwrap_or_default()
}
