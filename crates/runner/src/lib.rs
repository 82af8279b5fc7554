//! Runs one attempt of one block: environments, worker processes, the protocol, logs, limits, cancel.
//!
//! Knows nothing of pipelines as a whole: what to start and what a failure means for the rest is
//! decided by `engine` and carried out by `scheduler`. The story of the processes is in
//! `docs/development/worker-protocol.md`.

mod ask;
mod asking;
mod attempt;
mod cgroup;
mod conceal;
mod ending;
pub mod environment;
mod launch;
mod library;
mod log;
mod memory;
mod protocol;
mod recorder;
mod runner;
mod shield;
mod terminal;
mod tree;
mod usage;
mod watched;
mod worker;
mod yielding;

pub use ask::{
    Answer, Answering, Answers, Asker, Question, Refusal, RefusalKind, Scope, Stored, Wanted,
};
pub use attempt::{AttemptReport, Tests};
pub use launch::{LaunchError, Strategy, companion_ended, start_companion};
pub use library::{Library, LibraryError};
pub use log::{Level, LogRecord};
pub use memory::machine_memory;
pub use protocol::{Attached, Input, InputProduct, Work};
pub use runner::{Attempt, Runner, RunnerOptions, Stop};
pub use shield::{Isolation, Shield};
pub use terminal::{
    Terminal, TerminalEnd, TerminalOrder, TerminalSize, enter_terminal, keep_terminal,
};
pub use yielding::YieldedItem;
