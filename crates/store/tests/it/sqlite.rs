//! What is special about SQLite: the file, its schema, what may be wrong with it.

use std::path::{Path, PathBuf};

use baton_base::{Class, Diagnose};
use baton_model::{Run, RunEvent, Timestamp};
use baton_store::{Memory, Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use crate::conformance::{Database, conformance};
use crate::facts;

/// A database file of its own.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("state.db")
    }
}

impl Database for File {
    async fn open(&self) -> Store {
        Store::open(&self.path()).await.unwrap()
    }
}

conformance!(Some(File::new()));

mod in_memory {
    use super::{Database, Memory, Store};
    use crate::conformance::conformance;

    impl Database for Memory {
        async fn open(&self) -> Store {
            Memory::open(self)
        }
    }

    conformance!(Some(Memory::new(|| false).unwrap()));
}

pub(crate) async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.unwrap()
}

async fn refused(path: &Path) -> StoreError {
    match Store::open(path).await {
        Ok(_) => panic!("`{}` was opened", path.display()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_schema_is_the_dump() {
    let file = File::new();
    file.open().await.close().await;
    let rows = sqlx::query("select sql from sqlite_schema where sql is not null order by name")
        .fetch_all(&mut connect(&file.path()).await)
        .await
        .unwrap();
    let mut dump = String::from(
        "-- The schema after all migrations; written by UPDATE=1 cargo test -p baton-store schema\n",
    );
    for row in rows {
        dump += &format!("\n{};\n", row.get::<&str, _>(0));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.sql");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &dump).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        dump == expected,
        "schema.sql is not what the migrations make; \
         run `UPDATE=1 cargo test -p baton-store schema` and look at the difference"
    );
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let file = File::new();
    file.open().await.close().await;
    let mut connection = connect(&file.path()).await;
    sqlx::query("update meta set value = 99 where key = 'schema_version'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let error = refused(&file.path()).await;
    assert!(matches!(error, StoreError::Newer { found: 99, .. }));
    assert!(error.to_string().contains("its schema has version 99"));
    assert!(error.hint().unwrap().contains("newer Baton"));
}

#[tokio::test]
async fn files_that_are_no_database_are_named() {
    let file = File::new();
    let garbage = "This is not a database, whatever its name says. ".repeat(100);
    std::fs::write(file.path(), &garbage).unwrap();
    let error = refused(&file.path()).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(error.class(), Class::External);
    assert!(error.to_string().contains("state.db"));
    assert!(error.hint().unwrap().contains("state.db"));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), garbage);

    let folder = file.0.path().join("missing/state.db");
    let error = refused(&folder).await;
    assert!(matches!(error, StoreError::Access { .. }), "{error:?}");

    // Pages of zeros after a good first one.
    let file = File::new();
    let store = file.open().await;
    let plan = facts::plan("demo", &["a"]);
    let run = store
        .create_run(&[], |id| facts::run(id, &plan))
        .await
        .unwrap();
    store.close().await;
    let mut bytes = std::fs::read(file.path()).unwrap();
    bytes[4096..].fill(0);
    std::fs::write(file.path(), bytes).unwrap();
    let store = match Store::open(&file.path()).await {
        Ok(store) => store,
        Err(error) => {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
            return;
        }
    };
    let error = store.load_run(run.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn processes_that_make_the_database_together_agree() {
    let file = File::new();
    let mut opening = Vec::new();
    for _ in 0..8 {
        let path = file.path();
        opening.push(tokio::spawn(async move { Store::open(&path).await }));
    }
    for store in opening {
        store.await.unwrap().unwrap().close().await;
    }
}

#[tokio::test]
async fn what_is_durable_is_in_the_file_even_while_somebody_reads() {
    let file = File::new();
    let store = file.open().await;
    let mut reader = connect(&file.path()).await;
    let mut reading = reader.begin().await.unwrap();
    sqlx::query("select count(*) from run")
        .fetch_one(&mut *reading)
        .await
        .unwrap();
    let plan = facts::plan("demo", &["a"]);
    let run = store
        .create_run(&[], |id| facts::run(id, &plan))
        .await
        .unwrap();
    // The reader holds the log back; this must neither wait nor fail.
    store.finish_durably().await.unwrap();
    drop(reading);
    reader.close().await.unwrap();
    store.finish_durably().await.unwrap();
    let copy = file.0.path().join("copy.db");
    std::fs::copy(file.path(), &copy).unwrap();
    let copy = Store::open(&copy).await.unwrap();
    assert_eq!(copy.load_run(run.id).await.unwrap(), Some(run));
}

/// Commits the next step of `run` in a task of its own.
fn step(store: &Store, run: &Run) -> tokio::task::JoinHandle<Result<(), StoreError>> {
    let (store, mut run) = (store.clone(), run.clone());
    run.version += 1;
    tokio::spawn(async move {
        let done = store.commit(&run, &[], &RunEvent::Woken, Timestamp(7));
        done.await.map(drop)
    })
}

#[tokio::test]
async fn steps_that_share_a_transaction_do_not_share_their_fate() {
    let file = File::new();
    let store = file.open().await;
    let plan = facts::plan("demo", &["a"]);
    let mut runs = Vec::new();
    for _ in 0..6 {
        let made = store.create_run(&[], |id| facts::run(id, &plan)).await;
        runs.push(made.unwrap());
    }
    // One step cannot be written: its event is there already. Another one belongs to a run that went on elsewhere.
    let mut other = connect(&file.path()).await;
    sqlx::query("insert into event (run, version, at, body) values (3, 1, 0, '\"woken\"')")
        .execute(&mut other)
        .await
        .unwrap();
    sqlx::query("update run set version = 5 where id = 4")
        .execute(&mut other)
        .await
        .unwrap();
    // While somebody else writes, they gather behind the first one. Two of them are of the same run.
    let lock = other.begin_with("begin immediate").await.unwrap();
    let mut second = runs[1].clone();
    second.version += 1;
    let mut steps: Vec<_> = runs.iter().map(|run| step(&store, run)).collect();
    steps.push(step(&store, &second));
    tokio::task::yield_now().await;
    lock.rollback().await.unwrap();

    let mut results = Vec::new();
    for step in steps {
        results.push(step.await.unwrap());
    }
    let guilty = results.remove(2).unwrap_err();
    assert!(matches!(guilty, StoreError::Other { .. }), "{guilty:?}");
    let refused = results.remove(2).unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { run } if run == runs[3].id));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    for (run, version) in runs.iter().zip([1, 2, 0, 5, 1, 1]) {
        let found = store.load_run(run.id).await.unwrap().unwrap();
        assert_eq!(found.version, version);
    }
}
