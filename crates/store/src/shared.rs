//! What several processes on one database leave for each other: runs that may start, wishes that one stops, and ends of
//! runs from which something may follow.

use std::collections::HashSet;
use std::time::Duration;

use baton_model::{BlockRun, Run, RunId, RunStatus, Timestamp};
use sqlx::AssertSqlSafe;

use crate::creating::NewRun;
use crate::hints::Hint;
use crate::leases::Duty;
use crate::rows;
use crate::sql::{Row, values};
use crate::{Store, StoreError};

/// A run whose lease was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The run.
    pub run: RunId,
    /// Whether nothing of it has started yet.
    pub is_new: bool,
}

/// What somebody wants of whoever drives a run: that it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The run.
    pub run: RunId,
    /// Why.
    pub reason: String,
    /// Whether the run has been asked to stop already.
    pub again: bool,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The run.
    pub run: RunId,
    /// How many steps it has made.
    pub version: u64,
    /// Where it stands.
    pub status: RunStatus,
}

/// What came of drawing the consequences of ends.
#[derive(Debug)]
pub enum Settled {
    /// They are drawn; the runs that follow, none for one that was not made.
    Done(Vec<Option<Run>>),
    /// Nothing was done, since only these are still to be settled.
    Only(HashSet<RunId>),
}

impl Store {
    /// Lets runs in: whoever takes their leases drives them. Only who has the `duty` may.
    pub async fn admit_runs(&self, duty: &Duty, runs: &[RunId]) -> Result<(), StoreError> {
        let runs = self.numbers(runs)?;
        let mut transaction = self.database.begin().await?;
        transaction.confirm(duty).await?;
        let sql = "update run set admitted = 1
             where id in (select cast(value ->> 0 as bigint) from json_each($1))";
        transaction.change(sql, values![runs]).await?;
        transaction.hint(Hint::Free).await?;
        transaction.commit().await
    }

    /// Takes the leases of runs that were let in and that nobody drives, the most urgent first, at most so many. With
    /// `expired`, also of those whose process has not been heard of for too long. Runs that are driven here are left out.
    /// Runs that a block has started are let through alone when there is no place for `most` others: somebody waits for them.
    pub async fn claim_runs(
        &self,
        owner: &str,
        (now, length): (Timestamp, Duration),
        most: u32,
        expired: bool,
        here: &[RunId],
    ) -> Result<Vec<Claimed>, StoreError> {
        let here = self.numbers(here)?;
        let only_children = most == 0;
        let limit = most.max(16);
        let mut transaction = self.database.begin().await?;
        let skip = if transaction.is_on_server() {
            "for update skip locked"
        } else {
            ""
        };
        let sql = format!(
            "update run set owner = $1, lease_fence = lease_fence + 1, lease_until = $3
             where id in (
                 select id from run where admitted = 1 and ended_at is null
                     and (lease_until is null or ($4 = 1 and lease_until <= $2))
                     and id not in (select cast(value ->> 0 as bigint) from json_each($5))
                     and ($6 = 0 or cause = 'code')
                 order by priority desc, id limit $7 {skip})
             returning id, lease_fence, status"
        );
        let values = values![
            owner,
            now,
            now.after(length),
            expired,
            here,
            only_children,
            if only_children { limit } else { most },
        ];
        let found = transaction.fetch(AssertSqlSafe(sql), values).await?;
        transaction.commit().await?;
        let mut claimed = Vec::with_capacity(found.len());
        for row in &found {
            let (run, fence) = (row.run("id")?, row.integer("lease_fence")?);
            self.hold(run, fence);
            let status: RunStatus = row.word("the status of a run", "status")?;
            claimed.push(Claimed {
                run,
                is_new: status == RunStatus::Initial,
            });
        }
        claimed.sort_by_key(|one| one.run);
        Ok(claimed)
    }

    /// Asks whoever drives a run to stop it, and why. Gives whether it is still open.
    pub async fn put_wish(&self, run: RunId, reason: &str) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let sql = "update run set wish = $2 where id = $1 and ended_at is null";
        let changed = transaction.change(sql, values![run, reason]).await?;
        transaction.hint(Hint::Wishes).await?;
        transaction.commit().await?;
        Ok(changed > 0)
    }

    /// What is wished of runs that this process drives. A first wish stays until the run has been asked to stop, also
    /// when another process takes it over; a further one is given once.
    pub async fn wishes(&self, owner: &str) -> Result<Vec<Wish>, StoreError> {
        let sql = "select id, wish, cancel_requested from run
             where owner = $1 and wish is not null and ended_at is null order by id";
        let found = self.database.fetch(sql, values![owner]).await?;
        let wish = |row: &Row| -> Result<Wish, StoreError> {
            Ok(Wish {
                run: row.run("id")?,
                reason: row.text("wish")?,
                again: row.integer("cancel_requested")? != 0,
            })
        };
        let wishes: Vec<Wish> = found.iter().map(wish).collect::<Result<_, _>>()?;
        if wishes.iter().any(|wish| wish.again) {
            let sql = "update run set wish = null
                 where owner = $1 and wish is not null and cancel_requested = 1 and ended_at is null";
            let mut transaction = self.database.begin().await?;
            transaction.change(sql, values![owner]).await?;
            transaction.commit().await?;
        }
        Ok(wishes)
    }

    /// Notes that the consequences of these ends were drawn, and makes the runs that follow from them, in one
    /// transaction: each end has its consequences once, whoever dies when. With a `duty`, only who has it may.
    pub async fn settle_runs(
        &self,
        duty: Option<&Duty>,
        ended: &[RunId],
        wanted: &[NewRun],
        draft: impl Fn(RunId, &NewRun) -> Run,
    ) -> Result<Settled, StoreError> {
        let numbers = self.numbers(ended)?;
        let mut transaction = self.database.begin().await?;
        if let Some(duty) = duty {
            transaction.confirm(duty).await?;
        }
        let sql = "update run set settled = 1 where settled = 0 and ended_at is not null
             and id in (select cast(value ->> 0 as bigint) from json_each($1)) returning id";
        let found = transaction.fetch(sql, values![numbers]).await?;
        if found.len() < ended.len() {
            let open: Result<_, _> = found.iter().map(|row| row.run("id")).collect();
            // Dropped, the transaction changes nothing.
            return Ok(Settled::Only(open?));
        }
        let made = if wanted.is_empty() {
            Vec::new()
        } else {
            self.create_on(&mut transaction, wanted, draft).await?
        };
        transaction.commit().await?;
        Ok(Settled::Done(made))
    }

    /// Runs that blocks of this one have started and that have not ended.
    pub async fn open_children(&self, run: RunId) -> Result<Vec<RunId>, StoreError> {
        let sql = "select id from run where parent_id = $1 and ended_at is null order by id";
        let found = self.database.fetch(sql, values![run]).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// Runs that blocks of this one have started since a moment, the oldest first.
    pub async fn children_since(
        &self,
        run: RunId,
        since: Timestamp,
    ) -> Result<Vec<RunId>, StoreError> {
        let sql = "select id from run where parent_id = $1 and created_at >= $2 order by id";
        let found = self.database.fetch(sql, values![run, since]).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// How far the open runs have come, and those that are newer than `after`.
    pub async fn open_marks(&self, after: RunId) -> Result<Vec<Mark>, StoreError> {
        let sql = "select id, version, status from run
             where status in ('initial', 'running') or id > $1 order by id";
        let found = self.database.fetch(sql, values![after]).await?;
        found.iter().map(mark).collect()
    }

    /// The number of the newest run; 0 when there is none.
    pub async fn newest_run(&self) -> Result<RunId, StoreError> {
        let sql = "select coalesce(max(id), 0) as id from run";
        let found = self.database.fetch_first(sql, values![]).await?;
        found.map_or(Ok(RunId(0)), |row| row.run("id"))
    }

    /// How far these runs have come; those that are gone are left out.
    pub async fn marks(&self, runs: &[RunId]) -> Result<Vec<Mark>, StoreError> {
        let sql = "select id, version, status from run
             where id in (select cast(value ->> 0 as bigint) from json_each($1)) order by id";
        let values = values![self.numbers(runs)?];
        let found = self.database.fetch(sql, values).await?;
        found.iter().map(mark).collect()
    }

    /// The block runs of a run as the engine knows them, without their products.
    pub async fn bare_blocks(&self, run: RunId) -> Result<Vec<BlockRun>, StoreError> {
        let columns = rows::BLOCK_COLUMNS;
        let sql = format!("select {columns} from block_run where run = $1 order by position");
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![run])
            .await?;
        found.iter().map(rows::block_run).collect()
    }

    /// Whether the newest step of a run is this version, made under the lease that is held here.
    pub async fn is_stored(&self, run: RunId, version: u64) -> Result<bool, StoreError> {
        let sql = "select version, lease_fence from run where id = $1";
        let found = self.database.fetch_first(sql, values![run]).await?;
        let Some(row) = found else { return Ok(false) };
        let is_ours = match self.lease_of(run) {
            Some(fence) => row.integer("lease_fence")? == fence,
            None => true,
        };
        Ok(is_ours && row.integer("version")? as u64 == version)
    }

    pub(crate) fn numbers(&self, runs: &[RunId]) -> Result<String, StoreError> {
        let numbers: Vec<[i64; 1]> = runs.iter().map(|run| [run.0]).collect();
        rows::to_rows(&self.database.place, "numbers of runs", &numbers)
    }
}

fn mark(row: &Row) -> Result<Mark, StoreError> {
    Ok(Mark {
        run: row.run("id")?,
        version: row.integer("version")? as u64,
        status: row.word("the status of a run", "status")?,
    })
}
