//! What happens in all processes on the database, told here: found by comparing it with what was seen before.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use baton_model::{BlockRunKey, BlockStatus, RunId, RunStatus};
use baton_runner::LogRecord;
use baton_store::StoreError;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::shared::Shared;
use super::{News, PATIENCE, PAUSE, Service, complain};
use crate::{Notice, read_log_from};

/// What comes within this time is looked at together.
const BREATH: Duration = Duration::from_millis(50);

/// Most records of a log that are told at a time.
const MOST_RECORDS: usize = 1000;

/// A run as it was last seen.
struct Seen {
    version: u64,
    status: RunStatus,
    blocks: HashMap<BlockRunKey, (BlockStatus, u32)>,
    /// How far its log was told.
    log: u64,
}

/// Everything that was seen.
#[derive(Default)]
struct Sight {
    /// The open runs.
    runs: BTreeMap<RunId, Seen>,
    newest: Option<RunId>,
}

impl Service {
    /// Tells what happens, until this process stops.
    pub(super) async fn watch(&self, shared: &Shared) {
        let mut stopping = self.inner.stopping.subscribe();
        let mut sight = Sight::default();
        loop {
            let pause = match self.look_around(shared, &mut sight).await {
                Ok(()) => PATIENCE,
                Err(error) => {
                    complain(&error);
                    PAUSE
                }
            };
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = shared.steps.notified() => {}
                () = sleep(pause) => {}
            }
            sleep(BREATH).await;
        }
    }

    async fn look_around(&self, shared: &Shared, sight: &mut Sight) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let Some(newest) = sight.newest else {
            // What is there at the beginning is no news.
            let newest = store.newest_run().await?;
            for mark in store.open_marks(newest).await? {
                let blocks = blocks_of(&store.bare_blocks(mark.run).await?);
                let seen = Seen {
                    version: mark.version,
                    status: mark.status,
                    blocks,
                    log: std::fs::metadata(self.inner.desk.log(mark.run))
                        .map_or(0, |file| file.len()),
                };
                sight.runs.insert(mark.run, seen);
            }
            sight.newest = Some(newest);
            return Ok(());
        };
        let mut marks = store.open_marks(newest).await?;
        let open: std::collections::BTreeSet<RunId> = marks.iter().map(|mark| mark.run).collect();
        let gone: Vec<RunId> = sight
            .runs
            .keys()
            .copied()
            .filter(|run| !open.contains(run))
            .collect();
        if !gone.is_empty() {
            let ended = store.marks(&gone).await?;
            // What is not there any more was deleted.
            sight
                .runs
                .retain(|run, _| open.contains(run) || ended.iter().any(|mark| mark.run == *run));
            marks.extend(ended);
        }
        for mark in &marks {
            let (is_new, before, version) = match sight.runs.get(&mark.run) {
                Some(seen) => (false, seen.status, Some(seen.version)),
                None => (true, RunStatus::Initial, None),
            };
            if is_new {
                self.tell(News::Created(mark.run));
                let seen = Seen {
                    version: 0,
                    status: RunStatus::Initial,
                    blocks: HashMap::new(),
                    log: 0,
                };
                sight.runs.insert(mark.run, seen);
            }
            if before == RunStatus::Initial && mark.status != RunStatus::Initial {
                self.tell(News::Opened(mark.run));
            }
            if version != Some(mark.version) {
                // Where nobody asks, only the ends matter.
                let blocks = if shared.sharing.role.serves() {
                    store.bare_blocks(mark.run).await?
                } else {
                    Vec::new()
                };
                if let Some(seen) = sight.runs.get_mut(&mark.run) {
                    for block in blocks {
                        let now = (block.status, block.attempt);
                        if seen.blocks.insert(block.key.clone(), now) != Some(now) && !is_new {
                            let notice = Notice::Block(Box::new(block));
                            self.tell(News::Inside(mark.run, Arc::new(notice)));
                        }
                    }
                    (seen.version, seen.status) = (mark.version, mark.status);
                }
            }
            sight.newest = sight.newest.max(Some(mark.run));
        }
        if shared.sharing.role.serves() {
            self.tell_logs(shared, sight).await;
        }
        for mark in marks.iter().filter(|mark| mark.status.is_final()) {
            if sight.runs.remove(&mark.run).is_some() {
                self.tell(News::Ended(mark.run, mark.status));
            }
        }
        Ok(())
    }

    /// Tells what has come to the logs of open runs, and of those that have just ended.
    async fn tell_logs(&self, shared: &Shared, sight: &mut Sight) {
        let logs: Vec<_> = sight
            .runs
            .iter()
            .filter(|(_, seen)| seen.status != RunStatus::Initial)
            .map(|(run, seen)| (*run, self.inner.desk.log(*run), seen.log))
            .collect();
        let read = spawn_blocking(move || {
            let mut found: Vec<(RunId, u64, Vec<LogRecord>)> = Vec::new();
            for (run, path, from) in logs {
                let (mut place, mut records) = (from, Vec::new());
                // A log that cannot be read has nothing to tell.
                let _ = read_log_from(&path, from, |behind, record| {
                    place = behind;
                    records.push(record);
                    records.len() < MOST_RECORDS
                });
                if !records.is_empty() {
                    found.push((run, place, records));
                }
            }
            found
        });
        for (run, place, records) in read.await.unwrap_or_default() {
            if records.len() >= MOST_RECORDS {
                shared.steps.notify_one();
            }
            if let Some(seen) = sight.runs.get_mut(&run) {
                seen.log = place;
            }
            for record in records {
                let notice = Notice::Log(Box::new(record));
                self.tell(News::Inside(run, Arc::new(notice)));
            }
        }
    }
}

fn blocks_of(blocks: &[baton_model::BlockRun]) -> HashMap<BlockRunKey, (BlockStatus, u32)> {
    let one = |block: &baton_model::BlockRun| (block.key.clone(), (block.status, block.attempt));
    blocks.iter().map(one).collect()
}
