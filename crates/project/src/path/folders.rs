//! Folders of a project, and moving what is in them: with the same care as files, and links are never followed out.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use baton_base::files::FileError;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::{FOLDER, PathError, ProjectPath, WAY, open_below};

/// How deep a folder may be nested for it to be deleted.
const MOST_DEPTH: usize = 64;

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathEntry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder. A link is none.
    pub is_folder: bool,
    /// Bytes of a file.
    pub size: u64,
    /// When it was changed, in microseconds since 1970 (UTC).
    pub modified: i64,
}

impl ProjectPath {
    /// The project's own folder, to be listed.
    pub fn top(root: &Path) -> Result<Self, PathError> {
        let fail = |error| FileError::new("find", root, error);
        Ok(Self {
            root: root.canonicalize().map_err(fail)?,
            path: ".".to_owned(),
            way: WAY,
        })
    }

    /// What the folder holds, sorted by name. Names that are no text are left out.
    pub fn entries(&self) -> Result<Vec<PathEntry>, PathError> {
        let failed = |error| self.failed("list", error);
        let folder = self.open_as_folder("list")?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") {
                continue;
            }
            // It may be gone already.
            let Ok(stat) = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let kind = FileType::from_raw_mode(stat.st_mode);
            if !matches!(
                kind,
                FileType::Directory | FileType::RegularFile | FileType::Symlink
            ) {
                continue;
            }
            entries.push(PathEntry {
                name: name.to_owned(),
                is_folder: kind == FileType::Directory,
                size: u64::try_from(stat.st_size).unwrap_or(0),
                modified: stat
                    .st_mtime
                    .saturating_mul(1_000_000)
                    .saturating_add(i64::try_from(stat.st_mtime_nsec).unwrap_or(0) / 1000),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Whether there is a folder at the path.
    pub fn is_folder(&self) -> bool {
        self.open_as_folder("open").is_ok()
    }

    /// Whether there is anything at the path, be it a link to nothing.
    pub fn exists(&self) -> bool {
        self.open_folder(false, "open").is_ok_and(|(folder, name)| {
            rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
        })
    }

    /// Makes the folder with those above it; false when it was there.
    pub fn make_folder(&self) -> Result<bool, PathError> {
        let (folder, name) = self.open_folder(true, "make")?;
        match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) if self.is_folder() => Ok(false),
            Err(error) => Err(self.failed("make", error)),
        }
    }

    /// Deletes the folder with everything in it; of a link in it, the link.
    pub fn remove_folder(&self) -> Result<(), PathError> {
        let failed = |error| self.failed("delete", error);
        let (above, name) = self.open_folder(false, "delete")?;
        let flags = FOLDER | OFlags::NOFOLLOW;
        let folder = rustix::fs::openat(&above, name, flags, Mode::empty()).map_err(failed)?;
        empty(folder.as_fd(), 0).map_err(failed)?;
        rustix::fs::unlinkat(&above, name, AtFlags::REMOVEDIR).map_err(failed)
    }

    /// Gives the file or folder another path, where nothing is yet.
    pub fn rename_to(&self, to: &Self) -> Result<(), PathError> {
        let (from_folder, from) = self.open_folder(false, "rename")?;
        let (to_folder, name) = to.open_folder(true, "rename")?;
        match rustix::fs::renameat_with(
            &from_folder,
            from,
            &to_folder,
            name,
            RenameFlags::NOREPLACE,
        ) {
            // Some file systems cannot promise it.
            Err(Errno::INVAL | Errno::NOSYS) if !to.exists() => {
                rustix::fs::renameat(&from_folder, from, &to_folder, name)
            }
            other => other,
        }
        .map_err(|error| match error {
            Errno::EXIST => to.failed("rename to", error),
            error => self.failed("rename", error),
        })
    }

    /// Size of the file, and when it was changed, in microseconds since 1970 (UTC).
    pub fn facts(&self) -> Result<(u64, i64), PathError> {
        let file: File = self.open()?;
        let metadata = file.metadata().map_err(|error| self.file("read", error))?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.and_then(|since| i64::try_from(since.as_micros()).ok());
        Ok((metadata.len(), modified.unwrap_or(0)))
    }

    fn open_as_folder(&self, operation: &'static str) -> Result<OwnedFd, PathError> {
        let root = self.open_root()?;
        open_below(root.as_fd(), &self.path, FOLDER, self.way)
            .map_err(|error| self.failed(operation, error))
    }
}

/// Deletes what is in a folder.
fn empty(folder: BorrowedFd<'_>, depth: usize) -> Result<(), Errno> {
    if depth > MOST_DEPTH {
        return Err(Errno::NAMETOOLONG);
    }
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let flags = FOLDER | OFlags::NOFOLLOW;
            let below = rustix::fs::openat(folder, name, flags, Mode::empty())?;
            empty(below.as_fd(), depth + 1)?;
            rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?;
        } else {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn folders_are_listed_made_moved_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir_all(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/kept"), "").unwrap();
        fs::write(root.join("a/x.py"), "12").unwrap();
        symlink(folder.path().join("outside"), root.join("a/b/out")).unwrap();
        let path = |given: &str| ProjectPath::resolve(&root, given).unwrap();
        let names = |path: &ProjectPath| -> Vec<(String, bool)> {
            let entries = path.entries().unwrap().into_iter();
            entries.map(|one| (one.name, one.is_folder)).collect()
        };
        assert_eq!(
            names(&ProjectPath::top(&root).unwrap()),
            [("a".to_owned(), true)]
        );
        assert_eq!(
            names(&path("a")),
            [("b".to_owned(), true), ("x.py".to_owned(), false)]
        );
        assert!(path("c/d").make_folder().unwrap());
        assert!(!path("c/d").make_folder().unwrap());
        assert!(
            path("a/x.py").make_folder().is_err(),
            "a file is in the way"
        );
        path("a/x.py").rename_to(&path("c/new/y.py")).unwrap();
        assert!(!path("a/x.py").exists() && path("c/new/y.py").exists());
        fs::write(root.join("z.py"), "z").unwrap();
        assert!(path("c/new/y.py").rename_to(&path("z.py")).is_err());
        assert_eq!(fs::read_to_string(root.join("z.py")).unwrap(), "z");
        path("a").remove_folder().unwrap();
        assert!(!root.join("a").exists());
        assert!(
            folder.path().join("outside/kept").exists(),
            "a link was followed"
        );
    }
}
