//! Drives one run to its end: events in, one commit per event, commands out.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use baton_base::{Class, Diagnose, chain};
use baton_engine::Step;
use baton_model::{
    BlockError, BlockKind, BlockRunKey, CallbackOn, Command, FailureKind, Fence, Map, Outcome, Run,
    RunEvent, RunStatus, Timestamp,
};
use baton_runner::{AttemptReport, LogRecord, Stop, Work, YieldedItem};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::journal::{Journal, failure_record};
use crate::places::place;
use crate::session::{Audience, Away, Cancel, DriveError, Notice, Session};
use crate::supply::objects_of;

/// How long to wait before a database that is away is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Drives `run`, beginning with `first` (started or resumed), until it is final and nothing of it is alive.
///
/// `changes` brings pipeline variables that blocks of the run set while it goes on.
pub async fn drive(
    session: &Session,
    run: Run,
    first: RunEvent,
    journal: Journal,
    audience: Audience,
    changes: mpsc::UnboundedReceiver<Map>,
    cancel: mpsc::Receiver<Cancel>,
) -> Result<Run, DriveError> {
    let (log, records) = mpsc::channel(4096);
    let writer = tokio::spawn(write_log(records, journal, audience.clone()));
    let (items, yielded) = mpsc::unbounded_channel();
    let (waits, waiting) = mpsc::unbounded_channel();
    let mut driver = Driver {
        session,
        run: Some(run),
        events: VecDeque::from([first]),
        flight: JoinSet::new(),
        stops: HashMap::new(),
        wakes: BTreeSet::new(),
        cancel,
        is_abandoned: false,
        changes,
        items,
        yielded,
        waits,
        waiting,
        log,
        audience,
    };
    let result = driver.run_to_end().await;
    // After an error of ours nothing may go on without a record.
    driver.stop_all(Stop::Now);
    while driver.flight.join_next().await.is_some() {}
    let run = driver.run.take();
    drop(driver);
    // Without its log the run is still a run.
    let _ = writer.await;
    result?;
    run.ok_or(DriveError::Lost)
}

/// An attempt or callbacks that have come back.
enum Landed {
    Attempt(BlockRunKey, Fence, AttemptReport),
    Callbacks(BlockRunKey, Fence, AttemptReport),
}

struct Driver<'a> {
    session: &'a Session,
    /// Always there between events; taken while the engine decides.
    run: Option<Run>,
    events: VecDeque<RunEvent>,
    flight: JoinSet<Landed>,
    stops: HashMap<Fence, watch::Sender<Stop>>,
    wakes: BTreeSet<Timestamp>,
    cancel: mpsc::Receiver<Cancel>,
    /// Whether another process takes the run over.
    is_abandoned: bool,
    changes: mpsc::UnboundedReceiver<Map>,
    items: mpsc::UnboundedSender<YieldedItem>,
    yielded: mpsc::UnboundedReceiver<YieldedItem>,
    /// Which attempts begin and end to wait for a place.
    waits: mpsc::UnboundedSender<RunEvent>,
    waiting: mpsc::UnboundedReceiver<RunEvent>,
    log: mpsc::Sender<LogRecord>,
    audience: Audience,
}

impl Driver<'_> {
    async fn run_to_end(&mut self) -> Result<(), DriveError> {
        loop {
            while let Some(event) = self.events.pop_front() {
                self.handle(event).await?;
            }
            if self.is_abandoned {
                return Ok(());
            }
            let is_final = self.run.as_ref().is_none_or(|run| run.status.is_final());
            if is_final && self.flight.is_empty() {
                return Ok(());
            }
            let wake = self
                .wakes
                .first()
                .map(|at| at.since((self.session.clock)()));
            // In an order: what is asked for by a person comes first, and nothing is left to chance.
            tokio::select! {
                biased;
                Some(wish) = self.cancel.recv() => self.take_wish(wish),
                Some(variables) = self.changes.recv() => {
                    self.events.push_back(RunEvent::VariablesSet { variables });
                }
                Some(event) = self.waiting.recv() => self.events.push_back(event),
                Some(item) = self.yielded.recv() => self.take_items(Some(item)),
                Some(ended) = self.flight.join_next(), if !self.flight.is_empty() => {
                    // What a block has set counts for those that start after it.
                    while let Ok(variables) = self.changes.try_recv() {
                        self.events.push_back(RunEvent::VariablesSet { variables });
                    }
                    while let Ok(event) = self.waiting.try_recv() {
                        self.events.push_back(event);
                    }
                    self.take_items(None);
                    match ended {
                        Ok(Landed::Attempt(key, fence, report)) => {
                            self.ended(key, fence, report).await;
                        }
                        Ok(Landed::Callbacks(key, fence, report)) => {
                            self.called_back(key, fence, report);
                        }
                        Err(_) => {}
                    }
                }
                () = sleep(wake.unwrap_or(Duration::MAX)), if wake.is_some() => {
                    self.wakes.pop_first();
                    self.events.push_back(RunEvent::Woken);
                }
            }
        }
    }

    fn take_wish(&mut self, wish: Cancel) {
        match wish {
            Cancel::Gently => self.events.push_back(RunEvent::CancelRequested {
                reason: "stopped by the user".to_owned(),
            }),
            Cancel::Because(reason) => {
                self.events.push_back(RunEvent::CancelRequested { reason });
            }
            Cancel::Now => self.stop_all(Stop::Now),
            Cancel::Abandon => self.is_abandoned = true,
        }
    }

    /// Makes events of what dynamic blocks have yielded; items that come together are one event.
    fn take_items(&mut self, first: Option<YieldedItem>) {
        let mut next = first.or_else(|| self.yielded.try_recv().ok());
        while let Some(item) = next {
            let (key, fence, first) = (item.key, item.fence, item.number);
            let mut products = vec![item.product];
            next = loop {
                match self.yielded.try_recv() {
                    Ok(item) if item.key == key && item.fence == fence => {
                        products.push(item.product);
                    }
                    other => break other.ok(),
                }
            };
            baton_base::failpoint("yielded");
            self.events.push_back(RunEvent::ItemsYielded {
                key,
                fence,
                first,
                products,
            });
        }
    }

    async fn ended(&mut self, key: BlockRunKey, fence: Fence, report: AttemptReport) {
        baton_base::failpoint("ended");
        self.stops.remove(&fence);
        let tests = report.tests.unwrap_or_default();
        if tests.total > 0 {
            let run = self.run.as_ref().and_then(|run| run.block(&key));
            let block = run.map_or_else(|| key.to_string(), |block| block.name.clone());
            self.tell(Notice::Tests {
                block,
                passed: tests.passed,
                total: tests.total,
                results: tests.results.clone(),
            })
            .await;
        }
        self.events.push_back(RunEvent::AttemptEnded {
            key,
            fence,
            outcome: report.outcome,
            usage: report.usage,
            tests: tests.results,
        });
    }

    fn called_back(&mut self, key: BlockRunKey, fence: Fence, report: AttemptReport) {
        self.stops.remove(&fence);
        let error = match report.outcome {
            Outcome::Failed { error, .. } => Some(error),
            Outcome::Cancelled => Some(BlockError::new(
                FailureKind::Exit,
                "the callbacks were stopped",
            )),
            Outcome::Completed { .. } | Outcome::ConditionFailed { .. } => None,
        };
        self.events
            .push_back(RunEvent::CallbacksEnded { key, fence, error });
    }

    /// One event: decide, commit, carry out.
    async fn handle(&mut self, event: RunEvent) -> Result<(), DriveError> {
        let Some(run) = self.run.take() else {
            return Ok(());
        };
        let at = (self.session.clock)();
        let Step {
            run,
            changed,
            commands,
            ignored,
        } = baton_engine::apply(run, &event, at);
        let run = self.run.insert(run);
        if ignored.is_some() {
            return Ok(());
        }
        if commands.contains(&Command::Finish) && run.status == RunStatus::Completed {
            // "Completed" is read by others the moment it is committed: what it names comes first.
            let objects = objects_of(run);
            self.session
                .products
                .sync(&objects)
                .map_err(DriveError::Sync)?;
        }
        baton_base::failpoint("before-commit");
        self.record(&changed, &event, at).await?;
        baton_base::failpoint("after-commit");
        let Some(run) = self.run.as_ref() else {
            return Ok(());
        };
        let changed: HashSet<&BlockRunKey> = changed.iter().collect();
        let news: Vec<Notice> = run
            .blocks
            .iter()
            .filter(|block| changed.contains(&block.key))
            .map(|block| Notice::Block(Box::new(block.clone())))
            .collect();
        for notice in news {
            self.tell(notice).await;
        }
        for command in commands {
            self.carry_out(command).await?;
            baton_base::failpoint("carried-out");
        }
        Ok(())
    }

    /// Stores a step. While the database is away, blocks go on, and so does the run when it is back.
    async fn record(
        &mut self,
        changed: &[BlockRunKey],
        event: &RunEvent,
        at: Timestamp,
    ) -> Result<(), DriveError> {
        let store = &self.session.store;
        loop {
            let Some(run) = self.run.as_ref() else {
                return Err(DriveError::Lost);
            };
            let (id, version) = (run.id, run.version);
            let error = match store.commit(run, changed, event, at).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if self.session.away == Away::GiveUp || error.class() != Class::Transient {
                return Err(error.into());
            }
            tracing::warn!(run = %id, error = %chain(&error), "a step waits for the database");
            loop {
                tokio::select! {
                    biased;
                    Some(wish) = self.cancel.recv() => self.take_wish(wish),
                    () = sleep(PAUSE) => {}
                }
                if self.is_abandoned {
                    // Whoever takes the run over begins with what is stored.
                    return Err(error.into());
                }
                // It may be stored although we were told that it is not.
                match store.is_stored(id, version).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => break,
                    Err(_) => {}
                }
            }
        }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), DriveError> {
        match command {
            Command::StartAttempt {
                key,
                attempt,
                fence,
            } => self.start(key, attempt, fence).await,
            Command::RunCallbacks { key, on, fence } => self.call_back(key, on, fence).await,
            Command::StopAttempt { fence, .. } => {
                if let Some(stop) = self.stops.get(&fence) {
                    stop.send_replace(Stop::Gently);
                }
                Ok(())
            }
            Command::WakeAt(at) => {
                self.wakes.insert(at);
                Ok(())
            }
            Command::Finish => Ok(()),
        }
    }

    async fn start(
        &mut self,
        key: BlockRunKey,
        number: u32,
        fence: Fence,
    ) -> Result<(), DriveError> {
        let Some(run) = self.run.as_ref() else {
            return Ok(());
        };
        let Some(block) = run.plan.block(&key.block) else {
            return Ok(());
        };
        if self.session.skip_sensors && block.kind == BlockKind::Sensor {
            let outcome = Outcome::Completed {
                products: Vec::new(),
                items: None,
            };
            self.events.push_back(RunEvent::AttemptEnded {
                key,
                fence,
                outcome,
                usage: None,
                tests: Vec::new(),
            });
            return Ok(());
        }
        let prepared = self
            .session
            .prepare(run, block, &key, number, fence)
            .await?;
        baton_base::failpoint("prepared");
        let (stop, stopped) = watch::channel(Stop::No);
        self.stops.insert(fence, stop);
        let runner = Arc::clone(&self.session.runner);
        let (log, items) = (self.log.clone(), self.items.clone());
        let (places, waits) = (self.session.places.clone(), self.waits.clone());
        let calm = self.session.store.calm();
        let clock = Arc::clone(&self.session.clock);
        let name =
            (run.block(&key)).map_or_else(|| key.block.to_string(), |block| block.name.clone());
        self.flight.spawn(async move {
            let report = match prepared {
                Ok(attempt) => {
                    let mut waiting = stopped.clone();
                    tokio::select! {
                        biased;
                        place = place(places, &waits, &key, fence) => {
                            let report = runner.run(&attempt, &log, &items, stopped).await;
                            drop(place);
                            report
                        }
                        // The sender lives as long as the driver.
                        () = async { drop(waiting.wait_for(|stop| *stop != Stop::No).await) } => {
                            AttemptReport::ended(Outcome::Cancelled)
                        }
                    }
                }
                Err(error) => AttemptReport::ended(Outcome::Failed {
                    error,
                    products: Vec::new(),
                }),
            };
            if let Outcome::Failed { error, .. } = &report.outcome {
                // Nobody is left to hear of it where that fails.
                drop(log.send(failure_record(clock(), name, number, error)).await);
            }
            // Of many runs that are due at once, the first ones go on when the last one has begun.
            calm.await;
            baton_base::failpoint("attempt-ended");
            Landed::Attempt(key, fence, report)
        });
        Ok(())
    }

    async fn call_back(
        &mut self,
        key: BlockRunKey,
        on: CallbackOn,
        fence: Fence,
    ) -> Result<(), DriveError> {
        let Some(run) = self.run.as_ref() else {
            return Ok(());
        };
        let (Some(block), Some(ended)) = (run.plan.block(&key.block), run.block(&key)) else {
            return Ok(());
        };
        // A callback hears of its block even if the output is gone.
        let output = self.session.readable(&ended.products).unwrap_or_default();
        let work = Work::Callbacks {
            on,
            output,
            error: ended.error.clone().filter(|_| on == CallbackOn::Failure),
        };
        let session = self.session;
        let mut attempt = session.attempt(run, block, ended, ended.attempt.max(1), fence, work);
        attempt.callbacks = session.attached(&block.callbacks).await?;
        attempt.block.timeout = None;
        let (stop, stopped) = watch::channel(Stop::No);
        self.stops.insert(fence, stop);
        let runner = Arc::clone(&self.session.runner);
        let (log, items) = (self.log.clone(), self.items.clone());
        let clock = Arc::clone(&self.session.clock);
        let (name, number) = (ended.name.clone(), attempt.number);
        self.flight.spawn(async move {
            let report = runner.run(&attempt, &log, &items, stopped).await;
            if let Outcome::Failed { error, .. } = &report.outcome {
                let mut record = failure_record(clock(), name, number, error);
                record.message.insert_str(0, "a callback failed: ");
                // Nobody is left to hear of it where that fails.
                drop(log.send(record).await);
            }
            baton_base::failpoint("attempt-ended");
            Landed::Callbacks(key, fence, report)
        });
        Ok(())
    }

    fn stop_all(&self, how: Stop) {
        for stop in self.stops.values() {
            stop.send_replace(how);
        }
    }

    async fn tell(&self, notice: Notice) {
        self.audience.tell(notice).await;
    }
}

/// Writes log records in groups and passes them on.
async fn write_log(
    mut records: mpsc::Receiver<LogRecord>,
    mut journal: Journal,
    audience: Audience,
) {
    let mut group = Vec::new();
    while records.recv_many(&mut group, 512).await > 0 {
        journal.append(&group);
        for record in group.drain(..) {
            audience.tell(Notice::Log(Box::new(record))).await;
        }
    }
}
