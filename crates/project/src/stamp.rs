//! What tells that a file has changed without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use baton_model::PipelineUuid;

use crate::project::Project;

/// Time of change, size and inode of a file: a file that is written anew, replaced or restored has another stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    seconds: i64,
    nanoseconds: i64,
    size: u64,
    inode: u64,
}

impl Stamp {
    /// The stamp of a file; none for what is no file or cannot be looked at.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        metadata.is_file().then(|| Self::new(&metadata))
    }

    pub(crate) fn new(metadata: &fs::Metadata) -> Self {
        Self {
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
            size: metadata.len(),
            inode: metadata.ino(),
        }
    }
}

/// The stamps of the files that say what a pipeline is and when it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PipelineStamp {
    /// That of `metadata.yaml`; without one there is no pipeline.
    pub metadata: Option<Stamp>,
    /// That of `triggers.yaml`.
    pub triggers: Option<Stamp>,
}

impl Project {
    /// The stamp of a pipeline's files: what was read of them holds as long as the stamp stays the same. It is taken
    /// before reading, so that a change meanwhile is seen the next time.
    pub fn pipeline_stamp(&self, uuid: &PipelineUuid) -> PipelineStamp {
        PipelineStamp {
            metadata: Stamp::of(&self.root().join(self.pipeline_path(uuid))),
            triggers: Stamp::of(&self.root().join(self.triggers_path(uuid))),
        }
    }
}
