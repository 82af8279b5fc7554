//! Objects: files named by the hash of their content, `objects/ab/abcd…`, written once and never changed.
//!
//! This is the only place that knows the layout. Which objects are needed is not known here.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};
use baton_model::{Chunk, ObjectHash};
use rustix::fs::{AtFlags, CWD, FlockOperation};

/// Large enough that the calls cost nothing beside the hashing, small enough to stay in the processor's cache.
const READ_BYTES: usize = 512 * 1024;
/// Digits of a hash that name the folder of its object.
const PREFIX_DIGITS: usize = 2;

/// The folder of the objects.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    folder: PathBuf,
}

/// What [`crate::Products::collect`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Objects that were deleted.
    pub objects: u64,
    /// Their size.
    pub bytes: u64,
    /// Objects that stay: named, or too young to judge.
    pub kept: u64,
}

/// An object is not what its manifest says.
#[derive(Debug, thiserror::Error)]
pub enum IntegrityError {
    /// It does not exist.
    #[error("find object {object}")]
    Missing {
        /// The object.
        object: ObjectHash,
    },
    /// Its size is wrong.
    #[error("verify object {object}: it has {found} bytes instead of {expected}")]
    Size {
        /// The object.
        object: ObjectHash,
        /// Bytes by the manifest.
        expected: u64,
        /// Bytes on disk.
        found: u64,
    },
    /// Its content has changed.
    #[error("verify object {object}: its content has changed")]
    Content {
        /// The object.
        object: ObjectHash,
    },
    /// It cannot be read.
    #[error("read object {object}")]
    Read {
        /// The object.
        object: ObjectHash,
        /// What went wrong.
        source: FileError,
    },
}

impl Diagnose for IntegrityError {
    fn class(&self) -> Class {
        Class::External
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } => source.hint(),
            _ => Some("run the block that made it again".to_owned()),
        }
    }
}

impl Objects {
    pub(crate) fn open(folder: PathBuf) -> Result<Self, FileError> {
        files::create_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Where all of them are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where an object is, or would be.
    pub(crate) fn path(&self, object: &ObjectHash) -> PathBuf {
        let hash = object.as_str();
        let prefix = hash.get(..PREFIX_DIGITS).unwrap_or_default();
        self.folder.join(prefix).join(hash)
    }

    /// Makes the file `name` in the open folder `from` an object by renaming it. Content that is there already
    /// stays and the file goes, because others may have synced or mapped it. `known` says that the present content
    /// was compared with its hash a moment ago.
    pub(crate) fn place(
        &self,
        from: BorrowedFd<'_>,
        name: &str,
        chunk: &Chunk,
        known: bool,
    ) -> Result<(), FileError> {
        let path = self.path(&chunk.object);
        // Held shared so that `collect`, which holds it alone, never deletes what is being named here.
        let _lock = self.lock(FlockOperation::LockShared)?;
        let present = if known {
            self.check_size(chunk).is_ok()
        } else {
            self.verify(chunk).is_ok()
        };
        if present {
            // The age of an object protects it until its manifest is committed.
            File::open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .map_err(|source| FileError::new("mark", &path, source))?;
            return rustix::fs::unlinkat(from, name, AtFlags::empty())
                .map_err(|source| FileError::new("store", &path, source.into()));
        }
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        rustix::fs::renameat(from, name, CWD, &path)
            .map_err(|source| FileError::new("store", &path, source.into()))
    }

    /// Compares an object's existence and size with its manifest.
    pub(crate) fn check_size(&self, chunk: &Chunk) -> Result<(), IntegrityError> {
        let path = self.path(&chunk.object);
        let object = || chunk.object.clone();
        match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => {
                Err(IntegrityError::Missing { object: object() })
            }
            Ok(metadata) if metadata.len() == chunk.bytes => Ok(()),
            Ok(metadata) => Err(IntegrityError::Size {
                object: object(),
                expected: chunk.bytes,
                found: metadata.len(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(IntegrityError::Missing { object: object() })
            }
            Err(source) => Err(IntegrityError::Read {
                object: object(),
                source: FileError::new("read", &path, source),
            }),
        }
    }

    /// Compares an object's content with its manifest.
    pub(crate) fn verify(&self, chunk: &Chunk) -> Result<(), IntegrityError> {
        self.check_size(chunk)?;
        let path = self.path(&chunk.object);
        let hash = File::open(&path)
            .and_then(|file| hash(&file))
            .map_err(|source| IntegrityError::Read {
                object: chunk.object.clone(),
                source: FileError::new("read", &path, source),
            })?;
        if hash != chunk.object {
            return Err(IntegrityError::Content {
                object: chunk.object.clone(),
            });
        }
        Ok(())
    }

    /// Makes objects survive a power cut: their content, and their names in the folders.
    pub(crate) fn sync<'a>(
        &self,
        objects: impl Iterator<Item = &'a ObjectHash>,
    ) -> Result<(), FileError> {
        let sync = |path: &Path| {
            File::open(path)
                .and_then(|file| file.sync_all())
                .map_err(|source| FileError::new("sync", path, source))
        };
        let mut folders = BTreeSet::from([self.folder.clone()]);
        let paths: BTreeSet<PathBuf> = objects.map(|object| self.path(object)).collect();
        for path in &paths {
            sync(path)?;
            folders.extend(path.parent().map(Path::to_owned));
        }
        if paths.is_empty() {
            return Ok(());
        }
        // From the inside out, so that a name never survives what it names.
        folders.iter().rev().try_for_each(|folder| sync(folder))
    }

    /// Deletes the objects that are not `live` and older than `grace`.
    pub(crate) fn collect(
        &self,
        live: &HashSet<ObjectHash>,
        grace: Duration,
    ) -> Result<Collected, FileError> {
        let oldest_kept = SystemTime::now().checked_sub(grace);
        let mut collected = Collected::default();
        for folder in entries(&self.folder)? {
            if !folder.is_dir() {
                continue;
            }
            let _lock = self.lock(FlockOperation::LockExclusive)?;
            for path in entries(&folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let metadata = fs::symlink_metadata(&path)
                    .map_err(|source| FileError::new("read", &path, source))?;
                let old = metadata
                    .modified()
                    .is_ok_and(|modified| oldest_kept.is_some_and(|kept| modified < kept));
                if !old || live.contains::<str>(&name) {
                    collected.kept += 1;
                    continue;
                }
                fs::remove_file(&path).map_err(|source| FileError::new("delete", &path, source))?;
                collected.objects += 1;
                collected.bytes += metadata.len();
            }
        }
        Ok(collected)
    }

    /// Keeps objects from being deleted as long as what is returned lives.
    pub(crate) fn hold(&self) -> Result<File, FileError> {
        self.lock(FlockOperation::LockShared)
    }

    /// Waits for the lock of the folder; it ends with the file that is returned.
    fn lock(&self, operation: FlockOperation) -> Result<File, FileError> {
        let folder = File::open(&self.folder)
            .map_err(|source| FileError::new("open", &self.folder, source))?;
        rustix::fs::flock(&folder, operation)
            .map_err(|source| FileError::new("lock", &self.folder, source.into()))?;
        Ok(folder)
    }
}

/// Paths of what is in a folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|source| FileError::new("list", folder, source))
}

/// Hash of a file from its start. Does not move the file's position, which its other users may share.
pub(crate) fn hash(file: &File) -> io::Result<ObjectHash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut position = 0;
    loop {
        match file.read_at(&mut buffer, position) {
            Ok(0) => return Ok(ObjectHash::new(hasher.finalize().to_hex().as_str())),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                position += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
