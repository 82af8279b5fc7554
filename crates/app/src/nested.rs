//! Runs that blocks of a run start: processes of their own, which the run that started them outlives.
//!
//! Each is `baton run` on the same project with the same workers. What it is to do it reads from its standard input,
//! which stays open as long as its host lives: a host that dies, however it dies, takes them with it.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use baton_model::{BlockRunKey, Map, PipelineUuid, RunId};
use baton_runner::{Refusal, RefusalKind, Strategy, companion_ended, start_companion};
use baton_scheduler::Cancel;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot, watch};

use crate::request::WorkerOptions;

/// So many runs may stand above one: code that starts its own pipeline comes to an end.
pub(crate) const MOST_DEPTH: u32 = 10;

/// Bytes of what a run that does not begin says about it.
const LONGEST_COMPLAINT: usize = 4 * 1024;

/// What a run that was started by a block is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartedBy {
    /// Name of the trigger that its blocks see.
    pub trigger: String,
    /// Its variables.
    pub variables: Map,
    /// The run whose block started it.
    pub parent: RunId,
    /// How many runs stand above it.
    pub depth: u32,
    /// The global data product that it is to renew.
    pub product: Option<String>,
    /// Products that it and the runs above it renew.
    pub held: Vec<String>,
}

/// What this process was told by its host; it is the first line of standard input.
pub fn told() -> io::Result<StartedBy> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Sends once when the host of this process is gone.
pub fn follow_host() -> mpsc::Receiver<()> {
    let (gone, hears) = mpsc::channel(1);
    thread::spawn(move || {
        let mut rest = [0; 64];
        while matches!(io::stdin().lock().read(&mut rest), Ok(read) if read > 0) {}
        let _ = gone.blocking_send(());
    });
    hears
}

/// Starts the runs that blocks ask for.
pub trait StartRuns: Send + Sync {
    /// Whether the run of `parent`, or one above it, renews the product.
    fn holds<'a>(&'a self, parent: RunId, product: &'a str) -> Starting<'a, bool>;

    /// Starts a run, and gives its number as soon as it has begun. It goes on when nobody waits for the number.
    fn start(&self, beginning: Beginning) -> Starting<'_, Result<RunId, Refusal>>;
}

/// What is to come of a question to [`StartRuns`].
pub type Starting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A run to start.
pub struct Beginning {
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// Name of the trigger that its blocks see.
    pub trigger: String,
    /// Its variables.
    pub variables: Map,
    /// The run whose block starts it.
    pub parent: RunId,
    /// The block run that does.
    pub asked_by: BlockRunKey,
    /// The global data product that it is to renew, and a lock to be held meanwhile.
    pub product: Option<(String, File)>,
}

/// How runs are started, and which are alive.
pub struct ChildRuns {
    project: PathBuf,
    arguments: Vec<String>,
    depth: u32,
    held: Vec<String>,
    wishes: watch::Sender<Option<Cancel>>,
    open: Mutex<Vec<(RunId, PipelineUuid)>>,
    /// How many processes are alive.
    alive: watch::Sender<usize>,
}

impl ChildRuns {
    /// Starts runs of the project with this interpreter, these options and flags of the command line.
    pub fn new(
        project: PathBuf,
        python: &std::path::Path,
        worker: &WorkerOptions,
        flags: &[&str],
        started: Option<&StartedBy>,
    ) -> Arc<Self> {
        let mut arguments = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            arguments.extend(value.map(|value| format!("--{name}={value}")));
        };
        let python =
            (!python.as_os_str().is_empty()).then(|| python.to_string_lossy().into_owned());
        option("python", python);
        option("workers", worker.workers.map(|most| most.to_string()));
        option("memory", worker.memory.clone());
        option(
            "launch",
            worker.launch.map(|launch| match launch {
                Strategy::Fork => "fork".to_owned(),
                Strategy::Spawn => "spawn".to_owned(),
            }),
        );
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Arc::new(Self {
            project,
            arguments,
            depth: started.map_or(0, |started| started.depth),
            held: started
                .map(|started| started.held.clone())
                .unwrap_or_default(),
            wishes: watch::Sender::new(None),
            open: Mutex::default(),
            alive: watch::Sender::new(0),
        })
    }

    async fn begin(self: &Arc<Self>, beginning: Beginning) -> Result<RunId, Refusal> {
        let pipeline = beginning.pipeline.clone();
        let failed = |text: String| Refusal::new(RefusalKind::Failed, text);
        if self.depth >= MOST_DEPTH {
            return Err(failed(format!(
                "pipeline `{pipeline}` is not started: {MOST_DEPTH} runs have started one another already. Does a \
                 pipeline start itself?"
            )));
        }
        if self.wishes.borrow().is_some() {
            return Err(failed(format!(
                "pipeline `{pipeline}` is not started: this run is being stopped"
            )));
        }
        let (told, begun) = oneshot::channel();
        // Before the process exists: who waits for the last of them must not miss it.
        self.alive.send_modify(|alive| *alive += 1);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let result = this.see_through(beginning, told).await;
            this.alive.send_modify(|alive| *alive -= 1);
            drop(result);
        });
        match begun.await {
            Ok(Ok(run)) => Ok(run),
            Ok(Err(complaint)) => Err(failed(format!(
                "a run of pipeline `{pipeline}` could not be started: {complaint}"
            ))),
            Err(_) => Err(failed(format!(
                "a run of pipeline `{pipeline}` could not be started"
            ))),
        }
    }

    /// The life of one process.
    async fn see_through(
        &self,
        beginning: Beginning,
        told: oneshot::Sender<Result<RunId, String>>,
    ) -> io::Result<()> {
        let mut wishes = self.wishes.subscribe();
        let (process, lock) = match self.launch(beginning).await {
            Ok(launched) => launched,
            Err(error) => {
                drop(told.send(Err(error.to_string())));
                return Err(error);
            }
        };
        let Launched {
            mut child,
            stdin,
            stdout,
            stderr,
            pipeline,
        } = process;
        let pid = child.id().unwrap_or_default();
        let complaint = tokio::spawn(last_words(stderr));
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next_line().await.ok().flatten();
        let run = first.as_deref().and_then(run_of);
        if let Some(run) = run {
            self.lock().push((run, pipeline));
            drop(told.send(Ok(run)));
        } else {
            let words = complaint.await.unwrap_or_default();
            drop(told.send(Err(words)));
        }
        // Nobody reads what it shows: its own log has it. It must not wait for us either.
        let drained =
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        loop {
            tokio::select! {
                ended = child.wait() => {
                    ended?;
                    break;
                }
                // The sender lives as long as we do.
                Ok(()) = wishes.changed() => signal(&child, Signal::INT),
            }
        }
        companion_ended(pid);
        drop((stdin, lock));
        drop(drained.await);
        if let Some(run) = run {
            self.lock().retain(|(open, _)| *open != run);
        }
        Ok(())
    }

    async fn launch(&self, beginning: Beginning) -> io::Result<(Launched, Option<File>)> {
        let Beginning {
            pipeline,
            trigger,
            variables,
            parent,
            product,
            // Runs that are processes of their own end with those that started them: none is found again.
            asked_by: _,
        } = beginning;
        let (product, lock) = product.map_or((None, None), |(name, lock)| (Some(name), Some(lock)));
        let mut held = self.held.clone();
        held.extend(product.clone());
        let started = StartedBy {
            trigger,
            variables,
            parent,
            depth: self.depth + 1,
            product,
            held,
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            // The name of the program says how it behaves.
            .arg0("baton")
            .arg("run")
            .arg(&self.project)
            .arg(pipeline.as_str())
            .args(["--json", "--started-by-run"])
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C reaches it through us, once.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = start_companion(&mut command)?;
        let pid = child.id().unwrap_or_default();
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            companion_ended(pid);
            return Err(io::Error::other("its pipes are missing"));
        };
        let line = format!("{}\n", serde_json::to_string(&started)?);
        // A process that is gone says so itself.
        drop(stdin.write_all(line.as_bytes()).await);
        let launched = Launched {
            child,
            stdin,
            stdout,
            stderr,
            pipeline,
        };
        Ok((launched, lock))
    }

    /// Asks every run to stop, or insists; none is started any more.
    pub fn cancel(&self, wish: Cancel) {
        self.wishes.send_replace(Some(wish));
    }

    /// The runs that have begun and not ended.
    pub fn open(&self) -> Vec<(RunId, PipelineUuid)> {
        self.lock().clone()
    }

    /// Waits until no run is alive.
    pub async fn wait(&self) {
        // The sender is ours.
        drop(self.alive.subscribe().wait_for(|alive| *alive == 0).await);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(RunId, PipelineUuid)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StartRuns for Arc<ChildRuns> {
    fn holds<'a>(&'a self, _: RunId, product: &'a str) -> Starting<'a, bool> {
        let is_held = self.held.iter().any(|held| held == product);
        Box::pin(std::future::ready(is_held))
    }

    fn start(&self, beginning: Beginning) -> Starting<'_, Result<RunId, Refusal>> {
        Box::pin(self.begin(beginning))
    }
}

/// A process with our ends of its pipes.
struct Launched {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: tokio::process::ChildStderr,
    pipeline: PipelineUuid,
}

/// The number of the run whose first event this is.
fn run_of(line: &str) -> Option<RunId> {
    let event: Value = serde_json::from_str(line).ok()?;
    event.get("run_id")?.as_i64().map(RunId)
}

/// What a process that does not begin says about it, on one line and without the word `error:` in front.
async fn last_words(mut stderr: tokio::process::ChildStderr) -> String {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut part).await {
        let room = LONGEST_COMPLAINT.saturating_sub(text.len()).min(read);
        text.extend(part.iter().take(room));
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let words = lines.join("; ");
    words.strip_prefix("error: ").unwrap_or(&words).to_owned()
}

fn signal(child: &Child, signal: Signal) {
    // It has a number only as long as nobody has waited for it, so it cannot be another process's.
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(pid as i32)) {
        // It may have ended this moment.
        let _ = kill_process(pid, signal);
    }
}
