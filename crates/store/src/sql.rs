//! Statements, their values and the rows they give, without the types of the driver.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_model::{BackfillId, Cause, PipelineUuid, RunId, RunStatus, Timestamp, TriggerId};
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{SqlSafeStr, Sqlite, SqlitePool, Transaction};

use crate::StoreError;
use crate::memory::{Memory, MemoryTransaction, wait};
use crate::rows;

/// A value that a statement takes.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number, a moment or a flag.
    Integer(Option<i64>),
    /// A text, also JSON.
    Text(Option<String>),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! integers {
    ($($from:ty => $number:expr;)*) => {
        $(
            impl From<$from> for Value {
                fn from(from: $from) -> Self {
                    let number: fn($from) -> i64 = $number;
                    Self::Integer(Some(number(from)))
                }
            }

            impl From<Option<$from>> for Value {
                fn from(from: Option<$from>) -> Self {
                    Self::Integer(from.map($number))
                }
            }
        )*
    };
}

integers! {
    i64 => |number| number;
    u32 => i64::from;
    bool => i64::from;
    Timestamp => |at| at.0;
    RunId => |run| run.0;
    TriggerId => |trigger| trigger.0;
    BackfillId => |backfill| backfill.0;
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<&PipelineUuid> for Value {
    fn from(pipeline: &PipelineUuid) -> Self {
        pipeline.as_str().into()
    }
}

impl From<RunStatus> for Value {
    fn from(status: RunStatus) -> Self {
        status.name().into()
    }
}

impl From<Cause> for Value {
    fn from(cause: Cause) -> Self {
        cause.name().into()
    }
}

/// The values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::sql::Value::from($value)),*]
    };
}
pub(crate) use values;

/// A row that was read; columns go by their names.
pub(crate) struct Row {
    row: SqliteRow,
    path: Arc<Path>,
}

impl Row {
    fn get<'r, T>(&'r self, column: &str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
    {
        sqlx::Row::try_get(&self.row, column).map_err(|source| StoreError::sort(&self.path, source))
    }

    pub(crate) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(crate) fn count(&self, column: &str) -> Result<u32, StoreError> {
        Ok(u32::try_from(self.integer(column)?).unwrap_or(u32::MAX))
    }

    pub(crate) fn some_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(crate) fn run(&self, column: &str) -> Result<RunId, StoreError> {
        self.integer(column).map(RunId)
    }

    pub(crate) fn moment(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp)
    }

    pub(crate) fn some_moment(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.some_integer(column)?.map(Timestamp))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(crate) fn some_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    /// A status or the like, stored as the word that serde gives it.
    pub(crate) fn word<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_value(self.text(column)?.into())
            .map_err(StoreError::value(&self.path, what))
    }

    /// Such a word, where there is one.
    pub(crate) fn some_word<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let word = self.some_text(column)?;
        word.map(|word| serde_json::from_value(word.into()))
            .transpose()
            .map_err(StoreError::value(&self.path, what))
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<T, StoreError> {
        rows::from_json(&self.path, what, self.get(column)?)
    }

    /// Such a value, where there is one.
    pub(crate) fn some_json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = self.get(column)?;
        text.map(|text| rows::from_json(&self.path, what, text))
            .transpose()
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

fn query<'q>(sql: impl SqlSafeStr, values: Vec<Value>) -> Query<'q> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
}

/// The connections to a database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// The one connection that writes. Writers of this process queue for it, which is fair and prompt; those
    /// of other processes poll for SQLite's lock.
    pub(crate) writer: SqlitePool,
    /// Connections that only read.
    pub(crate) readers: SqlitePool,
    pub(crate) path: Arc<Path>,
    /// Where everything is instead, for a database in memory.
    pub(crate) memory: Option<Memory>,
}

impl Database {
    /// Sorts errors of the driver.
    pub(crate) fn sort(&self) -> impl Fn(sqlx::Error) -> StoreError + '_ {
        |source| StoreError::sort(&self.path, source)
    }

    /// Others hold the database longer than we wait.
    pub(crate) fn busy(&self) -> StoreError {
        StoreError::sort(&self.path, sqlx::Error::PoolTimedOut)
    }

    /// Rows that `sql` gives.
    pub(crate) async fn fetch(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let found = if let Some(memory) = &self.memory {
            let mut connection = memory.take().await.ok_or_else(|| self.busy())?;
            wait(query(sql, values).fetch_all(&mut *connection))
        } else {
            query(sql, values).fetch_all(&self.readers).await
        };
        Ok(wrap(&self.path, found.map_err(self.sort())?))
    }

    /// The first row that `sql` gives.
    pub(crate) async fn fetch_first(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        let found = if let Some(memory) = &self.memory {
            let mut connection = memory.take().await.ok_or_else(|| self.busy())?;
            wait(query(sql, values).fetch_optional(&mut *connection))
        } else {
            query(sql, values).fetch_optional(&self.readers).await
        };
        let row = found.map_err(self.sort())?;
        Ok(row.and_then(|row| wrap(&self.path, vec![row]).pop()))
    }

    /// Changes rows, in a transaction of its own. Gives how many.
    pub(crate) async fn change(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let done = if let Some(memory) = &self.memory {
            let mut connection = memory.take().await.ok_or_else(|| self.busy())?;
            wait(query(sql, values).execute(&mut *connection))
        } else {
            query(sql, values).execute(&self.writer).await
        };
        Ok(done.map_err(self.sort())?.rows_affected())
    }

    /// Returns when everything that was committed so far is on disk.
    pub(crate) async fn sync(&self) -> Result<(), StoreError> {
        if self.memory.is_some() {
            return Ok(());
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push("-wal");
        // Opening the log beside SQLite is safe: SQLite keeps its locks on other files.
        let sync = async || {
            tokio::fs::File::open(PathBuf::from(name))
                .await?
                .sync_all()
                .await
        };
        match sync().await {
            // No log: it has been folded into the file, which includes syncing it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(|error| self.sort()(error.into())),
        }
    }

    /// Begins a transaction that writes; nobody else writes until it ends.
    pub(crate) async fn begin(&self) -> Result<Changing, StoreError> {
        if let Some(memory) = &self.memory {
            return self.begun(memory, "begin immediate").await;
        }
        let begun = self.writer.begin_with("begin immediate").await;
        Ok(Changing {
            held: Held::File(begun.map_err(self.sort())?),
            path: Arc::clone(&self.path),
        })
    }

    /// Begins a transaction that reads: what others commit meanwhile is not seen.
    pub(crate) async fn look(&self) -> Result<Changing, StoreError> {
        if let Some(memory) = &self.memory {
            return self.begun(memory, "begin").await;
        }
        Ok(Changing {
            held: Held::File(self.readers.begin().await.map_err(self.sort())?),
            path: Arc::clone(&self.path),
        })
    }

    async fn begun(&self, memory: &Memory, how: &'static str) -> Result<Changing, StoreError> {
        let begun = memory.begin(how).await.ok_or_else(|| self.busy())?;
        Ok(Changing {
            held: Held::Memory(begun.map_err(self.sort())?),
            path: Arc::clone(&self.path),
        })
    }
}

enum Held {
    File(Transaction<'static, Sqlite>),
    Memory(MemoryTransaction),
}

/// A transaction. Dropped before it is committed, it leaves no trace.
pub(crate) struct Changing {
    held: Held,
    path: Arc<Path>,
}

impl Changing {
    /// Rows that `sql` gives.
    pub(crate) async fn fetch(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let query = query(sql, values);
        let found = match &mut self.held {
            Held::File(held) => query.fetch_all(&mut **held).await,
            Held::Memory(held) => wait(query.fetch_all(&mut *held.connection)),
        };
        let rows = found.map_err(|source| StoreError::sort(&self.path, source))?;
        Ok(wrap(&self.path, rows))
    }

    /// Changes rows. Gives how many.
    pub(crate) async fn change(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let query = query(sql, values);
        let done = match &mut self.held {
            Held::File(held) => query.execute(&mut **held).await,
            Held::Memory(held) => wait(query.execute(&mut *held.connection)),
        };
        let done = done.map_err(|source| StoreError::sort(&self.path, source))?;
        Ok(done.rows_affected())
    }

    /// Makes what was changed visible to everybody.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.held {
            Held::File(held) => held.commit().await,
            Held::Memory(held) => held.commit(),
        };
        done.map_err(|source| StoreError::sort(&self.path, source))
    }
}

fn wrap(path: &Arc<Path>, rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter()
        .map(|row| Row {
            row,
            path: Arc::clone(path),
        })
        .collect()
}
