//! Staging: the folder into which a worker writes the files of one attempt, and the commit that turns them into a
//! data product.
//!
//! Nothing a worker says about its files is believed: names stay inside the folder, sizes and rows are counted.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use baton_base::files::FileError;
use baton_base::{Class, Diagnose, failpoint};
use baton_model::{Chunk, Column, Content, Product, ProductKind};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use serde_json::Value;

use crate::digest::{self, FrameDigest};
use crate::ipc::ArrowFileError;
use crate::objects::Objects;
use crate::schema;

/// The folder of one attempt. Clones are the same folder, so that digests can run on other threads.
#[derive(Clone, Debug)]
pub struct Staging {
    objects: Objects,
    path: PathBuf,
    /// The folder itself: replacing its path by a link leads nowhere.
    folder: Arc<OwnedFd>,
}

/// An output as a worker announced it.
#[derive(Clone, Debug)]
pub struct StagedOutput {
    /// `output_0`, `output_1`, ...
    pub name: String,
    /// What can be done with it.
    pub kind: ProductKind,
    /// Which of the worker's codecs reads it back.
    pub codec: String,
    /// What that codec needs besides the bytes.
    pub meta: Value,
    /// Rows of a frame, if the worker counted them.
    pub rows: Option<u64>,
    /// Where its bytes are.
    pub content: StagedContent,
}

/// Where the bytes of an announced output are.
#[derive(Clone, Debug)]
pub enum StagedContent {
    /// In these files of the staging folder, in this order.
    Files(Vec<String>),
    /// Here: a small JSON or text value.
    Text(String),
}

/// What was found in a staged file.
#[derive(Clone, Debug)]
pub struct Digest {
    file: String,
    chunk: Chunk,
    frame: Option<FrameDigest>,
    /// Whether the objects have this content already.
    stored: bool,
    stamp: Stamp,
}

impl Digest {
    /// Name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Size of the file.
    pub fn bytes(&self) -> u64 {
        self.chunk.bytes
    }

    /// Rows in the file, for a file of a frame.
    pub fn rows(&self) -> Option<u64> {
        self.chunk.rows
    }
}

/// Tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

/// Reading a staged file failed.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The name leads out of the folder, or to something that is no file of the worker's own.
    #[error("use staged file `{file}`: {reason}")]
    Refused {
        /// The name as it was announced.
        file: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It was announced as part of a frame and is no Arrow file.
    #[error("read staged file `{file}` as Arrow")]
    Arrow {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: ArrowFileError,
    },
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl DigestError {
    /// The kind of the I/O error underneath, if there is one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File(error) => Some(error.kind()),
            Self::Arrow { .. } | Self::Refused { .. } => None,
        }
    }
}

impl Diagnose for DigestError {
    fn class(&self) -> Class {
        match self {
            Self::Refused { .. } | Self::Arrow { .. } => Class::Bug,
            Self::File(_) => Class::External,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            _ => None,
        }
    }
}

/// Committing an output failed. Nothing of it is named by a product.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A file was announced and not digested.
    #[error("commit `{output}`: file `{file}` was not announced as complete")]
    NotDigested {
        /// The output.
        output: String,
        /// The file.
        file: String,
    },
    /// A file changed after it was announced as complete.
    #[error("commit `{output}`: file `{file}` changed after it was complete")]
    Changed {
        /// The output.
        output: String,
        /// The file.
        file: String,
    },
    /// A file has other columns than the first one.
    #[error("commit `{output}`: file `{file}` has other columns than the first file")]
    Schema {
        /// The output.
        output: String,
        /// The file.
        file: String,
    },
    /// The files hold another number of rows than announced.
    #[error("commit `{output}`: its files hold {found} rows, {announced} were announced")]
    Rows {
        /// The output.
        output: String,
        /// What the worker said.
        announced: u64,
        /// What the files hold.
        found: u64,
    },
    /// The content does not fit the kind.
    #[error("commit `{output}`: {reason}")]
    Content {
        /// The output.
        output: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A file cannot be stored.
    #[error(transparent)]
    File(#[from] FileError),
}

impl CommitError {
    /// The kind of the I/O error underneath, if there is one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File(error) => Some(error.kind()),
            _ => None,
        }
    }
}

impl Diagnose for CommitError {
    fn class(&self) -> Class {
        match self {
            Self::File(_) => Class::External,
            Self::Changed { .. } => Class::User,
            _ => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Changed { .. } => {
                Some("let the block leave the files of its products alone".to_owned())
            }
            _ => None,
        }
    }
}

impl Staging {
    /// Opens an existing folder.
    pub(crate) fn open(objects: Objects, path: PathBuf) -> Result<Self, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, &path, flags, Mode::empty())
            .map_err(|source| FileError::new("open", &path, source.into()))?;
        Ok(Self {
            objects,
            path,
            folder: Arc::new(folder),
        })
    }

    /// The folder into which the worker writes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file that is complete: its hash and, if `frame`, its columns, rows and statistics.
    ///
    /// Blocking: run it beside the worker, which writes the next file meanwhile.
    pub fn digest(&self, file: &str, frame: bool) -> Result<Digest, DigestError> {
        let (opened, stamp) = self.open_file(file)?;
        let read = |source| FileError::new("read", &self.path.join(file), source);
        let (object, frame) = if frame {
            digest::frame(&opened)
                .map(|(hash, frame)| (hash, Some(frame)))
                .map_err(|source| match source {
                    ArrowFileError::Read(source) => DigestError::File(read(source)),
                    source => DigestError::Arrow {
                        file: file.to_owned(),
                        source,
                    },
                })?
        } else {
            (digest::plain(&opened).map_err(read)?, None)
        };
        let chunk = Chunk {
            object,
            bytes: stamp.bytes,
            rows: frame.as_ref().map(|frame| frame.summary.rows),
        };
        Ok(Digest {
            file: file.to_owned(),
            stored: self.objects.verify(&chunk).is_ok(),
            chunk,
            frame,
            stamp,
        })
    }

    /// Makes an output a product: its files become objects, its manifest is returned.
    ///
    /// `digests` are those of its files, in any order. The caller stores the manifest; until then nothing names
    /// the objects, and their age keeps them from being collected.
    pub fn commit(
        &self,
        output: StagedOutput,
        mut digests: Vec<Digest>,
    ) -> Result<Product, CommitError> {
        let files = match output.content {
            StagedContent::Text(text) => {
                return inline(output.name, output.kind, output.codec, output.meta, text);
            }
            StagedContent::Files(files) => files,
        };
        let files = files
            .into_iter()
            .map(|file| {
                let position = digests.iter().position(|digest| digest.file == file);
                position
                    .map(|at| digests.swap_remove(at))
                    .ok_or_else(|| CommitError::NotDigested {
                        output: output.name.clone(),
                        file,
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut product = Product {
            bytes: files.iter().map(|digest| digest.chunk.bytes).sum(),
            content: Content::Chunks(files.iter().map(|digest| digest.chunk.clone()).collect()),
            name: output.name,
            kind: output.kind,
            codec: output.codec,
            meta: output.meta,
            rows: None,
            columns: Vec::new(),
            statistics: Vec::new(),
        };
        if files.is_empty() {
            return Err(CommitError::Content {
                output: product.name,
                reason: "it has neither files nor text",
            });
        }
        if product.kind == ProductKind::Frame {
            describe(&mut product, &files, output.rows)?;
        }
        for digest in &files {
            failpoint("place-object");
            self.place(&product.name, digest)?;
        }
        Ok(product)
    }

    /// Removes the folder with everything in it. Objects that were committed from it stay.
    pub fn remove(self) -> Result<(), FileError> {
        remove_folder(&self.path)
    }

    /// Opens a file that a worker named.
    fn open_file(&self, file: &str) -> Result<(File, Stamp), DigestError> {
        let refused = |reason| DigestError::Refused {
            file: file.to_owned(),
            reason,
        };
        if !is_plain_name(file) {
            return Err(refused("it is no plain file name"));
        }
        // Without NONBLOCK the open of a pipe would wait for its other end.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = match rustix::fs::openat(&*self.folder, file, flags, Mode::empty()) {
            Ok(opened) => File::from(opened),
            Err(Errno::LOOP) => return Err(refused("it is a link")),
            Err(source) => {
                return Err(FileError::new("read", &self.path.join(file), source.into()).into());
            }
        };
        let metadata = opened
            .metadata()
            .map_err(|source| FileError::new("read", &self.path.join(file), source))?;
        if !metadata.is_file() {
            return Err(refused("it is no regular file"));
        }
        if metadata.nlink() > 1 {
            return Err(refused("it has a second name elsewhere"));
        }
        let stamp = Stamp {
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        };
        Ok((opened, stamp))
    }

    /// Moves a digested file to the objects.
    fn place(&self, output: &str, digest: &Digest) -> Result<(), CommitError> {
        let changed = || CommitError::Changed {
            output: output.to_owned(),
            file: digest.file.clone(),
        };
        let (file, stamp) = match self.open_file(&digest.file) {
            Ok(opened) => opened,
            Err(DigestError::File(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error.into());
            }
            Err(_) => return Err(changed()),
        };
        if stamp != digest.stamp {
            return Err(changed());
        }
        // Read-only, so that a block that opens an input for writing fails; as young as its commit, since its age
        // protects it until the manifest is stored.
        file.metadata()
            .and_then(|metadata| {
                let mode = metadata.permissions().mode() & 0o444;
                file.set_modified(SystemTime::now())?;
                file.set_permissions(Permissions::from_mode(mode | 0o400))
            })
            .map_err(|source| FileError::new("seal", &self.path.join(&digest.file), source))?;
        self.objects.place(
            self.folder.as_fd(),
            &digest.file,
            &digest.chunk,
            digest.stored,
        )?;
        Ok(())
    }
}

/// A product whose content is in its manifest.
fn inline(
    name: String,
    kind: ProductKind,
    codec: String,
    meta: Value,
    text: String,
) -> Result<Product, CommitError> {
    if !matches!(kind, ProductKind::Json | ProductKind::Text) {
        return Err(CommitError::Content {
            output: name,
            reason: "only JSON and text can be part of a manifest",
        });
    }
    Ok(Product {
        name,
        kind,
        codec,
        meta,
        rows: None,
        bytes: text.len() as u64,
        content: Content::Inline(text),
        columns: Vec::new(),
        statistics: Vec::new(),
    })
}

/// Adds columns, rows and statistics of a frame's files to its manifest.
fn describe(
    product: &mut Product,
    files: &[Digest],
    announced: Option<u64>,
) -> Result<(), CommitError> {
    let mut merged: Option<(FrameDigest, Vec<Column>)> = None;
    for digest in files {
        let differs = || CommitError::Schema {
            output: product.name.clone(),
            file: digest.file.clone(),
        };
        let Some(frame) = &digest.frame else {
            return Err(CommitError::NotDigested {
                output: product.name.clone(),
                file: digest.file.clone(),
            });
        };
        let Some((known, columns)) = &mut merged else {
            merged = Some((frame.clone(), schema::columns(&frame.schema)));
            continue;
        };
        if !schema::same_columns(&known.schema, &frame.schema) {
            return Err(differs());
        }
        for (column, field) in columns.iter_mut().zip(frame.schema.fields()) {
            column.nullable |= field.is_nullable();
        }
        known.summary.merge(&frame.summary).map_err(|_| differs())?;
    }
    if let Some((frame, columns)) = merged {
        let found = frame.summary.rows;
        if let Some(announced) = announced.filter(|announced| *announced != found) {
            return Err(CommitError::Rows {
                output: product.name.clone(),
                announced,
                found,
            });
        }
        product.rows = Some(found);
        product.columns = columns;
        product.statistics = frame.summary.statistics();
    }
    Ok(())
}

/// Whether a name stays inside its folder.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !matches!(name, "." | "..") && !name.contains(['/', '\0'])
}

/// Removes a folder with everything in it; one that does not exist is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::new("remove", path, error))
        }
        _ => Ok(()),
    }
}
