//! Statements and the rows they give, without the types of the driver.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_model::{RunId, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Decode, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, Transaction, Type};

use crate::StoreError;
use crate::hints::{Board, Hint};
use crate::memory::{Memory, MemoryTransaction, wait};
use crate::place::Place;
use crate::rows;
pub(crate) use crate::value::{Value, values};

/// A row that was read; columns go by their names.
pub(crate) struct Row {
    row: AnyRow,
    place: Arc<Place>,
}

enum AnyRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    fn get<'r, T>(&'r self, column: &str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match &self.row {
            AnyRow::Sqlite(row) => sqlx::Row::try_get(row, column),
            AnyRow::Postgres(row) => sqlx::Row::try_get(row, column),
        };
        value.map_err(|source| StoreError::sort(&self.place, source))
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
        let text: &str = self.get(column)?;
        Ok(self.place.show(text).into_owned())
    }

    pub(crate) fn some_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        let text: Option<&str> = self.get(column)?;
        Ok(text.map(|text| self.place.show(text).into_owned()))
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
            .map_err(StoreError::value(&self.place.path, what))
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
            .map_err(StoreError::value(&self.place.path, what))
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<T, StoreError> {
        rows::from_json(&self.place, what, self.get(column)?)
    }

    /// Such a value, where there is one.
    pub(crate) fn some_json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = self.get(column)?;
        text.map(|text| rows::from_json(&self.place, what, text))
            .transpose()
    }
}

fn sqlite<'q>(
    sql: impl SqlSafeStr,
    values: Vec<Value>,
) -> sqlx::query::Query<'q, Sqlite, SqliteArguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
}

fn postgres<'q>(
    place: &Place,
    sql: impl SqlSafeStr,
    values: Vec<Value>,
) -> sqlx::query::Query<'q, Postgres, PgArguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(number) => query.bind(number),
            // JSON has no null characters and keeps its marks: it was hidden when it was made.
            Value::Text(Some(text)) if text.contains('\0') => query.bind(place.hide(text)),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
}

/// The connections to a database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) connections: Connections,
    pub(crate) place: Arc<Place>,
    /// Where hints are heard.
    pub(crate) board: Arc<Board>,
    /// Whose hints are given here.
    pub(crate) name: Arc<str>,
}

/// Which file it is, whatever its name; none where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(Option<(u64, u64)>);

impl FileId {
    /// That of the file at a path.
    pub(crate) fn of(path: &Path) -> Self {
        let facts = std::fs::metadata(path).ok();
        Self(facts.map(|facts| (facts.dev(), facts.ino())))
    }
}

/// The connections, by what they lead to.
#[derive(Clone, Debug)]
pub(crate) enum Connections {
    /// A file.
    Sqlite {
        /// The one connection that writes. Writers of this process queue for it, which is fair and prompt; those
        /// of other processes poll for SQLite's lock.
        writer: SqlitePool,
        /// Connections that only read.
        readers: SqlitePool,
        /// Which file was opened.
        file: FileId,
    },
    /// A server.
    Postgres {
        /// Connections that write: few rows at a time, which they find by their keys.
        writers: PgPool,
        /// Connections that only read.
        readers: PgPool,
    },
    /// This process, for tests.
    Memory(Memory),
}

impl Database {
    /// Sorts errors of the driver.
    pub(crate) fn sort(&self) -> impl Fn(sqlx::Error) -> StoreError + '_ {
        |source| StoreError::sort(&self.place, source)
    }

    /// Others hold the database longer than we wait.
    pub(crate) fn busy(&self) -> StoreError {
        StoreError::sort(&self.place, sqlx::Error::PoolTimedOut)
    }

    /// Rows that `sql` gives.
    pub(crate) async fn fetch(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &self.connections {
            Connections::Sqlite { readers, .. } => {
                let found = sqlite(sql, values).fetch_all(readers).await;
                wrap(&self.place, found, AnyRow::Sqlite)
            }
            Connections::Postgres { readers, .. } => {
                let found = postgres(&self.place, sql, values).fetch_all(readers).await;
                wrap(&self.place, found, AnyRow::Postgres)
            }
            Connections::Memory(memory) => {
                let mut connection = memory.take().await.ok_or_else(|| self.busy())?;
                let found = wait(sqlite(sql, values).fetch_all(&mut *connection));
                wrap(&self.place, found, AnyRow::Sqlite)
            }
        }
    }

    /// The first row that `sql` gives.
    pub(crate) async fn fetch_first(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch(sql, values).await?.into_iter().next())
    }

    /// Changes rows, in a transaction of its own. Gives how many.
    pub(crate) async fn change(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        match &self.connections {
            Connections::Sqlite { writer, .. } => {
                let done = sqlite(sql, values).execute(writer).await;
                Ok(done.map_err(self.sort())?.rows_affected())
            }
            Connections::Postgres { writers, .. } => {
                let done = postgres(&self.place, sql, values).execute(writers).await;
                Ok(done.map_err(self.sort())?.rows_affected())
            }
            Connections::Memory(memory) => {
                let mut connection = memory.take().await.ok_or_else(|| self.busy())?;
                let done = wait(sqlite(sql, values).execute(&mut *connection));
                Ok(done.map_err(self.sort())?.rows_affected())
            }
        }
    }

    /// Returns when everything that was committed so far is on disk.
    pub(crate) async fn sync(&self) -> Result<(), StoreError> {
        match self.connections {
            Connections::Sqlite { .. } => {}
            // The server syncs each commit before it answers; what is in memory has no disk.
            Connections::Postgres { .. } | Connections::Memory(_) => return Ok(()),
        }
        let mut name = self.place.path.as_os_str().to_owned();
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

    /// Begins a transaction that writes. In SQLite nobody else writes until it ends.
    pub(crate) async fn begin(&self) -> Result<Changing, StoreError> {
        let begun = match &self.connections {
            Connections::Sqlite { writer, .. } => {
                let begun = writer.begin_with("begin immediate").await;
                begun.map(AnyTransaction::Sqlite)
            }
            Connections::Postgres { writers, .. } => {
                writers.begin().await.map(AnyTransaction::Postgres)
            }
            Connections::Memory(memory) => {
                let begun = memory.begin("begin immediate").await;
                let begun = begun.ok_or_else(|| self.busy())?;
                begun.map(AnyTransaction::Memory)
            }
        };
        self.changing(begun)
    }

    /// Begins a transaction that reads: what others commit meanwhile is not seen.
    pub(crate) async fn look(&self) -> Result<Changing, StoreError> {
        let begun = match &self.connections {
            Connections::Sqlite { readers, .. } => {
                readers.begin().await.map(AnyTransaction::Sqlite)
            }
            Connections::Postgres { readers, .. } => {
                let begun = readers.begin_with("begin isolation level repeatable read read only");
                begun.await.map(AnyTransaction::Postgres)
            }
            Connections::Memory(memory) => {
                let begun = memory.begin("begin").await.ok_or_else(|| self.busy())?;
                begun.map(AnyTransaction::Memory)
            }
        };
        self.changing(begun)
    }

    fn changing(&self, begun: Result<AnyTransaction, sqlx::Error>) -> Result<Changing, StoreError> {
        Ok(Changing {
            transaction: begun.map_err(self.sort())?,
            place: Arc::clone(&self.place),
            board: Arc::clone(&self.board),
            name: Arc::clone(&self.name),
            hints: Vec::new(),
        })
    }
}

/// A transaction. Dropped before it is committed, it leaves no trace.
pub(crate) struct Changing {
    transaction: AnyTransaction,
    place: Arc<Place>,
    board: Arc<Board>,
    pub(crate) name: Arc<str>,
    /// To be given with the commit; a server is told at once, and does the same.
    pub(crate) hints: Vec<Hint>,
}

enum AnyTransaction {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
    Memory(MemoryTransaction),
}

impl Changing {
    /// Rows that `sql` gives.
    pub(crate) async fn fetch(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.transaction {
            AnyTransaction::Sqlite(transaction) => {
                let found = sqlite(sql, values).fetch_all(&mut **transaction).await;
                wrap(&self.place, found, AnyRow::Sqlite)
            }
            AnyTransaction::Postgres(transaction) => {
                let query = postgres(&self.place, sql, values);
                let found = query.fetch_all(&mut **transaction).await;
                wrap(&self.place, found, AnyRow::Postgres)
            }
            AnyTransaction::Memory(transaction) => {
                let found = wait(sqlite(sql, values).fetch_all(&mut *transaction.connection));
                wrap(&self.place, found, AnyRow::Sqlite)
            }
        }
    }

    /// Changes rows. Gives how many.
    pub(crate) async fn change(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let done = match &mut self.transaction {
            AnyTransaction::Sqlite(transaction) => sqlite(sql, values)
                .execute(&mut **transaction)
                .await
                .map(|done| done.rows_affected()),
            AnyTransaction::Postgres(transaction) => postgres(&self.place, sql, values)
                .execute(&mut **transaction)
                .await
                .map(|done| done.rows_affected()),
            AnyTransaction::Memory(transaction) => {
                wait(sqlite(sql, values).execute(&mut *transaction.connection))
                    .map(|done| done.rows_affected())
            }
        };
        done.map_err(|source| StoreError::sort(&self.place, source))
    }

    /// Numbers for new runs, growing. None of them was given out before.
    pub(crate) async fn run_numbers(&mut self, count: usize) -> Result<Vec<i64>, StoreError> {
        let count = count as i64;
        if matches!(self.transaction, AnyTransaction::Postgres(_)) {
            let sql = "select nextval(pg_get_serial_sequence('run', 'id')) as id from generate_series(1, $1)";
            let found = self.fetch(sql, values![count]).await?;
            return found.iter().map(|row| row.integer("id")).collect();
        }
        // Nobody else gives out numbers before the transaction ends.
        let sql = "select seq from sqlite_sequence where name = 'run'";
        let found = self.fetch(sql, values![]).await?;
        let newest = found.first().map(|row| row.integer("seq")).transpose()?;
        let first = newest.unwrap_or(0) + 1;
        Ok((first..first + count).collect())
    }

    /// Whether it is on a server, which several processes may use.
    pub(crate) fn is_on_server(&self) -> bool {
        matches!(self.transaction, AnyTransaction::Postgres(_))
    }

    /// Makes what was changed visible to everybody.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.transaction {
            AnyTransaction::Sqlite(transaction) => transaction.commit().await,
            AnyTransaction::Postgres(transaction) => transaction.commit().await,
            AnyTransaction::Memory(transaction) => transaction.commit(),
        };
        done.map_err(|source| StoreError::sort(&self.place, source))?;
        Self::told(&self.board, &self.name, self.hints);
        Ok(())
    }
}

fn wrap<R>(
    place: &Arc<Place>,
    found: Result<Vec<R>, sqlx::Error>,
    kind: fn(R) -> AnyRow,
) -> Result<Vec<Row>, StoreError> {
    let row = |row| Row {
        row: kind(row),
        place: Arc::clone(place),
    };
    match found {
        Ok(rows) => Ok(rows.into_iter().map(row).collect()),
        Err(source) => Err(StoreError::sort(place, source)),
    }
}
