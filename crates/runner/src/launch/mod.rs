//! Starting block processes: forked from a zygote, or spawned one by one. Same process afterwards.

mod fork;
mod spawn;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use baton_base::{Class, Diagnose};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use self::fork::ForkLauncher;
use self::spawn::SpawnLauncher;

/// Run by `python -c`: puts the library folder first on the path and hands over to the worker code. Where
/// the machine forbids byte code files, starting would take twice as long; user code gets its own setting back.
const BOOTSTRAP: &str = "import sys; sys.dont_write_bytecode = False; \
     sys.path[:] = [sys.argv[1], *filter(None, sys.path)]; \
     from baton.worker.main import main; main()";

/// Where the database of the host is, with its password: nothing for blocks.
pub(crate) const DATABASE_URL: &str = "BATON_DATABASE_URL";

/// How block processes come to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Forked from a zygote that has imported what is slow to import: milliseconds.
    Fork,
    /// A fresh interpreter per block, kept ready in a small pool; where forking is not safe.
    Spawn,
}

impl Strategy {
    /// The strategy of this platform: `fork` on Linux, `spawn` elsewhere.
    pub fn of_platform() -> Self {
        if cfg!(target_os = "linux") {
            Self::Fork
        } else {
            Self::Spawn
        }
    }
}

/// Starting a worker failed.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The interpreter could not be started.
    #[error("start Python at `{}`", python.display())]
    Start {
        /// The interpreter.
        python: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The interpreter started but did not get ready.
    #[error("get a worker ready with `{}`: {detail}", python.display())]
    NotReady {
        /// The interpreter.
        python: PathBuf,
        /// What it said last.
        detail: String,
    },
    /// Talking to the zygote failed.
    #[error("ask the zygote for a block process")]
    Zygote(#[source] io::Error),
}

impl Diagnose for LaunchError {
    fn class(&self) -> Class {
        Class::External
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotReady { detail, .. } if detail.contains("Baton's state") => Some(
                "leave out `--isolation on`, or see docs/guide/server.md for what it needs"
                    .to_owned(),
            ),
            Self::Start { .. } | Self::NotReady { .. } => Some(
                "check that this Python runs, or name another one with `--python PATH`".to_owned(),
            ),
            Self::Zygote(_) => None,
        }
    }
}

/// What every worker process is started with.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The interpreter of the project's environment.
    pub(crate) python: PathBuf,
    /// Folder with the packages `baton` and `mage_ai`.
    pub(crate) library: PathBuf,
    /// Working directory of user code.
    pub(crate) folder: PathBuf,
    /// Variables added to the environment.
    pub(crate) environ: BTreeMap<String, String>,
    /// What keeps it away from Baton's state.
    pub(crate) shield: Option<String>,
}

/// A living block process that waits for its job.
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) control: UnixStream,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
    /// Sends once when the process was reaped; dropped when its zygote died.
    pub(crate) exit: oneshot::Receiver<Exit>,
}

/// How a process ended.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// Processor time of it and of what it has waited for, where the system says so.
    pub(crate) cpu_seconds: Option<f64>,
    /// Processes it left behind that nobody has killed yet.
    pub(crate) orphans: Vec<i32>,
}

/// The launcher of one project's workers.
pub(crate) enum Launcher {
    Fork(ForkLauncher),
    Spawn(SpawnLauncher),
}

impl Launcher {
    pub(crate) fn new(strategy: Strategy, launch: Launch) -> Self {
        match strategy {
            Strategy::Fork => Self::Fork(ForkLauncher::new(launch)),
            Strategy::Spawn => Self::Spawn(SpawnLauncher::new(launch)),
        }
    }

    /// A process for one attempt; with `frames` it has pandas and Arrow loaded.
    pub(crate) async fn launch(&self, frames: bool) -> Result<Process, LaunchError> {
        match self {
            Self::Fork(launcher) => launcher.launch(frames).await,
            Self::Spawn(launcher) => launcher.launch(frames).await,
        }
    }

    /// Gets ready for processes with (`frames`) or without pandas, so that the first one need not wait.
    pub(crate) async fn prepare(&self, frames: bool) -> Result<(), LaunchError> {
        match self {
            Self::Fork(launcher) => launcher.prepare(frames).await,
            Self::Spawn(launcher) => launcher.prepare(frames).await,
        }
    }

    /// Has these modules imported in advance, where processes are forked.
    pub(crate) async fn preload(&self, modules: &[String]) -> Result<(), LaunchError> {
        match self {
            Self::Fork(launcher) => launcher.preload(modules).await,
            Self::Spawn(_) => Ok(()),
        }
    }

    /// Ends everything that is still alive.
    pub(crate) async fn shut_down(&self) {
        match self {
            Self::Fork(launcher) => launcher.shut_down().await,
            Self::Spawn(launcher) => launcher.shut_down().await,
        }
    }
}

/// Worker processes that this process has started itself. What else is found below it was left behind by
/// a block.
fn own_children() -> MutexGuard<'static, BTreeSet<i32>> {
    static OWN: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a worker process. The lock is held meanwhile, so that nobody sees it before it is listed.
fn spawn_own(command: &mut Command) -> io::Result<Child> {
    let mut own = own_children();
    let child = command.spawn()?;
    own.extend(child.id().map(|pid| pid as i32));
    Ok(child)
}

/// Starts a process of the caller that is no worker, such as another run. It is not taken for something that a block
/// left behind; whoever waits for it says with [`companion_ended`] that it is gone.
pub fn start_companion(command: &mut Command) -> io::Result<Child> {
    spawn_own(command)
}

/// A process of [`start_companion`] has ended and was reaped.
pub fn companion_ended(pid: u32) {
    own_children().remove(&(pid as i32));
}

/// Our ends of a process's control socket and output pipes, and the ends it gets.
struct Ends {
    control: UnixStream,
    stdout: pipe::Receiver,
    stderr: pipe::Receiver,
    theirs: [OwnedFd; 3],
}

impl Ends {
    fn new() -> io::Result<Self> {
        let (control, their_control) = StdUnixStream::pair()?;
        control.set_nonblocking(true)?;
        let (stdout, their_stdout) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, their_stderr) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Self {
            control: UnixStream::from_std(control)?,
            stdout: pipe::Receiver::from_owned_fd(stdout)?,
            stderr: pipe::Receiver::from_owned_fd(stderr)?,
            theirs: [their_control.into(), their_stdout, their_stderr],
        })
    }
}
