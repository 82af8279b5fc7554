//! What is asked for when a run is wanted, however the request came in.

use std::path::PathBuf;

use baton_model::{Machine, Map, Timestamp};
use baton_runner::{Isolation, Strategy};

/// A run that is wanted.
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// The pipeline's name.
    pub pipeline: String,
    /// Environment that blocks see; `prod` gives them the arguments of a triggered run.
    pub env: String,
    /// Variables of the run.
    pub variables: Map,
    /// Only these blocks; all when none is named.
    pub blocks: Vec<String>,
    /// With blocks: also every block above them.
    pub upstream: bool,
    /// With blocks: also every block below them.
    pub downstream: bool,
    /// With blocks: where their inputs come from, else the newest completed run.
    pub from_run: Option<i64>,
    /// With blocks: without `from_run`, inputs come from the newest run in which each completed, even if that run
    /// failed afterwards.
    pub committed: bool,
    /// As if this trigger of the pipeline had started it.
    pub trigger: Option<String>,
    /// Its logical date.
    pub execution_date: Option<Timestamp>,
    /// What the event that starts it says.
    pub event: Option<Map>,
    /// All blocks in one process.
    pub one_process: bool,
    /// As `mage run`: no trigger, no conditionals, no callbacks, stop at the first failure.
    pub as_mage: bool,
    /// Most blocks at a time; the number of processors when it is not given.
    pub workers: Option<u32>,
    /// What this machine has for the run to reserve.
    pub machine: Machine,
}

/// How blocks are run on this machine.
#[derive(Clone, Debug, Default)]
pub struct WorkerOptions {
    /// The interpreter, or `active` for the active virtual environment; the project's own when none is given.
    pub python: Option<String>,
    /// Most blocks at a time.
    pub workers: Option<u32>,
    /// Private memory that a block may use, such as `2GB`.
    pub memory: Option<String>,
    /// Processors that runs may reserve, such as `3.5`; those of the machine when none is given.
    pub cpus: Option<String>,
    /// Memory that runs may reserve, such as `12GB`; that of the machine when none is given.
    pub total_memory: Option<String>,
    /// Whether block code is kept away from Baton's state.
    pub isolation: Isolation,
    /// How block processes are started.
    pub launch: Option<Strategy>,
    /// Working directory of user code; that of this process when none is given.
    pub folder: Option<PathBuf>,
}
