//! A PostgreSQL server for tests: made for them, it goes with them, and it can be made to crash and come back.

#![allow(dead_code, reason = "each suite uses what it needs")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What the server's shell does: it starts the server, lets it crash when it is told to, and waits until the tests have
/// gone, however they go.
const SERVE: &str = r#"
    serve() {
        "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=500 \
            -c shared_buffers=64MB >>"$2/log" 2>&1 </dev/null &
        server=$!
    }
    "$1/initdb" -D "$2/data" -U baton -A trust -E UTF8 --locale=C --no-sync >"$2/log" 2>&1 || exit 1
    serve "$1" "$2"
    while read -r word; do
        case $word in
        crash) kill -QUIT $server; wait $server; echo crashed ;;
        start) serve "$1" "$2"; echo started ;;
        esac
    done
    kill -QUIT $server
    wait
    rm -rf "$2"
"#;

/// A server, and the number of the next database.
pub(crate) struct Postgres {
    programs: PathBuf,
    pub(crate) folder: PathBuf,
    databases: AtomicU32,
    shell: Child,
    /// The server lives as long as this is open.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

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
        // Behind a link are the other programs, too.
        .and_then(|folder| {
            Some(
                folder
                    .join("postgres")
                    .canonicalize()
                    .ok()?
                    .parent()?
                    .into(),
            )
        })
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

impl Postgres {
    /// None where no server is installed, which only a build server takes for a failure.
    pub(crate) fn start() -> Option<Self> {
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
            let (user, group) = somebody().unwrap();
            chown(&folder, Some(user), Some(group)).unwrap();
            shell.uid(user).gid(group);
        }
        let mut shell = shell
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self {
            programs,
            folder,
            databases: AtomicU32::new(1),
            orders: shell.stdin.take(),
            answers: BufReader::new(shell.stdout.take().unwrap()),
            shell,
        })
    }

    /// Where a database is.
    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgresql://baton@localhost/{database}?host={}",
            self.folder.display()
        )
    }

    /// A name that no database has yet.
    pub(crate) fn new_name(&self) -> String {
        format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// A new database, as soon as the server answers.
    pub(crate) fn create(&self) -> String {
        let name = self.new_name();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let made = Command::new(self.programs.join("createdb"))
                .arg("-h")
                .arg(&self.folder)
                .args(["-U", "baton", &name])
                .output()
                .unwrap();
            if made.status.success() {
                return self.url(&name);
            }
            let said = String::from_utf8_lossy(&made.stderr);
            assert!(Instant::now() < deadline, "{said}");
            // There is nothing else to wait on: the server says nothing when it is up.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn order(&mut self, word: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{word}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(answer.starts_with(word), "{answer:?}");
    }

    /// Ends the server at once, with everything that is under way.
    pub(crate) fn crash(&mut self) {
        self.order("crash");
    }

    /// Starts it again. It recovers, and then answers.
    pub(crate) fn revive(&mut self) {
        self.order("start");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The shell does the rest, and needs nobody for it.
        drop(self.orders.take());
    }
}
