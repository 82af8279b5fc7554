//! The runner of one project: its workers, and everything an attempt needs besides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_model::{BlockRunKey, Fence, Map, PlannedBlock, Run, RunId};
use baton_products::Products;
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::task::JoinSet;

use crate::ask::{Answers, Silence};
use crate::attempt::{self, AttemptReport};
use crate::cgroup::Groups;
use crate::conceal::Concealed;
use crate::launch::{Launch, Launcher, Strategy};
use crate::log::LogRecord;
use crate::protocol::{Attached, Input, Work};
use crate::shield::Shield;
use crate::worker::Worker;
use crate::yielding::YieldedItem;

/// How a project's blocks are run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerOptions {
    /// The interpreter of the project's environment.
    pub python: PathBuf,
    /// Folder with the packages `baton` and `mage_ai`.
    pub library: PathBuf,
    /// The project's folder.
    pub project: PathBuf,
    /// Working directory of user code.
    pub folder: PathBuf,
    /// How block processes come to life.
    pub strategy: Strategy,
    /// Private memory that a block and its descendants may use, bytes.
    pub memory_limit: Option<u64>,
    /// Text and JSON up to this many bytes lives in the manifest itself.
    pub inline_bytes: usize,
    /// Bytes of log that are kept of one attempt.
    pub log_limit: usize,
    /// Variables that workers find in their environment besides the host's own.
    pub environ: BTreeMap<String, String>,
    /// What blocks are kept away from; none in tests of other things.
    pub shield: Option<Shield>,
}

/// One attempt to run a block.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The run it belongs to.
    pub run: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The block as it was planned.
    pub block: PlannedBlock,
    /// Which block run.
    pub key: BlockRunKey,
    /// What people call it.
    pub name: String,
    /// Its number, from 1.
    pub number: u32,
    /// What its result must carry.
    pub fence: Fence,
    /// The planned source text.
    pub code: String,
    /// What it is to do: run the block, or its callbacks.
    pub work: Work,
    /// What it takes from its upstream blocks, in the order of its arguments.
    pub inputs: Vec<Input>,
    /// Conditionals that decide whether the block runs.
    pub conditions: Vec<Attached>,
    /// Callbacks, if it is to run these.
    pub callbacks: Vec<Attached>,
    /// Extensions that check what the block produced.
    pub extensions: Vec<Attached>,
    /// Whether all attempts of the run share one process.
    pub one_process: bool,
    /// Whether values pass from block to block in that process's memory.
    pub cache: bool,
    /// Its keyword arguments.
    pub kwargs: Map,
    /// Whether its run has the keyword arguments of a triggered one, which brings a `logger`.
    pub triggered: bool,
    /// Name of its folder for files that are not committed yet; unique for every fence.
    pub staging: String,
    /// Whether its `@test` functions run.
    pub run_tests: bool,
    /// Whether what Mage refuses is refused: `@test()` with empty parentheses, `from utils.x import ...`.
    pub strict: bool,
}

/// How much private memory a block may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryLimit {
    pub(crate) bytes: u64,
    /// Whether the block's own settings say so, and not the machine.
    pub(crate) is_own: bool,
}

impl Attempt {
    /// The memory that it may use: what its block may, and never more than every block may.
    pub(crate) fn memory_limit(&self, most: Option<u64>) -> Option<MemoryLimit> {
        let own = self.block.resources.memory_limit;
        let bytes = match (own, most) {
            (Some(own), Some(most)) => own.min(most),
            (one, other) => one.or(other)?,
        };
        Some(MemoryLimit {
            bytes,
            is_own: own == Some(bytes),
        })
    }
}

/// Whether and how an attempt is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It may go on.
    No,
    /// It is interrupted, as by Ctrl-C, and killed when it does not leave soon.
    Gently,
    /// It is killed now.
    Now,
}

/// Runs attempts of one project's blocks.
pub struct Runner {
    pub(crate) options: RunnerOptions,
    pub(crate) products: Products,
    pub(crate) launcher: Arc<Launcher>,
    /// How many siblings use the launcher besides the runner that made it.
    siblings: watch::Sender<usize>,
    /// Counts this runner as a sibling, if it is one.
    counted: Option<Counted>,
    pub(crate) answers: Arc<dyn Answers>,
    pub(crate) concealed: Concealed,
    /// Where the system lets us divide up our control group.
    pub(crate) groups: Option<Arc<Groups>>,
    /// The process that all blocks of a run of one process share. Locked for the whole of an attempt: callbacks of
    /// one block and the next block take turns.
    pub(crate) shared: AsyncMutex<Option<Worker>>,
    /// Processes that are done and still leaving.
    leaving: Mutex<JoinSet<()>>,
}

impl Runner {
    /// A runner; nothing is started before it is needed, and questions of blocks are refused.
    pub fn new(options: RunnerOptions, products: Products) -> Self {
        let launch = Launch {
            python: options.python.clone(),
            library: options.library.clone(),
            folder: options.folder.clone(),
            environ: options.environ.clone(),
            shield: (options.shield.as_ref())
                .and_then(|shield| shield.order(&options.library, &products)),
        };
        let launcher = Arc::new(Launcher::new(options.strategy, launch));
        // Before the first process is started, which would be in the way.
        let groups = Groups::find().map(Arc::new);
        Self {
            options,
            groups,
            products,
            launcher,
            siblings: watch::Sender::new(0),
            counted: None,
            answers: Arc::new(Silence),
            concealed: Concealed::default(),
            shared: AsyncMutex::default(),
            leaving: Mutex::default(),
        }
    }

    /// The same runner, whose blocks get answers to what they ask.
    #[must_use]
    pub fn with_answers(mut self, answers: Arc<dyn Answers>) -> Self {
        self.answers = answers;
        self
    }

    /// A runner for another run of the same project: it starts its processes from the same warm ones, and hides texts of
    /// its own.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self {
            options: self.options.clone(),
            products: self.products.clone(),
            launcher: Arc::clone(&self.launcher),
            siblings: self.siblings.clone(),
            counted: Some(Counted::new(self.siblings.clone())),
            groups: self.groups.clone(),
            answers: Arc::clone(&self.answers),
            concealed: Concealed::default(),
            shared: AsyncMutex::default(),
            leaving: Mutex::default(),
        }
    }

    /// Hides these texts in what blocks log from now on, and in their errors. Short ones are not hidden.
    pub fn conceal(&self, secrets: &[String]) {
        self.concealed.add(secrets);
    }

    /// Gets ready in the background for blocks with (`frames`) or without pandas. What goes wrong here is
    /// reported by the first attempt that needs it.
    pub fn prepare(&self, frames: bool) {
        let launcher = Arc::clone(&self.launcher);
        tokio::spawn(async move {
            if let Err(error) = launcher.prepare(frames).await {
                drop(error);
            }
        });
    }

    /// Imports in the background what later blocks of a run need and what is slow to import: each block process would
    /// take a second or more for it. A block that starts at once imports for itself.
    pub fn preload(&self, run: &Run) {
        let later = run.blocks.iter().filter(|block| !block.status.is_final());
        let later = later.filter_map(|block| run.plan.block(&block.key.block));
        let modules: BTreeSet<&String> = later
            .filter(|block| !block.upstream.is_empty() && block.problem.is_none())
            .flat_map(|block| &block.slow_imports)
            .collect();
        if modules.is_empty() {
            return;
        }
        let modules: Vec<String> = modules.into_iter().cloned().collect();
        let launcher = Arc::clone(&self.launcher);
        tokio::spawn(async move {
            // Then every block imports for itself.
            drop(launcher.preload(&modules).await);
        });
    }

    /// Runs an attempt to its end: starts a process, hands it the job, collects its log, guards its time
    /// and memory, stores what it produced, and leaves no process of it behind. `items` hears of what a dynamic block
    /// yields on the way.
    pub async fn run(
        &self,
        attempt: &Attempt,
        log: &mpsc::Sender<LogRecord>,
        items: &mpsc::UnboundedSender<YieldedItem>,
        stop: watch::Receiver<Stop>,
    ) -> AttemptReport {
        attempt::run(self, attempt, log, items, stop).await
    }

    /// Lets `farewell` run to its end beside everything else.
    pub(crate) fn see_off(&self, farewell: impl Future<Output = ()> + Send + 'static) {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        while leaving.try_join_next().is_some() {}
        leaving.spawn(farewell);
    }

    /// Waits for processes that are leaving and ends everything else that is alive. A sibling leaves what it shares; who
    /// made the warm processes first waits until no sibling needs them.
    pub async fn shut_down(&self) {
        if let Some(worker) = self.shared.lock().await.take() {
            self.see_off(attempt::dismiss(worker));
        }
        let leaving =
            std::mem::take(&mut *self.leaving.lock().unwrap_or_else(PoisonError::into_inner));
        leaving.join_all().await;
        if self.counted.is_none() {
            let mut siblings = self.siblings.subscribe();
            // The sender is ours.
            drop(siblings.wait_for(|count| *count == 0).await);
            self.launcher.shut_down().await;
        }
    }
}

/// One of the siblings, as long as it lives.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(siblings: watch::Sender<usize>) -> Self {
        siblings.send_modify(|count| *count += 1);
        Self(siblings)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// How often the memory of a running block is looked at.
pub(crate) const MEMORY_INTERVAL: Duration = Duration::from_millis(100);
