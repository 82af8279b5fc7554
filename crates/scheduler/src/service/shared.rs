//! Several processes on one database: what this one does of the work, and how it hears of the others.
//!
//! One process at a time schedules: it has the duty, and with it the book. Runs that it lets in are driven by whoever
//! takes their lease. Who is not heard of for the length of a lease loses both; what it writes afterwards is refused.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_model::{RunId, Timestamp};
use baton_store::{Duty, Hint, Process, Store, StoreError};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::book::{Book, Unread};
use super::{News, PATIENCE, Service, complain};
use crate::session::Cancel;

/// What the process that schedules does.
const SCHEDULING: &str = "scheduling";

/// How often others are told that logs have grown, at most.
const LOGS: Duration = Duration::from_millis(200);

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Makes runs of triggers and lets runs in.
    Scheduler,
    /// Drives runs.
    Worker,
    /// Answers people.
    Web,
}

impl Role {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Scheduler => "scheduler",
            Self::Worker => "worker",
            Self::Web => "web",
        }
    }

    /// Whether it makes runs of triggers and lets runs in.
    pub fn schedules(self) -> bool {
        matches!(self, Self::All | Self::Scheduler)
    }

    /// Whether it drives runs.
    pub fn drives(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    /// Whether it answers people.
    pub fn serves(self) -> bool {
        matches!(self, Self::All | Self::Web)
    }
}

/// How a process shares a database with others.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// What it calls itself; no other one has this name.
    pub owner: String,
    /// What it does.
    pub role: Role,
    /// How long it may be silent before others take over what it does.
    pub lease: Duration,
}

/// Whether some process schedules the project of a database that several share.
pub async fn is_scheduled(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let until = store.duty_until(SCHEDULING).await?;
    Ok(until.is_some_and(|until| until > now))
}

/// What a process knows of itself among others.
pub(super) struct Shared {
    pub(super) sharing: Sharing,
    started_at: Timestamp,
    /// The duty to schedule, and when this was last seen to.
    duty: Mutex<(Option<Duty>, Timestamp)>,
    /// When all was last read anew.
    read_at: AtomicI64,
    /// When the database was last out of reach.
    trouble_at: AtomicI64,
    /// There may be runs to drive or to stop.
    pub(super) work: Notify,
    /// Something has happened inside runs.
    pub(super) steps: Notify,
    /// The log of a run that is driven here has grown.
    pub(super) logged: Notify,
}

impl Shared {
    pub(super) fn new(sharing: Sharing, now: Timestamp) -> Self {
        Self {
            sharing,
            started_at: now,
            duty: Mutex::new((None, Timestamp(0))),
            read_at: AtomicI64::new(0),
            trouble_at: AtomicI64::new(0),
            work: Notify::new(),
            steps: Notify::new(),
            logged: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Duty>, Timestamp)> {
        self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The duty to schedule, while this process has it.
    pub(super) fn duty(&self) -> Option<Duty> {
        self.lock().0.clone()
    }

    /// How often to look after what ends with the lease.
    pub(super) fn interval(&self) -> Duration {
        self.sharing.lease / 3
    }

    /// Whether others had time to be heard of since this process could hear them.
    pub(super) fn hears_others(&self, now: Timestamp) -> bool {
        let trouble = Timestamp(self.trouble_at.load(Ordering::Relaxed));
        now.since(trouble) > self.sharing.lease
    }

    pub(super) fn is_in_trouble(&self, now: Timestamp) {
        self.trouble_at.store(now.0, Ordering::Relaxed);
    }
}

impl Service {
    /// Whether this process keeps the book of triggers and runs.
    pub(super) fn keeps_book(&self) -> bool {
        let shared = self.inner.shared.as_ref();
        shared.is_none_or(|shared| shared.duty().is_some())
    }

    /// Sees to the duty to schedule. Gives whether this process has it; when that is new, everything is read anew.
    pub(super) async fn lead(&self, shared: &Shared) -> Result<bool, StoreError> {
        let now = self.now();
        let (held, seen) = shared.lock().clone();
        if now.since(seen) >= shared.interval() {
            let owner = &shared.sharing.owner;
            let lease = shared.sharing.lease;
            let taken = self.inner.store.take_duty(SCHEDULING, owner, now, lease);
            let taken = taken.await?;
            *shared.lock() = (taken.clone(), now);
            if taken.is_none() {
                if held.is_some() {
                    tracing::warn!("another process schedules now");
                }
                return Ok(false);
            }
            if taken != held {
                tracing::info!("this process schedules");
                *self.book() = Book::unread();
            }
        } else if held.is_none() {
            return Ok(false);
        }
        // What a lost hint has left out is found by itself.
        let read = Timestamp(shared.read_at.load(Ordering::Relaxed));
        if now.since(read) >= PATIENCE {
            shared.read_at.store(now.0, Ordering::Relaxed);
            let mut book = self.book();
            (book.unread.runs, book.unread.ends) = (true, true);
        }
        Ok(true)
    }

    /// Somebody else has taken the duty over.
    pub(super) fn step_down(&self) {
        if let Some(shared) = &self.inner.shared {
            shared.lock().0 = None;
        }
    }

    /// Leaves to others what this process did, at once.
    pub(super) async fn leave(&self, shared: &Shared) {
        let store = &self.inner.store;
        // What cannot be given back ends by itself.
        if let Some(duty) = shared.duty() {
            let _ = store.leave_duty(&duty).await;
        }
        let _ = store.forget_process(&shared.sharing.owner).await;
    }

    /// Says again and again that this process lives. A run whose lease somebody else has taken is left alone.
    pub(super) async fn stay_known(&self, shared: &Shared) {
        let mut stopping = self.inner.stopping.subscribe();
        loop {
            if let Err(error) = self.renew(shared).await {
                shared.is_in_trouble(self.now());
                complain(&error);
            }
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = sleep(shared.interval()) => {}
            }
        }
    }

    async fn renew(&self, shared: &Shared) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let Sharing { owner, role, lease } = &shared.sharing;
        let before: Vec<RunId> = self.live().keys().copied().collect();
        let now = self.now();
        let held = store.renew_leases(owner, now, *lease).await?;
        for lost in before.into_iter().filter(|run| !held.contains(run)) {
            if let Some(live) = self.live().get(&lost) {
                // One that has ended this moment does not mind.
                let _ = live.cancel.try_send(Cancel::Abandon);
            }
        }
        let process = Process {
            id: owner.clone(),
            role: role.name().to_owned(),
            started_at: shared.started_at,
            seen_at: now,
        };
        store.put_process(&process).await?;
        if shared.duty().is_some() {
            for process in store.processes().await? {
                if now.since(process.seen_at) > *lease * 20 {
                    store.forget_process(&process.id).await?;
                }
            }
        }
        Ok(())
    }

    /// Hears what other processes say.
    pub(super) async fn listen(&self, shared: &Shared) {
        let mut stopping = self.inner.stopping.subscribe();
        let mut hints = self.inner.store.hints();
        loop {
            let (hint, is_own) = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                heard = hints.next() => heard,
            };
            match hint {
                Hint::Anything => {
                    // The duty may be free.
                    shared.lock().1 = Timestamp(0);
                    self.book().unread = Unread::all();
                    shared.work.notify_one();
                    shared.steps.notify_one();
                    self.wake();
                }
                Hint::Runs => {
                    shared.steps.notify_one();
                    if !is_own {
                        self.book().unread.runs = true;
                        self.wake();
                    }
                }
                Hint::Free | Hint::Wishes => shared.work.notify_one(),
                Hint::Steps => shared.steps.notify_one(),
                Hint::Ends => {
                    shared.steps.notify_one();
                    self.book().unread.ends = true;
                    self.wake();
                }
                Hint::Trigger(id) if !is_own => {
                    self.book().changed.insert(id);
                    self.tell(News::Trigger(id));
                    self.wake();
                }
                Hint::Trigger(_) => {}
            }
        }
    }

    /// Tells others that logs have grown, not for every line.
    pub(super) async fn tell_of_logs(&self, shared: &Shared) {
        let mut stopping = self.inner.stopping.subscribe();
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = shared.logged.notified() => {}
            }
            // Whoever reads the log finds more of it the next time.
            let _ = self.inner.store.give_hint(Hint::Steps).await;
            sleep(LOGS).await;
        }
    }

    /// Whether one of the processes that share the database makes runs of triggers.
    pub async fn is_scheduled(&self) -> Result<bool, StoreError> {
        is_scheduled(&self.inner.store, self.now()).await
    }

    /// Why the processes of the project cannot do their work together, if so.
    pub async fn missing_role(&self) -> Result<Option<&'static str>, StoreError> {
        let Some(shared) = &self.inner.shared else {
            return Ok(None);
        };
        let now = self.now();
        if !is_scheduled(&self.inner.store, now).await? {
            return Ok(Some("no process schedules"));
        }
        let processes = self.inner.store.processes().await?;
        let is_there = processes.iter().any(|process| {
            matches!(process.role.as_str(), "all" | "worker")
                && now.since(process.seen_at) <= shared.sharing.lease
        });
        Ok((!is_there).then_some("no process drives runs"))
    }
}
