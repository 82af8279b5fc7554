//! The state of one project, opened: its folder and its database.

use std::path::{Path, PathBuf};

use baton_base::{Home, ProjectHome, files};
use baton_model::{PipelineUuid, Run, RunId};
use baton_project::Project;
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
    /// The project's folder.
    root: PathBuf,
    /// The database.
    pub store: Store,
    /// The database on a server that holds the runs of this project's servers, when this is another one.
    pub elsewhere: Option<String>,
}

impl ProjectState {
    /// Opens the state of the project whose folder is `project`.
    pub async fn open(project: &Path) -> Result<Self, Failure> {
        Self::open_in(&settings::home()?, project, settings::database_url()).await
    }

    /// Opens the state of the project whose folder is `project`, kept under `baton_home`; its database is the one at
    /// `url`, if there is one.
    pub async fn open_in(
        baton_home: &Home,
        project: &Path,
        url: Option<String>,
    ) -> Result<Self, Failure> {
        let own = baton_home.project(project)?;
        let (home, store, elsewhere) = if let Some(url) = url {
            let store = Store::connect(&url).await?;
            let (uuid, path) = identity(project);
            store.claim_for_project(uuid.as_deref(), &path).await?;
            let database = store.path().to_string_lossy().into_owned();
            let home = baton_home.project_on(project, &database)?;
            (home, store, None)
        } else {
            let store = Store::open(&own.database()).await?;
            let elsewhere = files::read_text(&own.elsewhere()).ok();
            (own, store, elsewhere)
        };
        Ok(Self {
            home,
            baton_home: baton_home.path().to_owned(),
            root: project.to_owned(),
            store,
            elsewhere,
        })
    }

    /// Notes for commands where the runs of the project's servers are.
    pub(crate) fn note_database(&self, baton_home: &Home, project: &Path) -> Result<(), Failure> {
        let note = baton_home.project(project)?.elsewhere();
        if self.store.is_shared() {
            let database = self.store.path().to_string_lossy().into_owned();
            files::write_atomic(&note, database.as_bytes())?;
        } else if note.exists() {
            // A note that stays is an untrue one, and no more.
            let _ = std::fs::remove_file(note);
        }
        Ok(())
    }

    /// Whether the project has this pipeline.
    pub(crate) fn has_pipeline(&self, pipeline: &PipelineUuid) -> bool {
        baton_project::has_pipeline(&self.root, pipeline)
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

/// What tells a project from others: the uuid that it may have, and its folder.
fn identity(project: &Path) -> (Option<String>, String) {
    let opened = Project::open(project);
    let uuid = opened.ok().and_then(|project| {
        let uuid = project.settings().raw.get("project_uuid")?.as_str()?;
        Some(uuid.to_owned()).filter(|uuid| !uuid.is_empty())
    });
    let path = project
        .canonicalize()
        .unwrap_or_else(|_| project.to_owned());
    (uuid, path.to_string_lossy().into_owned())
}
