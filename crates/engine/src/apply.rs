//! The state machine of a run: an event and the time in, the next state and the commands out.
//!
//! Nothing here waits, stores or starts anything. This file takes an event in; what follows from the new state
//! of the blocks is decided in `advance`. The legal changes of status are in `states`.

use std::sync::Arc;

use baton_model::{
    BlockRun, BlockRunKey, BlockStatus, CallbackOn, Command, Fence, Map, Outcome, Plan, Run,
    RunEvent, RunId, RunStatus, TestResult, Timestamp, Usage,
};

use crate::graph::Graph;
use crate::mapping::{Mapping, Places};
use crate::retry;
use crate::states::{BLOCK_TRANSITIONS, RUN_TRANSITIONS, allows};

/// Characters of the error of an attempt that are kept once another one has followed.
const LONGEST_ERROR: usize = 1_000;

/// What follows from an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The run after the event.
    pub run: Run,
    /// Block runs that differ from before, in the order of the plan.
    pub changed: Vec<BlockRunKey>,
    /// What is to be done, in this order.
    pub commands: Vec<Command>,
    /// Why the event changed nothing. Then the run is as it was and there is nothing to commit.
    pub ignored: Option<String>,
}

/// A new run of `plan`.
pub fn create(id: RunId, plan: Arc<Plan>, now: Timestamp) -> Run {
    let blocks = plan
        .blocks
        .iter()
        .map(|block| {
            let name = match &block.replicated {
                Some(original) => format!("{}:{original}", block.uuid),
                None => block.uuid.to_string(),
            };
            new_block_run(BlockRunKey::declared(block.uuid.clone()), name)
        })
        .collect();
    Run {
        id,
        plan,
        status: RunStatus::Initial,
        version: 0,
        blocks,
        variables: Map::new(),
        cancel_requested: false,
        ending: None,
        last_fence: Fence(0),
        reason: None,
        created_at: now,
        started_at: None,
        ended_at: None,
    }
}

/// Notes what an attempt that ends leaves to be told besides its products.
fn remember(block: &mut BlockRun, outcome: &Outcome, tests: &[TestResult]) {
    let Some(attempt) = block.attempts.last_mut() else {
        return;
    };
    attempt.usage = block.usage;
    attempt.tests = tests.to_vec();
    if let Outcome::Failed { error, .. } = outcome {
        attempt.error = Some(error.message.chars().take(LONGEST_ERROR).collect());
    }
}

/// A block run that has done nothing yet.
pub(crate) fn new_block_run(key: BlockRunKey, name: String) -> BlockRun {
    BlockRun {
        key,
        name,
        status: BlockStatus::Initial,
        attempt: 0,
        earlier: 0,
        fence: Fence(0),
        started_at: None,
        ended_at: None,
        retry_at: None,
        error: None,
        reason: None,
        products: Vec::new(),
        items: None,
        usage: None,
        attempts: Vec::new(),
        callbacks: None,
    }
}

/// Decides what follows from `event`.
///
/// Total: an event that does not fit (a late or duplicate result, a run that has ended) changes nothing
/// and [`Step::ignored`] says why. A result is taken when it carries the fence of a running attempt, also
/// after it was asked to stop: what has completed is completed. A run that fails at once
/// ([`OnFailure::Stop`](baton_model::OnFailure)) cancels what has not ended, so results that come after it are
/// ignored.
pub fn apply(run: Run, event: &RunEvent, now: Timestamp) -> Step {
    let plan = Arc::clone(&run.plan);
    let graph = Graph::of(&plan);
    let mut turn = Turn {
        mapping: Mapping::new(&plan, &graph),
        places: Places::new(&graph, &run),
        graph,
        changed: vec![false; run.blocks.len()],
        commands: Vec::new(),
        plan: &plan,
        run,
        now,
    };
    let taken = turn.take(event);
    if taken.is_ok() {
        turn.run.version += 1;
    }
    let changed = turn
        .run
        .blocks
        .iter()
        .zip(&turn.changed)
        .filter(|(_, changed)| **changed)
        .map(|(block, _)| block.key.clone())
        .collect();
    Step {
        run: turn.run,
        changed,
        commands: turn.commands,
        ignored: taken.err(),
    }
}

/// One application of an event. Block runs are addressed by their position in the run, planned blocks by
/// theirs in the plan; the first block runs are those of the planned blocks, in the same order.
pub(crate) struct Turn<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) graph: Graph<'a>,
    pub(crate) mapping: Mapping<'a>,
    pub(crate) places: Places,
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    pub(crate) changed: Vec<bool>,
    pub(crate) commands: Vec<Command>,
}

impl Turn<'_> {
    /// Takes the event in and decides everything that follows; `Err` says why it is ignored, and then
    /// nothing has been changed.
    fn take(&mut self, event: &RunEvent) -> Result<(), String> {
        if !self.places.fits(self.plan.blocks.len()) {
            return Err("the block runs of the run do not match its plan".to_owned());
        }
        let status = self.run.status;
        match event {
            RunEvent::Resumed => self.resume()?,
            RunEvent::Retried { from } => self.retry(from.as_ref())?,
            _ if status.is_final() => {
                return Err(format!("the run is already {}", status.name()));
            }
            RunEvent::Started if status == RunStatus::Initial => self.begin(),
            RunEvent::Started => return Err("the run has already started".to_owned()),
            RunEvent::AttemptWaits { key, fence } => self.attempt_waits(key, *fence, true)?,
            RunEvent::AttemptPlaced { key, fence } => self.attempt_waits(key, *fence, false)?,
            RunEvent::AttemptEnded {
                key,
                fence,
                outcome,
                usage,
                tests,
            } => self.attempt_ended(key, *fence, outcome, (usage.as_ref(), tests))?,
            RunEvent::ItemsYielded {
                key,
                fence,
                first,
                products,
            } => self.items_yielded(key, *fence, *first, products)?,
            RunEvent::CallbacksEnded { key, fence, error } => {
                self.callbacks_ended(key, *fence, error.as_ref())?;
            }
            RunEvent::VariablesSet { variables } => {
                self.run.variables.extend(variables.clone());
            }
            RunEvent::Woken => return self.wake(),
            RunEvent::CancelRequested { reason } => self.cancel(reason)?,
            RunEvent::Refused { reason } => self.refuse(reason)?,
        }
        self.advance();
        Ok(())
    }

    fn begin(&mut self) {
        self.set_run(RunStatus::Running);
        self.run.started_at.get_or_insert(self.now);
        self.wake_at_deadline();
    }

    /// When the run must have ended.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let timeout = self.plan.timeout?;
        Some(self.run.started_at?.after(timeout.after))
    }

    pub(crate) fn wake_at_deadline(&mut self) {
        if let Some(at) = self.deadline() {
            self.commands.push(Command::WakeAt(at));
        }
    }

    fn resume(&mut self) -> Result<(), String> {
        match self.run.status {
            RunStatus::Completed => {
                return Err("the run has completed, there is nothing to resume".to_owned());
            }
            RunStatus::Initial => self.begin(),
            RunStatus::Running => {
                self.wake_at_deadline();
                for position in 0..self.run.blocks.len() {
                    self.recover(position);
                }
            }
            RunStatus::Failed | RunStatus::Cancelled => {
                self.run.cancel_requested = false;
                self.run.ending = None;
                self.run.reason = None;
                self.run.ended_at = None;
                // A timeout counts anew: the time between was nobody's work.
                self.run.started_at = Some(self.now);
                self.wake_at_deadline();
                self.set_run(RunStatus::Running);
                for position in 0..self.run.blocks.len() {
                    if self.run.blocks[position].status != BlockStatus::Completed {
                        self.reset(position);
                    }
                }
                self.leave_out_what_is_gone();
            }
        }
        Ok(())
    }

    /// What becomes of a block run whose process and timers are gone.
    fn recover(&mut self, position: usize) {
        if let Some(lost) = &self.run.blocks[position].callbacks
            && !lost.done
        {
            self.call_back(position, lost.on);
        }
        let block = &self.run.blocks[position];
        match block.status {
            BlockStatus::Running if self.run.cancel_requested => {
                self.end(position, BlockStatus::Cancelled);
            }
            BlockStatus::Running => {
                self.set(position, BlockStatus::Initial);
                let block = &mut self.run.blocks[position];
                // The start that follows counts up again: the lost attempt is repeated, not retried.
                block.attempt = block.attempt.saturating_sub(1);
                if let Some(lost) = block.attempts.last_mut() {
                    lost.status = BlockStatus::Cancelled;
                }
            }
            BlockStatus::Initial => {
                if let Some(at) = block.retry_at.filter(|at| *at > self.now) {
                    self.commands.push(Command::WakeAt(at));
                }
            }
            _ => {}
        }
    }

    /// Makes a block run of an ended run as good as new. Its fence stays, so that late results are refused.
    ///
    /// What a block has yielded stays to be compared with what it will yield: child runs of the same items stay.
    fn reset(&mut self, position: usize) {
        self.set(position, BlockStatus::Initial);
        let block = &mut self.run.blocks[position];
        let yielded = block.items.as_ref().is_some_and(|items| items.yielded);
        block.attempt = 0;
        block.earlier = 0;
        block.started_at = None;
        block.ended_at = None;
        block.retry_at = None;
        block.error = None;
        block.reason = None;
        if !yielded || block.key.child.is_some() {
            block.products.clear();
            block.items = None;
        }
        block.usage = None;
        block.attempts.clear();
        block.callbacks = None;
    }

    pub(crate) fn position(&self, key: &BlockRunKey) -> Result<usize, String> {
        self.graph
            .position(&key.block)
            .and_then(|planned| self.places.of(planned, key.child))
            .ok_or_else(|| format!("block `{key}` is not part of the run"))
    }

    /// Notes whether an attempt waits for a place of the server. What it has waited is not the time of its block.
    fn attempt_waits(
        &mut self,
        key: &BlockRunKey,
        fence: Fence,
        waits: bool,
    ) -> Result<(), String> {
        let position = self.running(key, fence)?;
        let block = &mut self.run.blocks[position];
        let newest = block.attempts.last_mut();
        let Some(attempt) = newest.filter(|attempt| attempt.waits != waits) else {
            return Err(format!("block `{key}` is known to wait, or to work"));
        };
        attempt.waits = waits;
        if !waits {
            if block.started_at == Some(attempt.started_at) {
                block.started_at = Some(self.now);
            }
            attempt.started_at = self.now;
        }
        self.changed[position] = true;
        Ok(())
    }

    fn attempt_ended(
        &mut self,
        key: &BlockRunKey,
        fence: Fence,
        outcome: &Outcome,
        (usage, tests): (Option<&Usage>, &[TestResult]),
    ) -> Result<(), String> {
        let position = self.running(key, fence)?;
        if let Outcome::Completed { products, items } = outcome {
            self.settle_items(position, items.as_ref(), products);
        }
        let block = &mut self.run.blocks[position];
        block.usage = usage.copied();
        remember(block, outcome, tests);
        match outcome {
            Outcome::Completed { products, items } => {
                block.products.clone_from(products);
                block.items.clone_from(items);
                block.reason = None;
                self.end(position, BlockStatus::Completed);
            }
            Outcome::Failed { error, products } => {
                block.error = Some(error.clone());
                let retry = &self.plan.blocks[self.places.owner(position)].retry;
                let tried = block.attempt.saturating_sub(block.earlier);
                if retry::is_exhausted(retry, tried) || !error.kind.is_retried() {
                    if block.items.is_none() {
                        block.products.clone_from(products);
                    }
                    block.reason = None;
                    self.fail(position);
                } else if self.run.cancel_requested {
                    self.end(position, BlockStatus::Cancelled);
                } else {
                    let delay = retry::delay_after(retry, tried);
                    let at = self.now.after(delay);
                    block.retry_at = Some(at);
                    self.set(position, BlockStatus::Initial);
                    if at > self.now {
                        self.commands.push(Command::WakeAt(at));
                    }
                }
            }
            Outcome::Cancelled => {
                block
                    .reason
                    .get_or_insert_with(|| "its attempt was stopped".to_owned());
                self.end(position, BlockStatus::Cancelled);
            }
            Outcome::ConditionFailed { reason } => {
                block.reason = Some(reason.clone());
                self.end(position, BlockStatus::ConditionFailed);
            }
        }
        Ok(())
    }

    pub(crate) fn next_fence(&mut self) -> Fence {
        self.run.last_fence = Fence(self.run.last_fence.0 + 1);
        self.run.last_fence
    }

    /// A timer fired. One that came early is set again; one that finds nothing to do is ignored.
    fn wake(&mut self) -> Result<(), String> {
        if self.run.status == RunStatus::Initial {
            return Err("the run has not started".to_owned());
        }
        self.advance();
        if self.changed.contains(&true) {
            return Ok(());
        }
        let waiting = self
            .run
            .blocks
            .iter()
            .filter(|block| block.status == BlockStatus::Initial)
            .filter_map(|block| block.retry_at);
        let waiting = waiting.chain(self.deadline()).filter(|at| *at > self.now);
        match waiting.min() {
            Some(at) => {
                self.commands.push(Command::WakeAt(at));
                Ok(())
            }
            None => Err("nothing was due".to_owned()),
        }
    }

    pub(crate) fn stop_attempt(&mut self, position: usize) {
        let block = &self.run.blocks[position];
        self.commands.push(Command::StopAttempt {
            key: block.key.clone(),
            fence: block.fence,
        });
    }

    /// Gives a block run its final status.
    pub(crate) fn end(&mut self, position: usize, status: BlockStatus) {
        self.set(position, status);
        let block = &mut self.run.blocks[position];
        block.ended_at = Some(self.now);
        block.retry_at = None;
        let planned = self.places.owner(position);
        if self.plan.blocks[planned].callbacks.is_empty() || self.is_controller(position) {
            return;
        }
        match status {
            BlockStatus::Completed => self.call_back(position, CallbackOn::Success),
            BlockStatus::Failed => self.call_back(position, CallbackOn::Failure),
            BlockStatus::Cancelled if self.run.cancel_requested => {
                self.call_back(position, CallbackOn::Cancelled);
            }
            _ => {}
        }
    }

    pub(crate) fn set(&mut self, position: usize, status: BlockStatus) {
        let block = &mut self.run.blocks[position];
        debug_assert!(
            allows(BLOCK_TRANSITIONS, block.status, status),
            "block `{}` goes from {} to {}",
            block.key,
            block.status.name(),
            status.name()
        );
        if block.status == BlockStatus::Running
            && let Some(open) = block.attempts.last_mut()
        {
            open.ended_at = Some(self.now);
            open.status = match status {
                // It waits for its retry.
                BlockStatus::Initial => BlockStatus::Failed,
                ended => ended,
            };
        }
        block.status = status;
        self.changed[position] = true;
    }

    pub(crate) fn set_run(&mut self, status: RunStatus) {
        debug_assert!(
            allows(RUN_TRANSITIONS, self.run.status, status),
            "the run goes from {} to {}",
            self.run.status.name(),
            status.name()
        );
        self.run.status = status;
    }
}
