//! Counts the child runs of dynamic blocks, so that a thousand of them are one line and not a thousand.

use std::collections::{BTreeMap, HashMap};

use baton_model::{BlockRun, BlockStatus, BlockUuid, Run, Timestamp};

use crate::terminal::{bytes, thousands};

/// Most failures, retries and failed callbacks of one block's child runs that get a line each.
pub(super) const MOST_TROUBLES: usize = 10;
/// Most lines that one block's child runs may print.
pub(super) const MOST_LINES: usize = 20;

/// The child runs of every block that has some.
#[derive(Default)]
pub(super) struct Children {
    blocks: BTreeMap<BlockUuid, Tally>,
    /// Whose child run a name in the log is.
    names: HashMap<String, BlockUuid>,
}

/// The child runs of one block.
#[derive(Default)]
pub(super) struct Tally {
    /// Where each of them stands.
    runs: BTreeMap<u32, BlockStatus>,
    ended: usize,
    completed: usize,
    failed: usize,
    cancelled: usize,
    skipped: usize,
    rows: Option<u64>,
    size: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Whether there are no more to come: what they run over may still be growing.
    closed: bool,
    /// Whether the counted line of what is known has been shown.
    said: bool,
    troubles: usize,
    lines: usize,
}

/// Whether something may have a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It may.
    Yes,
    /// It may not, and this is the first time.
    Ended,
    /// It may not.
    No,
}

impl Children {
    /// The child runs that a resumed run has already.
    pub(super) fn of(run: &Run) -> Self {
        let mut children = Self::default();
        for block in &run.blocks {
            if block.key.child.is_some() {
                let tally = children.note(block);
                tally.said |= block.status.is_final();
            } else if block.status.is_final() {
                children.close(block);
            }
        }
        children
    }

    /// Notes where a child run stands, and gives the count that it belongs to.
    pub(super) fn note(&mut self, block: &BlockRun) -> &mut Tally {
        self.names
            .entry(block.name.clone())
            .or_insert_with(|| block.key.block.clone());
        let tally = self.blocks.entry(block.key.block.clone()).or_default();
        tally.note(block);
        tally
    }

    /// Notes that a block's own run has ended: if it runs once per item, all child runs are there.
    pub(super) fn close(&mut self, block: &BlockRun) {
        if stands_for_children(block) {
            self.blocks.entry(block.key.block.clone()).or_default();
        }
        if let Some(tally) = self.blocks.get_mut(&block.key.block) {
            tally.closed = true;
        }
    }

    /// The count that the writer of a log record belongs to, if it is a child run.
    pub(super) fn of_writer(&mut self, name: &str) -> Option<(&BlockUuid, &mut Tally)> {
        let block = self.names.get(name)?;
        Some((block, self.blocks.get_mut(block)?))
    }

    /// The blocks whose child runs have all ended without a counted line.
    pub(super) fn due(&mut self) -> impl Iterator<Item = (&BlockUuid, &mut Tally)> {
        self.blocks
            .iter_mut()
            .filter(|(_, tally)| tally.closed && tally.has_ended() && !tally.said)
    }

    /// The blocks that have made no child run.
    pub(super) fn empty(&self) -> impl Iterator<Item = &BlockUuid> {
        let empty = |(block, tally): (_, &Tally)| tally.runs.is_empty().then_some(block);
        self.blocks.iter().filter_map(empty)
    }
}

impl Tally {
    fn note(&mut self, block: &BlockRun) {
        let Some(child) = block.key.child else {
            return;
        };
        let before = self.runs.insert(child, block.status);
        if before == Some(block.status) {
            return;
        }
        if let Some(before) = before
            && let Some(count) = self.count(before)
        {
            *count = count.saturating_sub(1);
            self.ended = self.ended.saturating_sub(1);
        }
        if let Some(count) = self.count(block.status) {
            *count += 1;
            self.ended += 1;
        }
        self.said = false;
        if block.status == BlockStatus::Completed {
            for product in &block.products {
                self.size += product.bytes;
                if let Some(rows) = product.rows {
                    *self.rows.get_or_insert(0) += rows;
                }
            }
        }
        self.first = earliest(self.first, block.started_at);
        self.last = self.last.max(block.ended_at);
    }

    /// The number of those that ended like this; none for a status that is not an end.
    fn count(&mut self, status: BlockStatus) -> Option<&mut usize> {
        match status {
            BlockStatus::Initial | BlockStatus::Queued | BlockStatus::Running => None,
            BlockStatus::Completed => Some(&mut self.completed),
            BlockStatus::Failed => Some(&mut self.failed),
            BlockStatus::Cancelled => Some(&mut self.cancelled),
            BlockStatus::UpstreamFailed | BlockStatus::ConditionFailed => Some(&mut self.skipped),
        }
    }

    /// Whether all that are known have ended.
    pub(super) fn has_ended(&self) -> bool {
        !self.runs.is_empty() && self.ended == self.runs.len()
    }

    /// Marks the counted line as shown.
    pub(super) fn say(&mut self) {
        self.said = true;
    }

    /// The status of all of them together: the worst.
    pub(super) fn status(&self) -> BlockStatus {
        if self.failed > 0 {
            BlockStatus::Failed
        } else if self.cancelled > 0 {
            BlockStatus::Cancelled
        } else if self.completed == 0 && self.skipped > 0 {
            self.runs
                .values()
                .next()
                .copied()
                .unwrap_or(BlockStatus::UpstreamFailed)
        } else {
            BlockStatus::Completed
        }
    }

    /// From the first start to the last end.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.first?, self.last?))
    }

    /// `998 of 1,000 completed, 2 failed, 5,000 rows, 1.2 MB`.
    pub(super) fn words(&self) -> String {
        let count = |count: usize| thousands(count as u64);
        let all = count(self.runs.len());
        let mut words = vec![format!("{} of {all} completed", count(self.completed))];
        for (some, what) in [
            (self.failed, "failed"),
            (self.cancelled, "cancelled"),
            (self.skipped, "not run"),
        ] {
            if some > 0 {
                words.push(format!("{} {what}", count(some)));
            }
        }
        words.extend(self.rows.map(|rows| format!("{} rows", thousands(rows))));
        if self.size > 0 {
            words.push(bytes(self.size));
        }
        words.join(", ")
    }

    /// `12 of 1,000`, while they run.
    pub(super) fn progress(&self) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {} failed", thousands(failed as u64)),
        };
        format!(
            "{} of {}{failed}",
            thousands(self.ended as u64),
            thousands(self.runs.len() as u64)
        )
    }

    /// Whether there is a line for one more failure or retry.
    pub(super) fn room_for_trouble(&mut self) -> Room {
        room(&mut self.troubles, MOST_TROUBLES)
    }

    /// Whether there is a line for one more log record.
    pub(super) fn room_for_line(&mut self) -> Room {
        room(&mut self.lines, MOST_LINES)
    }
}

/// Whether a declared block's own run only stands for child runs: it has completed without an attempt.
pub(super) fn stands_for_children(block: &BlockRun) -> bool {
    block.key.child.is_none() && block.status == BlockStatus::Completed && block.attempt == 0
}

fn room(used: &mut usize, most: usize) -> Room {
    *used += 1;
    match (*used).cmp(&(most + 1)) {
        std::cmp::Ordering::Less => Room::Yes,
        std::cmp::Ordering::Equal => Room::Ended,
        std::cmp::Ordering::Greater => Room::No,
    }
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
