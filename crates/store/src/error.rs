//! What can go wrong with the database, in the words of the person who has to act.

use std::path::{Path, PathBuf};

use baton_base::{Class, Diagnose};
use baton_model::RunId;

/// An operation on the database failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the database longer than we wait.
    #[error("use the database `{}`: it is locked by another process", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The file is damaged or is no database.
    #[error("read the database `{}`: it is damaged or no database of Baton's", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The database cannot grow.
    #[error("write the database `{}`: the disk is full", path.display())]
    Full {
        /// The database.
        path: PathBuf,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The file cannot be opened, read or written.
    #[error("access the database `{}`", path.display())]
    Access {
        /// The database.
        path: PathBuf,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// A newer Baton made the database.
    #[error(
        "open the database `{}`: its schema has version {found}, this Baton knows versions up to {known}",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Version of its schema.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// Another process committed a step of the run in the meantime, or the run is gone.
    #[error("store the next step of run {run}: another process drives it or has deleted it")]
    Conflict {
        /// The run.
        run: RunId,
    },
    /// What was to be stored must be the only one of its kind, and there is one already.
    #[error("store {what}: there is one already")]
    Exists {
        /// What was to be stored.
        what: String,
    },
    /// A stored value is none that this program writes.
    #[error("read {what} from the database `{}`", path.display())]
    Value {
        /// Which value.
        what: &'static str,
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A statement failed in a way that is not foreseen.
    #[error("use the database `{}`", path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Sorts an error of the driver by what a person can do about it.
    pub(crate) fn sort(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        // Primary result codes, https://www.sqlite.org/rescode.html; the low byte of an extended code.
        match primary_code(&source) {
            Some(5 | 6) => Self::Busy { path, source },
            Some(11 | 26) => Self::Corrupt { path, source },
            Some(13) => Self::Full { path, source },
            Some(3 | 8 | 10 | 14 | 23) => Self::Access { path, source },
            Some(_) => Self::Other { path, source },
            None => match source {
                sqlx::Error::PoolTimedOut => Self::Busy { path, source },
                sqlx::Error::Io(_) => Self::Access { path, source },
                _ => Self::Other { path, source },
            },
        }
    }

    /// The same error, or [`StoreError::Exists`] when what was to be stored is there already.
    pub(crate) fn or_exists(self, what: impl FnOnce() -> String) -> Self {
        match self {
            Self::Other { source, .. }
                if source
                    .as_database_error()
                    .is_some_and(sqlx::error::DatabaseError::is_unique_violation) =>
            {
                Self::Exists { what: what() }
            }
            other => other,
        }
    }

    /// Whether everybody else would fail now, too.
    pub(crate) fn is_general(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

    pub(crate) fn value(
        path: &Path,
        what: &'static str,
    ) -> impl FnOnce(serde_json::Error) -> StoreError {
        move |source| Self::Value {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

impl Diagnose for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::Busy { .. } => Class::Transient,
            Self::Conflict { .. } | Self::Exists { .. } => Class::Conflict,
            Self::Corrupt { .. } | Self::Full { .. } | Self::Access { .. } | Self::Newer { .. } => {
                Class::External
            }
            Self::Value { .. } => Class::External,
            Self::Other { .. } => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Busy { .. } => Some("try again when the other process is done".to_owned()),
            Self::Corrupt { path, .. } | Self::Value { path, .. } => Some(format!(
                "restore `{0}` from a copy, or move it away to start with an empty history",
                path.display()
            )),
            Self::Full { .. } => Some("free some disk space and try again".to_owned()),
            Self::Access { path, .. } => Some(format!(
                "check who owns `{0}` and its folder, and their permissions",
                path.display()
            )),
            Self::Newer { .. } => Some(
                "use the newer Baton that made it, or point BATON_HOME to another folder"
                    .to_owned(),
            ),
            Self::Conflict { run } => Some(format!(
                "let the other process go on; look at run {run} before you resume it"
            )),
            Self::Exists { .. } => {
                Some("use another name, or change the one that exists".to_owned())
            }
            Self::Other { .. } => None,
        }
    }
}
