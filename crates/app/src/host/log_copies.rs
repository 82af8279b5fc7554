//! Copies of logs in the project's bucket: of a run that has ended soon after, of one that goes on every minute. What a
//! crash or a bucket that is away has held up is caught up with: a note says up to when all is there.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use baton_base::files;
use baton_model::{Run, RunId, Timestamp};
use baton_project::LogDestination;
use baton_scheduler::{News, Notice};
use tempfile::NamedTempFile;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use super::Host;
use crate::failure::Failure;
use crate::remote_logs::{LogOf, RemoteLogs};

/// How often copies are made, when there is something to copy.
const INTERVAL: Duration = Duration::from_secs(5);

/// How often the log of a run that goes on is copied.
const OPEN_INTERVAL: Duration = Duration::from_secs(60);

/// For so long a server that stops goes on copying.
const LAST: Duration = Duration::from_secs(15);

/// A file may bear a time that is so much older than the write.
const SLACK: Duration = Duration::from_secs(5);

/// What is known of the copies.
#[derive(Debug, Default)]
pub(super) struct LogCopies {
    /// Runs whose logs have changed since their last copy, and when they are copied at the latest.
    changed: Mutex<HashMap<RunId, Instant>>,
    /// Whether the project had a bucket when its file was last read: without one nothing is noted.
    is_wanted: AtomicBool,
    bucket: AsyncMutex<Option<(LogDestination, Arc<RemoteLogs>)>>,
}

impl LogCopies {
    fn note(&self, run: RunId, within: Duration) {
        if !self.is_wanted.load(Ordering::Relaxed) {
            return;
        }
        let due = Instant::now() + within;
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = changed.entry(run).or_insert(due);
        *noted = due.min(*noted);
    }

    /// Takes the runs that are due, or all.
    fn take(&self, all: bool) -> Vec<RunId> {
        let now = Instant::now();
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let due = changed.extract_if(|_, due| all || *due <= now);
        due.map(|(run, _)| run).collect()
    }

    fn is_empty(&self) -> bool {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.is_empty()
    }
}

/// Notes which logs change, as long as the service is there.
pub(super) async fn follow(host: Weak<Host>, mut news: Receiver<News>) {
    loop {
        let heard = news.recv().await;
        let Some(host) = host.upgrade() else { return };
        match heard {
            Ok(News::Inside(run, notice)) if matches!(*notice, Notice::Log(_)) => {
                host.log_copies.note(run, OPEN_INTERVAL);
            }
            Ok(News::Ended(run, _)) => host.log_copies.note(run, Duration::ZERO),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => host.note_uncopied_logs(),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Copies what has changed, as long as the host is there.
pub(super) async fn copy(host: Weak<Host>) {
    if let Some(host) = host.upgrade() {
        host.note_uncopied_logs();
    }
    let mut last_trouble = None;
    loop {
        sleep(INTERVAL).await;
        let Some(host) = host.upgrade() else { return };
        if host.log_copies.is_empty() {
            continue;
        }
        let trouble = host.copy_logs(false).await.err();
        let trouble = trouble.map(|failure| failure.message);
        if let Some(reason) = &trouble
            && last_trouble.as_ref() != Some(reason)
        {
            tracing::warn!(reason, "logs wait for their bucket");
        }
        last_trouble = trouble;
    }
}

impl Host {
    /// The bucket of the project's logs as its settings are now, if there is one.
    pub(super) async fn remote_logs(&self) -> Result<Option<Arc<RemoteLogs>>, Failure> {
        let project = self.project().await?;
        let mut known = self.log_copies.bucket.lock().await;
        let Some(destination) = &project.settings().log_destination else {
            *known = None;
            return Ok(None);
        };
        if let Some((of, bucket)) = &*known
            && of == destination
        {
            return Ok(Some(Arc::clone(bucket)));
        }
        let opened = self.state().remote_logs(&project)?.map(Arc::new);
        *known = opened.clone().map(|bucket| (destination.clone(), bucket));
        Ok(opened)
    }

    /// The log of a run that this machine has no file of.
    pub(super) async fn fetched_log(&self, run: &Run) -> Result<Option<NamedTempFile>, Failure> {
        let Some(bucket) = self.remote_logs().await? else {
            return Ok(None);
        };
        bucket.fetch(&LogOf::from(run)).await
    }

    /// Copies the logs that are due, or all that have changed.
    async fn copy_logs(&self, all: bool) -> Result<(), Failure> {
        let Some(bucket) = self.remote_logs().await? else {
            self.log_copies.take(true);
            return Ok(());
        };
        let begun = SystemTime::now();
        let mut runs = self.log_copies.take(all).into_iter();
        for run in runs.by_ref() {
            let Err(failure) = self.copy_log(&bucket, run).await else {
                continue;
            };
            for left in runs.chain([run]) {
                self.log_copies.note(left, Duration::ZERO);
            }
            return Err(failure);
        }
        if self.log_copies.is_empty() {
            let since = begun.duration_since(UNIX_EPOCH).unwrap_or_default();
            let note = format!("{} {}", since.as_secs(), bucket.place());
            files::write_atomic(&self.log_note(), note.as_bytes())?;
        }
        Ok(())
    }

    async fn copy_log(&self, bucket: &RemoteLogs, run: RunId) -> Result<(), Failure> {
        let file = self.state().home.log(run.0);
        // Another machine has written it, or it has none.
        if !file.exists() {
            return Ok(());
        }
        // One that was deleted meanwhile has no log.
        let Some(row) = self.store().run_row(run).await? else {
            return Ok(());
        };
        bucket.keep(&LogOf::from(&row), &file).await
    }

    /// Copies what is left when the server stops.
    pub(super) async fn copy_last_logs(&self) {
        if self.log_copies.is_empty() {
            return;
        }
        match timeout(LAST, self.copy_logs(true)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                let reason = failure.message;
                tracing::warn!(reason, "the last logs are copied at the next start");
            }
            Err(_) => tracing::warn!("the last logs are copied at the next start"),
        }
    }

    /// Up to when all is there, and where.
    fn log_note(&self) -> PathBuf {
        self.state().home.path().join("logs_copied")
    }

    /// Notes the logs that were written after all was known to be there; there may be a bucket that was not there before.
    pub(super) fn note_uncopied_logs(self: &Arc<Self>) {
        let host = Arc::clone(self);
        tokio::spawn(async move {
            let found = host.remote_logs().await;
            // One that cannot be opened is told of when there is something to copy.
            let is_wanted = !matches!(found, Ok(None));
            let known = &host.log_copies.is_wanted;
            known.store(is_wanted, Ordering::Relaxed);
            let Ok(Some(bucket)) = found else {
                return;
            };
            let looking = tokio::task::spawn_blocking({
                let host = Arc::clone(&host);
                move || {
                    let note = files::read_text(&host.log_note()).unwrap_or_default();
                    // Another bucket has nothing yet.
                    let since = note
                        .split_once(' ')
                        .filter(|(_, place)| *place == bucket.place())
                        .and_then(|(seconds, _)| seconds.parse().ok());
                    let since = since.map_or(UNIX_EPOCH, |seconds| {
                        UNIX_EPOCH + Duration::from_secs(seconds).saturating_sub(SLACK)
                    });
                    host.state().logs_since(since)
                }
            });
            for run in looking.await.unwrap_or_default() {
                host.log_copies.note(run, Duration::ZERO);
            }
        });
    }

    /// Deletes copies of logs that are older than the project says; when it says nothing they stay.
    pub(super) async fn delete_old_copies(&self, age: Option<Duration>) -> Result<(), Failure> {
        let project = self.project().await?;
        let (Some(age), true) = (
            age,
            project.settings().logging.contains_key("retention_period"),
        ) else {
            return Ok(());
        };
        let Some(bucket) = self.remote_logs().await? else {
            return Ok(());
        };
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let oldest = Timestamp(baton_base::now().saturating_sub(age));
        bucket.forget_before(oldest).await
    }

    /// Deletes the copies of one log.
    pub(super) async fn delete_copies(&self, log: &LogOf) -> Result<(), Failure> {
        match self.remote_logs().await? {
            Some(bucket) => bucket.forget(log).await,
            None => Ok(()),
        }
    }
}
