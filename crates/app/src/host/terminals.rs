//! Terminals: a shell in the folder of the project, for whoever runs the server.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use baton_base::Class;
use baton_runner::{Terminal, TerminalEnd, TerminalOrder, TerminalSize};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;
use crate::settings;

/// Most terminals at a time.
pub const MOST_TERMINALS: usize = 8;

/// How long a new terminal waits for the environment of the project; one that has to be made takes longer.
const ENVIRONMENT_TIME: Duration = Duration::from_secs(3);

/// How long terminals may take to end when the server stops.
const CLOSING_TIME: Duration = Duration::from_secs(6);

/// The terminals of a project.
pub(super) struct Terminals {
    /// What keeps a shell, where there are terminals.
    keeper: OnceLock<Vec<OsString>>,
    places: Arc<Semaphore>,
    opened: AtomicU64,
    is_closing: watch::Sender<bool>,
}

impl Default for Terminals {
    fn default() -> Self {
        Self {
            keeper: OnceLock::new(),
            places: Arc::new(Semaphore::new(MOST_TERMINALS)),
            opened: AtomicU64::new(0),
            is_closing: watch::Sender::new(false),
        }
    }
}

impl Terminals {
    /// Ends all of them and waits for it.
    pub(super) async fn close_all(&self) {
        self.is_closing.send_replace(true);
        let all = self.places.acquire_many(MOST_TERMINALS as u32);
        if timeout(CLOSING_TIME, all).await.is_err() {
            tracing::warn!("a terminal has not ended");
        }
    }
}

/// What is known of the terminals of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Whether there are any.
    pub is_offered: bool,
    /// How many are open.
    pub open: usize,
    /// What a new one runs.
    pub shell: PathBuf,
}

/// The right to open one terminal.
#[derive(Debug)]
pub struct TerminalPlace {
    keeper: Vec<OsString>,
    _permit: OwnedSemaphorePermit,
}

/// A terminal that is open.
#[derive(Debug)]
pub struct OpenTerminal {
    /// What is shown and typed.
    pub terminal: Terminal,
    /// What it runs.
    pub shell: PathBuf,
    /// What its user has to know.
    pub note: Option<String>,
    name: String,
    is_closing: watch::Receiver<bool>,
    _place: TerminalPlace,
}

impl OpenTerminal {
    /// Waits until the server stops.
    pub async fn closing(&self) {
        // The host goes after its terminals.
        let _ = self.is_closing.clone().wait_for(|closing| *closing).await;
    }
}

impl Host {
    /// Lets people open terminals. `keeper` is what keeps a shell: a program and its arguments.
    pub fn offer_terminals(&self, keeper: Vec<OsString>) {
        // It is offered once.
        let _ = self.terminals.keeper.set(keeper);
    }

    /// What is known of the terminals.
    pub fn terminals(&self, actor: &Actor) -> Result<TerminalFacts, Failure> {
        actor.may(Right::Read)?;
        Ok(TerminalFacts {
            is_offered: self.terminals.keeper.get().is_some(),
            open: MOST_TERMINALS - self.terminals.places.available_permits(),
            shell: shell(),
        })
    }

    /// A place for a terminal; refused where there are none, or too many.
    pub fn terminal_place(&self, actor: &Actor) -> Result<TerminalPlace, Failure> {
        actor.may(Right::Terminal)?;
        let Some(keeper) = self.terminals.keeper.get() else {
            return Err(Failure {
                class: Class::Denied,
                exit: Class::Denied.exit_code(),
                ..Failure::usage(
                    "this server has no terminals",
                    "start it without `--no-terminal`",
                )
            });
        };
        let permit = Arc::clone(&self.terminals.places).try_acquire_owned();
        let permit = permit.map_err(|_| Failure {
            is_full: true,
            ..Failure::conflict(
                format!("{MOST_TERMINALS} terminals are open"),
                "close one of them",
            )
        })?;
        Ok(TerminalPlace {
            keeper: keeper.clone(),
            _permit: permit,
        })
    }

    /// Starts a shell in the folder of the project, with the project's Python environment on its path.
    pub async fn open_terminal(
        &self,
        actor: &Actor,
        place: TerminalPlace,
        size: TerminalSize,
    ) -> Result<OpenTerminal, Failure> {
        actor.may(Right::Terminal)?;
        let shell = shell();
        let (environ, note) = self.terminal_environment().await;
        let order = TerminalOrder {
            keeper: place.keeper.clone(),
            shell: shell.clone(),
            folder: self.root.clone(),
            environ,
            size,
        };
        let terminal = Terminal::open(&order).map_err(|error| {
            Failure::usage(
                format!(
                    "the shell `{}` could not be started: {error}",
                    shell.display()
                ),
                "look whether the machine has pseudo-terminals and processes left",
            )
        })?;
        let number = self.terminals.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("terminal {number} of process {}", std::process::id());
        let details = json!({"shell": shell, "pid": terminal.keeper()});
        self.audit(actor, "terminal.open", &name, details).await;
        Ok(OpenTerminal {
            terminal,
            shell,
            note,
            name,
            is_closing: self.terminals.is_closing.subscribe(),
            _place: place,
        })
    }

    /// Ends a terminal with everything that runs in it. `reason` says why, for the audit.
    pub async fn close_terminal(
        &self,
        actor: &Actor,
        open: OpenTerminal,
        reason: &str,
    ) -> TerminalEnd {
        let OpenTerminal {
            terminal,
            name,
            _place,
            ..
        } = open;
        let ended = terminal.end().await;
        if let Err(error) = &ended {
            tracing::error!(%error, name, "a terminal could not be ended");
        }
        let end = ended.unwrap_or_default();
        if end.left > 0 {
            tracing::error!(left = end.left, name, "processes of a terminal are left");
        }
        let details = json!({"reason": reason, "exit_code": end.code, "processes_left": end.left});
        self.audit(actor, "terminal.close", &name, details).await;
        end
    }

    /// What the shell has besides the environment of this process, and what its user has to know of that.
    async fn terminal_environment(&self) -> (BTreeMap<String, OsString>, Option<String>) {
        let mut environ = BTreeMap::from([
            ("TERM".to_owned(), OsString::from("xterm-256color")),
            ("COLORTERM".to_owned(), OsString::from("truecolor")),
        ]);
        let desk = Arc::clone(&self.desk);
        // It goes on being made when nobody waits any more.
        let making = tokio::spawn(async move { desk.interpreter().await });
        let python = match timeout(ENVIRONMENT_TIME, making).await {
            Ok(Ok(Ok(python))) => python,
            Ok(Ok(Err(failure))) => {
                let note = format!("There is no Python environment: {}.", failure.message);
                return (environ, Some(note));
            }
            Ok(Err(_)) | Err(_) => {
                let note = "The Python environment of the project is being made: a terminal that you open \
                            afterwards has it.";
                return (environ, Some(note.to_owned()));
            }
        };
        if let Some(bin) = python.parent().filter(|_| python.is_file()) {
            environ.insert("PATH".to_owned(), path_with(bin));
            if let Some(folder) = bin.parent()
                && folder.join("pyvenv.cfg").is_file()
            {
                environ.insert("VIRTUAL_ENV".to_owned(), folder.into());
            }
        }
        (environ, None)
    }
}

/// The search path of this process, with a folder before all others.
fn path_with(folder: &Path) -> OsString {
    let known = settings::variable("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&known));
    std::env::join_paths(folders).unwrap_or_else(|_| known.into())
}

/// What a terminal runs: the shell of the user, else the first of those that every system has.
fn shell() -> PathBuf {
    let own = settings::variable("SHELL").map(PathBuf::from);
    let others = ["/bin/bash", "/usr/bin/bash"].map(PathBuf::from);
    let runs = |path: &PathBuf| {
        let found = path.metadata();
        path.is_absolute()
            && found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let mut shells = own.into_iter().chain(others);
    shells
        .find(runs)
        .unwrap_or_else(|| PathBuf::from("/bin/sh"))
}
