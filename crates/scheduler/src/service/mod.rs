//! The service: makes the runs that triggers call for, lets them in one after the other, and drives them.
//!
//! One loop, and others beside it where several processes share the database. It takes no input: everything it acts on
//! is in the database, and a hint only wakes it. Losing a hint costs a moment, for it also looks by itself every now
//! and then.

mod admitting;
mod asking;
mod book;
mod desk;
mod driving;
mod firing;
mod settling;
mod shared;
mod submitting;
mod watching;
mod working;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_base::{Diagnose, chain};
use baton_model::{Map, RunEvent, RunId, RunStatus, Timestamp, Trigger, TriggerId};
use baton_store::{Store, StoreError};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::time::{Instant, sleep};

pub use desk::{Complaint, Desk, Drawn, Soon, Wanted};
pub use settling::End;
pub use shared::{Role, Sharing, is_scheduled};

use self::book::Book;
use self::shared::Shared;
use crate::Notice;
use crate::clock::Clock;
use crate::session::Cancel;

/// How often the loop looks by itself, should a hint have been lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the loop waits after the database has refused.
const PAUSE: Duration = Duration::from_secs(1);

/// How old the stored reason of a run that waits may be.
const MOMENT: Duration = Duration::from_secs(1);

/// News that a slow listener may be behind before it loses some.
const NEWS: usize = 4096;

/// Limits of the service.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Most runs that are driven at a time.
    pub open_runs: u32,
    /// How the database is shared; none when this process has it to itself.
    pub sharing: Option<Sharing>,
    /// A fault that a test must find.
    #[doc(hidden)]
    pub planted: Planted,
}

/// A fault that the simulation must find. There is none outside of its tests.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Planted {
    /// None.
    #[default]
    Nothing,
    /// Runs are let in whatever the limits are.
    IgnoresLimits,
    /// That a run has ended is not noted.
    ForgetsEnds,
    /// What an earlier process left open is not taken over.
    LeavesTheOpen,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            open_runs: 256,
            sharing: None,
            planted: Planted::Nothing,
        }
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
    /// A date of a schedule could not become a run, and why.
    NotMade(TriggerId, Timestamp, String),
}

/// What an open run can be told.
struct Live {
    cancel: mpsc::Sender<Cancel>,
    variables: mpsc::UnboundedSender<Map>,
    /// Why somebody wants it to stop.
    asked: Option<String>,
}

/// The other ends of [`Live`].
struct Wires {
    cancelled: mpsc::Receiver<Cancel>,
    changes: mpsc::UnboundedReceiver<Map>,
}

impl Live {
    fn new(asked: Option<String>) -> (Self, Wires) {
        let (cancel, cancelled) = mpsc::channel(4);
        let (variables, changes) = mpsc::unbounded_channel();
        if let Some(reason) = &asked {
            // It is empty.
            let _ = cancel.try_send(Cancel::Because(reason.clone()));
        }
        let live = Self {
            cancel,
            variables,
            asked,
        };
        (live, Wires { cancelled, changes })
    }
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
    shared: Option<Shared>,
    hint: Notify,
    book: Mutex<Book>,
    live: Mutex<BTreeMap<RunId, Live>>,
    news: broadcast::Sender<News>,
    /// How many runs are driven; it stops at zero.
    driven: watch::Sender<usize>,
    stopping: watch::Sender<bool>,
    /// When the loop last turned; 0 before its first turn.
    turned: AtomicI64,
    on_end: Box<dyn Fn(&End) + Send + Sync>,
}

impl Service {
    /// A service that does nothing before [`Service::run`]. `on_end` hears of every run that has ended, where
    /// several processes share the database in the one that schedules.
    pub fn new(
        store: Store,
        desk: Arc<dyn Desk>,
        clock: Clock,
        options: ServiceOptions,
        on_end: impl Fn(&End) + Send + Sync + 'static,
    ) -> Self {
        let sharing = options.sharing.clone();
        let shared = sharing.map(|sharing| Shared::new(sharing, clock()));
        Self {
            inner: Arc::new(Inner {
                store,
                desk,
                clock,
                options,
                shared,
                hint: Notify::new(),
                book: Mutex::new(Book::unread()),
                live: Mutex::default(),
                news: broadcast::channel(NEWS).0,
                driven: watch::Sender::new(0),
                stopping: watch::Sender::new(false),
                turned: AtomicI64::new(0),
                on_end: Box::new(on_end),
            }),
        }
    }

    /// Does its work until [`Service::shut_down`].
    pub async fn run(&self) {
        let Some(shared) = &self.inner.shared else {
            return self.schedule().await;
        };
        let role = shared.sharing.role;
        let scheduling = async {
            if role.schedules() {
                self.schedule().await;
            }
        };
        let working = async {
            if role.drives() {
                tokio::join!(self.work(shared), self.tell_of_logs(shared));
            }
        };
        tokio::join!(
            self.listen(shared),
            self.stay_known(shared),
            self.watch(shared),
            scheduling,
            working,
        );
    }

    /// The loop that makes runs and lets them in.
    async fn schedule(&self) {
        let inner = &self.inner;
        let mut stopping = inner.stopping.subscribe();
        let mut looked = Instant::now();
        while !*stopping.borrow() {
            let began = Instant::now();
            if began.duration_since(looked) >= PATIENCE {
                looked = began;
                self.book().has_moved = true;
            }
            let turn = async {
                if let Some(shared) = &inner.shared
                    && !self.lead(shared).await?
                {
                    return Ok(());
                }
                self.take_over().await?;
                self.refresh().await?;
                self.settle().await?;
                self.fire().await?;
                self.admit().await?;
                self.note().await
            };
            let pause = match turn.await {
                Ok(()) => {
                    inner.turned.store(self.now().0, Ordering::Relaxed);
                    self.patience()
                }
                // The database is busy or away: what is to be done is still in it.
                Err(error) => {
                    if matches!(error, StoreError::Deposed { .. }) {
                        self.step_down();
                    }
                    complain(&error);
                    PAUSE
                }
            };
            // With many waiting runs a look at them costs something; those who run need the time as well.
            let spent = began.elapsed();
            if !spent.is_zero() {
                sleep(spent.min(PAUSE)).await;
            }
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                () = inner.hint.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// How long there is nothing to do, unless something happens.
    fn patience(&self) -> Duration {
        let mut patience = match &self.inner.shared {
            Some(shared) => shared.interval(),
            None => PATIENCE,
        };
        if !self.keeps_book() {
            return patience;
        }
        let book = self.book();
        if book.has_to_admit() || !book.untold.is_empty() {
            patience = patience.min(MOMENT);
        }
        let next = book.next_look().map(|at| at.since(self.now()));
        next.map_or(patience, |next| next.min(patience))
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
        if let Some(shared) = &self.inner.shared {
            self.leave(shared).await;
        }
    }

    /// Follows what happens.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.inner.news.subscribe()
    }

    /// How the database is shared with other processes, if it is.
    pub fn sharing(&self) -> Option<&Sharing> {
        self.inner.shared.as_ref().map(|shared| &shared.sharing)
    }

    /// Whether this process is the one that schedules.
    pub fn is_scheduling(&self) -> bool {
        self.keeps_book()
    }

    /// The store that the service works on.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The moment by the clock of the service.
    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
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

    /// Says that a trigger was changed in the database, or removed from it.
    pub fn trigger_changed(&self, id: TriggerId) {
        self.book().changed.insert(id);
        self.tell(News::Trigger(id));
        self.wake();
    }

    /// Says that limits on runs may be others than before.
    pub fn limits_changed(&self) {
        self.book().has_moved = true;
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

    /// Drives a run in a task of its own, unless somebody here drives it.
    fn launch(&self, id: RunId, first: RunEvent) {
        if let Some(wires) = self.reserve(id) {
            self.send_off(id, first, wires);
        }
    }

    /// Makes a run live; none when it is.
    fn reserve(&self, id: RunId) -> Option<Wires> {
        let mut live = self.live();
        if live.contains_key(&id) {
            return None;
        }
        let (one, wires) = Live::new(None);
        live.insert(id, one);
        Some(wires)
    }

    fn send_off(&self, id: RunId, first: RunEvent, wires: Wires) {
        self.inner.driven.send_modify(|count| *count += 1);
        let this = self.clone();
        tokio::spawn(async move {
            this.see_through(id, first, wires).await;
            this.inner.driven.send_modify(|count| *count -= 1);
        });
    }

    fn wake(&self) {
        self.inner.hint.notify_one();
    }

    /// Tells what other processes do not hear of otherwise; where there are some, all find it out in one way.
    fn tell_alone(&self, news: News) {
        if self.inner.shared.is_none() {
            self.tell(news);
        }
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

    fn live(&self) -> MutexGuard<'_, BTreeMap<RunId, Live>> {
        self.inner
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
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
}

/// Tells the people who run the service.
fn complain(error: &(impl Diagnose + 'static)) {
    tracing::error!(error = %chain(error), "the scheduler could not do its work");
}
