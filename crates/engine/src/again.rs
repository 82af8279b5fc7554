//! What people want of a run: blocks of it once more, that it stops, that it does not even start.
//!
//! What other events do is in `apply`.

use baton_model::{BlockRun, BlockStatus, BlockUuid, Command, RunStatus};

use crate::apply::{Turn, new_block_run};
use crate::graph::Graph;
use crate::mapping::Places;

impl Turn<'_> {
    /// Makes block runs of a run as good as new (spec 7.5): those of a block and of everything below it with what it
    /// needs and what was stopped; or, without a block, all that have not completed.
    ///
    /// Attempts under way are stopped and their results void. Numbers of attempts go on, so that logs stay apart;
    /// retries and the timeout of the run count anew.
    pub(crate) fn retry(&mut self, from: Option<&BlockUuid>) -> Result<(), String> {
        if self.run.status == RunStatus::Initial {
            return Err("the run has not started, there is nothing to repeat".to_owned());
        }
        let again = match from {
            Some(uuid) => self.block_and_below(uuid)?,
            None if self.run.status == RunStatus::Completed => {
                return Err("the run has completed, there is nothing to repeat".to_owned());
            }
            None => self.incomplete(),
        };
        self.run.cancel_requested = false;
        self.run.ending = None;
        self.run.reason = None;
        self.run.ended_at = None;
        self.run.started_at = Some(self.now);
        if self.run.status != RunStatus::Running {
            self.set_run(RunStatus::Running);
        }
        self.wake_at_deadline();
        let gone = self.without_items(&again);
        for (position, again) in again.iter().enumerate() {
            if *again {
                self.renew(position);
            }
        }
        self.drop_children(&gone);
        self.leave_out_what_is_gone();
        Ok(())
    }

    /// Every block run that has not completed.
    fn incomplete(&self) -> Vec<bool> {
        let blocks = self.run.blocks.iter();
        blocks
            .map(|block| block.status != BlockStatus::Completed)
            .collect()
    }

    /// The block runs of a block, or one child run of it, and of all below it, whatever it needs that has not completed,
    /// and what was cancelled beside it.
    fn block_and_below(&self, name: &BlockUuid) -> Result<Vec<bool>, String> {
        let child = self.run.child(name);
        let of_child = child.map(|position| self.places.owner(position));
        let Some(first) = self.graph.position(name).or(of_child) else {
            return Err(format!("block `{name}` is not part of the run"));
        };
        let below = Graph::reach(&self.graph.downstream, first);
        let above = Graph::reach(&self.graph.upstream, first);
        let blocks = || self.run.blocks.iter().enumerate();
        let again = |(position, block): (usize, &BlockRun)| {
            let planned = self.places.owner(position);
            match block.status {
                // Child runs that have been made stand as long as the items do that they were made for.
                BlockStatus::Completed if below[planned] && self.is_controller(position) => {
                    self.view().openers(planned).any(|opener| below[opener])
                }
                BlockStatus::Completed if child.is_some() && planned == first => {
                    child == Some(position)
                }
                BlockStatus::Completed => below[planned],
                BlockStatus::Cancelled => true,
                // It has been asked to stop.
                BlockStatus::Running if self.run.cancel_requested => true,
                status => below[planned] || above[planned] && status.is_final(),
            }
        };
        let mut again: Vec<bool> = blocks().map(again).collect();
        // What did not run because of a block that now does has its turn too.
        let mut under = vec![false; self.plan.blocks.len()];
        for (position, _) in blocks().filter(|(position, _)| again[*position]) {
            let planned = self.places.owner(position);
            if !under[planned] {
                let reached = Graph::reach(&self.graph.downstream, planned);
                for (under, reached) in under.iter_mut().zip(reached) {
                    *under |= reached;
                }
            }
        }
        for (position, block) in blocks() {
            let affected = matches!(
                block.status,
                BlockStatus::UpstreamFailed | BlockStatus::ConditionFailed
            );
            again[position] |= affected && under[self.places.owner(position)];
        }
        Ok(again)
    }

    /// Child runs whose items will be made anew. Those that a cancelled run has made for items that stand are kept.
    fn without_items(&self, again: &[bool]) -> Vec<bool> {
        let planned = self.plan.blocks.len();
        let (mut anew, mut drops) = (vec![false; planned], vec![false; planned]);
        for at in self.graph.order() {
            if self.mapping.is_mapped(at) {
                drops[at] = self.view().openers(at).any(|opener| anew[opener]);
                let mut children = self.places.children(at).iter();
                anew[at] = drops[at] || children.any(|child| again[*child]);
            } else {
                anew[at] = again[at];
            }
        }
        (0..self.run.blocks.len())
            .map(|position| position >= planned && drops[self.places.owner(position)])
            .collect()
    }

    /// Makes a block run as good as new, but for its attempts: their numbers go on.
    pub(crate) fn renew(&mut self, position: usize) {
        let block = &self.run.blocks[position];
        if block.status == BlockStatus::Running {
            self.stop_attempt(position);
        }
        let block = &self.run.blocks[position];
        if let Some(callbacks) = block.callbacks.as_ref().filter(|one| !one.done) {
            self.commands.push(Command::StopAttempt {
                key: block.key.clone(),
                fence: callbacks.fence,
            });
        }
        if block.status != BlockStatus::Initial {
            let was_running = block.status == BlockStatus::Running;
            self.set(position, BlockStatus::Initial);
            if was_running && let Some(stopped) = self.run.blocks[position].attempts.last_mut() {
                stopped.status = BlockStatus::Cancelled;
            }
        }
        let block = &mut self.run.blocks[position];
        let fresh = BlockRun {
            attempt: block.attempt,
            earlier: block.attempt.max(block.earlier),
            fence: block.fence,
            attempts: block.attempts.clone(),
            ..new_block_run(block.key.clone(), block.name.clone())
        };
        if *block != fresh {
            *block = fresh;
            self.changed[position] = true;
        }
    }

    /// Takes child runs out of the run. The block run that stands for them keeps the greatest number of their
    /// attempts, so that those of new child runs go on from there.
    fn drop_children(&mut self, gone: &[bool]) {
        if !gone.contains(&true) {
            return;
        }
        for (position, gone) in gone.iter().enumerate() {
            if *gone {
                let child = &self.run.blocks[position];
                let earlier = child.attempt.max(child.earlier);
                let controller = &mut self.run.blocks[self.places.owner(position)];
                controller.earlier = controller.earlier.max(earlier);
            }
        }
        let mut stays = gone.iter().map(|gone| !gone);
        self.run.blocks.retain(|_| stays.next().unwrap_or(true));
        let mut stays = gone.iter().map(|gone| !gone);
        self.changed.retain(|_| stays.next().unwrap_or(true));
        self.places = Places::new(&self.graph, &self.run);
    }

    /// Stops a run: what has not started is cancelled, what is under way is asked to stop. Callbacks go on: only a second
    /// request stops them.
    pub(crate) fn cancel(&mut self, reason: &str) -> Result<(), String> {
        if self.run.cancel_requested {
            return self.stop_callbacks();
        }
        self.run.cancel_requested = true;
        let calling = |block: &BlockRun| block.callbacks.as_ref().is_some_and(|one| !one.done);
        if self.run.blocks.iter().all(|block| block.status.is_final())
            && self.run.blocks.iter().any(calling)
        {
            // What is left are callbacks: the run ends as it would have, for the reason that it has.
            return Ok(());
        }
        self.run.reason = Some(reason.to_owned());
        for position in 0..self.run.blocks.len() {
            let block = &mut self.run.blocks[position];
            if block.status.is_final() {
                continue;
            }
            block.reason = Some(reason.to_owned());
            if block.status == BlockStatus::Running {
                self.changed[position] = true;
                self.stop_attempt(position);
            } else {
                self.end(position, BlockStatus::Cancelled);
            }
        }
        Ok(())
    }

    /// Ends a run that is not to start: none of its code runs, not even callbacks.
    pub(crate) fn refuse(&mut self, reason: &str) -> Result<(), String> {
        if self.run.status != RunStatus::Initial {
            return Err("the run has already started".to_owned());
        }
        if self.run.cancel_requested {
            return Err("the run is already being cancelled".to_owned());
        }
        self.run.cancel_requested = true;
        self.run.reason = Some(reason.to_owned());
        for position in 0..self.run.blocks.len() {
            self.set(position, BlockStatus::Cancelled);
            let block = &mut self.run.blocks[position];
            block.reason = Some(reason.to_owned());
            block.ended_at = Some(self.now);
        }
        Ok(())
    }
}
