//! Files of a project as whoever edits them needs them: the text, its keys as they are written, and when it changed.

use baton_base::files::FileError;
use baton_model::{Map, PipelineUuid};
use serde_json::Value;

use crate::pipeline::PipelineFile;
use crate::project::{PipelineError, Project};
use crate::yaml::{self, SyntaxError};

/// A pipeline with its file.
#[derive(Clone, Debug)]
pub struct PipelineDocument {
    /// The pipeline, and what is wrong with its file.
    pub file: PipelineFile,
    /// Every key as the file has it; empty when the file is no map.
    pub keys: Map,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// When it was changed, in microseconds since 1970 (UTC).
    pub modified: i64,
}

impl Project {
    /// A pipeline with its file.
    pub fn pipeline_document(
        &self,
        uuid: &PipelineUuid,
    ) -> Result<PipelineDocument, PipelineError> {
        let file = self.pipeline_file(uuid)?;
        let path = self.pipeline_path(uuid);
        let bytes = self.read(&path).unwrap_or_default();
        let keys = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| keys_of(text).ok());
        let metadata = std::fs::metadata(self.root().join(&path)).ok();
        let modified = metadata.and_then(|metadata| metadata.modified().ok());
        let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.and_then(|since| i64::try_from(since.as_micros()).ok());
        Ok(PipelineDocument {
            file,
            keys: keys.unwrap_or_default(),
            bytes,
            modified: modified.unwrap_or(0),
        })
    }

    /// The keys of the project's `metadata.yaml` as they are written: templates in it are not filled in, so no secret
    /// shows.
    pub fn own_keys(&self) -> Result<Map, FileError> {
        let text = match self.read("metadata.yaml") {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        Ok(keys_of(&text).unwrap_or_default())
    }
}

/// The keys of a YAML text that is a map; none for an empty one.
pub fn keys_of(text: &str) -> Result<Map, SyntaxError> {
    Ok(match yaml::parse(text)?.root.to_json() {
        Value::Object(map) => map,
        _ => Map::new(),
    })
}
