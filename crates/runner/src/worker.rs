//! A block process as the host holds it: its end of the control socket, its output, the news of its end.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, pipe};
use tokio::sync::{Mutex, oneshot};

use crate::asking::Line;
use crate::launch::{Exit, Process};
use crate::protocol::encode;

/// A living block process that waits for a job.
pub(crate) struct Worker {
    pub(crate) pid: i32,
    pub(crate) control: OwnedReadHalf,
    pub(crate) line: Line,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
    /// Sends once when the process was reaped; dropped when its zygote died.
    pub(crate) exit: oneshot::Receiver<Exit>,
}

impl Worker {
    pub(crate) fn new(process: Process) -> Self {
        let (control, line) = process.control.into_split();
        Self {
            pid: process.pid,
            control,
            line: Arc::new(Mutex::new(line)),
            stdout: process.stdout,
            stderr: process.stderr,
            exit: process.exit,
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&self, message: &impl Serialize) -> io::Result<()> {
        let frame = encode(message)?;
        self.line.lock().await.write_all(&frame).await
    }
}
