//! The same suite on a PostgreSQL server, which is made for these tests and goes with them.

use std::path::Path;
use std::sync::OnceLock;

use baton_base::{Class, Diagnose};
use baton_store::{Hint, Store, StoreError};
use sqlx::{Connection, PgConnection};

use crate::conformance::{Database, conformance};
use crate::server::Postgres;

static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();

/// A connection that makes databases, as soon as the server answers.
async fn connect(server: &Postgres) -> PgConnection {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        match PgConnection::connect(&server.url("postgres")).await {
            Ok(connection) => return connection,
            Err(error) if std::time::Instant::now() > deadline => {
                let log = std::fs::read_to_string(server.folder.join("log"));
                panic!("{error}: {}", log.unwrap_or_default());
            }
            // There is nothing else to wait on: the server says nothing when it is up.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

/// A database of its own.
pub(crate) struct Fresh(String);

impl Fresh {
    /// None where there is no server.
    pub(crate) async fn new() -> Option<Self> {
        let server = SERVER.get_or_init(Postgres::start).as_ref()?;
        let name = server.new_name();
        let mut connection = connect(server).await;
        sqlx::query(sqlx::AssertSqlSafe(format!("create database {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        Some(Self(server.url(&name)))
    }
}

impl Database for Fresh {
    async fn open(&self) -> Store {
        Store::connect(&self.0).await.unwrap()
    }
}

conformance!(Fresh::new().await);

#[tokio::test]
async fn processes_that_make_the_schema_together_agree() {
    let Some(database) = Fresh::new().await else {
        return;
    };
    let mut opening = Vec::new();
    for _ in 0..8 {
        let url = database.0.clone();
        opening.push(tokio::spawn(async move { Store::connect(&url).await }));
    }
    for store in opening {
        store.await.unwrap().unwrap().close().await;
    }
    let mut connection = PgConnection::connect(&database.0).await.unwrap();
    sqlx::query("update meta set value = 99")
        .execute(&mut connection)
        .await
        .unwrap();
    let refused = Store::connect(&database.0).await.err().unwrap();
    assert!(
        matches!(refused, StoreError::Newer { found: 99, .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn both_schemas_have_the_same_columns() {
    let Some(database) = Fresh::new().await else {
        return;
    };
    database.open().await.close().await;
    let mut connection = PgConnection::connect(&database.0).await.unwrap();
    let columns = "select table_name || '.' || column_name from information_schema.columns
         where table_schema = 'public' and table_name <> 'meta' order by 1";
    let mut server: Vec<String> = sqlx::query_scalar(columns)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    Store::open(&path).await.unwrap().close().await;
    let columns =
        "select m.name || '.' || c.name from sqlite_schema as m, pragma_table_info(m.name) as c
         where m.type = 'table' and m.name not in ('meta', 'sqlite_sequence') order by 1";
    let mut file: Vec<String> = sqlx::query_scalar(columns)
        .fetch_all(&mut crate::sqlite::connect(Path::new(&path)).await)
        .await
        .unwrap();
    server.sort();
    file.sort();
    assert_eq!(server, file);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    for (url, kind) in [
        ("postgresql://me:s3cret@localhost:1/demo", Class::Transient),
        ("mysql://me:s3cret@localhost/demo", Class::User),
        ("postgresql://me:s3cret@:x/demo", Class::User),
    ] {
        let error = Store::connect(url).await.err().unwrap();
        assert_eq!(error.class(), kind, "{error:?}");
        let said = format!("{error} {:?} {error:?}", error.hint());
        assert!(!said.contains("s3cret"), "{said}");
    }
    let error = Store::connect("postgresql://localhost:1/demo")
        .await
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("postgresql://localhost:1/demo"),
        "{error}"
    );
}

#[tokio::test]
async fn hints_reach_other_processes() {
    let Some(database) = Fresh::new().await else {
        return;
    };
    let (one, two) = (database.open().await, database.open().await);
    let (mut own, mut others) = (one.hints(), two.hints());
    one.give_hint(Hint::Free).await.unwrap();
    assert_eq!(own.next().await, (Hint::Free, true));
    assert_eq!(others.next().await, (Hint::Free, false));
}

#[tokio::test]
async fn connections_that_break_are_made_again() {
    let Some(database) = Fresh::new().await else {
        return;
    };
    let store = database.open().await;
    let mut hints = store.hints();
    let mut run = crate::conformance::create(&store, "demo", &["a"]).await;
    let mut connection = PgConnection::connect(&database.0).await.unwrap();
    let broken = sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(broken.len() >= 2, "one that works and one that listens");
    crate::conformance::commit(&store, &mut run, &["a"]).await;
    assert_eq!(store.load_run(run.id).await.unwrap(), Some(run));
    // What may have been missed meanwhile counts as a hint; and later ones come through.
    while hints.next().await.0 != Hint::Anything {}
    let other = database.open().await;
    other.give_hint(Hint::Wishes).await.unwrap();
    while hints.next().await != (Hint::Wishes, false) {}
}
