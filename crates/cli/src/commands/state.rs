//! What most commands begin with: the project's state, and a runtime to wait with.

use std::future::Future;
use std::ops::Deref;
use std::path::Path;

use baton_app::{DATABASE_URL, ProjectState};
use tokio::runtime::{Builder, Runtime};

use crate::failure::{FAILED, Failure};
use crate::terminal::tell;

/// A project's state, opened for a command that waits for one thing after the other.
pub(crate) struct State {
    opened: ProjectState,
    runtime: Runtime,
}

impl State {
    /// Opens the state of the project at `project`.
    pub(crate) fn open(project: &Path) -> Result<Self, Failure> {
        Self::of(baton_project::Project::open(project)?.root())
    }

    /// Opens the state of the project whose folder is `project`.
    pub(crate) fn of(project: &Path) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let opened = runtime.block_on(ProjectState::open(project))?;
        if let Some(database) = &opened.elsewhere {
            tell(&format!(
                "note: the servers of this project keep its runs in `{database}`; set {DATABASE_URL} to work with those"
            ));
        }
        Ok(Self { opened, runtime })
    }

    /// Waits for a future.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

impl Deref for State {
    type Target = ProjectState;

    fn deref(&self) -> &ProjectState {
        &self.opened
    }
}

/// What waits for the database and for processes.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::usage(
                format!("failed to start the runtime: {error}"),
                "check the limits of this shell (`ulimit -a`)",
            )
            .with_exit(FAILED)
        })
}
