//! Which files and folders of a project are watched, and what a change of one means. Paths are relative to the project,
//! with `/`; the project itself is the empty path.

use std::path::Path;

use baton_model::{BlockKind, PipelineUuid};

/// What has changed: made, written, replaced or deleted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Changed {
    /// A file that the whole project depends on: `metadata.yaml`, `io_config.yaml`, `requirements.txt`, global data
    /// products, hooks, interactions, templates.
    Project,
    /// What a pipeline is: its `metadata.yaml`, or a catalog or interactions beside it.
    Pipeline(PipelineUuid),
    /// The triggers of a pipeline.
    Triggers(PipelineUuid),
    /// A file that blocks run or import, by its path in the project.
    BlockFile(String),
}

/// The folder of pipelines.
const PIPELINES: &str = "pipelines";

/// Folders whose files belong to the project as a whole.
const SHARED: [&str; 2] = ["interactions", "custom_templates"];

/// Extensions of files that blocks run, import or read their settings from.
const CODE: [&str; 7] = ["py", "sql", "r", "R", "yaml", "yml", "md"];

/// Folders nest no deeper than this; links may make circles.
const DEPTH: usize = 12;

/// What a change of the file `path` means; none when nobody cares.
pub(super) fn meaning(path: &str) -> Option<Changed> {
    if path.split('/').any(is_ignored) {
        return None;
    }
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let is_yaml = matches!(extension, Some("yaml" | "yml"));
    let mut parts = folders.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => (is_yaml || name == "requirements.txt").then_some(Changed::Project),
        (Some(PIPELINES), Some(uuid), None) => {
            let uuid = PipelineUuid::new(uuid);
            match name {
                "triggers.yaml" => Some(Changed::Triggers(uuid)),
                _ if is_yaml || extension == Some("json") => Some(Changed::Pipeline(uuid)),
                _ => None,
            }
        }
        (Some(PIPELINES), ..) => None,
        (Some(folder), ..) if SHARED.contains(&folder) => Some(Changed::Project),
        _ => extension
            .is_some_and(|extension| CODE.contains(&extension))
            .then(|| Changed::BlockFile(path.to_owned())),
    }
}

/// Whether the files of the folder `path` are watched: the project's own, those of pipelines, and those of the folders
/// at the top that hold blocks or are Python packages, with all below these.
pub(super) fn is_watched(root: &Path, path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let Some(first) = parts.next() else {
        return true;
    };
    if path.split('/').any(is_ignored) {
        return false;
    }
    let below = parts.count();
    if first == PIPELINES {
        return below <= 1;
    }
    let has_blocks = BlockKind::KNOWN
        .iter()
        .any(|(_, _, folder)| *folder == Some(first));
    let is_known = has_blocks || SHARED.contains(&first);
    below < DEPTH && (is_known || root.join(first).join("__init__.py").is_file())
}

/// What editors, Python and version control leave behind.
pub(super) fn is_ignored(name: &str) -> bool {
    name.starts_with('.')
        || name.starts_with('#')
        || name == "__pycache__"
        || name == "4913"
        || name.ends_with('~')
        || [".swp", ".swx", ".tmp", ".pyc", ".bak"]
            .iter()
            .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_a_meaning() {
        let file = |path: &str| Some(Changed::BlockFile(path.to_owned()));
        for (path, expected) in [
            ("metadata.yaml", Some(Changed::Project)),
            ("global_hooks.yaml", Some(Changed::Project)),
            ("requirements.txt", Some(Changed::Project)),
            ("notes.txt", None),
            (".preferences.yaml", None),
            (
                "pipelines/a/metadata.yaml",
                Some(Changed::Pipeline("a".into())),
            ),
            (
                "pipelines/a/triggers.yaml",
                Some(Changed::Triggers("a".into())),
            ),
            (
                "pipelines/a/interactions.yaml",
                Some(Changed::Pipeline("a".into())),
            ),
            (
                "pipelines/a/data_integration_catalog.json",
                Some(Changed::Pipeline("a".into())),
            ),
            ("pipelines/a/__init__.py", None),
            ("pipelines/a/b/catalog.json", None),
            ("pipelines/a/.metadata.yaml.12.tmp", None),
            ("pipelines/metadata.yaml", None),
            ("interactions/form.yaml", Some(Changed::Project)),
            ("data_loaders/eu/load.py", file("data_loaders/eu/load.py")),
            ("utils/days.py", file("utils/days.py")),
            ("data_loaders/load.py~", None),
            ("data_loaders/.load.py.swp", None),
            ("data_loaders/__pycache__/load.py", None),
            (".git/config.yaml", None),
            ("data_loaders/a.csv", None),
        ] {
            assert_eq!(meaning(path), expected, "{path}");
        }
    }

    #[test]
    fn folders_of_code_are_watched() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("utils")).unwrap();
        std::fs::write(root.path().join("utils/__init__.py"), "").unwrap();
        for (path, expected) in [
            ("", true),
            ("pipelines", true),
            ("pipelines/a", true),
            ("pipelines/a/b", false),
            ("transformers/eu/deep", true),
            ("utils/x", true),
            ("data", false),
            (".git", false),
            ("transformers/__pycache__", false),
        ] {
            assert_eq!(is_watched(root.path(), path), expected, "{path}");
        }
    }
}
