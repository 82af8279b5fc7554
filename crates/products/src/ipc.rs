//! Reading Arrow IPC files that somebody else wrote: only the parts that are needed, and never trusting a number
//! in them before it was compared with the size of the file.
//!
//! Knows nothing of products. Reading a few rows out of a large batch is in `slice`.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::{self, Block, MetadataVersion, reader};

use crate::slice;

/// `ARROW1` and two bytes of padding open a file.
const MAGIC: &[u8; 6] = b"ARROW1";
const HEADER_BYTES: u64 = 8;
/// Length of the footer, and the magic again.
const TRAILER_BYTES: u64 = 10;
/// Continuation marker and length in front of every message.
const PREFIX_BYTES: u64 = 8;
/// A compressed buffer names its size before it is unpacked; a larger one than this is not believed.
const MAX_UNPACKED_BYTES: i64 = 1 << 34;
/// Alignment that makes every Arrow type usable in place.
const ALIGNMENT: usize = 64;

/// Why an Arrow file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArrowFileError {
    /// The operating system could not read it.
    #[error("read the file")]
    Read(#[from] io::Error),
    /// It is some other kind of file, or its end is missing.
    #[error("recognise an Arrow file: {0}")]
    NotArrow(&'static str),
    /// It contradicts itself.
    #[error("make sense of the Arrow file: {0}")]
    Damaged(&'static str),
    /// Its content breaks the format.
    #[error("decode the Arrow file")]
    Decode(#[from] ArrowError),
}

/// Dictionaries by their id in the file.
pub(crate) type Dictionaries = HashMap<i64, ArrayRef>;

/// What the message of a record batch says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchOutline {
    pub(crate) rows: u64,
    /// Whether some of its rows can be read without the others.
    pub(crate) sliceable: bool,
}

/// An open Arrow IPC file of which so far only the footer was read.
#[derive(Debug)]
pub(crate) struct IpcFile {
    file: File,
    footer: Footer,
    bytes_read: AtomicU64,
}

#[derive(Debug)]
struct Footer {
    schema: SchemaRef,
    version: MetadataVersion,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
}

impl IpcFile {
    /// Reads the footer and checks that everything it points to lies inside the file.
    pub(crate) fn open(file: File) -> Result<Self, ArrowFileError> {
        let length = file.metadata()?.len();
        if length < HEADER_BYTES + TRAILER_BYTES {
            return Err(ArrowFileError::NotArrow("it is too short"));
        }
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, 0)?;
        if magic != *MAGIC {
            return Err(ArrowFileError::NotArrow("it does not begin as one"));
        }
        let mut trailer = [0; TRAILER_BYTES as usize];
        file.read_exact_at(&mut trailer, length - TRAILER_BYTES)?;
        let footer_length = reader::read_footer_length(trailer)
            .map_err(|_| ArrowFileError::NotArrow("its end is missing"))?;
        let start = (length - TRAILER_BYTES)
            .checked_sub(footer_length as u64)
            .filter(|start| *start >= HEADER_BYTES)
            .ok_or(ArrowFileError::Damaged("its footer is longer than itself"))?;
        let mut footer = vec![0; footer_length];
        file.read_exact_at(&mut footer, start)?;
        let footer = guarded(|| Footer::parse(&footer, start))?;
        Ok(Self {
            file,
            footer,
            bytes_read: AtomicU64::new(HEADER_BYTES + footer_length as u64 + TRAILER_BYTES),
        })
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.footer.schema
    }

    /// Where the record batches are, in the order of their rows.
    pub(crate) fn batches(&self) -> &[Block] {
        &self.footer.batches
    }

    /// Bytes read from the file so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Reads a part of the file into memory that suits any Arrow type from `aligned` bytes on.
    fn read(&self, offset: u64, length: usize, aligned: usize) -> io::Result<Buffer> {
        let mut bytes = vec![0; length + ALIGNMENT];
        let start = bytes.as_ptr().wrapping_add(aligned).align_offset(ALIGNMENT) % ALIGNMENT;
        self.file
            .read_exact_at(&mut bytes[start..start + length], offset)?;
        self.bytes_read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(Buffer::from_vec(bytes).slice_with_length(start, length))
    }

    /// Reads bytes that start at a file offset.
    pub(crate) fn read_at(&self, offset: u64, length: usize) -> io::Result<Buffer> {
        self.read(offset, length, 0)
    }

    /// Reads a block: its message and the body behind it.
    fn read_block(&self, block: &Block) -> io::Result<Buffer> {
        let metadata = block.metaDataLength() as usize;
        self.read(
            block.offset() as u64,
            metadata + block.bodyLength() as usize,
            metadata,
        )
    }

    /// Reads the message of a batch, not its body.
    pub(crate) fn outline(&self, block: &Block) -> Result<BatchOutline, ArrowFileError> {
        let message = self.read_at(block.offset() as u64, block.metaDataLength() as usize)?;
        let batch = record_batch(&message, block)?;
        Ok(BatchOutline {
            rows: batch.length() as u64,
            sliceable: batch.compression().is_none() && slice::supports(&self.footer.schema),
        })
    }

    /// Reads all dictionaries.
    pub(crate) fn dictionaries(&self) -> Result<Dictionaries, ArrowFileError> {
        let mut dictionaries = Dictionaries::new();
        for block in &self.footer.dictionaries {
            let buffer = self.read_block(block)?;
            guarded(|| {
                let message = message(&buffer)?;
                let batch = message
                    .header_as_dictionary_batch()
                    .ok_or(ArrowFileError::Damaged("a dictionary is none"))?;
                let data = batch
                    .data()
                    .ok_or(ArrowFileError::Damaged("a dictionary has no values"))?;
                check(data, block, Some(body(&buffer, block)))?;
                let schema = &self.footer.schema;
                let body = buffer.slice(block.metaDataLength() as usize);
                Ok(reader::read_dictionary(
                    &body,
                    batch,
                    schema,
                    &mut dictionaries,
                    &self.footer.version,
                )?)
            })?;
        }
        Ok(dictionaries)
    }

    /// Reads a batch; arrays that are not compressed stay where they were read.
    pub(crate) fn decode(
        &self,
        block: &Block,
        dictionaries: &Dictionaries,
    ) -> Result<RecordBatch, ArrowFileError> {
        let buffer = self.read_block(block)?;
        guarded(|| {
            let batch = record_batch(&buffer, block)?;
            check(batch, block, Some(body(&buffer, block)))?;
            let body = buffer.slice(block.metaDataLength() as usize);
            Ok(reader::read_record_batch(
                &body,
                batch,
                Arc::clone(&self.footer.schema),
                dictionaries,
                None,
                &self.footer.version,
            )?)
        })
    }

    /// Reads some rows of a batch that is sliceable by its outline, and no more than they need.
    pub(crate) fn decode_rows(
        &self,
        block: &Block,
        rows: Range<usize>,
        dictionaries: &Dictionaries,
    ) -> Result<RecordBatch, ArrowFileError> {
        let message = self.read_at(block.offset() as u64, block.metaDataLength() as usize)?;
        guarded(|| {
            let batch = record_batch(&message, block)?;
            check(batch, block, None)?;
            slice::read(self, block, batch, rows, dictionaries)
        })
    }
}

impl Footer {
    /// Parses a footer; what it points to has to end before `end`.
    fn parse(bytes: &[u8], end: u64) -> Result<Self, ArrowFileError> {
        let footer = ipc::root_as_footer(bytes)
            .map_err(|_| ArrowFileError::Damaged("its footer is not readable"))?;
        let schema = footer
            .schema()
            .ok_or(ArrowFileError::Damaged("its footer has no schema"))?;
        if !schema.endianness().equals_to_target_endianness() {
            return Err(ArrowFileError::Damaged(
                "its bytes are in the order of another kind of machine",
            ));
        }
        let blocks = |blocks: Vec<Block>| -> Result<Vec<Block>, ArrowFileError> {
            for block in &blocks {
                let offset = u64::try_from(block.offset());
                let metadata = u64::try_from(block.metaDataLength());
                let body = u64::try_from(block.bodyLength());
                let inside = matches!((offset, metadata, body), (Ok(offset), Ok(metadata), Ok(body))
                    if metadata >= PREFIX_BYTES
                        && offset.checked_add(metadata).and_then(|sum| sum.checked_add(body))
                            .is_some_and(|last| last <= end));
                if !inside {
                    return Err(ArrowFileError::Damaged("a part lies outside of the file"));
                }
            }
            Ok(blocks)
        };
        let batches = footer
            .recordBatches()
            .map(|all| all.iter().copied().collect());
        let dictionaries = footer
            .dictionaries()
            .map(|all| all.iter().copied().collect());
        Ok(Self {
            schema: Arc::new(ipc::convert::try_fb_to_schema(schema)?),
            version: footer.version(),
            dictionaries: blocks(dictionaries.unwrap_or_default())?,
            batches: blocks(batches.unwrap_or_default())?,
        })
    }
}

/// Runs code of the Arrow library on foreign bytes. It meets some contradictions in them with a panic, which
/// must cost no more than this file.
fn guarded<T>(decode: impl FnOnce() -> Result<T, ArrowFileError>) -> Result<T, ArrowFileError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(ArrowFileError::Damaged(
        "its parts do not fit together",
    )))
}

fn body<'a>(buffer: &'a Buffer, block: &Block) -> &'a [u8] {
    &buffer.as_slice()[block.metaDataLength() as usize..]
}

/// The message at the start of a block.
fn message(bytes: &[u8]) -> Result<ipc::Message<'_>, ArrowFileError> {
    // Files from before Arrow 0.15 have no continuation marker.
    let prefix = if bytes.starts_with(&[0xff; 4]) { 8 } else { 4 };
    bytes
        .get(prefix..)
        .and_then(|bytes| ipc::root_as_message(bytes).ok())
        .ok_or(ArrowFileError::Damaged("a message is not readable"))
}

/// The description of a record batch at the start of a block.
fn record_batch<'a>(
    bytes: &'a [u8],
    block: &Block,
) -> Result<ipc::RecordBatch<'a>, ArrowFileError> {
    let message = bytes
        .get(..block.metaDataLength() as usize)
        .ok_or(ArrowFileError::Damaged("a message is cut"))
        .and_then(message)?;
    message
        .header_as_record_batch()
        .filter(|batch| batch.length() >= 0)
        .ok_or(ArrowFileError::Damaged("a record batch is none"))
}

/// Checks that a batch names only bytes inside of its body, and believable sizes.
fn check(
    batch: ipc::RecordBatch<'_>,
    block: &Block,
    body: Option<&[u8]>,
) -> Result<(), ArrowFileError> {
    for node in batch.nodes().into_iter().flatten() {
        if node.length() < 0 || node.null_count() < 0 || node.null_count() > node.length() {
            return Err(ArrowFileError::Damaged("a column has a negative length"));
        }
    }
    let compressed = batch.compression().is_some();
    for buffer in batch.buffers().into_iter().flatten() {
        let (offset, length) = (buffer.offset(), buffer.length());
        let end = offset.checked_add(length);
        if offset < 0 || length < 0 || end.is_none_or(|end| end > block.bodyLength()) {
            return Err(ArrowFileError::Damaged(
                "a column lies outside of its batch",
            ));
        }
        if let (true, Some(body)) = (compressed && length > 0, body) {
            let unpacked = body
                .get(offset as usize..)
                .and_then(|bytes| bytes.first_chunk())
                .map(|bytes| i64::from_le_bytes(*bytes));
            // -1 marks a buffer that was left as it is.
            if !unpacked.is_some_and(|bytes| (-1..=MAX_UNPACKED_BYTES).contains(&bytes)) {
                return Err(ArrowFileError::Damaged("a column is too large to unpack"));
            }
        }
    }
    Ok(())
}
