//! PostgreSQL as the database: connecting, its schema, hints between processes.

use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};

use crate::hints::{self, Board, Heard};
use crate::place::Place;
use crate::sql::{Connections, Database};
use crate::{Store, StoreError};

/// Every migration, numbered from 1 in this order. A released one is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/postgres/0001_service.sql"),
    include_str!("../migrations/postgres/0002_notices.sql"),
    include_str!("../migrations/postgres/0003_usage.sql"),
    include_str!("../migrations/postgres/0004_shared.sql"),
    include_str!("../migrations/postgres/0005_attempts.sql"),
    include_str!("../migrations/postgres/0006_catalogue.sql"),
    include_str!("../migrations/postgres/0007_commands.sql"),
];

/// Most connections of a process that write, and that read; one more listens for hints.
const WRITERS: u32 = 3;
const READERS: u32 = 5;

/// What is written is found by its key. The planner does not know that before it has statistics, and reads whole tables.
/// A process that freezes in the middle of a transaction must not hold what others wait for.
const WRITING: &str = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off;
    set idle_in_transaction_session_timeout = '5s'";

/// How long an operation waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// After which time we listen again when the server is gone.
const AGAIN: Duration = Duration::from_secs(1);

/// What migrations lock, so that processes that start together do not run them twice.
const LOCK: i64 = 0x0062_6174_6f6e;

/// Where hints go.
pub(crate) const CHANNEL: &str = "baton_hint";

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
                Box::pin(async move { sqlx::raw_sql(WRITING).execute(connection).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(sort)?;
        migrate(&writers, &place, MIGRATIONS).await?;
        let listener = listen(&listening).await.map_err(sort)?;
        let board = Arc::new(Board::default());
        tokio::spawn(pass_on(listener, listening, Arc::downgrade(&board)));
        Ok(Self::over(Database {
            connections: Connections::Postgres { writers, readers },
            place,
            board,
            name: hints::new_name(),
        }))
    }
}

async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Passes hints of all processes on, until nobody is left who could wait for them.
async fn pass_on(mut listener: PgListener, pool: PgPool, board: Weak<Board>) {
    loop {
        let Some(mut gone) = board.upgrade().map(|board| board.alive()) else {
            return;
        };
        let heard = tokio::select! {
            heard = listener.try_recv() => heard,
            () = async { while gone.changed().await.is_ok() {} } => return,
        };
        let said = match heard {
            Ok(Some(notification)) => Heard::parse(notification.payload()),
            // The connection is there again; what was said meanwhile is lost.
            Ok(None) => Some(Heard::anything()),
            Err(_) => {
                drop(listener);
                listener = loop {
                    match listen(&pool).await {
                        Ok(listener) => break listener,
                        Err(_) => tokio::time::sleep(AGAIN).await,
                    }
                    if board.strong_count() == 0 {
                        return;
                    }
                };
                Some(Heard::anything())
            }
        };
        if let (Some(said), Some(board)) = (said, board.upgrade()) {
            board.say(said);
        }
    }
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
