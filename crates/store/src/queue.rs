//! Steps of many runs, written together: what waits while a transaction is under way shares the next one.
//!
//! A step that comes alone does not wait for others; in a rush those that begin runs go first. One that fails does not
//! disturb those that it shares a transaction with. Steps that end a run are answered when they are on disk; meanwhile
//! others are written.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use baton_model::RunId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::grouped::{Step, write_together};
use crate::sql::Database;
use crate::{Store, StoreError};

/// Most steps of one transaction.
const MOST: usize = 256;

/// Most of them that begin a run when others have waited for long.
const BEGINNINGS: usize = MOST / 4 * 3;

/// How long others wait for beginnings, which go before them: of many runs that are due at once the last one is not to
/// wait for what the first ones do.
const PATIENCE: Duration = Duration::from_secs(2);

/// A step on its way, and where its result goes.
pub(crate) struct Waiting {
    step: Step,
    since: Instant,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<(), StoreError>>;

/// Where steps wait to be written.
pub(crate) type Queue = mpsc::UnboundedSender<Waiting>;

/// While it lives, many runs are about to begin: other steps wait for that, within limits.
#[derive(Debug)]
pub struct Rush(Arc<watch::Sender<usize>>);

impl Drop for Rush {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Store {
    /// Says that many runs are about to begin.
    pub fn rush(&self) -> Rush {
        self.rushes.send_modify(|count| *count += 1);
        Rush(Arc::clone(&self.rushes))
    }

    /// Returns when no rush is on, or has been on for long.
    pub fn calm(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut rushes = self.rushes.subscribe();
        async move {
            if *rushes.borrow() > 0 {
                let over = rushes.wait_for(|count| *count == 0);
                // Late or gone, it is over.
                let _ = timeout(PATIENCE, over).await;
            }
        }
    }

    /// Has a step written, together with what else is waiting. When the caller stops waiting, the step may be written
    /// all the same.
    pub(crate) async fn write(&self, step: Step) -> Result<(), StoreError> {
        let (answer, result) = oneshot::channel();
        let gone = || self.database.sort()(sqlx::Error::PoolClosed);
        // Whoever has sent a step waits for it: there are no more of them than runs are driven.
        let since = Instant::now();
        let sent = self.queue.send(Waiting {
            step,
            since,
            answer,
        });
        sent.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

/// The queue of a database, and the task that writes what comes through it until nobody holds the queue any more.
pub(crate) fn queue(database: Database, mut rushes: watch::Receiver<usize>) -> Queue {
    let (queue, mut waiting) = mpsc::unbounded_channel();
    let (unsynced, written) = mpsc::unbounded_channel();
    tokio::spawn(sync(database.clone(), written));
    tokio::spawn(async move {
        let mut held = Held::default();
        let mut arrived = Vec::new();
        loop {
            if held.is_empty() && waiting.recv_many(&mut arrived, MOST).await == 0 {
                return;
            }
            while let Ok(more) = waiting.try_recv() {
                arrived.push(more);
            }
            held.extend(arrived.drain(..));
            let is_rush = *rushes.borrow() > 0;
            if is_rush && let Some(until) = held.can_wait_until() {
                tokio::select! {
                    biased;
                    // None: nobody can send any more.
                    count = waiting.recv_many(&mut arrived, MOST), if !waiting.is_closed() => {
                        if count > 0 {
                            continue;
                        }
                    }
                    _ = rushes.wait_for(|count| *count == 0) => {}
                    () = sleep_until(until) => {}
                }
            }
            write_group(&database, held.take_group(is_rush), &unsynced).await;
        }
    });
    queue
}

/// Answers steps that end a run when they are on disk, as many as there are at a time.
async fn sync(database: Database, mut written: mpsc::UnboundedReceiver<Answer>) {
    let mut answers = Vec::new();
    while written.recv_many(&mut answers, usize::MAX).await > 0 {
        let mut result = database.sync().await;
        for answer in answers.drain(..) {
            // Each gets an error of its own.
            let next = if result.is_ok() {
                Ok(())
            } else {
                database.sync().await
            };
            drop(answer.send(std::mem::replace(&mut result, next)));
        }
    }
}

/// Steps that wait to be written, in the order in which they came.
#[derive(Default)]
struct Held {
    beginnings: VecDeque<Waiting>,
    others: VecDeque<Waiting>,
}

impl Held {
    fn is_empty(&self) -> bool {
        self.beginnings.is_empty() && self.others.is_empty()
    }

    fn extend(&mut self, arrived: impl Iterator<Item = Waiting>) {
        for waiting in arrived {
            if waiting.step.is_first {
                self.beginnings.push_back(waiting);
            } else {
                self.others.push_back(waiting);
            }
        }
    }

    /// Until when what is here can wait for beginnings that are about to come; none when there is something to write.
    fn can_wait_until(&self) -> Option<Instant> {
        if !self.beginnings.is_empty() {
            return None;
        }
        let until = self.others.front()?.since + PATIENCE;
        (until > Instant::now()).then_some(until)
    }

    /// Takes what can be written together: of each run only its first step, since a step must see the one before.
    fn take_group(&mut self, is_rush: bool) -> Vec<Waiting> {
        let oldest = self.others.front();
        let is_late = oldest.is_some_and(|oldest| oldest.since.elapsed() >= PATIENCE);
        let most = if is_late { BEGINNINGS } else { MOST };
        let count = self.beginnings.len().min(most);
        let mut group: Vec<Waiting> = self.beginnings.drain(..count).collect();
        if is_rush && !is_late && !group.is_empty() {
            return group;
        }
        let mut runs: HashSet<RunId> = group.iter().map(|waiting| waiting.step.run).collect();
        let mut later = Vec::new();
        while group.len() < MOST
            && let Some(waiting) = self.others.pop_front()
        {
            if runs.insert(waiting.step.run) {
                group.push(waiting);
            } else {
                later.push(waiting);
            }
        }
        for waiting in later.into_iter().rev() {
            self.others.push_front(waiting);
        }
        group
    }
}

/// Writes a group and answers everybody in it.
async fn write_group(
    database: &Database,
    group: Vec<Waiting>,
    unsynced: &mpsc::UnboundedSender<Answer>,
) {
    let steps: Vec<&Step> = group.iter().map(|waiting| &waiting.step).collect();
    match write_together(database, &steps).await {
        Ok(written) => {
            for waiting in group {
                let run = waiting.step.run;
                // Whoever does not wait any more does not need the answer.
                if !written.contains(&run) {
                    drop(waiting.answer.send(Err(StoreError::Conflict { run })));
                } else if waiting.step.is_last {
                    drop(unsynced.send(waiting.answer));
                } else {
                    drop(waiting.answer.send(Ok(())));
                }
            }
        }
        // Nothing of the group is written. Only the one that is to blame fails.
        Err(error) if group.len() > 1 && !error.is_general() => {
            for waiting in group {
                Box::pin(write_group(database, vec![waiting], unsynced)).await;
            }
        }
        Err(error) => {
            let mut error = Some(error);
            for waiting in group {
                let error = error.take().unwrap_or_else(|| database.busy());
                drop(waiting.answer.send(Err(error)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(run: i64, is_first: bool) -> Waiting {
        Waiting {
            step: Step::empty(RunId(run), is_first),
            since: Instant::now(),
            answer: oneshot::channel().0,
        }
    }

    fn runs(held: &mut Held, is_rush: bool) -> Vec<i64> {
        let group = held.take_group(is_rush);
        group.iter().map(|one| one.step.run.0).collect()
    }

    #[test]
    fn beginnings_go_first() {
        let mut held = Held::default();
        let others = [1, 2, 1].map(|run| waiting(run, false));
        let beginnings = (10..=10 + MOST as i64).map(|run| waiting(run, true));
        held.extend(others.into_iter().chain(beginnings));
        assert!(held.can_wait_until().is_none());
        let first = runs(&mut held, false);
        assert_eq!(first, (10..10 + MOST as i64).collect::<Vec<_>>());
        // The second step of a run comes after its first.
        assert_eq!(runs(&mut held, false), [10 + MOST as i64, 1, 2]);
        assert_eq!(runs(&mut held, false), [1]);
        assert!(held.is_empty());
    }

    #[test]
    fn in_a_rush_beginnings_go_alone_but_not_for_ever() {
        let mut held = Held::default();
        let others = [1, 2].map(|run| waiting(run, false));
        held.extend(others.into_iter().chain([waiting(10, true)]));
        assert_eq!(runs(&mut held, true), [10]);
        assert!(held.can_wait_until().is_some());

        let beginnings = (10..10 + MOST as i64).map(|run| waiting(run, true));
        held.extend(beginnings);
        for waiting in &mut held.others {
            waiting.since -= PATIENCE;
        }
        let late = runs(&mut held, true);
        assert_eq!(late.len(), BEGINNINGS + 2);
        assert_eq!(late[BEGINNINGS..], [1, 2]);
        held.beginnings.clear();
        held.extend([waiting(3, false)].into_iter());
        held.others[0].since -= PATIENCE;
        assert!(held.can_wait_until().is_none());
        assert_eq!(runs(&mut held, true), [3]);
    }
}
