//! The log of a run: one JSON record per line, in a file of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};
use baton_model::{BlockError, Frame, Map, Timestamp};
use baton_runner::{Level, LogRecord};

/// The tag of the record of an attempt that failed: its value is the class of the failure.
pub const FAILURE_TAG: &str = "failure";

/// What the log says of an attempt that failed: whoever looks at nothing but logs must find it there.
pub(crate) fn failure_record(
    at: Timestamp,
    block: String,
    attempt: u32,
    error: &BlockError,
) -> LogRecord {
    let mut message = match &error.exception {
        Some(exception) => format!("{exception}: {}", error.message),
        None => error.message.clone(),
    };
    for frame in &error.frames {
        let Frame {
            file,
            line,
            function,
            code,
            ..
        } = frame;
        let code = code.iter().map(|code| format!("\n    {code}"));
        message.extend(
            [format!("\n  {file}:{line} in {function}")]
                .into_iter()
                .chain(code),
        );
    }
    let kind = serde_json::to_value(error.kind).unwrap_or_default();
    LogRecord {
        at,
        level: Level::Error,
        block: Some(block),
        attempt: Some(attempt),
        message,
        tags: Map::from_iter([(FAILURE_TAG.to_owned(), kind)]),
    }
}

/// Reading or writing a log failed.
#[derive(Debug, thiserror::Error)]
#[error("use the log of the run")]
pub struct JournalError(#[from] FileError);

impl Diagnose for JournalError {
    fn class(&self) -> Class {
        self.0.class()
    }

    fn hint(&self) -> Option<String> {
        self.0.hint()
    }
}

/// Appends records to the log of one run. The file is open only while it is written to: of many runs that are open at
/// a time, few write.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Whether it is known how the file ends.
    is_whole: bool,
    /// A full disk must not end the run for the sake of its log: the first failure ends the log.
    broken: bool,
}

impl Journal {
    /// The log at `path`, which may already hold records of an earlier part of the run.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        Ok(Self {
            path: path.to_owned(),
            is_whole: false,
            broken: false,
        })
    }

    /// Appends records in one write.
    pub fn append(&mut self, records: &[LogRecord]) {
        if self.broken || records.is_empty() {
            return;
        }
        let mut bytes = Vec::with_capacity(records.len() * 128);
        // A record that a crash cut short must not swallow the next one.
        if !self.is_whole && !ends_with_newline(&self.path) {
            bytes.push(b'\n');
        }
        self.is_whole = true;
        for record in records {
            if serde_json::to_writer(&mut bytes, record).is_ok() {
                bytes.push(b'\n');
            }
        }
        let mut options = OpenOptions::new();
        let opened = options.create(true).append(true).open(&self.path);
        self.broken = opened.and_then(|mut file| file.write_all(&bytes)).is_err();
    }
}

fn ends_with_newline(path: &Path) -> bool {
    use std::io::Read;
    // A file that is not there has nothing to mend.
    let last = || -> io::Result<Option<u8>> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(None);
        }
        file.seek(SeekFrom::End(-1))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        Ok(Some(byte[0]))
    };
    !matches!(last(), Ok(Some(byte)) if byte != b'\n')
}

/// Calls `each` with every whole record of the log at `path`, in order. A log that does not exist is empty.
pub fn read_log(path: &Path, mut each: impl FnMut(LogRecord)) -> Result<(), JournalError> {
    read_log_from(path, 0, |_, record| {
        each(record);
        true
    })
}

/// The same from a place of the log on: `each` gets the place behind the record too, and says whether to go on.
pub fn read_log_from(
    path: &Path,
    from: u64,
    mut each: impl FnMut(u64, LogRecord) -> bool,
) -> Result<(), JournalError> {
    let failed = |source| FileError::new("read", path, source);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(FileError::new("open", path, source).into()),
    };
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut reader = BufReader::new(file);
    let (mut place, mut line) = (from, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(failed)?;
        // What has no end yet is being written, or a crash has cut it short.
        if length == 0 || line.last() != Some(&b'\n') {
            return Ok(());
        }
        place += length as u64;
        if let Ok(record) = serde_json::from_slice(&line)
            && !each(place, record)
        {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use baton_model::Timestamp;
    use baton_runner::Level;

    use super::*;

    #[test]
    fn a_record_cut_short_by_a_crash_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/1.jsonl");
        let record = |message: &str| LogRecord {
            at: Timestamp(5),
            level: Level::Info,
            block: Some("load".to_owned()),
            attempt: Some(1),
            message: message.to_owned(),
            tags: baton_model::Map::new(),
        };
        Journal::open(&path).unwrap().append(&[record("one")]);
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"at\": 7, \"lev")
            .unwrap();
        Journal::open(&path).unwrap().append(&[record("two")]);
        let mut messages = Vec::new();
        read_log(&path, |record| messages.push(record.message)).unwrap();
        assert_eq!(messages, ["one", "two"]);
    }
}
