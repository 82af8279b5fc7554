//! Two zygotes per environment: a bare one, and forked from it one that has imported pandas and Arrow.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::json;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use super::{
    BOOTSTRAP, DATABASE_URL, Ends, Exit, Launch, LaunchError, Process, own_children, spawn_own,
};
use crate::protocol::{self, ZygoteMessage};
use crate::tree;

/// Launches by asking a zygote to fork.
pub(crate) struct ForkLauncher {
    launch: Launch,
    bare: AsyncMutex<Option<Bare>>,
    warm: AsyncMutex<Option<Arc<Zygote>>>,
}

/// The bare zygote and its process.
struct Bare {
    zygote: Arc<Zygote>,
    child: Child,
}

impl ForkLauncher {
    pub(super) fn new(launch: Launch) -> Self {
        Self {
            launch,
            bare: AsyncMutex::default(),
            warm: AsyncMutex::default(),
        }
    }

    pub(super) async fn launch(&self, frames: bool) -> Result<Process, LaunchError> {
        // A zygote can die between two blocks, for instance when the system runs out of memory: a
        // second try gets a new one.
        for _ in 0..2 {
            if let Ok(process) = self.zygote(frames).await?.fork().await {
                return Ok(process);
            }
        }
        self.zygote(frames)
            .await?
            .fork()
            .await
            .map_err(LaunchError::Zygote)
    }

    pub(super) async fn prepare(&self, frames: bool) -> Result<(), LaunchError> {
        self.zygote(frames).await.map(drop)
    }

    /// Has the warm zygote import these when nobody waits for it.
    pub(super) async fn preload(&self, modules: &[String]) -> Result<(), LaunchError> {
        let zygote = self.warm_zygote().await?;
        let message = json!({"t": "preload", "modules": modules});
        let sent = zygote.send(&message, &[]).await;
        sent.map_err(LaunchError::Zygote)
    }

    async fn zygote(&self, frames: bool) -> Result<Arc<Zygote>, LaunchError> {
        if frames {
            self.warm_zygote().await
        } else {
            self.bare_zygote().await
        }
    }

    async fn bare_zygote(&self) -> Result<Arc<Zygote>, LaunchError> {
        let mut bare = self.bare.lock().await;
        if let Some(bare) = &*bare
            && bare.zygote.is_alive()
        {
            return Ok(Arc::clone(&bare.zygote));
        }
        let fresh = self.start_bare().await?;
        let zygote = Arc::clone(&fresh.zygote);
        *bare = Some(fresh);
        Ok(zygote)
    }

    async fn warm_zygote(&self) -> Result<Arc<Zygote>, LaunchError> {
        let mut warm = self.warm.lock().await;
        if let Some(zygote) = &*warm
            && zygote.is_alive()
        {
            return Ok(Arc::clone(zygote));
        }
        let bare = self.bare_zygote().await?;
        let (ours, theirs) = socket_pair().map_err(LaunchError::Zygote)?;
        bare.send(&json!({"t": "warm"}), &[theirs.as_fd()])
            .await
            .map_err(LaunchError::Zygote)?;
        drop(theirs);
        let zygote = Zygote::connect(ours)
            .await
            .map_err(|detail| self.not_ready(detail))?;
        *warm = Some(Arc::clone(&zygote));
        Ok(zygote)
    }

    async fn start_bare(&self) -> Result<Bare, LaunchError> {
        let launch = &self.launch;
        let start = |source| LaunchError::Start {
            python: launch.python.clone(),
            source,
        };
        let (ours, theirs) = socket_pair().map_err(start)?;
        let mut command = Command::new(&launch.python);
        command
            .arg("-c")
            .arg(BOOTSTRAP)
            .arg(&launch.library)
            .arg("zygote")
            .args(&launch.shield)
            .current_dir(&launch.folder)
            .envs(&launch.environ)
            .env_remove(DATABASE_URL)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C on the terminal is for the host: it decides what is stopped and how.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = spawn_own(&mut command).map_err(start)?;
        let zygote = match Zygote::connect(ours).await {
            Ok(zygote) => {
                if let Some(reason) = &zygote.unshielded {
                    tracing::info!(%reason, "block code is not kept away from Baton's state");
                }
                zygote
            }
            Err(detail) => {
                let said = last_words(&mut child).await;
                return Err(self.not_ready(if said.is_empty() { detail } else { said }));
            }
        };
        Ok(Bare { zygote, child })
    }

    fn not_ready(&self, detail: String) -> LaunchError {
        LaunchError::NotReady {
            python: self.launch.python.clone(),
            detail,
        }
    }

    pub(super) async fn shut_down(&self) {
        drop(self.warm.lock().await.take());
        if let Some(mut bare) = self.bare.lock().await.take() {
            if let Some(pid) = bare.child.id() {
                tree::kill_tree(pid as i32);
            }
            let pid = bare.child.id();
            // The process was just killed; there is nothing to learn from how it ended.
            drop(bare.child.wait().await);
            own_children().retain(|own| Some(*own as u32) != pid);
        }
    }
}

/// The end of what a failed interpreter wrote to its standard error.
async fn last_words(child: &mut Child) -> String {
    let Some(mut stderr) = child.stderr.take() else {
        return String::new();
    };
    let mut text = Vec::new();
    drop(child.start_kill());
    drop(stderr.read_to_end(&mut text).await);
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .to_owned()
}

/// A connection to a zygote.
struct Zygote {
    writer: AsyncMutex<OwnedWriteHalf>,
    state: Arc<Mutex<State>>,
    next: AtomicU64,
    /// Why its blocks are not kept away from Baton's state.
    unshielded: Option<String>,
}

/// What the reader shares with those who wait.
#[derive(Default)]
struct State {
    closed: bool,
    waiting: HashMap<u64, Waiting>,
}

/// Who waits for news of one process.
struct Waiting {
    forked: Option<oneshot::Sender<Result<i32, String>>>,
    exited: oneshot::Sender<Exit>,
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Zygote {
    /// Waits for the zygote's greeting and starts to listen to it.
    async fn connect(stream: UnixStream) -> Result<Arc<Self>, String> {
        let (mut reader, writer) = stream.into_split();
        let hello = next_message(&mut reader)
            .await
            .map_err(|error| error.to_string())?;
        let unshielded = match hello {
            Some(ZygoteMessage::Hello {
                protocol,
                unshielded,
            }) if protocol == protocol::VERSION => unshielded,
            Some(ZygoteMessage::Hello { protocol, .. }) => {
                return Err(format!(
                    "its code speaks version {protocol} of the worker protocol, not {}",
                    protocol::VERSION
                ));
            }
            Some(_) => return Err("it did not greet".to_owned()),
            None => return Err("it ended before it was ready".to_owned()),
        };
        let state = Arc::new(Mutex::new(State::default()));
        tokio::spawn(listen(reader, Arc::clone(&state)));
        Ok(Arc::new(Self {
            writer: AsyncMutex::new(writer),
            state,
            next: AtomicU64::new(1),
            unshielded,
        }))
    }

    fn is_alive(&self) -> bool {
        !lock(&self.state).closed
    }

    async fn fork(&self) -> io::Result<Process> {
        let ends = Ends::new()?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (forked, on_forked) = oneshot::channel();
        let (exited, exit) = oneshot::channel();
        lock(&self.state).waiting.insert(
            id,
            Waiting {
                forked: Some(forked),
                exited,
            },
        );
        let fds: Vec<BorrowedFd<'_>> = ends.theirs.iter().map(AsFd::as_fd).collect();
        if let Err(error) = self.send(&json!({"t": "fork", "id": id}), &fds).await {
            lock(&self.state).closed = true;
            return Err(error);
        }
        let pid = on_forked
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the zygote died"))?
            .map_err(io::Error::other)?;
        let Ends {
            control,
            stdout,
            stderr,
            theirs,
        } = ends;
        drop(theirs);
        Ok(Process {
            pid,
            control,
            stdout,
            stderr,
            exit,
        })
    }

    /// Sends a message together with descriptors.
    async fn send(&self, message: &serde_json::Value, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let frame = protocol::encode(message)?;
        let writer = self.writer.lock().await;
        let stream: &UnixStream = writer.as_ref();
        let mut sent = 0;
        while sent < frame.len() {
            let rest = frame.get(sent..).unwrap_or_default();
            sent += stream
                .async_io(Interest::WRITABLE, || {
                    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
                    let mut control = SendAncillaryBuffer::new(&mut space);
                    if sent == 0 && !control.push(SendAncillaryMessage::ScmRights(fds)) {
                        return Err(io::Error::other("too many descriptors for one message"));
                    }
                    sendmsg(
                        stream,
                        &[IoSlice::new(rest)],
                        &mut control,
                        SendFlags::NOSIGNAL,
                    )
                    .map_err(io::Error::from)
                })
                .await?;
        }
        Ok(())
    }
}

async fn next_message(reader: &mut OwnedReadHalf) -> io::Result<Option<ZygoteMessage>> {
    match protocol::receive(reader).await? {
        Some(body) => Ok(Some(serde_json::from_slice(&body)?)),
        None => Ok(None),
    }
}

/// Hands what a zygote says to those who wait for it, until it ends.
async fn listen(mut reader: OwnedReadHalf, state: Arc<Mutex<State>>) {
    while let Ok(Some(message)) = next_message(&mut reader).await {
        let mut state = lock(&state);
        match message {
            ZygoteMessage::Hello { .. } => {}
            ZygoteMessage::Forked { id, pid } => {
                if let Some(forked) = state.waiting.get_mut(&id).and_then(|one| one.forked.take()) {
                    // Nobody waits any more when the attempt was given up; its socket is closed then.
                    drop(forked.send(Ok(pid)));
                }
            }
            ZygoteMessage::Refused { id, message } => {
                if let Some(forked) = state.waiting.remove(&id).and_then(|one| one.forked) {
                    drop(forked.send(Err(message)));
                }
            }
            ZygoteMessage::Exited {
                id,
                code,
                signal,
                cpu_seconds,
            } => {
                if let Some(waiting) = state.waiting.remove(&id) {
                    // It has killed what the process left behind before it said so.
                    drop(waiting.exited.send(Exit {
                        code,
                        signal,
                        cpu_seconds,
                        orphans: Vec::new(),
                    }));
                }
            }
        }
    }
    let mut state = lock(&state);
    state.closed = true;
    // Dropping the senders tells everyone who waits.
    state.waiting.clear();
}

fn socket_pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs.into()))
}
