//! What the service has done and how it is, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_model::{BlockStatus, RunStatus};
use baton_scheduler::{News, Notice};
use baton_store::{NoticeStatus, RunPage, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Upper bounds of the classes that durations of blocks are counted in, in seconds.
pub const BOUNDS: [f64; 10] = [
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0,
];

/// A service whose loop has not turned for so long does not do its work.
const STUCK: Duration = Duration::from_secs(90);

/// How long the database may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Counts how long blocks take.
#[derive(Debug, Default)]
pub(super) struct Durations {
    /// One for each bound, and one for those beyond.
    classes: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Durations {
    fn add(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let class = BOUNDS.iter().position(|bound| seconds <= *bound);
        if let Some(count) = self.classes.get(class.unwrap_or(BOUNDS.len())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Counts the blocks of the news until the service is gone.
    pub(super) async fn follow(&self, mut news: Receiver<News>) {
        loop {
            match news.recv().await {
                Ok(News::Inside(_, notice)) => {
                    if let Notice::Block(block) = notice.as_ref()
                        && matches!(block.status, BlockStatus::Completed | BlockStatus::Failed)
                        && let (Some(start), Some(end)) = (block.started_at, block.ended_at)
                    {
                        self.add(end.since(start));
                    }
                }
                // Numbers for people: what was missed is missing.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// The service in numbers.
#[derive(Clone, Debug)]
pub struct Measures {
    /// Runs by where they stand.
    pub runs: Vec<(RunStatus, u64)>,
    /// Runs that this process drives.
    pub driven: usize,
    /// Messages about runs by where they stand.
    pub notices: Vec<(NoticeStatus, u64)>,
    /// How many blocks took at most each of [`BOUNDS`], and how many there are.
    pub durations: Vec<u64>,
    /// Seconds that all of them took together.
    pub seconds: f64,
    /// How long the oldest date that is due waits to be looked at.
    pub lag: Duration,
    /// How long ago the loop turned; none before its first turn.
    pub turned: Option<Duration>,
    /// Bytes of memory of this process.
    pub memory: Option<u64>,
    /// Files and sockets that this process has open.
    pub handles: Option<u64>,
}

impl Host {
    /// The service in numbers.
    pub async fn measures(&self, actor: &Actor) -> Result<Measures, Failure> {
        actor.may(Right::Read)?;
        let mut runs = Vec::new();
        for status in [
            RunStatus::Initial,
            RunStatus::Running,
            RunStatus::Completed,
            RunStatus::Failed,
            RunStatus::Cancelled,
        ] {
            let page = RunPage {
                statuses: vec![status],
                ..RunPage::default()
            };
            runs.push((status, self.store().page_runs(&page).await?.total));
        }
        let mut sum = 0;
        let classes = self.durations.classes.iter().map(|count| {
            sum += count.load(Ordering::Relaxed);
            sum
        });
        let now = self.service().now();
        Ok(Measures {
            runs,
            driven: self.service().driven_runs(),
            notices: self.store().notice_counts().await?,
            durations: classes.collect(),
            seconds: self.durations.micros.load(Ordering::Relaxed) as f64 / 1e6,
            lag: self.service().lag(),
            turned: self.service().turned_at().map(|at| now.since(at)),
            memory: memory(),
            handles: std::fs::read_dir("/proc/self/fd")
                .ok()
                .map(|entries| entries.count() as u64),
        })
    }

    /// Why the service cannot do its work, if so: for whoever watches it from outside, so it says little.
    pub async fn trouble(&self) -> Option<&'static str> {
        let asked = timeout(ANSWER, async {
            self.store().prove(self.service().now()).await?;
            self.service().missing_role().await
        });
        match asked.await {
            Ok(Ok(None)) => {}
            Ok(Ok(missing)) => return missing,
            Ok(Err(StoreError::Full { .. })) => return Some("the disk of the database is full"),
            Ok(Err(StoreError::Moved { .. })) => {
                return Some("the file of the database was moved away or replaced");
            }
            Ok(Err(_)) | Err(_) => return Some("the database does not answer"),
        }
        if self.role().schedules() {
            self.idle_scheduler()
        } else {
            None
        }
    }

    /// Whether runs are made of triggers, here or in another process that shares the database.
    pub async fn is_scheduled(&self) -> bool {
        if self.role().schedules() {
            self.idle_scheduler().is_none()
        } else {
            let asked = timeout(ANSWER, self.service().is_scheduled());
            matches!(asked.await, Ok(Ok(true)))
        }
    }

    /// Why the scheduler of this process does not turn, if so.
    fn idle_scheduler(&self) -> Option<&'static str> {
        let now = self.service().now();
        match self.service().turned_at() {
            None => Some("the scheduler has not started"),
            Some(at) if now.since(at) > STUCK => Some("the scheduler is stuck"),
            Some(_) => None,
        }
    }
}

/// Bytes of memory that this process has, where the system tells.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}
