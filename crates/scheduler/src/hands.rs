//! What runs attempts: the runner, and in tests something that needs no Python.

use baton_runner::{Attempt, AttemptReport, LogRecord, Runner, Stop, YieldedItem};
use tokio::sync::{mpsc, watch};

use crate::Soon;

/// Runs attempts of the blocks of one run.
pub trait Hands: Send + Sync {
    /// Runs an attempt to its end. `items` hears of what a dynamic block yields on the way.
    fn run<'a>(
        &'a self,
        attempt: &'a Attempt,
        log: &'a mpsc::Sender<LogRecord>,
        items: &'a mpsc::UnboundedSender<YieldedItem>,
        stop: watch::Receiver<Stop>,
    ) -> Soon<'a, AttemptReport>;

    /// Ends everything that is alive.
    fn shut_down(&self) -> Soon<'_, ()>;
}

impl Hands for Runner {
    fn run<'a>(
        &'a self,
        attempt: &'a Attempt,
        log: &'a mpsc::Sender<LogRecord>,
        items: &'a mpsc::UnboundedSender<YieldedItem>,
        stop: watch::Receiver<Stop>,
    ) -> Soon<'a, AttemptReport> {
        Box::pin(Runner::run(self, attempt, log, items, stop))
    }

    fn shut_down(&self) -> Soon<'_, ()> {
        Box::pin(Runner::shut_down(self))
    }
}
