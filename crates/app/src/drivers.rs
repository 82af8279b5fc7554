//! Who drives a run: the project's server, which holds one lock for all the runs that carry its name; one of several
//! servers, by its lease in the database; or whoever holds the lock of that run alone, from a terminal for instance.

use std::collections::HashSet;
use std::path::PathBuf;

use baton_base::ProjectHome;
use baton_model::{Cause, RunId, Timestamp};
use baton_scheduler::{Lease, LeaseError, is_scheduled};

use crate::failure::Failure;
use crate::state::ProjectState;

/// The name that runs of a project's only server carry.
pub(crate) const SERVER: &str = "server";

/// Which runs are driven.
pub struct Drivers {
    home: ProjectHome,
    /// Those of servers, when it was asked.
    of_servers: HashSet<RunId>,
    /// Whether servers that share the database were at work then.
    are_several: bool,
}

impl Drivers {
    /// Whether somebody drives the run.
    pub fn has(&self, run: RunId) -> bool {
        self.of_servers.contains(&run) || Lease::is_held(&self.home.run_lock(run.0))
    }

    /// Whether somebody drives the open run, or will by himself: of several servers one goes on with the runs of another.
    /// Other open runs were cut off.
    pub fn go_on_with(&self, run: RunId, cause: Cause) -> bool {
        self.are_several && cause != Cause::Hand || self.has(run)
    }
}

impl ProjectState {
    /// Where the lock of the process is that serves the project alone.
    pub(crate) fn server_lock(&self) -> PathBuf {
        self.home.path().join("locks").join(SERVER)
    }

    /// Whether a process serves the project alone.
    pub(crate) fn is_served(&self) -> bool {
        Lease::is_held(&self.server_lock())
    }

    /// Which runs are driven now.
    pub async fn drivers(&self) -> Result<Drivers, Failure> {
        let now = Timestamp(baton_base::now());
        let mut of_servers = self.store.leased_runs(now).await?;
        if self.is_served() {
            of_servers.extend(self.store.runs_named(SERVER).await?);
        }
        let are_several = self.store.is_shared() && is_scheduled(&self.store, now).await?;
        Ok(Drivers {
            home: self.home.clone(),
            of_servers,
            are_several,
        })
    }

    /// Takes the right to drive a single run, which nobody may drive.
    pub async fn take_run(&self, run: RunId) -> Result<Lease, Failure> {
        // The lease comes first: a server that is about to drive the run puts its name there before it looks at the lease,
        // so that one of the two sees the other.
        let lease = self.lease_run(run)?;
        if let Some(holder) = Lease::holder(&self.server_lock())
            && self.store.runs_named(SERVER).await?.contains(&run)
        {
            let what = format!("run {run}");
            return Err(LeaseError::Held { what, holder }.into());
        }
        Ok(lease)
    }

    /// The same for a run that nobody else has heard of yet.
    pub fn lease_run(&self, run: RunId) -> Result<Lease, LeaseError> {
        Lease::take(run, &self.home.run_lock(run.0))
    }
}
