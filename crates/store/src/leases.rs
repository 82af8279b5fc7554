//! Which process drives which run, when several share a database.
//!
//! A lease holds until a moment; its holder moves that on. Each lease of a run has a fence, greater than those before.
//! What is written for a run carries the fence of the lease that this process holds, and is refused when somebody else
//! has taken the run over meanwhile: a process that was frozen past its lease cannot write. Times are those of the
//! callers, whose clocks must agree to well within the length of a lease.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;

use baton_model::{RunId, Timestamp};

use crate::hints::Hint;
use crate::sql::{Changing, values};
use crate::{Store, StoreError};

/// A process that works on the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// What it calls itself; no other one has this name.
    pub id: String,
    /// What it does.
    pub role: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said that it lives.
    pub seen_at: Timestamp,
}

/// Something that one process at a time does, in the hands of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    name: String,
    owner: String,
    fence: i64,
}

impl Changing {
    /// Makes sure that a duty is still in these hands, and stays there until the transaction ends.
    pub(crate) async fn confirm(&mut self, duty: &Duty) -> Result<(), StoreError> {
        let sql = "update duty set until = until where name = $1 and owner = $2 and fence = $3";
        let values = values![duty.name.as_str(), duty.owner.as_str(), duty.fence];
        if self.change(sql, values).await? == 0 {
            return Err(StoreError::Deposed {
                duty: duty.name.clone(),
            });
        }
        Ok(())
    }
}

impl Store {
    /// Takes a duty that nobody has at `now`, or keeps it for longer. None when somebody else has it.
    pub async fn take_duty(
        &self,
        name: &str,
        owner: &str,
        now: Timestamp,
        length: Duration,
    ) -> Result<Option<Duty>, StoreError> {
        let sql = "insert into duty (name, owner, fence, until) values ($1, $2, 1, $4)
             on conflict (name) do update set owner = excluded.owner, until = excluded.until,
                 fence = duty.fence + case when duty.owner = excluded.owner then 0 else 1 end
             where duty.owner = excluded.owner or duty.until <= $3 returning fence";
        let values = values![name, owner, now, now.after(length)];
        let mut transaction = self.database.begin().await?;
        let found = transaction.fetch(sql, values).await?;
        transaction.commit().await?;
        let fence = found.first().map(|row| row.integer("fence")).transpose()?;
        Ok(fence.map(|fence| Duty {
            name: name.to_owned(),
            owner: owner.to_owned(),
            fence,
        }))
    }

    /// Leaves a duty to others, at once.
    pub async fn leave_duty(&self, duty: &Duty) -> Result<(), StoreError> {
        let sql = "update duty set until = 0 where name = $1 and owner = $2 and fence = $3";
        let values = values![duty.name.as_str(), duty.owner.as_str(), duty.fence];
        let mut transaction = self.database.begin().await?;
        transaction.change(sql, values).await?;
        transaction.hint(Hint::Anything).await?;
        transaction.commit().await
    }

    /// Until when somebody has a duty.
    pub async fn duty_until(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let sql = "select until from duty where name = $1";
        let found = self.database.fetch_first(sql, values![name]).await?;
        found.map(|row| row.moment("until")).transpose()
    }

    /// Takes the lease of a run that nobody holds at `now`. Gives its fence, or none when somebody holds it.
    ///
    /// From then on steps of the run that are committed here carry that fence.
    pub async fn lease_run(
        &self,
        run: RunId,
        owner: &str,
        now: Timestamp,
        length: Duration,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "update run set owner = $2, lease_fence = lease_fence + 1, lease_until = $4
             where id = $1 and (lease_until is null or lease_until <= $3) returning lease_fence";
        let values = values![run, owner, now, now.after(length)];
        let mut transaction = self.database.begin().await?;
        let found = transaction.fetch(sql, values).await?;
        transaction.commit().await?;
        let fence = found.first().map(|row| row.integer("lease_fence"));
        let fence = fence.transpose()?;
        if let Some(fence) = fence {
            self.hold(run, fence);
        }
        Ok(fence)
    }

    /// Moves the end of the leases on that this process knows to hold. Gives the runs that it still holds; it must leave
    /// its other runs alone.
    ///
    /// A lease whose taking or giving back was stored although the answer was lost is not among them: nobody drives its
    /// run, so it must end.
    pub async fn renew_leases(
        &self,
        owner: &str,
        now: Timestamp,
        length: Duration,
    ) -> Result<HashSet<RunId>, StoreError> {
        let known: Vec<RunId> = self.lock_leases().keys().copied().collect();
        if known.is_empty() {
            return Ok(HashSet::new());
        }
        let sql = "update run set lease_until = $2 where owner = $1 and lease_until is not null
             and id in (select cast(value ->> 0 as bigint) from json_each($3))
             returning id, lease_fence";
        let values = values![owner, now.after(length), self.numbers(&known)?];
        let mut transaction = self.database.begin().await?;
        let found = transaction.fetch(sql, values).await?;
        transaction.commit().await?;
        let mut held = HashSet::new();
        let leases = self.lock_leases();
        for row in &found {
            let (run, fence) = (row.run("id")?, row.integer("lease_fence")?);
            if leases.get(&run) == Some(&fence) {
                held.insert(run);
            }
        }
        Ok(held)
    }

    /// Gives the lease of a run back. Gives whether it was still held. After an error it is not renewed either, and ends.
    pub async fn release_run(&self, run: RunId) -> Result<bool, StoreError> {
        let Some(fence) = self.lock_leases().remove(&run) else {
            return Ok(false);
        };
        let sql =
            "update run set owner = null, lease_until = null where id = $1 and lease_fence = $2";
        let mut transaction = self.database.begin().await?;
        let released = transaction.change(sql, values![run, fence]).await?;
        if released > 0 {
            transaction.hint(Hint::Free).await?;
        }
        transaction.commit().await?;
        Ok(released > 0)
    }

    /// Forgets a lease that was lost, or whose run has ended.
    pub fn forget_lease(&self, run: RunId) {
        self.lock_leases().remove(&run);
    }

    /// Runs whose process lives, says their lease.
    pub async fn leased_runs(&self, now: Timestamp) -> Result<HashSet<RunId>, StoreError> {
        let sql = "select id from run where owner is not null and lease_until > $1";
        let found = self.database.fetch(sql, values![now]).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// Puts the name of [`Store::driven_by`] on the open runs that it goes on with: all that carry none and that nobody
    /// began by hand.
    pub async fn name_open_runs(&self) -> Result<(), StoreError> {
        let Some(driver) = self.driver.as_deref() else {
            return Ok(());
        };
        let sql = "update run set owner = $1
             where status in ('initial', 'running') and owner is null and cause <> 'hand'";
        self.database.change(sql, values![driver]).await.map(drop)
    }

    /// Open runs that carry this name.
    pub async fn runs_named(&self, driver: &str) -> Result<HashSet<RunId>, StoreError> {
        let sql = "select id from run where owner = $1 and ended_at is null";
        let found = self.database.fetch(sql, values![driver]).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// Runs whose lease has ended without being given back, the oldest first.
    pub async fn expired_leases(&self, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
        let sql = "select id from run where owner is not null and lease_until <= $1 order by id";
        let found = self.database.fetch(sql, values![now]).await?;
        found.iter().map(|row| row.run("id")).collect()
    }

    /// Records that a process lives.
    pub async fn put_process(&self, process: &Process) -> Result<(), StoreError> {
        let sql = "insert into process (id, role, started_at, seen_at) values ($1, $2, $3, $4)
             on conflict (id) do update set role = excluded.role, started_at = excluded.started_at,
                 seen_at = excluded.seen_at";
        let values = values![
            process.id.as_str(),
            process.role.as_str(),
            process.started_at,
            process.seen_at,
        ];
        self.database.change(sql, values).await.map(drop)
    }

    /// Every process that has not said that it is gone, by name.
    pub async fn processes(&self) -> Result<Vec<Process>, StoreError> {
        let sql = "select id, role, started_at, seen_at from process order by id";
        let found = self.database.fetch(sql, values![]).await?;
        found
            .iter()
            .map(|row| {
                Ok(Process {
                    id: row.text("id")?,
                    role: row.text("role")?,
                    started_at: row.moment("started_at")?,
                    seen_at: row.moment("seen_at")?,
                })
            })
            .collect()
    }

    /// Forgets a process that is gone.
    pub async fn forget_process(&self, id: &str) -> Result<(), StoreError> {
        let sql = "delete from process where id = $1";
        self.database.change(sql, values![id]).await.map(drop)
    }

    /// Notes the fence of a lease that this process has taken.
    pub(crate) fn hold(&self, run: RunId, fence: i64) {
        self.lock_leases().insert(run, fence);
    }

    /// The fence of the lease that this process took of a run.
    pub(crate) fn lease_of(&self, run: RunId) -> Option<i64> {
        self.lock_leases().get(&run).copied()
    }

    fn lock_leases(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, i64>> {
        // Nothing panics while it holds the lock.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
