//! File operations whose errors name the path.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::{Class, Diagnose};

/// An operation on a file or folder that failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} `{}`", path.display())]
pub struct FileError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// Wraps an I/O error with what was tried (`"read"`, `"create"`) and where.
    pub fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            operation,
            path: path.to_owned(),
            source,
        }
    }

    /// The kind of the I/O error underneath.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// The file or folder concerned.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Diagnose for FileError {
    fn class(&self) -> Class {
        match self.source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => Class::User,
            _ => Class::External,
        }
    }

    fn hint(&self) -> Option<String> {
        match self.source.kind() {
            io::ErrorKind::PermissionDenied => Some(format!(
                "check who owns `{}` and its permissions",
                self.path.display()
            )),
            io::ErrorKind::StorageFull => Some("free some disk space and try again".to_owned()),
            _ => None,
        }
    }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::new("read", path, source))
}

/// Reads a whole file of UTF-8 text.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::new("read", path, source))
}

/// Makes a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::new("create folder", path, source))
}

/// Opens a file to lock it, and makes it and its folder where they are missing; what it holds stays.
pub fn open_lock(path: &Path) -> Result<fs::File, FileError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    fs::OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(|source| FileError::new("open", path, source))
}

/// Replaces a file in one step by one that only its owner may read.
pub fn write_secret(path: &Path, content: &[u8]) -> Result<(), FileError> {
    use std::os::unix::fs::OpenOptionsExt;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let write = || -> io::Result<()> {
        // One that a killed process left might have other rights.
        drop(fs::remove_file(&temporary));
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        drop(fs::remove_file(&temporary));
        FileError::new("write", path, source)
    })
}

/// Replaces a file in one step: a reader, or a crash, sees the old content or the new, never half of it.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(content)?;
        if let Ok(metadata) = fs::metadata(path) {
            file.set_permissions(metadata.permissions())?;
        }
        file.sync_data()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        // What is left of a failed write is of no use; that it may already be gone is fine.
        drop(fs::remove_file(&temporary));
        FileError::new("write", path, source)
    })
}
