//! The right to drive runs: a lock that the system takes back when its holder dies, however it dies. A service holds one
//! for all of its runs; whoever drives a single run by hand holds the lock of that run.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};
use baton_model::RunId;

/// How often a lock that is held is tried again.
const LOOKS: u32 = 2;

/// How long to wait before that: looking at a lock takes less.
const LOOK: Duration = Duration::from_millis(2);

/// Taking the lease of a run failed.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process drives the run.
    #[error("take over {what}: process {holder} is driving it")]
    Held {
        /// The run, or what else is to be driven by one process.
        what: String,
        /// Id of the process, as it wrote it down.
        holder: String,
    },
    /// The lock file could not be used.
    #[error("lock {what}")]
    File {
        /// The run, or what else is to be driven by one process.
        what: String,
        /// Why.
        source: FileError,
    },
}

impl Diagnose for LeaseError {
    fn class(&self) -> Class {
        match self {
            Self::Held { .. } => Class::Conflict,
            Self::File { source, .. } => source.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some("wait until it ends, or stop that process first".to_owned()),
            Self::File { source, .. } => source.hint(),
        }
    }
}

/// A held lease; given back when dropped.
#[derive(Debug)]
pub struct Lease(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Lease {
    /// Takes the lease whose lock file is `path`.
    pub fn take(run: RunId, path: &Path) -> Result<Self, LeaseError> {
        Self::take_named(&format!("run {run}"), path)
    }

    /// Takes the lease of something else that one process at a time drives.
    pub fn take_named(what: &str, path: &Path) -> Result<Self, LeaseError> {
        let fail = |source| LeaseError::File {
            what: what.to_owned(),
            source,
        };
        let mut file = files::open_lock(path).map_err(fail)?;
        let mut looks = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // Somebody may just be looking whether it is held.
                Err(TryLockError::WouldBlock) if looks < LOOKS => looks += 1,
                Err(TryLockError::WouldBlock) => {
                    return Err(LeaseError::Held {
                        what: what.to_owned(),
                        holder: written_in(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(fail(FileError::new("lock", path, source)));
                }
            }
            std::thread::sleep(LOOK);
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
        written.map_err(|source| fail(FileError::new("write", path, source)))?;
        Ok(Self(file))
    }

    /// Whether some process holds the lease whose lock file is `path`.
    pub fn is_held(path: &Path) -> bool {
        Self::holder(path).is_some()
    }

    /// The process that holds the lease whose lock file is `path`, as it wrote itself down.
    pub fn holder(path: &Path) -> Option<String> {
        let mut file = File::open(path).ok()?;
        // Shared, so that those who look do not take one another for a holder.
        let is_held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        is_held.then(|| written_in(&mut file))
    }
}

/// The number that a holder has written. It is for people: a lock without one is held all the same.
fn written_in(file: &mut File) -> String {
    let mut holder = String::new();
    drop(file.read_to_string(&mut holder));
    holder.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/run-1");
        assert!(!Lease::is_held(&path));
        let lease = Lease::take(RunId(1), &path).unwrap();
        let own = std::process::id().to_string();
        assert_eq!(Lease::holder(&path).as_deref(), Some(own.as_str()));
        let refused = Lease::take(RunId(1), &path).unwrap_err();
        assert_eq!(refused.class(), Class::Conflict);
        assert!(refused.to_string().contains(&own), "{refused}");
        drop(lease);
        assert!(!Lease::is_held(&path));
        Lease::take(RunId(1), &path).unwrap();
    }
}
