//! Opening the database, and making what was written durable.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_model::{RunId, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::watch;

use crate::StoreError;
use crate::code::Texts;
use crate::hints;
use crate::migrate::{self, MIGRATIONS};
use crate::place::Place;
use crate::queue::{self, Queue};
use crate::sql::{Connections, Database, FileId, values};

/// How long a statement waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages of the log, 4 KiB each, after which it is folded into the file.
const LOG_PAGES: &str = "8000";

/// Connections for reading, made when they are first needed.
const READERS: u32 = 3;

/// The metadata database of one project. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) database: Database,
    /// Fences of the leases that were taken here.
    pub(crate) leases: Arc<Mutex<HashMap<RunId, i64>>>,
    /// Source texts that are likely to be wanted.
    pub(crate) texts: Arc<Mutex<Texts>>,
    /// Where steps of runs wait to be written.
    pub(crate) queue: Queue,
    /// How many rushes are on.
    pub(crate) rushes: Arc<watch::Sender<usize>>,
    /// Whose name runs carry that are made here.
    pub(crate) driver: Option<Arc<str>>,
}

impl Store {
    /// Opens the database at `path`, makes it when it does not exist, and brings its schema up to date.
    /// The folder must exist.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_patiently(path, BUSY_TIMEOUT).await
    }

    async fn open_patiently(path: &Path, busy_timeout: Duration) -> Result<Self, StoreError> {
        let place = Arc::new(Place {
            path: path.to_owned(),
            is_server: false,
        });
        let sort = |source| StoreError::sort(&place, source);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(busy_timeout)
            // A commit survives the death of the process, not a power cut; what must is synced (`Database::sync`).
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            // Folding the log into the file less often than by default saves writing pages that change all the time.
            .pragma("wal_autocheckpoint", LOG_PAGES)
            .disable_statement_logging();
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                // A connection to a file does not go stale: asking first would double short operations.
                .test_before_acquire(false)
                // Where the disk is full or fails, SQLite may end a transaction by itself, and the driver goes on counting it.
                .before_acquire(|connection, _| {
                    let is_clean = !connection.is_in_transaction();
                    Box::pin(async move { Ok(is_clean) })
                })
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(sort)?;
        let mut connection = writer.acquire().await.map_err(sort)?;
        prepare(&mut connection, &place).await?;
        drop(connection);
        let file = FileId::of(path);
        let readers = pool(READERS).connect_lazy_with(options.create_if_missing(false));
        Ok(Self::over(Database {
            connections: Connections::Sqlite {
                writer,
                readers,
                file,
            },
            place,
            board: Arc::default(),
            name: hints::new_name(),
        }))
    }

    /// A store over connections whose database is prepared.
    pub(crate) fn over(database: Database) -> Self {
        let rushes = watch::Sender::new(0);
        Self {
            queue: queue::queue(database.clone(), rushes.subscribe()),
            database,
            leases: Arc::default(),
            texts: Arc::default(),
            rushes: Arc::new(rushes),
            driver: None,
        }
    }

    /// The same for the only process that drives runs by itself: those that it makes or begins again carry this name until
    /// they end. Where several processes share the database, leases say who drives what.
    #[must_use]
    pub fn driven_by(mut self, name: &str) -> Self {
        self.driver = Some(name.into());
        self
    }

    /// The file of the database, or its server and its name there.
    pub fn path(&self) -> &Path {
        &self.database.place.path
    }

    /// Whether several processes may work on it at a time.
    pub fn is_shared(&self) -> bool {
        self.database.place.is_server
    }

    /// Whether it can be written, by writing a moment into it; and whether its file is still the one at its path.
    pub async fn prove(&self, now: Timestamp) -> Result<(), StoreError> {
        if let Connections::Sqlite { file, .. } = &self.database.connections
            && *file != FileId::of(self.path())
        {
            return Err(StoreError::Moved {
                path: self.path().to_owned(),
            });
        }
        let sql = "insert into meta (key, value) values ('proved', $1)
             on conflict (key) do update set value = excluded.value";
        self.database.change(sql, values![now.0]).await.map(drop)
    }

    /// Closes all connections. The last process to do so folds the write-ahead log into the file.
    pub async fn close(self) {
        match &self.database.connections {
            Connections::Sqlite {
                writer, readers, ..
            } => {
                readers.close().await;
                writer.close().await;
            }
            Connections::Postgres { writers, readers } => {
                readers.close().await;
                writers.close().await;
            }
            // It stays for those who open it again.
            Connections::Memory(_) => {}
        }
    }

    /// Returns when everything that was committed so far is on disk. It does not wait for readers.
    pub async fn finish_durably(&self) -> Result<(), StoreError> {
        let Connections::Sqlite { writer, .. } = &self.database.connections else {
            return self.database.sync().await;
        };
        // Folds the log into the file and syncs both, as far as no reader still needs the log.
        let row = sqlx::query("pragma wal_checkpoint(passive)")
            .fetch_one(writer)
            .await
            .map_err(self.database.sort())?;
        let numbers = (row.try_get(0), row.try_get(1), row.try_get(2));
        let (Ok(0_i64), Ok(pages), Ok(folded)) = numbers else {
            return self.database.sync().await;
        };
        let (pages, folded): (i64, i64) = (pages, folded);
        if pages == folded {
            return Ok(());
        }
        self.database.sync().await
    }
}

/// Makes the journal and the schema what they should be.
///
/// A new file is made without syncing each step, a few milliseconds each, and is synced once at the end: should
/// the power fail before, there is nothing to lose.
pub(crate) async fn prepare(
    connection: &mut SqliteConnection,
    place: &Place,
) -> Result<(), StoreError> {
    let sort = |source| StoreError::sort(place, source);
    let fresh = migrate::version(connection).await.map_err(sort)? == 0;
    if fresh {
        execute(connection, "pragma synchronous = off")
            .await
            .map_err(sort)?;
    }
    execute(connection, "pragma journal_mode = wal")
        .await
        .map_err(sort)?;
    migrate::migrate(connection, place, MIGRATIONS).await?;
    if fresh {
        execute(connection, "pragma synchronous = normal")
            .await
            .map_err(sort)?;
        execute(connection, "pragma wal_checkpoint(passive)")
            .await
            .map_err(sort)?;
    }
    Ok(())
}

/// Runs a statement whose answer does not matter.
async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_base::{Class, Diagnose};

    fn writer(store: &Store) -> &sqlx::SqlitePool {
        match &store.database.connections {
            Connections::Sqlite { writer, .. } => writer,
            _ => panic!("a file is SQLite's"),
        }
    }

    async fn insert(store: &Store, text: &str) -> Result<(), StoreError> {
        sqlx::query("insert into code (hash, body) values ($1, $2)")
            .bind(text.len() as i64)
            .bind(text)
            .execute(writer(store))
            .await
            .map(drop)
            .map_err(store.database.sort())
    }

    #[tokio::test]
    async fn a_lock_that_lasts_too_long_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let first = Store::open(&path).await.unwrap();
        let second = Store::open_patiently(&path, Duration::ZERO).await.unwrap();
        let lock = writer(&first).begin_with("begin immediate").await.unwrap();
        let error = insert(&second, "x").await.unwrap_err();
        assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
        assert_eq!(error.class(), Class::Transient);
        lock.rollback().await.unwrap();
        insert(&second, "x").await.unwrap();
    }

    #[tokio::test]
    async fn after_a_full_disk_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap();
        store.prove(Timestamp(1)).await.unwrap();
        sqlx::query("pragma max_page_count = 1")
            .execute(writer(&store))
            .await
            .unwrap();
        let sql = "insert into code (hash, body) values ($1, $2)";
        let text = || crate::sql::values!["x".to_owned(), "x".repeat(1 << 20)];
        let mut transaction = store.database.begin().await.unwrap();
        let error = transaction.change(sql, text()).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert_eq!(error.class(), Class::Transient);
        drop(transaction);
        // Of that connection SQLite has ended the transaction by itself; the next one has no limit.
        let mut transaction = store.database.begin().await.unwrap();
        transaction.change(sql, text()).await.unwrap();
        transaction.commit().await.unwrap();
        store.prove(Timestamp(2)).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_moved_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let store = Store::open(&path).await.unwrap();
        let elsewhere = folder.path().join("elsewhere.db");
        std::fs::rename(&path, &elsewhere).unwrap();
        let error = store.prove(Timestamp(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Moved { .. }), "{error:?}");
        std::fs::write(&path, "").unwrap();
        assert!(store.prove(Timestamp(2)).await.is_err());
        std::fs::rename(&elsewhere, &path).unwrap();
        store.prove(Timestamp(3)).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_named_and_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap();
        insert(&store, "x").await.unwrap();
        sqlx::query("pragma max_page_count = 1")
            .execute(writer(&store))
            .await
            .unwrap();
        let error = insert(&store, &"x".repeat(1 << 20)).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(error.hint().unwrap().contains("disk space"));
        sqlx::query("pragma max_page_count = 1000000")
            .execute(writer(&store))
            .await
            .unwrap();
        insert(&store, &"x".repeat(1 << 20)).await.unwrap();
        assert_eq!(store.code(&"1".into()).await.unwrap().as_deref(), Some("x"));
    }
}
