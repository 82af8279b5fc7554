//! What follows from the state of a run's blocks: failures spread, blocks start, the run ends.
//!
//! How an event gets into that state is the business of `apply`.

use baton_model::{
    BlockError, BlockRunKey, BlockStatus, Command, Fence, OnFailure, Run, RunStatus,
};

use crate::apply::Turn;

impl Turn<'_> {
    /// Decides everything that follows from the state of the blocks.
    pub(crate) fn advance(&mut self) {
        if !self.run.cancel_requested && !self.run.status.is_final() {
            self.fail_what_cannot_run();
        }
        if self.run.status.is_final() {
            return;
        }
        self.spread();
        if !self.run.cancel_requested {
            self.start_ready();
        }
        if self.run.blocks.iter().all(|block| block.status.is_final()) {
            self.finish(self.final_status());
        }
    }

    fn final_status(&self) -> RunStatus {
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
        self.commands.push(Command::Finish);
    }

    /// A block whose turn it is but that cannot run fails without an attempt.
    fn fail_what_cannot_run(&mut self) {
        for position in 0..self.run.blocks.len() {
            let Some(problem) = &self.plan.blocks[position].problem else {
                continue;
            };
            if self.is_ready(position) {
                let problem: BlockError = problem.clone();
                self.run.blocks[position].error = Some(problem);
                self.fail(position);
                if self.run.status.is_final() {
                    return;
                }
            }
        }
    }

    /// The block has failed for good, and with it, where the plan says so, the run.
    pub(crate) fn fail(&mut self, failed: usize) {
        self.end(failed, BlockStatus::Failed);
        if self.plan.on_failure == OnFailure::Continue || self.run.cancel_requested {
            return;
        }
        let reason = format!("block `{}` failed", self.run.blocks[failed].key);
        for position in 0..self.run.blocks.len() {
            let status = self.run.blocks[position].status;
            if status.is_final() {
                continue;
            }
            if status == BlockStatus::Running {
                self.stop_attempt(position);
            }
            self.run.blocks[position].reason = Some(reason.clone());
            self.end(position, BlockStatus::Cancelled);
        }
        self.finish(RunStatus::Failed);
    }

    /// Carries bad news down the graph. Failures first: where both meet, `upstream_failed` wins.
    fn spread(&mut self) {
        self.spread_status(BlockStatus::Failed, BlockStatus::UpstreamFailed, |root| {
            format!("block `{root}` failed")
        });
        let same = BlockStatus::ConditionFailed;
        self.spread_status(same, same, |root| {
            format!("the condition of block `{root}` was not met")
        });
        let same = BlockStatus::Cancelled;
        self.spread_status(same, same, |root| format!("block `{root}` was cancelled"));
    }

    fn spread_status(
        &mut self,
        cause: BlockStatus,
        effect: BlockStatus,
        reason: impl Fn(&BlockRunKey) -> String,
    ) {
        let mut seen = vec![false; self.run.blocks.len()];
        for root in 0..self.run.blocks.len() {
            if self.run.blocks[root].status != cause {
                continue;
            }
            let mut open = vec![root];
            while let Some(at) = open.pop() {
                for next in 0..self.graph.downstream[at].len() {
                    let below = self.graph.downstream[at][next];
                    if std::mem::replace(&mut seen[below], true) {
                        continue;
                    }
                    if self.run.blocks[below].status == BlockStatus::Initial {
                        let reason = reason(&self.run.blocks[root].key);
                        self.run.blocks[below].reason = Some(reason);
                        self.end(below, effect);
                    }
                    if self.run.blocks[below].status == effect {
                        open.push(below);
                    }
                }
            }
        }
    }

    /// Whether it waits for nothing but a place. Upstream blocks outside the plan have their products.
    fn is_ready(&self, position: usize) -> bool {
        let block = &self.run.blocks[position];
        block.status == BlockStatus::Initial
            && block.retry_at.is_none_or(|at| at <= self.now)
            && self.graph.upstream[position]
                .iter()
                .all(|above| self.run.blocks[*above].status == BlockStatus::Completed)
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
        let workers = self.plan.workers.max(1) as usize;

        let mut ready: Vec<usize> = all.clone().filter(|at| self.is_ready(*at)).collect();
        self.sort_by_priority(&mut ready);
        for position in ready.into_iter().take(limit.saturating_sub(active)) {
            self.set(position, BlockStatus::Queued);
            self.run.blocks[position].retry_at = None;
        }

        let is_queued = |at: &usize| self.run.blocks[*at].status == BlockStatus::Queued;
        let mut queued: Vec<usize> = all.filter(is_queued).collect();
        self.sort_by_priority(&mut queued);
        for position in queued.into_iter().take(workers.saturating_sub(running)) {
            self.start_attempt(position);
        }
    }

    /// Highest priority first, then the order of the file.
    fn sort_by_priority(&self, positions: &mut [usize]) {
        positions.sort_by_key(|at| (std::cmp::Reverse(self.plan.blocks[*at].priority), *at));
    }

    fn start_attempt(&mut self, position: usize) {
        self.run.last_fence = Fence(self.run.last_fence.0 + 1);
        self.set(position, BlockStatus::Running);
        let block = &mut self.run.blocks[position];
        block.attempt += 1;
        block.fence = self.run.last_fence;
        block.started_at.get_or_insert(self.now);
        block.error = None;
        self.commands.push(Command::StartAttempt {
            key: block.key.clone(),
            attempt: block.attempt,
            fence: block.fence,
        });
    }
}
