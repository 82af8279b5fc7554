//! Records of one attempt: what its process prints and logs, counted against a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use baton_base::now;
use baton_model::{Map, Timestamp};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

use crate::conceal::Concealed;
use crate::ending::megabytes;
use crate::log::{Level, Lines, LogRecord};
use crate::runner::Attempt;

/// Makes log records of one attempt and counts what they take.
#[derive(Clone)]
pub(crate) struct Recorder {
    block: String,
    attempt: u32,
    log: mpsc::Sender<LogRecord>,
    limit: usize,
    used: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    concealed: Concealed,
}

impl Recorder {
    pub(crate) fn new(
        attempt: &Attempt,
        log: mpsc::Sender<LogRecord>,
        limit: usize,
        concealed: Concealed,
    ) -> Self {
        Self {
            block: attempt.name.clone(),
            attempt: attempt.number,
            log,
            limit,
            used: Arc::default(),
            dropped: Arc::default(),
            concealed,
        }
    }

    pub(crate) async fn record(&self, level: Level, message: String, tags: Map) {
        // Every record also costs its time, level and names.
        let size = message.len() + 100;
        if self.used.fetch_add(size, Ordering::Relaxed) + size > self.limit {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.send(level, message, tags).await;
    }

    /// Records even when the limit is reached.
    pub(crate) async fn force(&self, level: Level, message: String) {
        self.send(level, message, Map::new()).await;
    }

    async fn send(&self, level: Level, message: String, tags: Map) {
        let record = LogRecord {
            at: Timestamp(now()),
            level,
            block: Some(self.block.clone()),
            attempt: Some(self.attempt),
            message: self.concealed.text(message),
            tags: self.concealed.tags(tags),
        };
        // The log is closed only when the whole run is being torn down.
        drop(self.log.send(record).await);
    }

    pub(crate) fn dropped_notice(&self) -> Option<String> {
        let dropped = self.dropped.load(Ordering::Relaxed);
        (dropped > 0).then(|| {
            format!(
                "the log limit of {} is reached: {dropped} more records were dropped",
                megabytes(self.limit as u64)
            )
        })
    }
}

/// Records what a process prints, up to `mark` where one is expected: then the process goes on with other work,
/// and its output is given back.
pub(crate) async fn read_output(
    mut output: pipe::Receiver,
    recorder: Recorder,
    mark: Option<String>,
) -> Option<pipe::Receiver> {
    let mut lines = Lines::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut marked = false;
    // What may be the beginning of the mark is held back.
    let mut held: Vec<u8> = Vec::new();
    let mark = mark.map(|mark| format!("\n{mark}\n").into_bytes());
    while let Ok(count) = output.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let read = buffer.get(..count).unwrap_or_default();
        let ready = match &mark {
            None => read.to_vec(),
            Some(mark) => {
                held.extend_from_slice(read);
                if held.ends_with(mark) {
                    marked = true;
                    held.truncate(held.len() - mark.len());
                }
                let keep = if marked {
                    0
                } else {
                    mark.len().min(held.len())
                };
                let rest = held.split_off(held.len() - keep);
                std::mem::replace(&mut held, rest)
            }
        };
        for line in lines.push(&ready) {
            recorder.record(Level::Info, line, Map::new()).await;
        }
        if marked {
            break;
        }
    }
    for line in lines.push(&held) {
        recorder.record(Level::Info, line, Map::new()).await;
    }
    if let Some(line) = lines.finish() {
        recorder.record(Level::Info, line, Map::new()).await;
    }
    marked.then_some(output)
}
