//! Reads a staged file: its hash and, for a file of a frame, its schema, rows and statistics.
//!
//! A large file is hashed on a second thread, since hashing and statistics take about as long as each other. Both read
//! the file in small parts: it was written a moment ago and is in the page cache, while fresh memory for all of it
//! would cost more than the hash (measured).

use std::fs::File;
use std::io;
use std::thread;

use arrow::datatypes::SchemaRef;
use baton_model::ObjectHash;

use crate::ipc::{ArrowFileError, IpcFile};
use crate::objects;
use crate::reader::Reader;
use crate::statistics::Summary;

/// Below this size a second thread costs more than it saves.
const THREAD_BYTES: u64 = 1 << 20;

/// What a file of a frame holds.
#[derive(Clone, Debug)]
pub(crate) struct FrameDigest {
    pub(crate) schema: SchemaRef,
    pub(crate) summary: Summary,
}

/// Hash of any file.
pub(crate) fn plain(file: &File) -> io::Result<ObjectHash> {
    objects::hash(file)
}

/// Hash and content of a file of a frame.
pub(crate) fn frame(file: &File) -> Result<(ObjectHash, FrameDigest), ArrowFileError> {
    let ipc = IpcFile::open(file.try_clone()?)?;
    if file.metadata()?.len() < THREAD_BYTES {
        return Ok((plain(file)?, summarize(ipc)?));
    }
    thread::scope(|scope| {
        let hash = thread::Builder::new()
            .name("hash".to_owned())
            .spawn_scoped(scope, || plain(file))?;
        let digest = summarize(ipc);
        let hash = hash
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the hashing thread ended")))?;
        Ok((hash, digest?))
    })
}

fn summarize(file: IpcFile) -> Result<FrameDigest, ArrowFileError> {
    let schema = SchemaRef::clone(file.schema());
    let mut summary = Summary::new(&schema);
    let mut reader = Reader::new(file)?;
    while let Some(rows) = reader.read(summary.rows, u64::MAX)? {
        summary.add(&rows)?;
    }
    summary.close()?;
    Ok(FrameDigest { schema, summary })
}
