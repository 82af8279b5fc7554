//! What follows from the state of a run's blocks: failures spread, blocks start, the run ends.
//!
//! How an event gets into that state is the business of `apply`.

use baton_model::{
    AttemptRun, BlockError, BlockRun, BlockRunKey, BlockStatus, Command, FailureKind, OnFailure,
    REMEMBERED_ATTEMPTS, Run, RunStatus,
};

use crate::apply::{Turn, new_block_run};
use crate::mapping::{MOST_CHILDREN, View};
use crate::reserve;

impl Turn<'_> {
    /// Decides everything that follows from the state of the blocks.
    pub(crate) fn advance(&mut self) {
        if self.run.status.is_final() {
            return;
        }
        if !self.run.cancel_requested && self.run.ending.is_none() {
            self.end_at_deadline();
        }
        // Child runs that come up can fail at once or be kept from running, which may decide about others.
        loop {
            if !self.run.cancel_requested {
                self.fail_what_cannot_run();
            }
            let spread = self.spread();
            let unfolded = !self.run.cancel_requested && self.unfold();
            if !spread && !unfolded {
                break;
            }
        }
        if !self.run.cancel_requested {
            self.start_ready();
        }
        let is_over = |block: &BlockRun| {
            block.status.is_final() && block.callbacks.as_ref().is_none_or(|one| one.done)
        };
        if self.run.blocks.iter().all(is_over) {
            self.finish(self.final_status());
        }
    }

    fn final_status(&self) -> RunStatus {
        if let Some(ending) = self.run.ending {
            return ending;
        }
        let any = |wanted: &[BlockStatus]| {
            let mut blocks = self.run.blocks.iter();
            blocks.any(|block| wanted.contains(&block.status))
        };
        // A request that came too late to stop anything does not make a run cancelled.
        let cancelled = any(&[BlockStatus::Cancelled]);
        if self.run.cancel_requested && (cancelled || self.run.blocks.is_empty()) {
            RunStatus::Cancelled
        } else if any(&[BlockStatus::Failed, BlockStatus::UpstreamFailed]) {
            RunStatus::Failed
        } else if cancelled {
            RunStatus::Cancelled
        } else {
            RunStatus::Completed
        }
    }

    fn finish(&mut self, status: RunStatus) {
        self.set_run(status);
        self.run.ended_at = Some(self.now);
        if status == RunStatus::Completed {
            // A request that came too late says nothing about the run.
            self.run.reason = None;
        } else if self.run.reason.is_none() {
            let mut blocks = self.run.blocks.iter();
            let failed = blocks.find(|block| block.status == BlockStatus::Failed);
            self.run.reason = failed.map(|block| format!("block `{}` failed", block.name));
        }
        self.commands.push(Command::Finish);
    }

    pub(crate) fn view(&self) -> View<'_, '_> {
        View {
            run: &self.run,
            graph: &self.graph,
            mapping: &self.mapping,
            places: &self.places,
        }
    }

    /// Whether it stands for its child runs and never runs itself.
    pub(crate) fn is_controller(&self, position: usize) -> bool {
        position < self.plan.blocks.len() && self.mapping.is_mapped(position)
    }

    /// A block whose turn it is but that cannot run fails without an attempt.
    fn fail_what_cannot_run(&mut self) {
        if self.plan.blocks.iter().all(|block| block.problem.is_none()) {
            return;
        }
        for position in 0..self.run.blocks.len() {
            let planned = self.places.owner(position);
            let Some(problem) = &self.plan.blocks[planned].problem else {
                continue;
            };
            if self.is_ready(position) {
                self.run.blocks[position].error = Some(problem.clone());
                self.fail(position);
            }
        }
    }

    /// The block has failed for good, and with it, where the plan says so, the run.
    pub(crate) fn fail(&mut self, failed: usize) {
        self.end(failed, BlockStatus::Failed);
        if self.run.cancel_requested {
            return;
        }
        let reason = format!("block `{}` failed", self.run.blocks[failed].name);
        match self.plan.on_failure {
            OnFailure::Continue => {}
            OnFailure::Stop => self.stop_everything(RunStatus::Failed, &reason),
            OnFailure::UntilNeeded => {
                self.run.ending.get_or_insert(RunStatus::Failed);
                self.cancel_from_first_below(failed, &reason);
            }
        }
    }

    /// Cancels what has not started, from the block before the first one on that needs the failed one, level by
    /// level. The block before, since Mage finds the failure when it has prepared that one and not yet run it.
    fn cancel_from_first_below(&mut self, failed: usize, reason: &str) {
        let levels = self.graph.levels();
        let turn = |planned: usize| (levels[planned], planned);
        let failed = self.places.owner(failed);
        let below = &self.graph.downstream[failed];
        let Some(needed) = below.iter().map(|below| turn(*below)).min() else {
            return;
        };
        let first = (0..levels.len())
            .map(turn)
            .filter(|before| *before < needed && before.0 > levels[failed])
            .max()
            .unwrap_or(needed);
        for position in 0..self.run.blocks.len() {
            let status = self.run.blocks[position].status;
            let waits = matches!(status, BlockStatus::Initial | BlockStatus::Queued);
            if waits && turn(self.places.owner(position)) >= first {
                self.run.blocks[position].reason = Some(reason.to_owned());
                self.end(position, BlockStatus::Cancelled);
            }
        }
    }

    /// Ends a run that took longer than it may.
    fn end_at_deadline(&mut self) {
        let (Some(timeout), Some(deadline)) = (self.plan.timeout, self.deadline()) else {
            return;
        };
        if deadline <= self.now {
            let seconds = timeout.after.as_secs_f64();
            let reason = format!("the run took longer than its timeout of {seconds} s");
            self.stop_everything(timeout.status, &reason);
        }
    }

    /// Cancels every block run that has not ended, without waiting for their processes.
    fn stop_everything(&mut self, ending: RunStatus, reason: &str) {
        self.run.ending.get_or_insert(ending);
        self.run.reason.get_or_insert_with(|| reason.to_owned());
        for position in 0..self.run.blocks.len() {
            let status = self.run.blocks[position].status;
            if status.is_final() {
                continue;
            }
            if status == BlockStatus::Running {
                self.stop_attempt(position);
            }
            self.run.blocks[position].reason = Some(reason.to_owned());
            self.end(position, BlockStatus::Cancelled);
        }
    }

    /// Carries bad news down the graph until there is no more; whether there was any. Failures first: where both
    /// meet, `upstream_failed` wins.
    fn spread(&mut self) -> bool {
        let mut any = false;
        loop {
            let news: Vec<(usize, BlockStatus, String)> = (0..self.run.blocks.len())
                // A queued one can still hear bad news: the block that yielded its item may fail in the end.
                .filter(|at| {
                    let status = self.run.blocks[*at].status;
                    matches!(status, BlockStatus::Initial | BlockStatus::Queued)
                })
                .filter_map(|at| {
                    let (effect, reason) = self.bad_news(at)?;
                    Some((at, effect, reason))
                })
                .collect();
            if news.is_empty() {
                return any;
            }
            any = true;
            for (at, effect, reason) in news {
                self.run.blocks[at].reason = Some(reason);
                self.end(at, effect);
            }
        }
    }

    /// What keeps a waiting block run from ever running, if anything does.
    fn bad_news(&self, position: usize) -> Option<(BlockStatus, String)> {
        // Upstream failures weigh most, then conditions, then cancellations.
        let mut worst: Option<(u8, usize)> = None;
        let mut look = |above: usize| {
            let weight = match self.run.blocks[above].status {
                BlockStatus::Failed => 4,
                BlockStatus::UpstreamFailed => 3,
                BlockStatus::ConditionFailed => 2,
                BlockStatus::Cancelled => 1,
                _ => return,
            };
            if worst.is_none_or(|(known, _)| weight > known) {
                worst = Some((weight, above));
            }
        };
        if self.is_controller(position) {
            let view = self.view();
            view.needs_before_unfolding(position, &mut look);
            for &above in &self.graph.upstream[position] {
                look(above);
            }
        } else {
            self.view().needs(position, &mut look);
        }
        let (_, above) = worst?;
        let above = &self.run.blocks[above];
        let name = &above.name;
        // What is itself only affected passes on what it was told.
        let told = |first: String, affected: bool| match &above.reason {
            Some(reason) if affected => reason.clone(),
            _ => first,
        };
        Some(match above.status {
            BlockStatus::Failed => (
                BlockStatus::UpstreamFailed,
                format!("block `{name}` failed"),
            ),
            BlockStatus::UpstreamFailed => (
                BlockStatus::UpstreamFailed,
                told(format!("block `{name}` did not run"), true),
            ),
            BlockStatus::ConditionFailed => (
                BlockStatus::ConditionFailed,
                told(
                    format!("the condition of block `{name}` was not met"),
                    above.attempt == 0,
                ),
            ),
            _ => (
                BlockStatus::Cancelled,
                format!("block `{name}` was cancelled"),
            ),
        })
    }

    /// Makes the child runs of blocks whose number of items has become known, and those of items that a running block
    /// has yielded so far; whether there were any.
    fn unfold(&mut self) -> bool {
        let mut any = false;
        let growing = self.growing();
        for planned in 0..self.plan.blocks.len() {
            if !self.is_controller(planned)
                || self.run.blocks[planned].status != BlockStatus::Initial
            {
                continue;
            }
            let mut known = true;
            let view = self.view();
            view.needs_before_unfolding(planned, |above| {
                known &= self.run.blocks[above].status == BlockStatus::Completed;
            });
            let grows = growing.get(planned) == Some(&true);
            if !known && !grows {
                continue;
            }
            let count = view.child_count(planned);
            let there = self.places.children(planned).len() as u64;
            if !known && count <= there {
                continue;
            }
            any = true;
            if count > MOST_CHILDREN {
                let message = format!(
                    "it would run {count} times, once for each item or combination of items; the limit is {MOST_CHILDREN}"
                );
                let error = BlockError::new(FailureKind::Unsupported, message)
                    .with_hint("let each item stand for more: a list of keys instead of one key");
                self.run.blocks[planned].error = Some(error);
                self.fail(planned);
                continue;
            }
            let uuid = &self.plan.blocks[planned].uuid;
            // Attempts of child runs that were dropped have used up these numbers.
            let earlier = self.run.blocks[planned].earlier;
            let fresh: Vec<BlockRun> = (there as u32..count as u32)
                .map(|index| {
                    let name = view.child_name(planned, index);
                    BlockRun {
                        attempt: earlier,
                        earlier,
                        ..new_block_run(BlockRunKey::child(uuid.clone(), index), name)
                    }
                })
                .collect();
            for block in fresh {
                self.run.blocks.push(block);
                self.changed.push(true);
                self.places.add(planned);
            }
            if self.run.blocks[planned].started_at.is_none() {
                self.run.blocks[planned].started_at = Some(self.now);
                self.changed[planned] = true;
            }
            if known {
                self.end(planned, BlockStatus::Completed);
            }
        }
        any
    }

    /// Whether it waits for nothing but a place. Upstream blocks outside the plan have their products.
    fn is_ready(&self, position: usize) -> bool {
        let block = &self.run.blocks[position];
        if block.status != BlockStatus::Initial
            || block.retry_at.is_some_and(|at| at > self.now)
            || self.is_controller(position)
        {
            return false;
        }
        let mut ready = true;
        self.view().needs(position, |above| {
            ready &= self.run.blocks[above].status == BlockStatus::Completed
                || self.has_handed_over(above, position);
        });
        ready
    }

    /// Queues what is ready as far as the pipeline's limit goes, then starts as many as there are workers.
    fn start_ready(&mut self) {
        let all = 0..self.run.blocks.len();
        let count = |run: &Run, wanted| run.blocks.iter().filter(|b| b.status == wanted).count();
        let running = count(&self.run, BlockStatus::Running);
        let active = running + count(&self.run, BlockStatus::Queued);
        let limit = self
            .plan
            .block_run_limit
            .map_or(usize::MAX, |n| n.max(1) as usize);
        let workers = if self.plan.one_process {
            1
        } else {
            self.plan.workers.max(1) as usize
        };

        let room = limit.saturating_sub(active);
        if room > 0 {
            let mut ready: Vec<usize> = all.clone().filter(|at| self.is_ready(*at)).collect();
            self.sort_by_priority(&mut ready);
            for position in ready.into_iter().take(room) {
                self.set(position, BlockStatus::Queued);
                self.run.blocks[position].retry_at = None;
            }
        }

        let free = workers.saturating_sub(running);
        if free > 0 {
            let is_queued = |at: &usize| self.run.blocks[*at].status == BlockStatus::Queued;
            let mut queued: Vec<usize> = all.filter(is_queued).collect();
            self.sort_by_priority(&mut queued);
            let mut taken = reserve::taken(&self.run);
            let mut free = free;
            for position in queued {
                let wants = self.plan.blocks[self.places.owner(position)]
                    .resources
                    .reserved();
                // What is too large for now keeps nobody else waiting.
                if free > 0 && reserve::has_room(self.plan, taken, wants) {
                    taken = taken.plus(wants);
                    free -= 1;
                    self.start_attempt(position);
                }
            }
        }
    }

    /// Highest priority first, then the order of the file, then that of the items. In one process, as in Mage, all
    /// blocks that could start first have their turn before those below them.
    fn sort_by_priority(&self, positions: &mut [usize]) {
        let levels = if self.plan.one_process {
            self.graph.levels()
        } else {
            Vec::new()
        };
        positions.sort_by_key(|at| {
            let planned = self.places.owner(*at);
            (
                std::cmp::Reverse(self.plan.blocks[planned].priority),
                levels.get(planned).copied(),
                planned,
                *at,
            )
        });
    }

    fn start_attempt(&mut self, position: usize) {
        let fence = self.next_fence();
        self.set(position, BlockStatus::Running);
        let block = &mut self.run.blocks[position];
        block.attempt += 1;
        block.fence = fence;
        block.started_at.get_or_insert(self.now);
        block.error = None;
        let number = block.attempt;
        let lost = block.attempts.pop_if(|newest| newest.number == number);
        if block.attempts.len() >= REMEMBERED_ATTEMPTS {
            block.attempts.remove(0);
        }
        block.attempts.push(AttemptRun {
            number,
            status: BlockStatus::Running,
            started_at: self.now,
            lost_since: lost.map(|lost| lost.lost_since.unwrap_or(lost.started_at)),
            waits: false,
            ended_at: None,
            error: None,
            usage: None,
            tests: Vec::new(),
        });
        if let Some(items) = block.items.as_mut().filter(|items| items.yielded) {
            // It begins to yield anew; what it yielded before stays to be compared with.
            items.count = 0;
        }
        self.commands.push(Command::StartAttempt {
            key: block.key.clone(),
            attempt: block.attempt,
            fence,
        });
    }
}
