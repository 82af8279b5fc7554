//! Drives one run to its end: events in, one commit per event, commands out.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use baton_base::files::FileError;
use baton_base::{Class, Diagnose, chain, now};
use baton_engine::Step;
use baton_model::{
    BlockError, BlockRun, BlockRunKey, Command, Content, FailureKind, Fence, ObjectHash, Outcome,
    PlannedBlock, Product, Run, RunEvent, RunStatus, Timestamp,
};
use baton_products::Products;
use baton_runner::{
    Attempt, AttemptReport, Input, InputContent, InputProduct, LogRecord, Runner, Stop,
};
use baton_store::{Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::journal::Journal;
use crate::kwargs;

/// What driving a run needs.
pub struct Session {
    /// Where runs are recorded.
    pub store: Store,
    /// Where products are stored.
    pub products: Products,
    /// What runs attempts.
    pub runner: std::sync::Arc<Runner>,
    /// The project's folder.
    pub project: PathBuf,
    /// Whether `@test` functions run.
    pub run_tests: bool,
}

/// A wish to stop the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Interrupt the blocks that run, give them a moment, record the run as cancelled.
    Gently,
    /// Kill them at once.
    Now,
}

/// News of a run, for whoever watches it.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A block run changed.
    Block(Box<BlockRun>),
    /// A block's tests have run.
    Tests {
        /// Which block.
        key: BlockRunKey,
        /// How many passed.
        passed: u32,
        /// Of how many.
        total: u32,
    },
    /// A log record was written.
    Log(Box<LogRecord>),
}

/// Driving a run failed: not a block's failure, those are recorded in the run.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The database refused.
    #[error("record what happened to the run")]
    Store(#[from] StoreError),
    /// Products could not be made durable.
    #[error("make the run's products durable")]
    Sync(#[source] FileError),
    /// The engine lost the run it was given.
    #[error("follow the run: it was lost between two steps")]
    Lost,
}

impl Diagnose for DriveError {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Sync(error) => error.class(),
            Self::Lost => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Sync(error) => error.hint(),
            Self::Lost => None,
        }
    }
}

/// Drives `run`, beginning with `first` (started or resumed), until it is final and nothing of it is alive.
pub async fn drive(
    session: &Session,
    run: Run,
    first: RunEvent,
    journal: Journal,
    notices: mpsc::Sender<Notice>,
    mut cancel: mpsc::Receiver<Cancel>,
) -> Result<Run, DriveError> {
    let (log, records) = mpsc::channel(4096);
    let writer = tokio::spawn(write_log(records, journal, notices.clone()));
    let mut driver = Driver {
        session,
        run: Some(run),
        events: VecDeque::from([first]),
        flight: JoinSet::new(),
        stops: HashMap::new(),
        wakes: BTreeSet::new(),
        log,
        notices,
    };
    let result = driver.run_to_end(&mut cancel).await;
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

struct Driver<'a> {
    session: &'a Session,
    /// Always there between events; taken while the engine decides.
    run: Option<Run>,
    events: VecDeque<RunEvent>,
    flight: JoinSet<(BlockRunKey, Fence, AttemptReport)>,
    stops: HashMap<Fence, watch::Sender<Stop>>,
    wakes: BTreeSet<Timestamp>,
    log: mpsc::Sender<LogRecord>,
    notices: mpsc::Sender<Notice>,
}

impl Driver<'_> {
    async fn run_to_end(&mut self, cancel: &mut mpsc::Receiver<Cancel>) -> Result<(), DriveError> {
        loop {
            while let Some(event) = self.events.pop_front() {
                self.handle(event).await?;
            }
            let is_final = self.run.as_ref().is_none_or(|run| run.status.is_final());
            if is_final && self.flight.is_empty() {
                return Ok(());
            }
            let wake = self.wakes.first().map(|at| at.since(Timestamp(now())));
            tokio::select! {
                Some(ended) = self.flight.join_next(), if !self.flight.is_empty() => {
                    if let Ok((key, fence, report)) = ended {
                        self.ended(key, fence, report).await;
                    }
                }
                () = sleep(wake.unwrap_or(Duration::MAX)), if wake.is_some() => {
                    self.wakes.pop_first();
                    self.events.push_back(RunEvent::Woken);
                }
                Some(wish) = cancel.recv() => match wish {
                    Cancel::Gently => self.events.push_back(RunEvent::CancelRequested {
                        reason: "stopped by the user".to_owned(),
                    }),
                    Cancel::Now => self.stop_all(Stop::Now),
                },
            }
        }
    }

    async fn ended(&mut self, key: BlockRunKey, fence: Fence, report: AttemptReport) {
        baton_base::failpoint("ended");
        self.stops.remove(&fence);
        if let Some((passed, total)) = report.tests {
            self.tell(Notice::Tests {
                key: key.clone(),
                passed,
                total,
            })
            .await;
        }
        self.events.push_back(RunEvent::AttemptEnded {
            key,
            fence,
            outcome: report.outcome,
        });
    }

    /// One event: decide, commit, carry out.
    async fn handle(&mut self, event: RunEvent) -> Result<(), DriveError> {
        let Some(run) = self.run.take() else {
            return Ok(());
        };
        let at = Timestamp(now());
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
        let ids = self
            .session
            .store
            .commit(run, &changed, &event, &commands, at)
            .await?;
        baton_base::failpoint("after-commit");
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
        for (command, id) in commands.into_iter().zip(ids) {
            // Noted first: `Finish` flushes what is noted, and a process that takes over starts from the
            // state, not from commands.
            self.session.store.command_done(id);
            self.carry_out(command).await?;
            baton_base::failpoint("carried-out");
        }
        Ok(())
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), DriveError> {
        let Some(run) = self.run.as_ref().map(|run| run.id) else {
            return Ok(());
        };
        match command {
            Command::StartAttempt {
                key,
                attempt,
                fence,
            } => self.start(key, attempt, fence).await,
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
            Command::Finish => Ok(self.session.store.flush_done(run).await?),
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
        let prepared = self.prepare(run, block, &key, number, fence).await?;
        baton_base::failpoint("prepared");
        let (stop, stopped) = watch::channel(Stop::No);
        self.stops.insert(fence, stop);
        let runner = std::sync::Arc::clone(&self.session.runner);
        let log = self.log.clone();
        self.flight.spawn(async move {
            let report = match prepared {
                Ok(attempt) => runner.run(&attempt, &log, stopped).await,
                Err(error) => AttemptReport {
                    outcome: Outcome::Failed {
                        error,
                        products: Vec::new(),
                    },
                    tests: None,
                },
            };
            baton_base::failpoint("attempt-ended");
            (key, fence, report)
        });
        Ok(())
    }

    /// Collects what an attempt needs. The inner error is the block's: its inputs are gone or damaged.
    async fn prepare(
        &self,
        run: &Run,
        block: &PlannedBlock,
        key: &BlockRunKey,
        number: u32,
        fence: Fence,
    ) -> Result<Result<Attempt, BlockError>, DriveError> {
        let session = self.session;
        let code = match &block.code {
            Some(hash) => session.store.code(hash).await?.unwrap_or_default(),
            None => String::new(),
        };
        let mut inputs = Vec::with_capacity(block.upstream.len());
        let mut frames = block.needs_frames;
        for upstream in &block.upstream {
            let products = match run.block(&BlockRunKey::declared(upstream.clone())) {
                Some(upstream) => upstream.products.clone(),
                None => match run.plan.inputs.get(upstream) {
                    Some(from) => {
                        session
                            .store
                            .products(*from, &BlockRunKey::declared(upstream.clone()))
                            .await?
                    }
                    None => Vec::new(),
                },
            };
            let mut input = Input {
                block: upstream.to_string(),
                products: Vec::new(),
            };
            for product in &products {
                if let Err(error) = session.products.verify_sizes(product) {
                    return Ok(Err(BlockError::new(FailureKind::Storage, chain(&error))
                        .with_hint(format!(
                            "run block `{upstream}` again to produce it anew"
                        ))));
                }
                frames |= product.kind == baton_model::ProductKind::Frame;
                input
                    .products
                    .push(InputProduct::new(product, self.content(product)));
            }
            inputs.push(input);
        }
        let project = session.project.to_string_lossy();
        Ok(Ok(Attempt {
            run: run.id,
            pipeline: run.plan.pipeline.to_string(),
            block: PlannedBlock {
                needs_frames: frames,
                ..block.clone()
            },
            key: key.clone(),
            number,
            code,
            inputs,
            kwargs: kwargs::of_attempt(run.id, &run.plan, block, number, &project),
            triggered: run.plan.triggered,
            staging: format!("{}-{}", run.id, fence.0),
            run_tests: session.run_tests,
        }))
    }

    fn content(&self, product: &Product) -> InputContent {
        match &product.content {
            Content::Inline(text) => InputContent::Text(text.clone()),
            Content::Chunks(chunks) => InputContent::Files(
                chunks
                    .iter()
                    .map(|chunk| {
                        let path = self.session.products.object_path(&chunk.object);
                        path.to_string_lossy().into_owned()
                    })
                    .collect(),
            ),
        }
    }

    fn stop_all(&self, how: Stop) {
        for stop in self.stops.values() {
            stop.send_replace(how);
        }
    }

    async fn tell(&self, notice: Notice) {
        // Nobody has to watch.
        drop(self.notices.send(notice).await);
    }
}

/// Every object that the run's products name.
fn objects_of(run: &Run) -> Vec<ObjectHash> {
    run.blocks
        .iter()
        .flat_map(|block| &block.products)
        .filter_map(|product| match &product.content {
            Content::Inline(_) => None,
            Content::Chunks(chunks) => Some(chunks),
        })
        .flatten()
        .map(|chunk| chunk.object.clone())
        .collect()
}

/// Writes log records in groups and passes them on.
async fn write_log(
    mut records: mpsc::Receiver<LogRecord>,
    mut journal: Journal,
    notices: mpsc::Sender<Notice>,
) {
    let mut group = Vec::new();
    while records.recv_many(&mut group, 512).await > 0 {
        journal.append(&group);
        for record in group.drain(..) {
            drop(notices.send(Notice::Log(Box::new(record))).await);
        }
    }
}
