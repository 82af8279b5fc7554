//! The state of one project, opened: its folder and its database.

use std::path::{Path, PathBuf};

use baton_base::{Home, ProjectHome};
use baton_model::{Run, RunId};
use baton_store::{Secrets, Store};

use crate::failure::Failure;
use crate::settings;

/// A project's state.
#[derive(Clone, Debug)]
pub struct ProjectState {
    /// Where its state lives.
    pub home: ProjectHome,
    /// Where all of Baton's state lives.
    pub baton_home: PathBuf,
    /// The database.
    pub store: Store,
}

impl ProjectState {
    /// Opens the state of the project whose folder is `project`.
    pub async fn open(project: &Path) -> Result<Self, Failure> {
        Self::open_in(&settings::home()?, project).await
    }

    /// Opens the state of the project whose folder is `project`, kept under `baton_home`.
    pub async fn open_in(baton_home: &Home, project: &Path) -> Result<Self, Failure> {
        let home = baton_home.project(project)?;
        let store = Store::open(&home.database()).await?;
        Ok(Self {
            home,
            baton_home: baton_home.path().to_owned(),
            store,
        })
    }

    /// The project's secrets.
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.store.clone(), self.home.secrets_key())
    }

    /// The run with this number.
    pub async fn run(&self, id: RunId) -> Result<Run, Failure> {
        self.store.load_run(id).await?.ok_or_else(|| {
            Failure::usage(
                format!("this project has no run {id}"),
                "`baton runs PROJECT` lists the runs",
            )
        })
    }
}
