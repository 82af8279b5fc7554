//! File operations whose errors name the path.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
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
            io::ErrorKind::NotFound
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::InvalidFilename => Class::User,
            _ => Class::External,
        }
    }

    fn hint(&self) -> Option<String> {
        match self.source.kind() {
            io::ErrorKind::PermissionDenied => Some(format!(
                "check who owns `{}` and its permissions",
                self.path.display()
            )),
            io::ErrorKind::InvalidFilename => {
                Some("choose a shorter name: most systems allow 255 bytes".to_owned())
            }
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

/// Makes a folder into which only its owner may look. One that exists is closed to everybody who is neither its owner nor of its
/// group; where it belongs to somebody else, it stays as it is.
pub fn create_private_folder(path: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::new("create folder", path, source);
    if let Some(above) = path.parent() {
        create_folder(above)?;
    }
    let mut builder = fs::DirBuilder::new();
    match builder.mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        other => return other.map_err(failed),
    }
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o007 != 0 {
        drop(fs::set_permissions(
            path,
            fs::Permissions::from_mode(mode & !0o007),
        ));
    }
    Ok(())
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
    prepare(path, content)?.take_place()
}

/// Replaces a text file, in one step, by what `change` makes of it; the text is empty where there is no file. An editor
/// does not wait for us: when the file has changed by the time the new one is ready, the change is made again to what
/// it says then.
pub fn rewrite<E: From<FileError>>(
    path: &Path,
    mut change: impl FnMut(&str) -> Result<String, E>,
) -> Result<(), E> {
    let mut text = text_of(path)?;
    loop {
        let changed = change(&text)?;
        if changed == text {
            return Ok(());
        }
        let ready = prepare(path, changed.as_bytes())?;
        let newest = text_of(path)?;
        if newest == text {
            return Ok(ready.take_place()?);
        }
        text = newest;
    }
}

/// The text of a file; none is an empty one.
fn text_of(path: &Path) -> Result<String, FileError> {
    match read_text(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// A new content beside the file that it is for. Unless it takes its place, it is deleted.
struct Ready<'p> {
    path: &'p Path,
    temporary: PathBuf,
}

impl Ready<'_> {
    fn take_place(self) -> Result<(), FileError> {
        fs::rename(&self.temporary, self.path)
            .map_err(|source| FileError::new("write", self.path, source))
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        // It is gone when it has taken its place, and of no use otherwise.
        drop(fs::remove_file(&self.temporary));
    }
}

fn prepare<'p>(path: &'p Path, content: &[u8]) -> Result<Ready<'p>, FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ready = Ready {
        path,
        temporary: folder.join(format!(".{name}.{}.tmp", std::process::id())),
    };
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&ready.temporary)?;
        file.write_all(content)?;
        if let Ok(metadata) = fs::metadata(path) {
            file.set_permissions(metadata.permissions())?;
        }
        file.sync_data()
    };
    write().map_err(|source| FileError::new("write", path, source))?;
    Ok(ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_writes_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("triggers.yaml");
        fs::write(&path, "n: 1\n").unwrap();
        let mut seen = Vec::new();
        rewrite(&path, |text| -> Result<String, FileError> {
            seen.push(text.to_owned());
            if seen.len() == 1 {
                fs::write(&path, "n: 7\n").unwrap();
            }
            Ok(format!("{text}on: today\n"))
        })
        .unwrap();
        assert_eq!(seen, ["n: 1\n", "n: 7\n"]);
        assert_eq!(read_text(&path).unwrap(), "n: 7\non: today\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_made_unless_nothing_is_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.yaml");
        let same = |text: &str| -> Result<String, FileError> { Ok(text.to_owned()) };
        rewrite(&path, same).unwrap();
        assert!(!path.exists());
        rewrite(&path, |_| -> Result<String, FileError> {
            Ok("a: 1\n".to_owned())
        })
        .unwrap();
        assert_eq!(read_text(&path).unwrap(), "a: 1\n");
    }
}
