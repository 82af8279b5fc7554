//! The data products of one project: their objects, and the staging folders of attempts that are under way.
//!
//! Manifests ([`Product`]) are kept by the caller, in the metadata database.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_base::files::{self, FileError};
use baton_model::{Chunk, Content, ObjectHash, Product, ProductKind};

use crate::frame::{Frame, ReadError};
use crate::objects::{Collected, IntegrityError, Objects, entries};
use crate::staging::{Staging, is_plain_name, remove_folder};

/// The folder that holds data products.
#[derive(Clone, Debug)]
pub struct Products {
    objects: Objects,
    staging: PathBuf,
}

/// Nothing is deleted while it lives.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the open file is the lock")] std::fs::File);

impl Products {
    /// Opens the folder, making it if it does not exist.
    pub fn open(root: &Path) -> Result<Self, FileError> {
        let staging = root.join("staging");
        files::create_folder(&staging)?;
        Ok(Self {
            objects: Objects::open(root.join("objects"))?,
            staging,
        })
    }

    /// Makes a fresh, empty staging folder for one attempt; an old one of that name is removed.
    pub fn staging(&self, name: &str) -> Result<Staging, FileError> {
        let path = self.staging_path(name)?;
        remove_folder(&path)?;
        fs::create_dir(&path).map_err(|source| FileError::new("create folder", &path, source))?;
        Staging::open(self.objects.clone(), path)
    }

    /// Removes the staging folder of an attempt, if there is one.
    pub fn remove_staging(&self, name: &str) -> Result<(), FileError> {
        remove_folder(&self.staging_path(name)?)
    }

    /// Removes the staging folders whose name `keep` does not want, as those of processes that died. Gives their
    /// number.
    pub fn sweep_staging(&self, mut keep: impl FnMut(&str) -> bool) -> Result<u64, FileError> {
        let mut removed = 0;
        for path in entries(&self.staging)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !keep(&name) {
                remove_folder(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Where all objects are; workers read them.
    pub fn objects_folder(&self) -> &Path {
        self.objects.folder()
    }

    /// Where all staging folders are; workers write to them.
    pub fn staging_folder(&self) -> &Path {
        &self.staging
    }

    /// Where an object is: the file that a worker maps.
    pub fn object_path(&self, object: &ObjectHash) -> PathBuf {
        self.objects.path(object)
    }

    /// Compares every object of a product with its manifest, reading all of it.
    pub fn verify(&self, product: &Product) -> Result<(), IntegrityError> {
        chunks(product)
            .iter()
            .try_for_each(|chunk| self.objects.verify(chunk))
    }

    /// Checks that every object of a product exists and has the right size, without reading it.
    pub fn verify_sizes(&self, product: &Product) -> Result<(), IntegrityError> {
        chunks(product)
            .iter()
            .try_for_each(|chunk| self.objects.check_size(chunk))
    }

    /// Makes objects survive a power cut. Called once at the end of a run, before it reads as completed.
    pub fn sync<'a>(
        &self,
        objects: impl IntoIterator<Item = &'a ObjectHash>,
    ) -> Result<(), FileError> {
        self.objects.sync(objects.into_iter())
    }

    /// Keeps objects from being deleted, for as long as what is returned lives. New ones may come meanwhile.
    pub fn hold(&self) -> Result<Held, FileError> {
        self.objects.hold().map(Held)
    }

    /// Deletes objects that are not `live` and older than `grace`.
    ///
    /// Safe beside running attempts as long as `grace` is longer than the time between the commit of a product and
    /// the storing of its manifest: every commit makes its objects young again.
    pub fn collect(
        &self,
        live: &HashSet<ObjectHash>,
        grace: Duration,
    ) -> Result<Collected, FileError> {
        self.objects.collect(live, grace)
    }

    /// Opens a frame for reading its rows.
    pub fn open_frame(&self, product: &Product) -> Result<Frame, ReadError> {
        Frame::open(self.objects.clone(), product)
    }

    /// All bytes of a product that is no frame.
    pub fn read_bytes(&self, product: &Product) -> Result<Vec<u8>, ReadError> {
        if product.kind == ProductKind::Frame {
            return Err(ReadError::Frame {
                product: product.name.clone(),
            });
        }
        let chunks = match &product.content {
            Content::Inline(text) => return Ok(text.as_bytes().to_vec()),
            Content::Chunks(chunks) => chunks,
        };
        let mut bytes = Vec::new();
        for chunk in chunks {
            let integrity = |source| ReadError::Integrity {
                product: product.name.clone(),
                source,
            };
            self.objects.check_size(chunk).map_err(integrity)?;
            let part = files::read(&self.objects.path(&chunk.object)).map_err(|source| {
                integrity(IntegrityError::Read {
                    object: chunk.object.clone(),
                    source,
                })
            })?;
            bytes.extend(part);
        }
        Ok(bytes)
    }

    /// The text of a JSON or text product.
    pub fn read_text(&self, product: &Product) -> Result<String, ReadError> {
        String::from_utf8(self.read_bytes(product)?).map_err(|_| ReadError::NotText {
            product: product.name.clone(),
        })
    }

    fn staging_path(&self, name: &str) -> Result<PathBuf, FileError> {
        let path = self.staging.join(name);
        if is_plain_name(name) {
            return Ok(path);
        }
        let error = std::io::ErrorKind::InvalidInput.into();
        Err(FileError::new("use as staging folder", &path, error))
    }
}

/// The objects of a product.
fn chunks(product: &Product) -> &[Chunk] {
    match &product.content {
        Content::Inline(_) => &[],
        Content::Chunks(chunks) => chunks,
    }
}
