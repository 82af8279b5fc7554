//! PostgreSQL as the database: connecting, its schema, hints between processes.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};
use tokio::sync::watch;

use crate::place::Place;
use crate::sql::{Connections, Database};
use crate::{Store, StoreError};

/// Every migration, numbered from 1 in this order. A released one is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/postgres/0001_service.sql"),
    include_str!("../migrations/postgres/0002_notices.sql"),
    include_str!("../migrations/postgres/0003_usage.sql"),
];

/// Most connections of a process that write, and that read; one more listens for hints.
const WRITERS: u32 = 3;
const READERS: u32 = 5;

/// What is written is found by its key. The planner does not know that before it has statistics, and reads whole tables.
const BY_KEY: &str = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/// How long an operation waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// After which time we listen again when the server is gone.
const AGAIN: Duration = Duration::from_secs(1);

/// What migrations lock, so that processes that start together do not run them twice.
const LOCK: i64 = 0x0062_6174_6f6e;

/// Where hints go.
const CHANNEL: &str = "baton_hint";

impl Store {
    /// Connects to the database that `url` names, `postgresql://...`, or opens the file of `sqlite:PATH`. Its schema is
    /// brought up to date; the database itself must exist on a server.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Self::open(path.as_ref()).await;
        }
        if !(url.starts_with("postgresql://") || url.starts_with("postgres://")) {
            return Err(StoreError::Url);
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Url)?;
        let place = Arc::new(Place {
            path: format!(
                "postgresql://{}:{}/{}",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            )
            .into(),
            is_server: true,
        });
        let sort = |source| match StoreError::sort(&place, source) {
            // Nothing has been asked of the server yet.
            StoreError::Access { path, source } | StoreError::Other { path, source } => {
                StoreError::Unreachable { path, source }
            }
            other => other,
        };
        let options = options
            .application_name("baton")
            .disable_statement_logging();
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(PATIENCE)
        };
        // One of its own for hints: it is never given back.
        let listening = pool(1).connect_lazy_with(options.clone());
        let readers = pool(READERS).connect_lazy_with(options.clone());
        let writers = pool(WRITERS)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(BY_KEY).execute(connection).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(sort)?;
        migrate(&writers, &place, MIGRATIONS).await?;
        let store = Self::over(Database {
            connections: Connections::Postgres { writers, readers },
            place: Arc::clone(&place),
        });
        let mut listener = PgListener::connect_with(&listening).await.map_err(sort)?;
        listener.listen(CHANNEL).await.map_err(sort)?;
        tokio::spawn(listen(listener, Arc::downgrade(&store.hint)));
        Ok(store)
    }
}

/// Passes hints of other processes on, until nobody is left who could wait for them.
async fn listen(mut listener: PgListener, hint: std::sync::Weak<watch::Sender<()>>) {
    loop {
        let Some(gone) = hint.upgrade().map(|hint| hint.subscribe()) else {
            return;
        };
        let heard = tokio::select! {
            heard = listener.try_recv() => heard,
            () = closed(gone) => return,
        };
        if heard.is_err() {
            tokio::time::sleep(AGAIN).await;
        }
        // While the server was gone, hints may have been lost: it counts as one.
        if let Some(hint) = hint.upgrade() {
            hint.send_replace(());
        }
    }
}

/// Returns when no store is left that could give hints.
async fn closed(mut hints: watch::Receiver<()>) {
    while hints.changed().await.is_ok() {}
}

/// Tells every process that listens.
pub(crate) async fn notify(pool: &PgPool) -> Result<(), sqlx::Error> {
    let sql = "select pg_notify($1, '')";
    sqlx::query(sql).bind(CHANNEL).execute(pool).await.map(drop)
}

/// Runs what is missing, in one transaction.
async fn migrate(
    pool: &PgPool,
    place: &Place,
    migrations: &'static [&'static str],
) -> Result<(), StoreError> {
    let sort = |source| StoreError::sort(place, source);
    let known = migrations.len() as i64;
    let mut transaction = pool.begin().await.map_err(sort)?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(sort)?;
    let made: bool = sqlx::query_scalar("select to_regclass('meta') is not null")
        .fetch_one(&mut *transaction)
        .await
        .map_err(sort)?;
    let found: i64 = if made {
        sqlx::query_scalar("select value from meta where key = 'schema_version'")
            .fetch_one(&mut *transaction)
            .await
            .map_err(sort)?
    } else {
        sqlx::raw_sql("create table meta (key text primary key, value bigint not null)")
            .execute(&mut *transaction)
            .await
            .map_err(sort)?;
        0
    };
    if found > known {
        return Err(StoreError::Newer {
            path: place.path.clone(),
            found,
            known,
        });
    }
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*migration)
            .execute(&mut *transaction)
            .await
            .map_err(sort)?;
    }
    if found < known {
        sqlx::query(
            "insert into meta (key, value) values ('schema_version', $1)
             on conflict (key) do update set value = excluded.value",
        )
        .bind(known)
        .execute(&mut *transaction)
        .await
        .map_err(sort)?;
    }
    transaction.commit().await.map_err(sort)
}
