//! What most commands begin with: the project's folder, its state, its database.

use std::future::Future;
use std::path::{Path, PathBuf};

use baton_base::ProjectHome;
use baton_model::{Run, RunId};
use baton_store::{Secrets, Store};
use tokio::runtime::{Builder, Runtime};

use crate::failure::{FAILED, Failure};
use crate::settings;

/// A project's state, opened.
pub(crate) struct State {
    /// Where its state lives.
    pub(crate) home: ProjectHome,
    /// Where all of Baton's state lives.
    pub(crate) baton_home: PathBuf,
    /// The database.
    pub(crate) store: Store,
    runtime: Runtime,
}

impl State {
    /// Opens the state of the project at `project`.
    pub(crate) fn open(project: &Path) -> Result<Self, Failure> {
        Self::of(baton_project::Project::open(project)?.root())
    }

    /// Opens the state of the project whose folder is `project`.
    pub(crate) fn of(project: &Path) -> Result<Self, Failure> {
        let baton_home = settings::home()?;
        let home = baton_home.project(project)?;
        let runtime = runtime()?;
        let store = runtime.block_on(Store::open(&home.database()))?;
        Ok(Self {
            home,
            baton_home: baton_home.path().to_owned(),
            store,
            runtime,
        })
    }

    /// The project's secrets.
    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::new(self.store.clone(), self.home.secrets_key())
    }

    /// Waits for a future.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The run with this number.
    pub(crate) async fn run(&self, id: RunId) -> Result<Run, Failure> {
        self.store.load_run(id).await?.ok_or_else(|| {
            Failure::usage(
                format!("this project has no run {id}"),
                "`baton runs PROJECT` lists the runs",
            )
        })
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
