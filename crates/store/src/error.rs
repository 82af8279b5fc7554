//! What can go wrong with the database, in the words of the person who has to act.

use std::path::{Path, PathBuf};

use baton_base::{Class, Diagnose};
use baton_model::RunId;
use sqlx::postgres::PgDatabaseError;

use crate::place::Place;

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
    /// The file was moved away or replaced while it was open: what is written would be lost.
    #[error("use the database `{}`: its file was moved away or replaced", path.display())]
    Moved {
        /// The database.
        path: PathBuf,
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
    /// The server does not let us in, or does not answer.
    #[error("reach the database `{}`", path.display())]
    Unreachable {
        /// The database.
        path: PathBuf,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The URL of the database is none that Baton knows. It is not shown, since it may hold a password.
    #[error(
        "use the URL of the database: it begins with neither `postgresql://` nor `sqlite:`, or is malformed"
    )]
    Url,
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
    /// The database is on a server, and only a file can be copied.
    #[error("copy the database `{}`: it is on a server", path.display())]
    Remote {
        /// The database.
        path: PathBuf,
    },
    /// Another process committed a step of the run in the meantime, or the run is gone.
    #[error("store the next step of run {run}: another process drives it or has deleted it")]
    Conflict {
        /// The run.
        run: RunId,
    },
    /// Another process has taken over what this one did.
    #[error("go on with what another process does now ({duty})")]
    Deposed {
        /// What it does.
        duty: String,
    },
    /// The database holds the runs of another project.
    #[error("use the database `{}`: it belongs to the project in {project}", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
        /// The folder of the other project.
        project: String,
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
    pub(crate) fn sort(place: &Place, source: sqlx::Error) -> Self {
        let path = place.path.clone();
        match cause(place, &source) {
            Cause::Busy => Self::Busy { path, source },
            Cause::Corrupt => Self::Corrupt { path, source },
            Cause::Full => Self::Full { path, source },
            Cause::Access => Self::Access { path, source },
            Cause::Unreachable => Self::Unreachable { path, source },
            Cause::Other => Self::Other { path, source },
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

    /// Whether everybody else would fail now, too; what was asked of a server may even have been done.
    pub(crate) fn is_general(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Unreachable { .. } | Self::Full { .. }
        )
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

/// What a person can do something about.
enum Cause {
    Busy,
    Corrupt,
    Full,
    Access,
    Unreachable,
    Other,
}

fn cause(place: &Place, error: &sqlx::Error) -> Cause {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut
                if place.is_server =>
            {
                Cause::Unreachable
            }
            sqlx::Error::PoolTimedOut => Cause::Busy,
            sqlx::Error::Io(_) => Cause::Access,
            _ => Cause::Other,
        };
    };
    let code = database.code().unwrap_or_default();
    if database.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
        return match code.as_bytes() {
            b"53100" => Cause::Full,
            b"55P03" | b"57014" | [b'4', b'0', ..] | [b'5', b'3', ..] => Cause::Busy,
            b"42501" => Cause::Access,
            [b'0' | b'2', b'8', ..] | [b'5', b'7', ..] | b"3D000" => Cause::Unreachable,
            [b'X', b'X', ..] => Cause::Corrupt,
            _ => Cause::Other,
        };
    }
    // Primary result codes, https://www.sqlite.org/rescode.html; the low byte of an extended code.
    match code.parse::<i32>().unwrap_or_default() & 0xff {
        5 | 6 => Cause::Busy,
        11 | 26 => Cause::Corrupt,
        13 => Cause::Full,
        3 | 8 | 10 | 14 | 23 => Cause::Access,
        _ => Cause::Other,
    }
}

impl Diagnose for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::Busy { .. } | Self::Unreachable { .. } | Self::Full { .. } => Class::Transient,
            Self::Url | Self::Remote { .. } => Class::User,
            Self::Conflict { .. }
            | Self::Deposed { .. }
            | Self::Foreign { .. }
            | Self::Exists { .. } => Class::Conflict,
            Self::Corrupt { .. }
            | Self::Moved { .. }
            | Self::Access { .. }
            | Self::Newer { .. }
            | Self::Value { .. } => Class::External,
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
            Self::Moved { .. } => {
                Some("stop the server, put the file back, and start it again".to_owned())
            }
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
            Self::Unreachable { .. } => Some(
                "check that the server runs, that the database exists there, and that the user may log in".to_owned(),
            ),
            Self::Remote { .. } => Some(
                "copy it with the server's own tool (pg_dump), and the project's state folder with it".to_owned(),
            ),
            Self::Url => Some("write `postgresql://USER:PASSWORD@HOST/DATABASE` or `sqlite:PATH`".to_owned()),
            Self::Foreign { .. } => Some(
                "give each project a database of its own; if it is the same project in another place, \
                 write the same `project_uuid` into metadata.yaml of both"
                    .to_owned(),
            ),
            Self::Exists { .. } => {
                Some("use another name, or change the one that exists".to_owned())
            }
            Self::Deposed { .. } | Self::Other { .. } => None,
        }
    }
}
