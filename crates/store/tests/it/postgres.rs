//! The same suite on a PostgreSQL server, which is made for these tests and goes with them.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use baton_base::{Class, Diagnose};
use baton_store::{Store, StoreError};
use sqlx::{Connection, PgConnection};

use crate::conformance::{Database, conformance};

/// What the server's shell does: it starts the server and waits until the tests have gone, however they go.
const SERVE: &str = r#"
    "$1/initdb" -D "$2/data" -U baton -A trust -E UTF8 --locale=C --no-sync >"$2/log" 2>&1 || exit 1
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=500 \
        -c shared_buffers=64MB >>"$2/log" 2>&1 </dev/null &
    cat >/dev/null
    kill -QUIT $!
    wait
    rm -rf "$2"
"#;

/// A server, and the number of the next database.
struct Server {
    folder: PathBuf,
    databases: AtomicU32,
    #[expect(dead_code, reason = "the server lives as long as this pipe is open")]
    shell: std::process::Child,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// The newest of the installed servers.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut debian: Vec<PathBuf> = debian
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    debian.sort();
    std::env::split_paths(&path)
        .chain(debian.into_iter().rev())
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// The server refuses to run as root: somebody else has to.
fn somebody() -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    ["postgres:", "nobody:"].iter().find_map(|name| {
        let mut fields = users
            .lines()
            .find(|line| line.starts_with(name))?
            .split(':');
        Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn start() -> Option<Server> {
    let Some(programs) = programs() else {
        let wanted = "PostgreSQL's initdb is not installed: apt-get install postgresql";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{wanted}");
        println!("skipped: {wanted}");
        return None;
    };
    let folder = tempfile::Builder::new()
        .prefix("baton-postgres-")
        .tempdir()
        .unwrap()
        .keep();
    let mut shell = Command::new("sh");
    shell.args(["-c", SERVE, "sh"]).arg(&programs).arg(&folder);
    if std::fs::metadata(&folder).unwrap().uid() == 0 {
        let (user, group) = somebody().expect("a user that is not root");
        chown(&folder, Some(user), Some(group)).unwrap();
        shell.uid(user).gid(group);
    }
    let shell = shell
        .current_dir("/")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    Some(Server {
        folder,
        databases: AtomicU32::new(1),
        shell,
    })
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!(
            "postgresql://baton@localhost/{database}?host={}",
            self.folder.display()
        )
    }

    /// A connection that makes databases, as soon as the server answers.
    async fn connect(&self) -> PgConnection {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => return connection,
                Err(error) if std::time::Instant::now() > deadline => {
                    let log = std::fs::read_to_string(self.folder.join("log"));
                    panic!("{error}: {}", log.unwrap_or_default());
                }
                // There is nothing else to wait on: the server says nothing when it is up.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    }
}

/// A database of its own.
pub(crate) struct Fresh(String);

impl Fresh {
    /// None where there is no server.
    pub(crate) async fn new() -> Option<Self> {
        let server = SERVER.get_or_init(start).as_ref()?;
        let number = server.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{number}");
        let mut connection = server.connect().await;
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
    let mut hints = [one.hints(), two.hints()];
    one.give_hint().await.unwrap();
    for hints in &mut hints {
        hints.wait_for_hint().await;
    }
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
    hints.wait_for_hint().await;
    database.open().await.give_hint().await.unwrap();
    hints.wait_for_hint().await;
}
