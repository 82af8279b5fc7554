//! A shell for a person, on a pseudo-terminal.
//!
//! Between this process and the shell stands a keeper, a process of this program. It adopts whatever the shell starts,
//! also daemons, and ends all of it when the shell is gone, when it is told to, or when this process dies: then its line
//! to it is closed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command as StdCommand, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, WaitOptions};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use serde::{Deserialize, Serialize};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::launch::{DATABASE_URL, companion_ended, start_companion};
use crate::tree;

/// How long the keeper may take to end everything; then it is ended itself.
const KEEPER_TIME: Duration = Duration::from_secs(5);

/// Rounds of ending what the shell has left behind.
const MOST_ROUNDS: usize = 50;

/// Lines and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// What a terminal is opened with.
#[derive(Clone, Debug)]
pub struct TerminalOrder {
    /// What the keeper is started with: a program that calls [`keep_terminal`], and its arguments. The shell follows.
    pub keeper: Vec<OsString>,
    /// The shell.
    pub shell: PathBuf,
    /// Where it begins.
    pub folder: PathBuf,
    /// Variables added to the environment.
    pub environ: BTreeMap<String, OsString>,
    /// The size at first.
    pub size: TerminalSize,
}

/// How a terminal ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalEnd {
    /// What the shell ended with; none when a signal ended it.
    pub code: Option<i32>,
    /// Processes that could not be ended.
    pub left: usize,
}

/// A shell on a pseudo-terminal. Dropped without [`Terminal::end`], it ends all the same, but nobody hears how.
#[derive(Debug)]
pub struct Terminal {
    screen: AsyncFd<OwnedFd>,
    line: UnixStream,
    keeper: Child,
    pid: u32,
}

impl Terminal {
    /// Starts a shell.
    pub fn open(order: &TerminalOrder) -> io::Result<Self> {
        let screen =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&screen)?;
        rustix::pty::unlockpt(&screen)?;
        let name = rustix::pty::ptsname(&screen, Vec::new())?;
        let theirs = rustix::fs::open(
            name.as_c_str(),
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        resize(&screen, order.size)?;
        rustix::io::ioctl_fionbio(&screen, true)?;
        let (line, their_line) = StdUnixStream::pair()?;
        line.set_nonblocking(true)?;
        let (program, arguments) = (order.keeper.split_first())
            .ok_or_else(|| io::Error::other("there is no keeper of terminals"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(&order.shell)
            .current_dir(&order.folder)
            .envs(&order.environ)
            .env_remove(DATABASE_URL)
            .stdin(Stdio::from(OwnedFd::from(their_line)))
            .stdout(Stdio::from(theirs))
            .stderr(Stdio::null())
            // Ctrl-C on the terminal of this process is not for it.
            .process_group(0)
            .kill_on_drop(false);
        let keeper = start_companion(&mut command)?;
        let pid = keeper.id().unwrap_or_default();
        Ok(Self {
            screen: watched(screen)?,
            line: UnixStream::from_std(line)?,
            keeper,
            pid,
        })
    }

    /// What is shown next; 0 bytes when the shell is gone with all that it has started.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.screen.readable().await?;
            let read = ready.try_io(|screen| Ok(rustix::io::read(screen.get_ref(), &mut *buffer)?));
            match read {
                // So Linux says that nobody has the other side open any more.
                Ok(Err(error)) if error.raw_os_error() == Some(5) => return Ok(0),
                Ok(read) => return read,
                Err(_) => {}
            }
        }
    }

    /// Takes what is typed; gives how many bytes were taken.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.screen.writable().await?;
            let written = ready.try_io(|screen| Ok(rustix::io::write(screen.get_ref(), bytes)?));
            if let Ok(written) = written {
                return written;
            }
        }
    }

    /// Gives it another size.
    pub fn resize(&self, size: TerminalSize) -> io::Result<()> {
        resize(self.screen.get_ref(), size)
    }

    /// The process that keeps the shell and whatever it starts.
    pub fn keeper(&self) -> u32 {
        self.pid
    }

    /// Ends everything that runs in it.
    pub async fn end(self) -> io::Result<TerminalEnd> {
        let Self {
            screen,
            mut line,
            mut keeper,
            pid,
        } = self;
        // Whoever waits for the screen to take more is not kept from its end.
        drop(screen);
        // The keeper hears that nobody listens any more. One that has ended already does not.
        let _ = line.shutdown().await;
        let mut said = String::new();
        let done = timeout(KEEPER_TIME, async {
            line.read_to_string(&mut said).await?;
            keeper.wait().await
        });
        let is_done = matches!(done.await, Ok(Ok(_)));
        if !is_done {
            tree::kill_tree(pid as i32);
            keeper.wait().await?;
        }
        companion_ended(pid);
        let left = tree::descendants(pid as i32).len();
        Ok(serde_json::from_str(&said).unwrap_or(TerminalEnd { code: None, left }))
    }
}

#[expect(
    deprecated,
    reason = "of an owned descriptor it is sound; what replaces it is unsafe to call"
)]
fn watched(screen: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(screen)
}

fn resize(screen: impl AsFd, size: TerminalSize) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(rustix::termios::tcsetwinsize(screen, size)?)
}

/// The work of a keeper: its standard input is the line to whoever wants the terminal, its standard output the
/// terminal. `inside` are the program and the arguments of a process that calls [`enter_terminal`].
pub fn keep_terminal(inside: &[OsString]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let line = StdUnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
    let screen = rustix::stdio::stdout().try_clone_to_owned()?;
    let (program, arguments) =
        (inside.split_first()).ok_or_else(|| io::Error::other("there is no shell"))?;
    let shell = StdCommand::new(program)
        .args(arguments)
        .stdin(Stdio::from(screen.try_clone()?))
        .stdout(Stdio::from(screen.try_clone()?))
        .stderr(Stdio::from(screen))
        .spawn()?;
    let pid = shell.id() as i32;
    let listening = line.try_clone()?;
    std::thread::spawn(move || {
        // Nothing is ever said: this is the end, however it comes.
        let _ = BufReader::new(listening).read_line(&mut String::new());
        tree::kill_tree(pid);
    });
    let code = wait_for(pid);
    let left = end_all();
    let end = TerminalEnd { code, left };
    // Where nobody listens any more nobody has to hear it.
    let _ = (&line).write_all(serde_json::to_string(&end).unwrap_or_default().as_bytes());
    Ok(())
}

/// Waits until a process has ended; those it has left behind are ours now.
fn wait_for(pid: i32) -> Option<i32> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended.as_raw_nonzero().get() == pid => {
                return status.exit_status();
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

/// Ends every process below this one; gives how many are left.
fn end_all() -> usize {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    for _ in 0..MOST_ROUNDS {
        let children = tree::children(own);
        if children.is_empty() {
            break;
        }
        for child in children {
            tree::kill_tree(child);
            // One that is not dead yet is met again in the next round.
            let _ = rustix::process::waitpid(Pid::from_raw(child), WaitOptions::empty());
        }
    }
    tree::descendants(own).len()
}

/// Becomes the shell of a terminal: it leads a session that has the terminal, and dies with its keeper. Comes back only
/// when it cannot.
pub fn enter_terminal(shell: &OsStr) -> io::Error {
    let entered = || -> io::Result<()> {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        Ok(())
    };
    match entered() {
        Ok(()) => StdCommand::new(shell).exec(),
        Err(error) => error,
    }
}
