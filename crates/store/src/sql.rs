//! Statements, their values and the rows they give, without the types of the driver.

use std::path::Path;

use baton_model::{BackfillId, Cause, PipelineUuid, RunId, RunStatus, Timestamp, TriggerId};
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{SqlSafeStr, Sqlite, SqliteConnection};

use crate::rows;
use crate::{Store, StoreError};

/// A value that a statement takes.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number, a moment or a flag.
    Integer(Option<i64>),
    /// A text, also JSON.
    Text(Option<String>),
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
pub(crate) struct Row<'a> {
    row: SqliteRow,
    path: &'a Path,
}

impl Row<'_> {
    fn get<'r, T>(&'r self, column: &str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
    {
        sqlx::Row::try_get(&self.row, column).map_err(|source| StoreError::sort(self.path, source))
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

    /// A status or the like, stored as the word that serde gives it.
    pub(crate) fn word<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_value(self.text(column)?.into())
            .map_err(StoreError::value(self.path, what))
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        column: &str,
    ) -> Result<T, StoreError> {
        rows::from_json(self.path, what, self.get(column)?)
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

fn query<'q>(sql: impl SqlSafeStr, values: Vec<Value>) -> Query<'q> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        })
}

impl Store {
    /// Rows that `sql` gives.
    pub(crate) async fn fetch(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row<'_>>, StoreError> {
        let found = query(sql, values).fetch_all(&self.readers).await;
        Ok(self.wrap(found.map_err(self.sort())?))
    }

    /// The first row that `sql` gives.
    pub(crate) async fn fetch_first(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row<'_>>, StoreError> {
        let found = query(sql, values).fetch_optional(&self.readers).await;
        let row = found.map_err(self.sort())?;
        Ok(row.map(|row| Row {
            row,
            path: &self.path,
        }))
    }

    /// Rows that `sql` gives on a connection.
    pub(crate) async fn fetch_on(
        &self,
        connection: &mut SqliteConnection,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row<'_>>, StoreError> {
        let found = query(sql, values).fetch_all(connection).await;
        Ok(self.wrap(found.map_err(self.sort())?))
    }

    /// Changes rows, in a transaction of its own. Gives how many.
    pub(crate) async fn change(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let done = query(sql, values).execute(&self.writer).await;
        Ok(done.map_err(self.sort())?.rows_affected())
    }

    /// Changes rows on a connection. Gives how many.
    pub(crate) async fn change_on(
        &self,
        connection: &mut SqliteConnection,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let done = query(sql, values).execute(connection).await;
        Ok(done.map_err(self.sort())?.rows_affected())
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'_, Sqlite>, StoreError> {
        let begun = self.writer.begin_with("begin immediate").await;
        begun.map_err(self.sort())
    }

    fn wrap(&self, rows: Vec<SqliteRow>) -> Vec<Row<'_>> {
        rows.into_iter()
            .map(|row| Row {
                row,
                path: &self.path,
            })
            .collect()
    }
}
