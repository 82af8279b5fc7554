//! The stamps of all watched files, and what differs between two looks at them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::places::{is_ignored, is_watched, meaning};
use crate::stamp::Stamp;

/// What a look at a folder found, by path in the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) files: BTreeMap<String, Stamp>,
    pub(super) folders: BTreeSet<String>,
}

/// What is not as it was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) files: BTreeSet<String>,
    pub(super) new_folders: BTreeSet<String>,
    pub(super) lost_folders: BTreeSet<String>,
}

impl Snapshot {
    /// Looks at `path` and all below it. `enter` is called for each folder before its files are listed.
    pub(super) fn take(root: &Path, path: &str, enter: &mut dyn FnMut(&str)) -> Self {
        let mut found = Self::default();
        let Ok(metadata) = fs::metadata(root.join(path)) else {
            return found;
        };
        if metadata.is_dir() {
            found.folder(root, path, enter);
        } else {
            found.file(path, &metadata);
        }
        found
    }

    fn folder(&mut self, root: &Path, path: &str, enter: &mut dyn FnMut(&str)) {
        if !is_watched(root, path) {
            return;
        }
        enter(path);
        self.folders.insert(path.to_owned());
        let entries = fs::read_dir(root.join(path));
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !is_ignored(name)) else {
                continue;
            };
            let child = match path {
                "" => name.to_owned(),
                path => format!("{path}/{name}"),
            };
            // Links count as what they lead to.
            let kind = entry.file_type();
            if kind.is_ok_and(|kind| kind.is_dir()) {
                self.folder(root, &child, enter);
            } else if let Ok(metadata) = fs::metadata(entry.path()) {
                if metadata.is_dir() {
                    self.folder(root, &child, enter);
                } else {
                    self.file(&child, &metadata);
                }
            }
        }
    }

    fn file(&mut self, path: &str, metadata: &fs::Metadata) {
        if metadata.is_file() && meaning(path).is_some() {
            self.files.insert(path.to_owned(), Stamp::new(metadata));
        }
    }

    /// Puts what was found at `path` in the place of what was known of it, and says what differs.
    pub(super) fn replace(&mut self, path: &str, found: Self) -> Difference {
        let mut old = Self::default();
        if path.is_empty() {
            old = std::mem::take(self);
        } else {
            let below = format!("{path}/");
            // `0` is the character behind `/`.
            let end = format!("{path}0");
            old.files = cut(&mut self.files, &below, &end);
            old.files.extend(self.files.remove_entry(path));
            let folders = self.folders.range(below..end).cloned();
            old.folders = folders.chain(self.folders.get(path).cloned()).collect();
            self.folders.retain(|folder| !old.folders.contains(folder));
        }
        let mut differ = Difference::default();
        for (file, stamp) in &found.files {
            if old.files.get(file) != Some(stamp) {
                differ.files.insert(file.clone());
            }
        }
        let gone = old.files.into_keys();
        differ
            .files
            .extend(gone.filter(|file| !found.files.contains_key(file)));
        differ.new_folders = found.folders.difference(&old.folders).cloned().collect();
        differ.lost_folders = old.folders.difference(&found.folders).cloned().collect();
        self.files.extend(found.files);
        self.folders.extend(found.folders);
        differ
    }
}

/// Takes the entries from `from` up to `to` out of a map.
fn cut(map: &mut BTreeMap<String, Stamp>, from: &str, to: &str) -> BTreeMap<String, Stamp> {
    let mut middle = map.split_off(from);
    let mut rest = middle.split_off(to);
    map.append(&mut rest);
    middle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_looked_at_again_can_differ() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("metadata.yaml", "");
        write("pipelines/a/metadata.yaml", "");
        write("pipelines/a-b/metadata.yaml", "");
        write("pipelines/a/x/y.yaml", "");
        write("data/big.yaml", "");
        let mut entered = Vec::new();
        let mut take = |path: &str| {
            Snapshot::take(root.path(), path, &mut |path| entered.push(path.to_owned()))
        };
        let mut snapshot = take("");
        let files: Vec<&str> = snapshot.files.keys().map(String::as_str).collect();
        assert_eq!(
            files,
            [
                "metadata.yaml",
                "pipelines/a-b/metadata.yaml",
                "pipelines/a/metadata.yaml"
            ]
        );
        assert_eq!(snapshot.replace("", take("")), Difference::default());
        write("pipelines/a/metadata.yaml", "longer");
        write("pipelines/a-b/metadata.yaml", "longer");
        let differ = snapshot.replace("pipelines/a", take("pipelines/a"));
        assert_eq!(
            differ.files,
            ["pipelines/a/metadata.yaml".to_owned()].into()
        );
        fs::remove_dir_all(root.path().join("pipelines/a")).unwrap();
        let differ = snapshot.replace("pipelines/a", take("pipelines/a"));
        assert_eq!(differ.lost_folders, ["pipelines/a".to_owned()].into());
        assert_eq!(
            differ.files,
            ["pipelines/a/metadata.yaml".to_owned()].into()
        );
        let differ = snapshot.replace("", take(""));
        assert_eq!(
            differ.files,
            ["pipelines/a-b/metadata.yaml".to_owned()].into()
        );
        write("pipelines/c/metadata.yaml", "");
        let file = "pipelines/c/metadata.yaml";
        let differ = snapshot.replace(file, take(file));
        assert_eq!(differ.files, [file.to_owned()].into());
        assert_eq!(snapshot.files, take("").files);
    }
}
