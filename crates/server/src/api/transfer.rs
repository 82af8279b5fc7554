//! Pipelines as zip archives: out of the project, and into it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_app::{Fate, Import};
use baton_model::PipelineUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::answer::{Named, One};
use crate::body::Archive;
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::{Path, Query, flag};
use crate::{Shared, words};

const ZIP: &str = "application/zip";

/// An archive to be saved.
pub(crate) struct Packed {
    name: String,
    bytes: Vec<u8>,
}

impl IntoResponse for Packed {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename=\"{}.zip\"", self.name);
        let headers = [
            (header::CONTENT_TYPE, ZIP.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        (headers, self.bytes).into_response()
    }
}

impl Output for Packed {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives_bytes(ZIP);
    }
}

/// The files of a pipeline and of its blocks as a zip archive, without tokens and secrets.
pub(crate) async fn export(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
) -> Result<Packed, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let bytes = shared.host.export_pipeline(&by.0, &uuid).await?;
    let name = uuid.as_str().chars();
    let name = name.map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
        _ => '_',
    });
    Ok(Packed {
        name: name.collect(),
        bytes,
    })
}

/// What taking a pipeline out of an archive does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PipelineImport")]
pub(crate) struct ImportView {
    pipeline_uuid: String,
    files: Vec<ImportedFile>,
    /// Names of the triggers that it brings, all switched off.
    triggers: Vec<String>,
}

/// A file of an archive.
#[derive(Serialize, JsonSchema)]
struct ImportedFile {
    path: String,
    bytes: u64,
    /// What becomes of it: `new`, `same` as the project has already, or `overwritten`: the project's own is lost.
    #[schemars(with = "words::FileFate")]
    fate: &'static str,
    /// Other pipelines that use the file that is lost.
    used_by: Vec<String>,
}

impl Named for ImportView {
    const ONE: &'static str = "pipeline_import";
}

impl From<Import> for ImportView {
    fn from(import: Import) -> Self {
        let files = import.files.into_iter().map(|file| ImportedFile {
            path: file.path,
            bytes: file.bytes,
            fate: match file.fate {
                Fate::New => "new",
                Fate::Same => "same",
                Fate::Overwritten => "overwritten",
            },
            used_by: file.used_by.iter().map(ToString::to_string).collect(),
        });
        Self {
            pipeline_uuid: import.pipeline.to_string(),
            files: files.collect(),
            triggers: import.triggers,
        }
    }
}

/// What taking a pipeline out of an archive would write.
pub(crate) async fn preview(
    State(shared): State<Shared>,
    by: By,
    Archive(bytes): Archive,
) -> Result<One<ImportView>, ApiError> {
    let import = shared.host.preview_import(&by.0, bytes).await?;
    Ok(One(import.into()))
}

/// How an archive is taken in.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ImportQuery {
    /// 1 overwrites files of the project that are others than those of the archive.
    #[serde(default, deserialize_with = "flag")]
    overwrite: Option<bool>,
}

/// Takes a pipeline out of an archive.
pub(crate) async fn import(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<ImportQuery>,
    Archive(bytes): Archive,
) -> Result<One<ImportView>, ApiError> {
    let overwrite = query.overwrite == Some(true);
    let import = shared.host.import_pipeline(&by.0, bytes, overwrite).await?;
    Ok(One(import.into()))
}
