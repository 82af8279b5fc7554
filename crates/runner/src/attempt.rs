//! One attempt from start to end: a single loop over everything that can happen to it.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use baton_base::{chain, failpoint};
use baton_model::{BlockError, FailureKind, Outcome, Product};
use baton_products::{Digest, StagedContent, StagedOutput, Staging};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::asking::{Asking, Line};
use crate::ending::{ended_early, job_error, megabytes, storage_error, timed_out};
use crate::launch::{Exit, Process};
use crate::log::{Level, LogRecord};
use crate::memory;
use crate::protocol::{self, Job, JobBlock, VERSION, WorkerMessage};
use crate::recorder::{Recorder, read_output};
use crate::runner::{Attempt, MEMORY_INTERVAL, Runner, Stop};
use crate::tree;

/// How long a process may take to leave after it said that everything is written.
const LEAVE_TIME: Duration = Duration::from_secs(5);

/// How long we wait for the end of the output of a process that is done.
const SETTLE_TIME: Duration = Duration::from_millis(50);

/// How long we wait for the rest of the output of a process that is gone.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// How an attempt ended.
#[derive(Debug)]
pub struct AttemptReport {
    /// Completed, failed or cancelled, with the stored products.
    pub outcome: Outcome,
    /// Passed and total tests, when the block has any.
    pub tests: Option<(u32, u32)>,
}

impl AttemptReport {
    fn failed(error: BlockError) -> Self {
        Self {
            outcome: Outcome::Failed {
                error,
                products: Vec::new(),
            },
            tests: None,
        }
    }
}

/// Runs `attempt` to its end.
pub(crate) async fn run(
    runner: &Runner,
    attempt: &Attempt,
    log: &mpsc::Sender<LogRecord>,
    mut stop: watch::Receiver<Stop>,
) -> AttemptReport {
    if *stop.borrow_and_update() != Stop::No {
        return AttemptReport {
            outcome: Outcome::Cancelled,
            tests: None,
        };
    }
    let staging = match runner.products.staging(&attempt.staging) {
        Ok(staging) => staging,
        Err(error) => return AttemptReport::failed(storage_error(&error)),
    };
    let process = match runner.launcher.launch(attempt.block.needs_frames).await {
        Ok(process) => process,
        Err(error) => {
            let hint = baton_base::Diagnose::hint(&error).unwrap_or_default();
            let error = BlockError::new(FailureKind::Environment, chain(&error)).with_hint(hint);
            return AttemptReport::failed(error);
        }
    };
    let Process {
        pid,
        mut control,
        stdout,
        stderr,
        exit,
    } = process;
    failpoint("launched");
    let sent = send_job(&mut control, runner, attempt, staging.path()).await;
    let (messages, inbox) = mpsc::channel(64);
    let (control, answers) = control.into_split();
    let asking = Asking::new(runner, attempt, answers);
    // The reader keeps the other half: a process whose host stops writing takes it for dead.
    let reader = tokio::spawn(read_messages(control, messages, asking.line()));
    let recorder = Recorder::new(
        attempt,
        log.clone(),
        runner.options.log_limit,
        runner.concealed.clone(),
    );
    let out = tokio::spawn(read_output(stdout, recorder.clone()));
    let err = tokio::spawn(read_output(stderr, recorder.clone()));
    let mut watched = Watched {
        pid,
        staging: staging.clone(),
        recorder,
        result: sent.err().map(|error| Verdict::Failed(job_error(&error))),
        digests: HashMap::new(),
        outputs: Vec::new(),
        tests: None,
        asking,
    };
    let output = [out, err];
    let report = match watched.watch(runner, attempt, inbox, exit, stop).await {
        End::Gone(exit) => {
            drain([reader].into_iter().chain(output)).await;
            watched.conclude(exit.as_ref()).await
        }
        End::Leaving(exit) => {
            let mut readers = vec![reader];
            for mut reader in output {
                // The process has closed its output; what it left behind may hold it open.
                if timeout(SETTLE_TIME, &mut reader).await.is_err() {
                    readers.push(reader);
                }
            }
            runner.see_off(see_off(pid, exit, readers));
            watched.conclude(None).await
        }
    };
    let report = AttemptReport {
        outcome: runner.concealed.outcome(report.outcome),
        ..report
    };
    // What stays in the folder is swept away with the next run; the result does not depend on it.
    let _ = staging.remove();
    report
}

async fn send_job(
    control: &mut UnixStream,
    runner: &Runner,
    attempt: &Attempt,
    staging: &Path,
) -> io::Result<()> {
    let block = &attempt.block;
    let job = Job {
        t: "job",
        protocol: VERSION,
        run: attempt.run.0,
        attempt: attempt.number,
        pipeline: &attempt.pipeline,
        repo_path: &runner.options.project.to_string_lossy(),
        block: JobBlock {
            uuid: block.uuid.as_str(),
            kind: block.kind.name(),
            language: block.language.name(),
            file: &block.file,
            configuration: &block.configuration,
        },
        code: &attempt.code,
        inputs: &attempt.inputs,
        kwargs: &attempt.kwargs,
        environ: &runner.options.environ,
        triggered: attempt.triggered,
        staging: &staging.to_string_lossy(),
        run_tests: attempt.run_tests,
        inline_bytes: runner.options.inline_bytes,
    };
    protocol::send(control, &job).await
}

/// How watching a process ended.
enum End {
    /// The process is gone; how it ended, unless its zygote died with it.
    Gone(Option<Exit>),
    /// Everything is written and the process is about to leave: its products need not wait until the system
    /// has taken back its memory, which takes long after a large frame.
    Leaving(oneshot::Receiver<Exit>),
}

/// Waits until a process that is done has left, and sees that nothing of it stays.
async fn see_off(pid: i32, mut exit: oneshot::Receiver<Exit>, readers: Vec<JoinHandle<()>>) {
    let left = if let Ok(left) = timeout(LEAVE_TIME, &mut exit).await {
        left.ok()
    } else {
        tree::kill_tree(pid);
        exit.await.ok()
    };
    clear_away(pid, left.as_ref());
    drain(readers).await;
}

/// Kills what a process left behind.
fn clear_away(pid: i32, exit: Option<&Exit>) {
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
enum Verdict {
    Done,
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

/// An attempt whose process is alive.
struct Watched {
    pid: i32,
    staging: Staging,
    recorder: Recorder,
    result: Option<Verdict>,
    digests: HashMap<String, JoinHandle<Result<Digest, BlockError>>>,
    outputs: Vec<protocol::Output>,
    tests: Option<(u32, u32)>,
    asking: Asking,
}

impl Watched {
    /// Watches the process until it is done or gone.
    async fn watch(
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
        let mut tick = interval(MEMORY_INTERVAL);
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
                    if self.hear(message).await {
                        if matches!(self.result, Some(Verdict::Done)) {
                            return End::Leaving(exit);
                        }
                        leave_by = Instant::now() + LEAVE_TIME;
                    }
                }
                Event::Message(Some(Err(error))) => self.kill(Verdict::Failed(BlockError::new(
                    FailureKind::Worker,
                    format!("the worker broke its protocol: {error}"),
                ))),
                Event::Message(None) => talking = false,
                Event::Exited(ended) => {
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
                Event::Tick => self.guard_memory(runner.options.memory_limit),
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

    /// Takes a message; true when the worker has said its last word.
    async fn hear(&mut self, message: WorkerMessage) -> bool {
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
            WorkerMessage::Tests { passed, total } => self.tests = Some((passed, total)),
            WorkerMessage::Done => return self.decide(Verdict::Done),
            WorkerMessage::Failed { error } => return self.decide(Verdict::Failed(error)),
            WorkerMessage::Ask { id, question, args } => self.asking.ask(id, &question, &args),
        }
        false
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

    fn guard_memory(&mut self, limit: Option<u64>) {
        let Some(limit) = limit else { return };
        let used = memory::private_memory(self.pid);
        if used > limit {
            let message = format!(
                "the block used {} of private memory; it may use {}",
                megabytes(used),
                megabytes(limit)
            );
            self.kill(Verdict::Failed(
                BlockError::new(FailureKind::OutOfMemory, message).with_hint(
                    "process the data in smaller parts, or raise the limit with `--memory`",
                ),
            ));
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
    async fn conclude(mut self, exit: Option<&Exit>) -> AttemptReport {
        let verdict = self
            .result
            .take()
            .unwrap_or_else(|| Verdict::Failed(ended_early(exit)));
        if let Some(notice) = self.recorder.dropped_notice() {
            self.recorder.force(Level::Warning, notice).await;
        }
        let tests = self.tests;
        let outcome = match verdict {
            Verdict::Cancelled => Outcome::Cancelled,
            Verdict::Done => match self.commit().await {
                Ok(products) => Outcome::Completed { products },
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
        AttemptReport { outcome, tests }
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
                .map(|(output, digests)| {
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
                })
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

/// Reads messages until the socket ends or the protocol is broken.
async fn read_messages(
    mut control: OwnedReadHalf,
    messages: mpsc::Sender<io::Result<WorkerMessage>>,
    _line: Line,
) {
    loop {
        let message = match protocol::receive(&mut control).await {
            Ok(Some(body)) => serde_json::from_slice(&body).map_err(io::Error::from),
            Ok(None) => return,
            // A killed process may leave half a frame; that it was killed says more.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
            Err(error) => Err(error),
        };
        let broken = message.is_err();
        if messages.send(message).await.is_err() || broken {
            return;
        }
    }
}

/// Waits for the readers, but not for ever: a process that got away may hold a pipe open.
async fn drain(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for mut task in tasks {
        if timeout(DRAIN_TIME, &mut task).await.is_err() {
            task.abort();
        }
    }
}
