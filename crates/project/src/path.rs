//! The one way from a path that somebody gives to a file of a project: no such path leads out of the project, not through
//! `..`, not through a link, and not through a folder that becomes a link at the wrong moment.
//!
//! The text of a path is judged once, by [`ProjectPath::resolve`]; every operation then walks from the project's folder
//! down again, with the kernel refusing to leave it.

mod folders;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use baton_base::files::FileError;
use baton_base::{Class, Diagnose};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

pub use folders::PathEntry;

/// A path that leads to no file of the project, or one that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The text is no path of a project.
    #[error("use the path `{}`: {reason}", given.escape_debug())]
    Malformed {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The path leads out of the project.
    #[error("use the path `{}`: it leads out of the project", given.escape_debug())]
    Outside {
        /// What was given.
        given: String,
    },
    /// What is there is no regular file.
    #[error("use the path `{}`: it is no file", given.escape_debug())]
    NoFile {
        /// What was given.
        given: String,
    },
    /// The operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Diagnose for PathError {
    fn class(&self) -> Class {
        match self {
            Self::Malformed { .. } | Self::NoFile { .. } => Class::User,
            Self::Outside { .. } => Class::Denied,
            Self::File(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Malformed { .. } | Self::Outside { .. } => {
                Some("give the path of a file in the project, relative to its folder".to_owned())
            }
            Self::NoFile { .. } => None,
            Self::File(error) => error.hint(),
        }
    }
}

/// How a path is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The kernel keeps every step in the project; links inside of it are followed.
    Beneath,
    /// Step by step, where the kernel cannot do that; links are refused.
    Steps,
}

/// The way of this system.
const WAY: Way = if cfg!(target_os = "linux") {
    Way::Beneath
} else {
    Way::Steps
};

/// A path in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPath {
    root: PathBuf,
    path: String,
    way: Way,
}

/// Names that are devices on some systems, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Dots and separators that have been encoded twice.
const ENCODED: [&str; 4] = ["%2e", "%2f", "%5c", "%00"];

/// A folder, to look for names in it.
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Attempts to open a path while others move its folders.
const ATTEMPTS: usize = 16;

impl ProjectPath {
    /// Judges a path that somebody gave, already decoded: relative to the project at `root`, with `/`.
    pub fn resolve(root: &Path, given: &str) -> Result<Self, PathError> {
        let malformed = |reason| PathError::Malformed {
            given: given.to_owned(),
            reason,
        };
        let outside = || PathError::Outside {
            given: given.to_owned(),
        };
        if given.contains('\0') || given.chars().any(char::is_control) {
            return Err(malformed("it has control characters"));
        }
        if given.starts_with('/') || given.contains('\\') {
            return Err(malformed("it is not relative, with `/` between its parts"));
        }
        let mut start = given.chars();
        if let (Some(drive), Some(':')) = (start.next(), start.next())
            && drive.is_ascii_alphabetic()
        {
            return Err(malformed("it is not relative, with `/` between its parts"));
        }
        let lower = given.to_ascii_lowercase();
        if ENCODED.iter().any(|code| lower.contains(code)) {
            return Err(malformed("it is encoded twice"));
        }
        let mut parts = Vec::new();
        for part in given.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(outside()),
                part if is_device(part) => return Err(malformed("it names a device")),
                part if part.len() > 255 => return Err(malformed("one of its names is too long")),
                part => parts.push(part),
            }
        }
        if parts.is_empty() {
            return Err(malformed("it names no file"));
        }
        let path = parts.join("/");
        if path.len() > 3000 {
            return Err(malformed("it is too long"));
        }
        let fail = |error| FileError::new("find", root, error);
        let root = root.canonicalize().map_err(fail)?;
        if !stays(&root, &path) {
            return Err(outside());
        }
        Ok(Self {
            root,
            path,
            way: WAY,
        })
    }

    /// The path relative to the project, with `/` and nothing superfluous.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// The path on this machine, to name it. Whoever opens it by this name is not protected from what others do to its
    /// folders meanwhile.
    pub fn shown(&self) -> PathBuf {
        self.root.join(&self.path)
    }

    /// Opens the file to read it.
    pub fn open(&self) -> Result<File, PathError> {
        let root = self.open_root()?;
        // Opening a pipe must not wait for somebody at its other end.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open_below(root.as_fd(), &self.path, flags, self.way);
        let file = File::from(file.map_err(|error| self.failed("open", error))?);
        let metadata = file.metadata().map_err(|error| self.file("open", error))?;
        if metadata.is_file() {
            Ok(file)
        } else {
            Err(self.no_file())
        }
    }

    /// The bytes of the file.
    pub fn read(&self) -> Result<Vec<u8>, PathError> {
        let mut bytes = Vec::new();
        let mut file = self.open()?;
        file.read_to_end(&mut bytes)
            .map_err(|error| self.file("read", error))?;
        Ok(bytes)
    }

    /// Replaces the file in one step, or makes it with the folders above it. A link is not written through.
    pub fn write(&self, content: &[u8]) -> Result<(), PathError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let failed = |error| self.failed("write", error);
        let (folder, name) = self.open_folder(true, "write")?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = format!(".baton.{}.{number}.tmp", std::process::id());
        let old = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW);
        let mode = match old {
            Ok(old) if FileType::from_raw_mode(old.st_mode) == FileType::RegularFile => {
                Some(Mode::from_raw_mode(old.st_mode))
            }
            Ok(_) => return Err(self.no_file()),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(failed(error)),
        };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let file = rustix::fs::openat(
            &folder,
            &temporary,
            flags | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o666),
        );
        let mut file = File::from(file.map_err(failed)?);
        let mut replace = || -> io::Result<()> {
            file.write_all(content)?;
            if let Some(mode) = mode {
                rustix::fs::fchmod(&file, mode)?;
            }
            file.sync_data()?;
            rustix::fs::renameat(&folder, &temporary, &folder, name)?;
            Ok(())
        };
        replace().map_err(|error| {
            // What is left of a failed write is of no use; that it may already be gone is fine.
            let _ = rustix::fs::unlinkat(&folder, &temporary, AtFlags::empty());
            self.file("write", error)
        })
    }

    /// Deletes the file; of a link, the link.
    pub fn remove(&self) -> Result<(), PathError> {
        let (folder, name) = self.open_folder(false, "delete")?;
        rustix::fs::unlinkat(&folder, name, AtFlags::empty()).map_err(|error| match error {
            Errno::ISDIR => self.no_file(),
            error => self.failed("delete", error),
        })
    }

    fn open_root(&self) -> Result<OwnedFd, PathError> {
        rustix::fs::open(&self.root, FOLDER, Mode::empty())
            .map_err(|error| FileError::new("open", &self.root, error.into()).into())
    }

    /// The folder of the file, and the file's name in it.
    fn open_folder(
        &self,
        make: bool,
        operation: &'static str,
    ) -> Result<(OwnedFd, &str), PathError> {
        let root = self.open_root()?;
        let Some((folders, name)) = self.path.rsplit_once('/') else {
            return Ok((root, &self.path));
        };
        let failed = |error| self.failed(operation, error);
        match open_below(root.as_fd(), folders, FOLDER, self.way) {
            Ok(folder) => return Ok((folder, name)),
            Err(Errno::NOENT) if make => {}
            Err(error) => return Err(failed(error)),
        }
        let mut above = root;
        let ends = folders.match_indices('/').map(|(at, _)| at);
        let mut start = 0;
        for end in ends.chain([folders.len()]) {
            let part = folders.get(start..end).unwrap_or_default();
            start = end + 1;
            match rustix::fs::mkdirat(&above, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(failed(error)),
            }
            let root = self.open_root()?;
            let below = folders.get(..end).unwrap_or_default();
            above = open_below(root.as_fd(), below, FOLDER, self.way).map_err(failed)?;
        }
        Ok((above, name))
    }

    fn failed(&self, operation: &'static str, error: Errno) -> PathError {
        match error {
            Errno::XDEV | Errno::LOOP => PathError::Outside {
                given: self.path.clone(),
            },
            Errno::NXIO => self.no_file(),
            error => self.file(operation, error.into()),
        }
    }

    fn file(&self, operation: &'static str, error: io::Error) -> PathError {
        FileError::new(operation, &self.shown(), error).into()
    }

    fn no_file(&self) -> PathError {
        PathError::NoFile {
            given: self.path.clone(),
        }
    }
}

fn is_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_lowercase();
    DEVICES
        .iter()
        .any(|device| match stem.strip_prefix(device) {
            Some("") => !matches!(*device, "com" | "lpt"),
            Some(number) => {
                matches!(*device, "com" | "lpt")
                    && matches!(number.as_bytes(), [digit] if digit.is_ascii_digit())
            }
            None => false,
        })
}

/// Whether what there is of the path, links followed, lies in the project.
fn stays(root: &Path, path: &str) -> bool {
    let whole = root.join(path);
    for part in whole.ancestors() {
        if part == root {
            return true;
        }
        if fs::symlink_metadata(part).is_ok() {
            // A link to nothing could lead anywhere later.
            return part.canonicalize().is_ok_and(|real| real.starts_with(root));
        }
    }
    false
}

/// Opens `path` below a folder, without a step out of it.
fn open_below(
    folder: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
    way: Way,
) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    if way == Way::Beneath {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..ATTEMPTS {
            match rustix::fs::openat2(folder, path, flags, Mode::empty(), resolve) {
                // Somebody renamed a folder meanwhile.
                Err(Errno::AGAIN) => {}
                // An old kernel, or a container that forbids the call.
                Err(Errno::NOSYS | Errno::PERM) => return open_steps(folder, path, flags),
                other => return other,
            }
        }
        return Err(Errno::AGAIN);
    }
    let _ = (way, ATTEMPTS);
    open_steps(folder, path, flags)
}

/// Opens `path` below a folder, one part after the other, none of which may be a link.
fn open_steps(folder: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut above: Option<OwnedFd> = None;
    let step = |above: &Option<OwnedFd>, part: &str, flags: OFlags| {
        let from = above.as_ref().map_or(folder, AsFd::as_fd);
        match rustix::fs::openat(from, part, flags | OFlags::NOFOLLOW, Mode::empty()) {
            // That a link is no folder says nothing about where it leads.
            Err(Errno::NOTDIR) if is_link(from, part) => Err(Errno::LOOP),
            other => other,
        }
    };
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        above = Some(step(&above, part, FOLDER)?);
    }
    step(&above, name, flags)
}

fn is_link(folder: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

#[cfg(test)]
mod tests;
