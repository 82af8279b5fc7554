//! A fresh interpreter per block. One is always kept ready, so that a block seldom waits for imports.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use tokio::process::Command;
use tokio::sync::oneshot;

use super::{
    BOOTSTRAP, DATABASE_URL, Ends, Exit, Launch, LaunchError, Process, own_children, spawn_own,
};
use crate::tree;

/// Launches by starting an interpreter.
pub(crate) struct SpawnLauncher {
    launch: Launch,
    /// A process that waits for a job, without and with pandas.
    ready: [Mutex<Option<Process>>; 2],
}

impl SpawnLauncher {
    pub(super) fn new(launch: Launch) -> Self {
        Self {
            launch,
            ready: Default::default(),
        }
    }

    #[expect(
        clippy::unused_async,
        reason = "same shape as the other strategy, which waits here"
    )]
    pub(super) async fn launch(&self, frames: bool) -> Result<Process, LaunchError> {
        let spare = self.slot(frames).take();
        let process = match spare {
            Some(process) => process,
            None => self.start(frames)?,
        };
        *self.slot(frames) = Some(self.start(frames)?);
        Ok(process)
    }

    #[expect(
        clippy::unused_async,
        reason = "same shape as the other strategy, which waits here"
    )]
    pub(super) async fn prepare(&self, frames: bool) -> Result<(), LaunchError> {
        let mut slot = self.slot(frames);
        if slot.is_none() {
            *slot = Some(self.start(frames)?);
        }
        Ok(())
    }

    fn slot(&self, frames: bool) -> std::sync::MutexGuard<'_, Option<Process>> {
        let [bare, warm] = &self.ready;
        (if frames { warm } else { bare })
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, frames: bool) -> Result<Process, LaunchError> {
        let launch = &self.launch;
        let fail = |source| LaunchError::Start {
            python: launch.python.clone(),
            source,
        };
        let Ends {
            control,
            stdout,
            stderr,
            theirs: [their_control, their_stdout, their_stderr],
        } = Ends::new().map_err(fail)?;
        let mut command = Command::new(&launch.python);
        command
            .arg("-c")
            .arg(BOOTSTRAP)
            .arg(&launch.library)
            .arg("worker")
            .args(frames.then_some("warm"))
            .args(&launch.shield)
            .current_dir(&launch.folder)
            .envs(&launch.environ)
            .env_remove(DATABASE_URL)
            .stdin(Stdio::from(their_control))
            .stdout(Stdio::from(their_stdout))
            .stderr(Stdio::from(their_stderr))
            .process_group(0)
            .kill_on_drop(true);
        let mut child = spawn_own(&mut command).map_err(fail)?;
        let pid = child.id().map_or(0, |pid| pid as i32);
        let (exited, exit) = oneshot::channel();
        tokio::spawn(async move {
            let status = child.wait().await;
            let mut own = own_children();
            own.remove(&pid);
            let orphans = tree::children(std::process::id() as i32)
                .into_iter()
                .filter(|child| !own.contains(child))
                .collect();
            drop(own);
            let status = status.ok();
            // Nobody listens when the attempt was given up.
            drop(exited.send(Exit {
                code: status.and_then(|status| status.code()),
                signal: status.and_then(|status| status.signal()),
                cpu_seconds: None,
                orphans,
            }));
        });
        Ok(Process {
            pid,
            control,
            stdout,
            stderr,
            exit,
        })
    }

    pub(super) async fn shut_down(&self) {
        for frames in [false, true] {
            let spare = self.slot(frames).take();
            if let Some(process) = spare {
                tree::kill_tree(process.pid);
                drop(process.exit.await);
            }
        }
    }
}
