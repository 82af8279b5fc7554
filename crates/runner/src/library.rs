//! The Python code inside the binary: unpacked once per version next to Baton's state, put on a worker's path.

use std::fs;
use std::path::{Path, PathBuf};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/library_files.rs"));
}

/// Unpacking the Python code failed.
#[derive(Debug, thiserror::Error)]
#[error("unpack Baton's Python code")]
pub struct LibraryError(#[from] FileError);

impl Diagnose for LibraryError {
    fn class(&self) -> Class {
        self.0.class()
    }

    fn hint(&self) -> Option<String> {
        self.0.hint()
    }
}

/// The folder that holds the packages `baton` and `mage_ai`.
#[derive(Clone, Debug)]
pub struct Library(PathBuf);

impl Library {
    /// Unpacks the code under `home` unless this version is there already. Two processes may do it at
    /// once: each writes a folder of its own, and the first rename wins.
    pub fn unpack(home: &Path) -> Result<Self, LibraryError> {
        let parent = home.join("python");
        let folder = parent.join(&version()[..16]);
        if folder.is_dir() {
            return Ok(Self(folder));
        }
        let fresh = parent.join(format!(".new-{}", std::process::id()));
        for (name, content) in embedded::FILES {
            let path = fresh.join(name);
            files::create_folder(path.parent().unwrap_or(&fresh))?;
            fs::write(&path, content).map_err(|source| FileError::new("write", &path, source))?;
        }
        if let Err(source) = fs::rename(&fresh, &folder) {
            let lost_race = folder.is_dir();
            drop(fs::remove_dir_all(&fresh));
            if !lost_race {
                return Err(FileError::new("create folder", &folder, source).into());
            }
        }
        Ok(Self(folder))
    }

    /// The folder to put on a worker's path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Text of an embedded file; empty when it does not exist.
pub(crate) fn text(name: &str) -> &'static str {
    embedded::FILES
        .iter()
        .find(|(file, _)| *file == name)
        .and_then(|(_, content)| std::str::from_utf8(content).ok())
        .unwrap_or("")
}

/// Hash over names and contents of all embedded files.
fn version() -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, content) in embedded::FILES {
        hasher.update(name.as_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(content);
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_once_and_holds_both_packages() {
        let home = tempfile::tempdir().unwrap();
        let library = Library::unpack(home.path()).unwrap();
        assert!(library.path().join("baton/__init__.py").is_file());
        assert!(library.path().join("mage_ai/__init__.py").is_file());
        let marker = library.path().join("marker");
        std::fs::write(&marker, "").unwrap();
        let again = Library::unpack(home.path()).unwrap();
        assert_eq!(library.path(), again.path());
        assert!(marker.is_file(), "the second call must reuse the folder");
    }
}
