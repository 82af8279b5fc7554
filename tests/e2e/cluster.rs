//! Several processes of one project on one PostgreSQL: they share the work, and each of them may die or freeze.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::dynamic::attach;
use crate::postgres::Postgres;
use crate::project::{Finished, TestProject, finish};
use crate::service::{Server, until};

/// Seconds that a process may be silent: as few as there can be, for tests wait for them.
const LEASE: &str = "2";

/// A database of a server that all tests share.
fn database() -> Option<String> {
    static SERVER: OnceLock<Option<Mutex<Postgres>>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Postgres::start().map(Mutex::new));
    Some(server.as_ref()?.lock().unwrap().create())
}

/// A process without an address of its own; killed when dropped.
pub(crate) struct Member {
    child: Child,
    log: PathBuf,
    _stdout: BufReader<ChildStdout>,
}

impl Member {
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // It may be dead already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command for a process of this role.
fn command(project: &TestProject, url: &str, role: &str) -> Command {
    let arguments = [
        "start", "PROJECT", "--port", "0", "--role", role, "--lease", LEASE,
    ];
    let mut command = project.command(&arguments);
    command.env("BATON_DATABASE_URL", url);
    command
}

/// A process that schedules or drives runs, when it is up. `name` is for its log.
pub(crate) fn member(project: &TestProject, url: &str, role: &str, name: &str) -> Member {
    let log = project.scratch().join(format!("{name}.log"));
    let mut child = command(project, url, role)
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(
        line.contains(role) && line.contains("listens on no port"),
        "{line:?}: {}",
        fs::read_to_string(&log).unwrap()
    );
    Member {
        child,
        log,
        _stdout: stdout,
    }
}

/// A process that answers; with the role `all` it does everything else, too.
pub(crate) fn web(project: &TestProject, url: &str, role: &str, name: &str) -> Server {
    let log = project.scratch().join(format!("{name}.log"));
    let up = Server::launch(command(project, url, role), &log);
    up.unwrap_or_else(|said| panic!("{said}"))
}

fn baton_on(project: &TestProject, url: &str, arguments: &[&str]) -> Finished {
    let mut command = project.command(arguments);
    command.env("BATON_DATABASE_URL", url);
    finish(command.output().unwrap())
}

const HOOK: &str = "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n";

/// A pipeline `p`: the first block notes each of its runs, the second waits for the file `go`.
fn waiting() -> TestProject {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let first = format!(
        "@custom\ndef first(*args):\n    open('{scratch}/first', 'a').write('x')\n    print('first is done')\n    return 1\n"
    );
    let second = format!(
        "import os, time\n\n@custom\ndef second(*args):\n    open('{scratch}/begun', 'a').write('x')\n    \
         while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n    \
         return str(os.environ.get('BATON_DATABASE_URL'))\n"
    );
    project.block("p", "first", "custom", &[], "", &first);
    project.block("p", "second", "custom", &["first"], "", &second);
    project.file("pipelines/p/triggers.yaml", HOOK);
    project
}

/// Waits until the second block has begun so often.
fn begun(project: &TestProject, times: usize) {
    until("the second block", || {
        let text = fs::read_to_string(project.scratch().join("begun")).unwrap_or_default();
        (text.len() >= times).then_some(())
    });
}

fn go(project: &TestProject) {
    fs::write(project.scratch().join("go"), "").unwrap();
}

fn times(project: &TestProject, file: &str) -> usize {
    let text = fs::read_to_string(project.scratch().join(file));
    text.unwrap_or_default().len()
}

/// The trigger, as soon as whoever schedules has read it.
fn hook(server: &Server) -> Value {
    until("the trigger", || {
        let found = server.get("/api/pipelines/p/pipeline_schedules");
        let first = found["pipeline_schedules"][0].clone();
        (!first.is_null()).then_some(first)
    })
}

/// What the server says of a run, until it has ended.
fn story(server: &Server, run: i64) -> impl FnOnce() -> String {
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "GET /api/events?pipeline_run_id={run} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
        server.token
    )
    .unwrap();
    let mut story = String::new();
    let mut lines = BufReader::new(stream);
    // Whoever is told where the run stands hears of everything that follows.
    while !story.contains("event: run") {
        assert!(lines.read_line(&mut story).unwrap() > 0, "{story}");
    }
    move || {
        // Blocks say more behind their status.
        while !story.ends_with("\"status\":\"completed\"}\n") {
            assert!(lines.read_line(&mut story).unwrap() > 0, "{story}");
        }
        story
    }
}

#[test]
fn roles_share_the_work_of_one_project() {
    let Some(url) = database() else { return };
    let project = waiting();
    let server = web(&project, &url, "web", "web");
    let trouble = until("the trouble", || {
        let (status, said) = server.ask("GET", "/ready", None);
        (status == 503).then_some(said)
    });
    assert_eq!(trouble["status"], "no process schedules");
    let _scheduler = member(&project, &url, "scheduler", "scheduler");
    until("the missing worker", || {
        let (_, said) = server.ask("GET", "/ready", None);
        (said["status"] == "no process drives runs").then_some(())
    });
    let trigger = hook(&server);
    // Nobody drives it yet, but it is let in.
    let run = server.call(&trigger, &json!({}));
    let follow = story(&server, run);
    let _worker = member(&project, &url, "worker", "worker");
    begun(&project, 1);
    until("all to be well", || {
        (server.ask("GET", "/ready", None).0 == 200).then_some(())
    });
    go(&project);
    assert_eq!(server.ended(run)["status"], "completed");
    let story = follow();
    assert!(story.contains("\"block_uuid\":\"second\""), "{story}");
    assert!(story.contains("first is done"), "{story}");

    // The commands see the runs where they are told that they are, and elsewhere say so.
    let there = baton_on(&project, &url, &["runs", "PROJECT"]);
    assert!(there.stdout.contains("completed"), "{}", there.stdout);
    let log = baton_on(&project, &url, &["logs", "PROJECT", &run.to_string()]);
    assert!(log.stdout.contains("first is done"), "{}", log.stdout);
    let output = baton_on(
        &project,
        &url,
        &["output", "PROJECT", "p", "second", "--format", "json"],
    );
    // Blocks are not told where the database is.
    assert!(output.stdout.contains("None"), "{}", output.stdout);
    let here = project.baton(&["runs", "PROJECT"]);
    assert!(here.stdout.contains("no runs yet"), "{}", here.stdout);
    assert!(
        here.stderr.contains("postgresql://") && here.stderr.contains("BATON_DATABASE_URL"),
        "{}",
        here.stderr
    );

    // The database is this project's.
    let other = waiting();
    let refused = baton_on(&other, &url, &["start", "PROJECT", "--port", "0"]);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    let path = project.root().canonicalize().unwrap();
    assert!(
        refused.stderr.contains(&path.display().to_string()),
        "{}",
        refused.stderr
    );
    let alone = project.baton(&["start", "PROJECT", "--role", "worker"]);
    assert_eq!(alone.code, Some(2), "{}", alone.stderr);
}

#[test]
fn a_run_is_interrupted_when_all_processes_are_gone() {
    let Some(url) = database() else { return };
    let project = waiting();
    let mut server = web(&project, &url, "all", "all");
    server.call(&hook(&server), &json!({}));
    begun(&project, 1);
    let told = || baton_on(&project, &url, &["runs", "PROJECT"]).stdout;
    assert!(told().contains("running"), "{}", told());
    server.kill();
    // What it has leased stays its own for a while.
    until("the run to be called interrupted", || {
        told().contains("interrupted").then_some(())
    });
    let _again = web(&project, &url, "all", "again");
    until("the run to be taken over", || {
        told().contains("running").then_some(())
    });
    go(&project);
}

#[test]
fn a_run_that_another_process_drives_is_stopped_and_retried() {
    let Some(url) = database() else { return };
    let project = waiting();
    let server = web(&project, &url, "web", "web");
    let _scheduler = member(&project, &url, "scheduler", "scheduler");
    let _worker = member(&project, &url, "worker", "worker");
    let run = server.call(&hook(&server), &json!({}));
    begun(&project, 1);
    let path = format!("/api/pipeline_runs/{run}");
    let body = json!({"pipeline_run": {"status": "cancelled"}});
    assert_eq!(server.ask("PUT", &path, Some(&body)).0, 200);
    assert_eq!(server.ended(run)["status"], "cancelled");
    go(&project);
    let body = json!({"pipeline_run": {"pipeline_run_action": "retry_blocks", "from_block_uuid": "second"}});
    let (status, said) = server.ask("PUT", &path, Some(&body));
    assert_eq!(status, 200, "{said}");
    assert_eq!(server.ended(run)["status"], "completed");
    assert_eq!(times(&project, "first"), 1);
}

/// The first request leaves callbacks alone; the second one ends them, also those that another process has called.
#[test]
fn only_the_second_request_ends_callbacks_elsewhere() {
    let Some(url) = database() else { return };
    let mut project = TestProject::new();
    let done = "@custom\ndef done(*args):\n    return 1\n";
    project.block("p", "done", "custom", &[], "", done);
    project.file("pipelines/p/triggers.yaml", HOOK);
    let code = "import time\n\n@callback('success')\ndef success(data, **kwargs):\n    open('calling', 'w').close()\n    time.sleep(600)\n";
    attach(&project, "callbacks", "tell", "done", code);
    let server = web(&project, &url, "web", "web");
    let _scheduler = member(&project, &url, "scheduler", "scheduler");
    let _worker = member(&project, &url, "worker", "worker");
    let run = server.call(&hook(&server), &json!({}));
    until("the callback", || {
        project.scratch().join("calling").exists().then_some(())
    });
    let path = format!("/api/pipeline_runs/{run}");
    let body = json!({"pipeline_run": {"status": "cancelled"}});
    assert_eq!(server.ask("PUT", &path, Some(&body)).0, 200);
    until("the first request", || {
        let why = server.get(&format!("{path}/why"))["why"].to_string();
        why.contains("It was asked to stop").then_some(())
    });
    assert_eq!(server.ask("PUT", &path, Some(&body)).0, 200);
    assert_eq!(server.ended(run)["status"], "completed");
    let why = server.get(&format!("{path}/why"))["why"].to_string();
    assert!(why.contains("the callbacks were stopped"), "{why}");
}

#[test]
fn what_a_killed_worker_drove_goes_on_elsewhere() {
    let Some(url) = database() else { return };
    let project = waiting();
    let server = web(&project, &url, "web", "web");
    let mut scheduler = member(&project, &url, "scheduler", "scheduler");
    let mut first = member(&project, &url, "worker", "first");
    let run = server.call(&hook(&server), &json!({}));
    begun(&project, 1);
    let _second = member(&project, &url, "worker", "second");
    first.kill();
    begun(&project, 2);
    // And so does what the one that schedules did.
    scheduler.kill();
    let _other = member(&project, &url, "scheduler", "other");
    let next = server.call(&hook(&server), &json!({}));
    go(&project);
    assert_eq!(server.ended(run)["status"], "completed");
    assert_eq!(server.ended(next)["status"], "completed");
    assert_eq!(times(&project, "first"), 2, "once for each run");
}

#[test]
fn a_worker_that_was_frozen_cannot_write_and_works_on() {
    let Some(url) = database() else { return };
    let project = waiting();
    let server = web(&project, &url, "web", "web");
    let _scheduler = member(&project, &url, "scheduler", "scheduler");
    let frozen = member(&project, &url, "worker", "frozen");
    let run = server.call(&hook(&server), &json!({}));
    begun(&project, 1);
    frozen.freeze();
    let mut heir = member(&project, &url, "worker", "heir");
    begun(&project, 2);
    // Both blocks end now; the frozen process hears of the one that it has started when it comes back.
    go(&project);
    assert_eq!(server.ended(run)["status"], "completed");
    let version = server.get(&format!("/api/pipeline_runs/{run}"));
    frozen.thaw();
    until("the frozen one to see it", || {
        let log = frozen.log();
        log.contains("another process has taken the run over")
            .then_some(())
    });
    assert_eq!(server.get(&format!("/api/pipeline_runs/{run}")), version);
    heir.kill();
    let next = server.call(&hook(&server), &json!({}));
    assert_eq!(server.ended(next)["status"], "completed");
}

#[test]
fn a_frozen_scheduler_is_replaced_and_steps_back() {
    let Some(url) = database() else { return };
    let project = waiting();
    go(&project);
    let server = web(&project, &url, "web", "web");
    let frozen = member(&project, &url, "scheduler", "frozen");
    let _worker = member(&project, &url, "worker", "worker");
    let first = server.call(&hook(&server), &json!({}));
    assert_eq!(server.ended(first)["status"], "completed");
    frozen.freeze();
    let _other = member(&project, &url, "scheduler", "other");
    let second = server.call(&hook(&server), &json!({}));
    assert_eq!(server.ended(second)["status"], "completed");
    frozen.thaw();
    until("the frozen one to step back", || {
        frozen.log().contains("another process").then_some(())
    });
    let third = server.call(&hook(&server), &json!({}));
    assert_eq!(server.ended(third)["status"], "completed");
}

#[test]
fn a_database_that_goes_away_is_waited_for() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create();
    let project = waiting();
    let server = web(&project, &url, "all", "all");
    let run = server.call(&hook(&server), &json!({}));
    begun(&project, 1);
    postgres.crash();
    until("the trouble", || {
        let (status, said) = server.ask("GET", "/ready", None);
        (status == 503 && said["status"] == "the database does not answer").then_some(())
    });
    // The block ends while nobody can be told.
    go(&project);
    postgres.revive();
    until("the end of the run", || {
        let path = format!("/api/pipeline_runs/{run}?_wait=20");
        let (status, found) = server.ask("GET", &path, None);
        (status == 200 && found["pipeline_run"]["status"] == "completed").then_some(())
    });
    assert_eq!(times(&project, "begun"), 1, "no block was repeated");
    until("all to be well", || {
        (server.ask("GET", "/ready", None).0 == 200).then_some(())
    });
    let next = server.call(&hook(&server), &json!({}));
    assert_eq!(server.ended(next)["status"], "completed");
}

#[test]
fn the_url_of_the_database_is_not_shown() {
    let Some(url) = database() else { return };
    let project = waiting();
    let secret = url.replace("baton@", "baton:s3cret@");
    let mut command =
        project.command(&["start", "PROJECT", "--database-url", &secret, "--port", "0"]);
    let log = project.scratch().join("log");
    command.env("BATON_LOG", "debug");
    let server = Server::launch(command, &log).unwrap_or_else(|said| panic!("{said}"));
    let shown = fs::read(format!("/proc/{}/cmdline", server.pid().as_raw_nonzero())).unwrap();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(
        shown.contains("start") && !shown.contains("s3cret"),
        "{shown}"
    );
    drop(server);
    let mut said = String::new();
    fs::File::open(log)
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(!said.contains("s3cret"), "{said}");
    // A backup of the file that no server uses would be an empty one.
    let file = project.scratch().join("kept.tar");
    let backup = project.baton(&["backup", "PROJECT", file.to_str().unwrap()]);
    assert_eq!(backup.code, Some(2), "{}", backup.stderr);
    assert!(backup.stderr.contains("pg_dump") && !file.exists());
    let away = project.baton(&[
        "start",
        "PROJECT",
        "--database-url",
        "postgresql://me:s3cret@localhost:1/none",
    ]);
    assert_ne!(away.code, Some(0), "{}", away.stderr);
    assert!(!away.stderr.contains("s3cret"), "{}", away.stderr);
}
