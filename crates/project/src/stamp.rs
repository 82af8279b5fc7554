//! What tells that a file has changed without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use baton_model::PipelineUuid;

use crate::project::{self, Project};

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
        if !project::is_name(uuid) {
            return PipelineStamp::default();
        }
        PipelineStamp {
            metadata: Stamp::of(&self.root().join(self.pipeline_path(uuid))),
            triggers: Stamp::of(&self.root().join(self.triggers_path(uuid))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_change_with_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        fs::create_dir_all(root.join("pipelines/a")).unwrap();
        fs::write(root.join("metadata.yaml"), "").unwrap();
        fs::write(root.join("pipelines/a/metadata.yaml"), "blocks: []").unwrap();
        fs::write(folder.path().join("metadata.yaml"), "").unwrap();
        let project = Project::open(&root).unwrap();
        let stamp = |uuid: &str| project.pipeline_stamp(&uuid.into());
        let first = stamp("a");
        assert!(first.metadata.is_some() && first.triggers.is_none());
        assert_eq!(stamp("a"), first);
        fs::write(root.join("pipelines/a/triggers.yaml"), "").unwrap();
        let second = stamp("a");
        assert_eq!(second.metadata, first.metadata);
        assert!(second.triggers.is_some());
        // The same size and content, at another place on the disk.
        fs::write(root.join("new"), "blocks: []").unwrap();
        fs::rename(root.join("new"), root.join("pipelines/a/metadata.yaml")).unwrap();
        assert_ne!(stamp("a").metadata, first.metadata);
        assert_eq!(stamp("b"), PipelineStamp::default());
        assert_eq!(stamp("../.."), PipelineStamp::default());
    }
}
