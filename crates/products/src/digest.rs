//! Reads a staged file once: its hash and, for a file of a frame, its schema, rows and statistics.
//!
//! Hashing and statistics take about as long as each other, so a large file gets a thread for each: one reads and
//! hashes, and hands the record batches over. Only a few batches are in memory at a time.

use std::fs::File;
use std::io;
use std::sync::mpsc;
use std::thread;

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::Block;
use baton_model::ObjectHash;

use crate::ipc::{ArrowFileError, IpcFile};
use crate::objects::object_hash;
use crate::statistics::Summary;

/// Below this size a second thread costs more than it saves.
const THREAD_BYTES: u64 = 1 << 20;
/// Bytes that belong to no batch are hashed in pieces of this size.
const PIECE_BYTES: usize = 512 * 1024;

/// What a file of a frame holds.
#[derive(Clone, Debug)]
pub(crate) struct FrameDigest {
    pub(crate) schema: SchemaRef,
    pub(crate) summary: Summary,
}

/// Hash of any file.
pub(crate) fn plain(file: &File, length: u64) -> io::Result<ObjectHash> {
    let mut hasher = blake3::Hasher::new();
    hash_range(&mut hasher, length, 0, &mut |offset, bytes| {
        std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
    })?;
    Ok(object_hash(&hasher))
}

/// Hash and content of a file of a frame.
pub(crate) fn frame(file: File) -> Result<(ObjectHash, FrameDigest), ArrowFileError> {
    let file = IpcFile::open(file)?;
    let mut digest = FrameDigest {
        schema: SchemaRef::clone(file.schema()),
        summary: Summary::new(file.schema()),
    };
    let hash = if file.length() < THREAD_BYTES {
        let mut batches = Vec::new();
        let hash = hash_file(&file, |block, buffer| batches.push((block, buffer)))?;
        summarize(&file, &mut digest.summary, batches.into_iter())?;
        hash
    } else {
        thread::scope(|scope| {
            // One batch waits while one is hashed and one is summarised.
            let (sender, receiver) = mpsc::sync_channel(1);
            let (file, summary) = (&file, &mut digest.summary);
            let statistics = thread::Builder::new()
                .name("statistics".to_owned())
                .spawn_scoped(scope, move || {
                    summarize(file, summary, receiver.into_iter())
                })?;
            let hash = hash_file(file, |block, buffer| {
                // Nobody listens after an error, which the join below returns.
                drop(sender.send((block, buffer)));
            });
            drop(sender);
            statistics.join().unwrap_or(Err(ArrowFileError::Damaged(
                "its parts do not fit together",
            )))?;
            hash
        })?
    };
    Ok((hash, digest))
}

fn summarize(
    file: &IpcFile,
    summary: &mut Summary,
    batches: impl Iterator<Item = (Block, Buffer)>,
) -> Result<(), ArrowFileError> {
    let dictionaries = file.dictionaries()?;
    for (block, buffer) in batches {
        summary.add(&file.decode(&block, &buffer, &dictionaries)?)?;
    }
    Ok(())
}

/// Hashes a file from its first to its last byte and gives each record batch to `batch`, before it is hashed.
fn hash_file(
    file: &IpcFile,
    mut batch: impl FnMut(Block, Buffer),
) -> Result<ObjectHash, ArrowFileError> {
    let mut blocks = file.batches().to_vec();
    blocks.sort_by_key(Block::offset);
    let mut hasher = blake3::Hasher::new();
    let mut read = |offset, bytes: &mut [u8]| file.read_into(offset, bytes);
    let mut position = 0;
    for block in blocks {
        let start = block.offset() as u64;
        if start < position {
            return Err(ArrowFileError::Damaged("two batches share their bytes"));
        }
        hash_range(&mut hasher, start, position, &mut read)?;
        let buffer = file.read_block(&block)?;
        position = start + buffer.len() as u64;
        batch(block, buffer.clone());
        hasher.update(&buffer);
    }
    hash_range(&mut hasher, file.length(), position, &mut read)?;
    Ok(object_hash(&hasher))
}

/// Hashes the bytes from `position` to `end`.
fn hash_range(
    hasher: &mut blake3::Hasher,
    end: u64,
    mut position: u64,
    read: &mut impl FnMut(u64, &mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES.min((end - position) as usize)];
    while position < end {
        let length = piece.len().min((end - position) as usize);
        read(position, &mut piece[..length])?;
        hasher.update(&piece[..length]);
        position += length as u64;
    }
    Ok(())
}
