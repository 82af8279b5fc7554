//! What driving a run needs, what it can be told, and what it tells.

use std::path::PathBuf;
use std::sync::Arc;

use baton_base::files::FileError;
use baton_base::{Class, Diagnose};
use baton_model::{BlockRun, TestResult};
use baton_products::Products;
use baton_runner::LogRecord;
use baton_store::{Store, StoreError};
use tokio::sync::{Semaphore, mpsc};

use crate::clock::Clock;
use crate::hands::Hands;

/// What driving a run needs.
pub struct Session {
    /// Where runs are recorded.
    pub store: Store,
    /// Where products are stored.
    pub products: Products,
    /// What runs attempts.
    pub runner: Arc<dyn Hands>,
    /// What time it is.
    pub clock: Clock,
    /// The project's folder.
    pub project: PathBuf,
    /// Whether `@test` functions run.
    pub run_tests: bool,
    /// Whether what Mage refuses is refused, and not made to work.
    pub as_mage: bool,
    /// Whether sensors count as satisfied without being asked.
    pub skip_sensors: bool,
    /// What happens when the database is away.
    pub away: Away,
    /// Places for block processes that runs share; none when the run has the machine to itself.
    pub places: Option<Arc<Semaphore>>,
}

/// What becomes of a run when the database is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Its blocks go on, and their steps are stored later.
    Wait,
    /// It is given up, and can be resumed.
    GiveUp,
}

/// A wish to stop the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Interrupt the blocks that run, give them a moment, record the run as cancelled.
    Gently,
    /// The same, for this reason.
    Because(String),
    /// Kill them at once.
    Now,
    /// Kill them and leave the run as it is: another process takes it over.
    Abandon,
}

/// News of a run, for whoever watches it.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A block run changed.
    Block(Box<BlockRun>),
    /// A block's tests have run.
    Tests {
        /// What people call its run.
        block: String,
        /// How many passed.
        passed: u32,
        /// Of how many.
        total: u32,
        /// Each by its name.
        results: Vec<TestResult>,
    },
    /// A log record was written.
    Log(Box<LogRecord>),
}

/// Who hears what happens to a run.
#[derive(Clone)]
pub enum Audience {
    /// Whoever listens at the other end; the run waits for one that is slow.
    Channel(mpsc::Sender<Notice>),
    /// This function, at once.
    Function(Arc<dyn Fn(Notice) + Send + Sync>),
}

impl Audience {
    pub(crate) async fn tell(&self, notice: Notice) {
        match self {
            // Nobody has to watch.
            Self::Channel(notices) => drop(notices.send(notice).await),
            Self::Function(tell) => tell(notice),
        }
    }
}

/// Driving a run failed: not a block's failure, those are recorded in the run.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The database refused.
    #[error("record what happened to the run")]
    Store(#[from] StoreError),
    /// Products could not be made durable.
    #[error("make the run's products durable")]
    Sync(#[source] FileError),
    /// The engine lost the run it was given.
    #[error("follow the run: it was lost between two steps")]
    Lost,
}

impl Diagnose for DriveError {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Sync(error) => error.class(),
            Self::Lost => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Sync(error) => error.hint(),
            Self::Lost => None,
        }
    }
}
