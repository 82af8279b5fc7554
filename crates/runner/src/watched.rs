//! Watching the process of an attempt: what it says, how long it takes, what it uses, how it ends, and storing what
//! it produced.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use baton_base::failpoint;
use baton_model::{BlockError, FailureKind, Items, Outcome, Product};
use baton_products::{Digest, StagedContent, StagedOutput, Staging};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use crate::asking::Asking;
use crate::attempt::{AttemptReport, DRAIN_TIME, LEAVE_TIME, Tests};
use crate::cgroup::Group;
use crate::ending::{ended_early, out_of_memory, storage_error, timed_out};
use crate::launch::Exit;
use crate::log::Level;
use crate::protocol::{self, VERSION, WorkerMessage};
use crate::recorder::Recorder;
use crate::runner::{Attempt, MEMORY_INTERVAL, MemoryLimit, Runner, Stop};
use crate::tree;
use crate::usage::{self, Meter};
use crate::yielding::Yielding;

/// How watching a process ended.
pub(crate) enum End {
    /// The process is gone; how it ended, unless its zygote died with it.
    Gone(Option<Exit>),
    /// Everything is written and the process is about to leave: its products need not wait until the system
    /// has taken back its memory, which takes long after a large frame.
    Leaving(oneshot::Receiver<Exit>),
}

/// Kills what a process left behind.
pub(crate) fn clear_away(pid: i32, exit: Option<&Exit>) {
    match exit {
        Some(exit) => exit.orphans.iter().for_each(|orphan| {
            tree::kill_tree(*orphan);
        }),
        // The zygote is gone and with it the only one who could say how the process ended.
        None => {
            tree::kill_tree(pid);
        }
    }
}

/// What the worker or the guard decided so far.
#[derive(Debug)]
pub(crate) enum Verdict {
    Done,
    ConditionFailed(String),
    Failed(BlockError),
    Cancelled,
}

/// Everything that can happen while a process is watched.
enum Event {
    Message(Option<io::Result<WorkerMessage>>),
    Exited(Option<Exit>),
    TimedOut,
    Overstayed,
    Tick,
    Stop,
}

/// What a message means for those who wait for the end.
enum Heard {
    /// There is more to come.
    More,
    /// It was the worker's last word, and it counts.
    Last,
    /// It was the worker's last word, and something else had been decided before.
    TooLate,
}

/// An attempt whose process is alive.
pub(crate) struct Watched {
    pub(crate) pid: i32,
    pub(crate) staging: Staging,
    pub(crate) recorder: Recorder,
    pub(crate) result: Option<Verdict>,
    pub(crate) digests: HashMap<String, JoinHandle<Result<Digest, BlockError>>>,
    pub(crate) outputs: Vec<protocol::Output>,
    pub(crate) items: Option<Items>,
    pub(crate) yielding: Yielding,
    pub(crate) tests: Option<Tests>,
    pub(crate) asking: Asking,
    /// Where the kernel guards its memory; else we look at it.
    pub(crate) group: Option<Group>,
    /// What it has used so far.
    pub(crate) meter: Meter,
}

impl Watched {
    /// Watches the process until it is done or gone.
    pub(crate) async fn watch(
        &mut self,
        runner: &Runner,
        attempt: &Attempt,
        mut inbox: mpsc::Receiver<io::Result<WorkerMessage>>,
        mut exit: oneshot::Receiver<Exit>,
        mut stop: watch::Receiver<Stop>,
    ) -> End {
        let far = Instant::now() + Duration::from_secs(60 * 60 * 24 * 365);
        let deadline = attempt
            .block
            .timeout
            .map_or(far, |timeout| Instant::now() + timeout);
        let mut leave_by = far;
        // Not at once: a block that ends sooner is never looked at, and a look walks over all processes.
        let mut tick = interval_at(Instant::now() + MEMORY_INTERVAL, MEMORY_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut talking = true;
        if self.result.is_some() {
            tree::kill_tree(self.pid);
        }
        loop {
            let event = tokio::select! {
                message = inbox.recv(), if talking => Event::Message(message),
                ended = &mut exit => Event::Exited(ended.ok()),
                Ok(()) = stop.changed() => Event::Stop,
                () = sleep_until(deadline), if self.result.is_none() => Event::TimedOut,
                () = sleep_until(leave_by), if self.result.is_some() => Event::Overstayed,
                _ = tick.tick() => Event::Tick,
            };
            match event {
                Event::Message(Some(Ok(message))) => {
                    match self.hear(message).await {
                        Heard::Last if attempt.one_process || self.has_run_through() => {
                            return End::Leaving(exit);
                        }
                        Heard::Last => leave_by = Instant::now() + LEAVE_TIME,
                        // It was stopped before; one that would go on with other work is ended here.
                        Heard::TooLate if attempt.one_process => {
                            tree::kill_tree(self.pid);
                        }
                        Heard::More | Heard::TooLate => {}
                    }
                }
                Event::Message(Some(Err(error))) => self.kill(Verdict::Failed(BlockError::new(
                    FailureKind::Worker,
                    format!("the worker broke its protocol: {error}"),
                ))),
                Event::Message(None) => talking = false,
                Event::Exited(ended) => {
                    self.meter
                        .reaped(ended.as_ref().and_then(|exit| exit.cpu_seconds));
                    clear_away(self.pid, ended.as_ref());
                    while let Ok(Some(Ok(message))) = timeout(DRAIN_TIME, inbox.recv()).await {
                        self.hear(message).await;
                    }
                    return End::Gone(ended);
                }
                Event::TimedOut => self.kill(Verdict::Failed(timed_out(attempt))),
                Event::Overstayed => {
                    leave_by = far;
                    tree::kill_tree(self.pid);
                }
                Event::Tick => self.look(attempt.memory_limit(runner.options.memory_limit)),
                Event::Stop => {
                    let wish = *stop.borrow_and_update();
                    match wish {
                        Stop::No => {}
                        Stop::Gently => {
                            self.decide(Verdict::Cancelled);
                            tree::interrupt(self.pid);
                            leave_by = Instant::now() + LEAVE_TIME;
                        }
                        Stop::Now => {
                            self.decide(Verdict::Cancelled);
                            tree::kill_tree(self.pid);
                        }
                    }
                }
            }
        }
    }

    /// Takes a message.
    async fn hear(&mut self, message: WorkerMessage) -> Heard {
        failpoint("heard");
        match message {
            WorkerMessage::Hello { protocol } if protocol == VERSION => {}
            WorkerMessage::Hello { protocol } => {
                let message = format!("the worker speaks version {protocol} of the protocol");
                self.kill(Verdict::Failed(BlockError::new(
                    FailureKind::Worker,
                    message,
                )));
            }
            WorkerMessage::Log {
                level,
                message,
                tags,
            } => {
                self.recorder
                    .record(Level::parse(&level), message, tags)
                    .await;
            }
            WorkerMessage::Chunk { file } => self.digest(file, true),
            WorkerMessage::Output(output) => self.outputs.push(output),
            WorkerMessage::Tests {
                passed,
                total,
                results,
            } => {
                self.tests = Some(Tests {
                    passed,
                    total,
                    results,
                });
            }
            WorkerMessage::Items(items) => self.items = Some(items),
            WorkerMessage::Yielded(output) => self.yielding.store(output).await,
            WorkerMessage::Usage {
                cpu_seconds,
                peak_memory,
            } => self.meter.hear(cpu_seconds, peak_memory),
            WorkerMessage::Done => return self.last_word(Verdict::Done),
            WorkerMessage::ConditionFailed { reason } => {
                return self.last_word(Verdict::ConditionFailed(reason));
            }
            WorkerMessage::Failed { error } => return self.last_word(Verdict::Failed(error)),
            WorkerMessage::Ask { id, question, args } => self.asking.ask(id, &question, &args),
        }
        Heard::More
    }

    fn last_word(&mut self, verdict: Verdict) -> Heard {
        if self.decide(verdict) {
            Heard::Last
        } else {
            Heard::TooLate
        }
    }

    /// Whether everything is written and the process has nothing more to do.
    fn has_run_through(&self) -> bool {
        matches!(
            self.result,
            Some(Verdict::Done | Verdict::ConditionFailed(_))
        )
    }

    /// The first verdict stands: a worker that was killed for its memory cannot complete afterwards.
    fn decide(&mut self, verdict: Verdict) -> bool {
        let first = self.result.is_none();
        self.result.get_or_insert(verdict);
        first
    }

    fn kill(&mut self, verdict: Verdict) {
        if self.decide(verdict) {
            tree::kill_tree(self.pid);
        }
    }

    /// Looks at what the process uses, where no group counts it.
    fn look(&mut self, limit: Option<MemoryLimit>) {
        if self.group.is_some() {
            return;
        }
        let seen = usage::glance(self.pid);
        self.meter.see(seen);
        if let Some(limit) = limit.filter(|limit| seen.memory > limit.bytes) {
            self.kill(Verdict::Failed(out_of_memory(seen.memory, limit)));
        }
    }

    /// Takes down what the group of the process has counted, before it goes.
    pub(crate) fn ask_group(&mut self) {
        if let Some(group) = &self.group {
            self.meter.ask(group);
        }
    }

    /// Why a process ended that did not say so itself.
    fn found_ended(&self, limit: Option<MemoryLimit>, exit: Option<&Exit>) -> BlockError {
        match (&self.group, limit) {
            (Some(group), Some(limit)) if group.ran_out() => {
                out_of_memory(group.peak().unwrap_or(limit.bytes), limit)
            }
            _ => ended_early(exit),
        }
    }

    /// Starts to hash and describe a staged file beside the worker, which writes the next one.
    fn digest(&mut self, file: String, frame: bool) {
        let staging = self.staging.clone();
        let name = file.clone();
        let work = move || {
            staging
                .digest(&name, frame)
                .map_err(|error| storage_error(&error))
        };
        self.digests.insert(file, tokio::task::spawn_blocking(work));
    }

    /// Stores what was produced and names the outcome.
    pub(crate) async fn conclude(
        mut self,
        runner: &Runner,
        attempt: &Attempt,
        exit: Option<&Exit>,
    ) -> AttemptReport {
        self.ask_group();
        let meter = std::mem::take(&mut self.meter);
        let verdict = self.result.take().unwrap_or_else(|| {
            let limit = attempt.memory_limit(runner.options.memory_limit);
            Verdict::Failed(self.found_ended(limit, exit))
        });
        if let Some(notice) = self.recorder.dropped_notice() {
            self.recorder.force(Level::Warning, notice).await;
        }
        let tests = self.tests.take();
        let items = self.items.take();
        let has_yielded = items.as_ref().is_some_and(|items| items.yielded);
        // Whatever the verdict: what has been yielded is told before the end is.
        let yielded = self.yielding.finish().await;
        let outcome = match verdict {
            Verdict::Cancelled => Outcome::Cancelled,
            Verdict::ConditionFailed(reason) => Outcome::ConditionFailed { reason },
            Verdict::Done if has_yielded => match yielded {
                Ok(products) => Outcome::Completed { products, items },
                Err(error) => Outcome::Failed {
                    error,
                    products: Vec::new(),
                },
            },
            Verdict::Done => match self.commit().await {
                Ok(products) => Outcome::Completed { products, items },
                Err(error) => Outcome::Failed {
                    error,
                    products: Vec::new(),
                },
            },
            // Outputs that were complete before a test failed stay, as in Mage.
            Verdict::Failed(error) if error.kind == FailureKind::TestFailed => Outcome::Failed {
                error,
                products: self.commit().await.unwrap_or_default(),
            },
            Verdict::Failed(error) => Outcome::Failed {
                error,
                products: Vec::new(),
            },
        };
        let usage = Some(meter.usage(&attempt.inputs, &outcome));
        AttemptReport {
            outcome,
            tests,
            usage,
        }
    }

    async fn commit(mut self) -> Result<Vec<Product>, BlockError> {
        for output in std::mem::take(&mut self.outputs) {
            for file in &output.files {
                if !self.digests.contains_key(file) {
                    self.digest(file.clone(), output.kind == baton_model::ProductKind::Frame);
                }
            }
            self.outputs.push(output);
        }
        let mut staged = Vec::with_capacity(self.outputs.len());
        for output in self.outputs {
            let mut digests = Vec::with_capacity(output.files.len());
            for file in &output.files {
                let Some(work) = self.digests.remove(file) else {
                    continue;
                };
                let digest = work.await.map_err(|error| {
                    BlockError::new(
                        FailureKind::Worker,
                        format!("describing `{file}` failed: {error}"),
                    )
                })??;
                digests.push(digest);
            }
            staged.push((output, digests));
        }
        let staging = self.staging;
        let store = move || {
            staged
                .into_iter()
                .map(|(output, digests)| commit(&staging, output, digests))
                .collect()
        };
        tokio::task::spawn_blocking(store).await.map_err(|error| {
            BlockError::new(
                FailureKind::Worker,
                format!("storing the products failed: {error}"),
            )
        })?
    }
}

/// Stores an output whose files are described.
pub(crate) fn commit(
    staging: &Staging,
    output: protocol::Output,
    digests: Vec<Digest>,
) -> Result<Product, BlockError> {
    let output = StagedOutput {
        name: output.name,
        kind: output.kind,
        codec: output.codec,
        meta: output.meta,
        rows: output.rows,
        content: match output.text {
            Some(text) => StagedContent::Text(text),
            None => StagedContent::Files(output.files),
        },
    };
    failpoint("before-objects");
    let product = staging
        .commit(output, digests)
        .map_err(|error| storage_error(&error));
    failpoint("after-objects");
    product
}
