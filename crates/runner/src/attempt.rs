//! One attempt from start to end: a process gets the job, is watched, and is let go or kept for the next block.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use baton_base::{chain, failpoint};
use baton_model::{BlockError, FailureKind, Outcome, TestResult, Usage};
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::asking::{Asking, Line};
use crate::ending::{job_error, storage_error};
use crate::launch::{Exit, LaunchError, Strategy};
use crate::log::LogRecord;
use crate::protocol::{self, Job, JobBlock, VERSION, WorkerMessage};
use crate::recorder::{Recorder, read_output};
use crate::runner::{Attempt, Runner, Stop};
use crate::tree;
use crate::usage::Meter;
use crate::watched::{End, Verdict, Watched, clear_away};
use crate::worker::Worker;
use crate::yielding::{YieldedItem, Yielding};

/// How long a process may take to leave after it said that everything is written.
pub(crate) const LEAVE_TIME: Duration = Duration::from_secs(5);

/// How long we wait for the end of the output of a process that is done.
const SETTLE_TIME: Duration = Duration::from_millis(50);

/// How long we wait for the rest of the output of a process that is gone.
pub(crate) const DRAIN_TIME: Duration = Duration::from_secs(1);

/// What the tests of a block have said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    /// How many passed.
    pub passed: u32,
    /// Of how many.
    pub total: u32,
    /// Each by its name, in their order; of very many only the first.
    pub results: Vec<TestResult>,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct AttemptReport {
    /// Completed, failed or cancelled, with the stored products.
    pub outcome: Outcome,
    /// What its tests have said, when the block has any.
    pub tests: Option<Tests>,
    /// What it used; none when no process came up.
    pub usage: Option<Usage>,
}

impl AttemptReport {
    fn cancelled() -> Self {
        Self::ended(Outcome::Cancelled)
    }

    fn failed(error: BlockError) -> Self {
        Self::ended(Outcome::Failed {
            error,
            products: Vec::new(),
        })
    }

    /// One that ended so before a process came up.
    pub fn ended(outcome: Outcome) -> Self {
        Self {
            outcome,
            tests: None,
            usage: None,
        }
    }
}

/// Runs `attempt` to its end.
pub(crate) async fn run(
    runner: &Runner,
    attempt: &Attempt,
    log: &mpsc::Sender<LogRecord>,
    items: &mpsc::UnboundedSender<YieldedItem>,
    mut stop: watch::Receiver<Stop>,
) -> AttemptReport {
    if *stop.borrow_and_update() != Stop::No {
        return AttemptReport::cancelled();
    }
    let mut place = None;
    if attempt.one_process {
        place = tokio::select! {
            place = runner.shared.lock() => Some(place),
            Ok(()) = stop.changed() => return AttemptReport::cancelled(),
        };
    }
    let staging = match runner.products.staging(&attempt.staging) {
        Ok(staging) => staging,
        Err(error) => return AttemptReport::failed(storage_error(&error)),
    };
    let shared = place.as_mut().and_then(|place| place.take());
    let worker = match hire(runner, attempt, shared).await {
        Ok(worker) => worker,
        Err(error) => {
            let hint = baton_base::Diagnose::hint(&error).unwrap_or_default();
            let error = BlockError::new(FailureKind::Environment, chain(&error)).with_hint(hint);
            return AttemptReport::failed(error);
        }
    };
    failpoint("launched");
    // Before it has anything to do. A process that blocks share keeps what others left in its memory: it is looked at.
    let memory = attempt.memory_limit(runner.options.memory_limit);
    let cpu = attempt.block.resources.cpu_limit;
    let group = match (&runner.groups, memory) {
        (Some(groups), Some(limit)) if !attempt.one_process => {
            groups.hold(worker.pid, limit.bytes, cpu)
        }
        _ => None,
    };
    // Where nobody measures its share it gets whole processors.
    let is_measured = group.as_ref().is_some_and(|group| group.limits_cpu);
    let cpus = cpu.filter(|_| !is_measured && !attempt.one_process);
    let cpus = cpus.map(|thousandths| thousandths.div_ceil(1000));
    // Nothing that a block prints by itself: where its output ends if its process goes on.
    let mark = attempt
        .one_process
        .then(|| format!("\u{1e}baton {} {:x}", attempt.staging, baton_base::now()));
    let ways = (staging.path(), mark.as_deref(), cpus);
    let sent = send_job(&worker, runner, attempt, ways).await;
    let Worker {
        pid,
        control,
        line,
        stdout,
        stderr,
        exit,
    } = worker;
    let (messages, inbox) = mpsc::channel(64);
    // The reader keeps a hand on the other half: a process whose host stops writing takes it for dead.
    let reader = tokio::spawn(read_messages(
        control,
        messages,
        Arc::clone(&line),
        attempt.one_process,
    ));
    let recorder = Recorder::new(
        attempt,
        log.clone(),
        runner.options.log_limit,
        runner.concealed.clone(),
    );
    let out = tokio::spawn(read_output(stdout, recorder.clone(), mark.clone()));
    let err = tokio::spawn(read_output(stderr, recorder.clone(), mark));
    let mut watched = Watched {
        pid,
        staging: staging.clone(),
        recorder,
        result: sent.err().map(|error| Verdict::Failed(job_error(&error))),
        digests: HashMap::new(),
        outputs: Vec::new(),
        items: None,
        yielding: Yielding::new(attempt, &staging, items),
        tests: None,
        asking: Asking::new(runner, attempt, Arc::clone(&line)),
        group,
        meter: meter(runner, attempt, pid),
    };
    let report = match watched.watch(runner, attempt, inbox, exit, stop).await {
        End::Gone(exit) => {
            drain(out).await;
            drain(err).await;
            drain(reader).await;
            watched.conclude(runner, attempt, exit.as_ref()).await
        }
        End::Leaving(exit) if attempt.one_process => {
            let (out, err, control) = tokio::join!(drain(out), drain(err), drain(reader));
            match (out, err, control) {
                (Some(stdout), Some(stderr), Some(control)) => {
                    let worker = Worker {
                        pid,
                        control,
                        line,
                        stdout,
                        stderr,
                        exit,
                    };
                    if let Some(place) = &mut place {
                        **place = Some(worker);
                    }
                }
                // Its output cannot be told from that of the next block: there is a new process for that one.
                _ => runner.see_off(async move {
                    tree::kill_tree(pid);
                    see_off(pid, exit).await;
                }),
            }
            watched.conclude(runner, attempt, None).await
        }
        End::Leaving(exit) => {
            let mut open = Vec::new();
            for mut reader in [out, err] {
                // The process has closed its output; what it left behind may hold it open.
                if timeout(SETTLE_TIME, &mut reader).await.is_err() {
                    open.push(reader);
                }
            }
            drop(line);
            watched.ask_group();
            let group = watched.group.take();
            runner.see_off(async move {
                see_off(pid, exit).await;
                drop(group);
                drain(reader).await;
                for reader in open {
                    drain(reader).await;
                }
            });
            watched.conclude(runner, attempt, None).await
        }
    };
    let report = AttemptReport {
        outcome: runner.concealed.outcome(report.outcome),
        tests: report.tests.map(|tests| runner.concealed.tests(tests)),
        ..report
    };
    // What stays in the folder is swept away with the next run; the result does not depend on it.
    let _ = staging.remove();
    report
}

/// What counts an attempt: a process that had been at work before has used something already.
fn meter(runner: &Runner, attempt: &Attempt, pid: i32) -> Meter {
    if attempt.one_process || runner.options.strategy == Strategy::Spawn {
        Meter::shared(pid)
    } else {
        Meter::fresh()
    }
}

/// The process for an attempt: a new one, or the one that the run's blocks share.
async fn hire(
    runner: &Runner,
    attempt: &Attempt,
    shared: Option<Worker>,
) -> Result<Worker, LaunchError> {
    if let Some(mut worker) = shared {
        if matches!(worker.exit.try_recv(), Err(TryRecvError::Empty)) {
            return Ok(worker);
        }
        tree::kill_tree(worker.pid);
    }
    let process = runner.launcher.launch(attempt.block.needs_frames).await?;
    Ok(Worker::new(process))
}

/// Lets the shared process end by itself, with what its blocks want done at the end.
pub(crate) async fn dismiss(worker: Worker) {
    let Worker {
        pid,
        control,
        line,
        mut stdout,
        mut stderr,
        exit,
    } = worker;
    drop((control, line));
    let mut lost = (tokio::io::sink(), tokio::io::sink());
    // What it still prints belongs to no block; nobody may wait for a full pipe.
    let out = tokio::io::copy(&mut stdout, &mut lost.0);
    let err = tokio::io::copy(&mut stderr, &mut lost.1);
    tokio::select! {
        () = see_off(pid, exit) => {}
        _ = async { tokio::join!(out, err) } => {}
    }
}

async fn send_job(
    worker: &Worker,
    runner: &Runner,
    attempt: &Attempt,
    (staging, mark, cpus): (&Path, Option<&str>, Option<u64>),
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
        dynamic: block.dynamic,
        conditions: &attempt.conditions,
        callbacks: &attempt.callbacks,
        extensions: &attempt.extensions,
        work: &attempt.work,
        mark,
        cpus,
        cache: attempt.cache,
        kwargs: &attempt.kwargs,
        environ: &runner.options.environ,
        triggered: attempt.triggered,
        staging: &staging.to_string_lossy(),
        run_tests: attempt.run_tests,
        strict: attempt.strict,
        inline_bytes: runner.options.inline_bytes,
    };
    worker.send(&job).await
}

/// Waits until a process that is done has left, and sees that nothing of it stays.
async fn see_off(pid: i32, mut exit: oneshot::Receiver<Exit>) {
    let left = if let Ok(left) = timeout(LEAVE_TIME, &mut exit).await {
        left.ok()
    } else {
        tree::kill_tree(pid);
        exit.await.ok()
    };
    clear_away(pid, left.as_ref());
}

/// Reads messages until the socket ends or the protocol is broken; where the process goes on, until its last word,
/// and then gives the socket back.
async fn read_messages(
    mut control: OwnedReadHalf,
    messages: mpsc::Sender<io::Result<WorkerMessage>>,
    _line: Line,
    goes_on: bool,
) -> Option<OwnedReadHalf> {
    loop {
        let message = match protocol::receive(&mut control).await {
            Ok(Some(body)) => serde_json::from_slice(&body).map_err(io::Error::from),
            Ok(None) => return None,
            // A killed process may leave half a frame; that it was killed says more.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return None,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
            Err(error) => Err(error),
        };
        let broken = message.is_err();
        let last = matches!(
            message,
            Ok(WorkerMessage::Done
                | WorkerMessage::Failed { .. }
                | WorkerMessage::ConditionFailed { .. })
        );
        if messages.send(message).await.is_err() || broken {
            return None;
        }
        if last && goes_on {
            return Some(control);
        }
    }
}

/// Waits for a reader, but not for ever: a process that got away may hold a pipe open.
async fn drain<T>(mut task: JoinHandle<Option<T>>) -> Option<T> {
    if let Ok(ended) = timeout(DRAIN_TIME, &mut task).await {
        ended.ok().flatten()
    } else {
        task.abort();
        None
    }
}
