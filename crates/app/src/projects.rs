//! Which project a path means: the folder itself, or one of several projects in it.

use std::path::{Path, PathBuf};

use baton_project::{Platform, Project};

use crate::failure::Failure;

/// Opens the project at `path`; in a folder of several projects, the one that has the pipeline.
pub fn open_project(path: &Path, pipeline: Option<&str>) -> Result<Project, Failure> {
    Ok(Project::open(&root_of(path, pipeline)?)?)
}

/// The folder of the project that `path` and the pipeline mean.
pub fn root_of(path: &Path, pipeline: Option<&str>) -> Result<PathBuf, Failure> {
    let Some((platform, pipeline)) = Platform::open(path).zip(pipeline) else {
        return Ok(path.to_owned());
    };
    Ok(platform.project_of(&pipeline.into())?)
}
