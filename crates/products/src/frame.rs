//! Reading the rows of a stored frame: any page at the cost of that page, or all of it batch by batch.
//!
//! Content is not compared with its hash here (see `Products::verify`), only sizes are: damage inside of a file is
//! an error where it breaks the format.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::compute;
use arrow::datatypes::{Schema, SchemaRef};
use baton_base::files::FileError;
use baton_base::{Class, Diagnose};
use baton_model::{Chunk, Column, Content, ObjectHash, Product, ProductKind};

use crate::ipc::{ArrowFileError, Dictionaries, IpcFile};
use crate::objects::{IntegrityError, Objects};
use crate::reader::Reader;
use crate::schema;

/// Reading a product failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Rows were asked of a product that has none.
    #[error("read rows of `{product}`: it is no frame, its kind is {}", kind.name())]
    NotFrame {
        /// The product.
        product: String,
        /// What it is.
        kind: ProductKind,
    },
    /// Bytes were asked of a frame.
    #[error("read the bytes of `{product}`: it is a frame")]
    Frame {
        /// The product.
        product: String,
    },
    /// A text or JSON product is not UTF-8.
    #[error("read `{product}`: it is not valid UTF-8")]
    NotText {
        /// The product.
        product: String,
    },
    /// An object is missing or has another size.
    #[error("read `{product}`")]
    Integrity {
        /// The product.
        product: String,
        /// What is wrong.
        source: IntegrityError,
    },
    /// An object is no longer what was stored.
    #[error("read object {object} of `{product}`")]
    Damaged {
        /// The product.
        product: String,
        /// The object.
        object: ObjectHash,
        /// What is wrong.
        source: ArrowFileError,
    },
    /// A frame's manifest names no object.
    #[error("read `{product}`: its manifest names no file")]
    Empty {
        /// The product.
        product: String,
    },
}

impl Diagnose for ReadError {
    fn class(&self) -> Class {
        match self {
            Self::NotFrame { .. } | Self::Frame { .. } => Class::User,
            Self::Empty { .. } => Class::Bug,
            Self::NotText { .. } | Self::Integrity { .. } | Self::Damaged { .. } => Class::External,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFrame { .. } => {
                Some("choose another format: only frames have rows and columns".to_owned())
            }
            Self::Frame { .. } => Some("choose the format `arrow` or `parquet`".to_owned()),
            Self::Empty { .. } => None,
            Self::Integrity { source, .. } => source.hint(),
            Self::NotText { .. } | Self::Damaged { .. } => {
                Some("run the block that made it again".to_owned())
            }
        }
    }
}

/// A stored frame, open for reading.
#[derive(Debug)]
pub struct Frame {
    product: String,
    objects: Objects,
    chunks: Vec<Chunk>,
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: u64,
    bytes_read: Arc<AtomicU64>,
}

impl Frame {
    /// Opens a frame; reads the end of its first file.
    pub(crate) fn open(objects: Objects, product: &Product) -> Result<Self, ReadError> {
        let (ProductKind::Frame, Content::Chunks(chunks)) = (product.kind, &product.content) else {
            return Err(ReadError::NotFrame {
                product: product.name.clone(),
                kind: product.kind,
            });
        };
        let mut frame = Self {
            product: product.name.clone(),
            objects,
            chunks: chunks.clone(),
            schema: Arc::new(Schema::empty()),
            columns: product.columns.clone(),
            rows: chunks.iter().filter_map(|chunk| chunk.rows).sum(),
            bytes_read: Arc::default(),
        };
        let first = chunks.first().ok_or_else(|| ReadError::Empty {
            product: product.name.clone(),
        })?;
        let file = frame.open_chunk(first)?;
        let mut schema = schema::logical(file.schema());
        // A later file may hold nulls where the first has none; the manifest knows.
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .zip(
                product
                    .columns
                    .iter()
                    .map(|column| column.nullable)
                    .chain(std::iter::repeat(true)),
            )
            .map(|(field, nullable)| {
                Arc::new(
                    field
                        .as_ref()
                        .clone()
                        .with_nullable(field.is_nullable() || nullable),
                )
            })
            .collect();
        schema.fields = fields.into();
        frame.schema = Arc::new(schema);
        frame.count(file.bytes_read());
        Ok(frame)
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns as the manifest names them.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Arrow schema of the batches. Text that is stored as a dictionary is text here; categories stay dictionaries.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Bytes read from files so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// At most `limit` rows from row `offset` on, counted from 0. Past the end there are none.
    pub fn page(&self, offset: u64, limit: usize) -> Result<RecordBatch, ReadError> {
        let batches = self
            .scan(offset, Some(limit as u64))
            .collect::<Result<Vec<_>, _>>()?;
        if let [batch] = batches.as_slice() {
            return Ok(batch.clone());
        }
        if self.schema.fields().is_empty() {
            let rows = batches.iter().map(RecordBatch::num_rows).sum();
            return schema::with_rows(&self.schema, Vec::new(), rows)
                .map_err(|error| self.damaged(0, error.into()));
        }
        compute::concat_batches(&self.schema, &batches)
            .map_err(|error| self.damaged(0, error.into()))
    }

    /// Reads rows in order, a part at a time; only the present part is in memory. Ends after the first error.
    pub fn scan(&self, offset: u64, limit: Option<u64>) -> Scan<'_> {
        let end = limit.map_or(self.rows, |limit| {
            offset.saturating_add(limit).min(self.rows)
        });
        Scan {
            frame: self,
            next: offset,
            end,
            chunk: 0,
            chunk_start: 0,
            open: None,
        }
    }

    /// Whether the categories of each column are the same in all files.
    pub(crate) fn has_shared_dictionaries(&self) -> Result<bool, ReadError> {
        let ids = schema::dictionary_ids(&self.schema);
        if ids.is_empty() || self.chunks.len() < 2 {
            return Ok(true);
        }
        let mut first: Option<Dictionaries> = None;
        for chunk in &self.chunks {
            let file = self.open_chunk(chunk)?;
            let dictionaries = file
                .dictionaries()
                .map_err(|source| self.damaged_object(chunk, source))?;
            self.count(file.bytes_read());
            match &first {
                None => first = Some(dictionaries),
                Some(first) if ids.iter().any(|id| first.get(id) != dictionaries.get(id)) => {
                    return Ok(false);
                }
                Some(_) => {}
            }
        }
        Ok(true)
    }

    /// Opens a file after comparing its size with the manifest.
    fn open_chunk(&self, chunk: &Chunk) -> Result<IpcFile, ReadError> {
        let integrity = |source| ReadError::Integrity {
            product: self.product.clone(),
            source,
        };
        self.objects.check_size(chunk).map_err(integrity)?;
        let path: PathBuf = self.objects.path(&chunk.object);
        let file = File::open(&path).map_err(|source| {
            integrity(if source.kind() == io::ErrorKind::NotFound {
                IntegrityError::Missing {
                    object: chunk.object.clone(),
                }
            } else {
                IntegrityError::Read {
                    object: chunk.object.clone(),
                    source: FileError::new("read", &path, source),
                }
            })
        })?;
        IpcFile::open(file).map_err(|source| self.damaged_object(chunk, source))
    }

    fn damaged(&self, chunk: usize, source: ArrowFileError) -> ReadError {
        match self.chunks.get(chunk) {
            Some(chunk) => self.damaged_object(chunk, source),
            None => ReadError::Empty {
                product: self.product.clone(),
            },
        }
    }

    fn damaged_object(&self, chunk: &Chunk, source: ArrowFileError) -> ReadError {
        ReadError::Damaged {
            product: self.product.clone(),
            object: chunk.object.clone(),
            source,
        }
    }

    fn count(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Rows of a frame in order; see [`Frame::scan`].
#[derive(Debug)]
pub struct Scan<'a> {
    frame: &'a Frame,
    /// The next row to give, and the one to stop at.
    next: u64,
    end: u64,
    /// The chunk at hand and its first row.
    chunk: usize,
    chunk_start: u64,
    open: Option<Reader>,
}

impl Scan<'_> {
    /// The next batch, if there are rows left.
    fn advance(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while self.next < self.end {
            let Some(chunk) = self.frame.chunks.get(self.chunk) else {
                return Ok(None);
            };
            let chunk_rows = chunk.rows.unwrap_or_default();
            if self.next >= self.chunk_start + chunk_rows {
                self.leave_chunk(chunk_rows);
                continue;
            }
            let damaged = |source| self.frame.damaged_object(chunk, source);
            let reader = match &mut self.open {
                Some(reader) => reader,
                None => self
                    .open
                    .insert(Reader::new(self.frame.open_chunk(chunk)?).map_err(damaged)?),
            };
            let batch = reader
                .read(self.next - self.chunk_start, self.end - self.chunk_start)
                .map_err(damaged)?
                .ok_or(ArrowFileError::Damaged(
                    "it has fewer rows than its manifest says",
                ))
                .and_then(|batch| Ok(schema::to_logical(&batch, &self.frame.schema)?))
                .map_err(damaged)?;
            self.next += batch.num_rows() as u64;
            return Ok(Some(batch));
        }
        Ok(None)
    }

    fn leave_chunk(&mut self, rows: u64) {
        if let Some(reader) = self.open.take() {
            self.frame.count(reader.bytes_read());
        }
        self.chunk += 1;
        self.chunk_start += rows;
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.advance();
        if batch.is_err() {
            self.end = self.next;
        }
        batch.transpose()
    }
}

impl Drop for Scan<'_> {
    fn drop(&mut self) {
        self.leave_chunk(0);
    }
}
