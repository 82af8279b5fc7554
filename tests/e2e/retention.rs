//! What is too old goes, by hand and by itself; the newest products stay.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use baton_base::Home;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::project::TestProject;
use crate::service::{Server, until};

/// A project with a pipeline that has run so often, each time with another output.
fn with_runs(count: i64, config: &str) -> TestProject {
    let mut project = TestProject::new();
    let code = "@custom\ndef up(*args, **kwargs):\n    return 'x' * 200000 + str(kwargs['n'])\n";
    project.block("p", "up", "custom", &[], "", code);
    project.file(
        "metadata.yaml",
        format!("project_type: standalone\n{config}"),
    );
    for n in 0..count {
        let given = format!("n={n}");
        assert_eq!(project.run("p", &["--var", &given]).0, 0);
    }
    project
}

/// Where a project's state lives.
pub(crate) fn state(project: &TestProject) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    let home = Home::find(Some(home)).unwrap();
    home.project(&project.root()).unwrap().path().to_owned()
}

/// Makes everything that was stored a hundred days older.
fn age(project: &TestProject) {
    let (home, days) = (state(project), Duration::from_secs(100 * 86_400));
    let sql = "update run set ended_at = ended_at - $1, created_at = created_at - $1";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(home.join("state.db"));
        let mut database = options.connect().await.unwrap();
        let micros = i64::try_from(days.as_micros()).unwrap();
        sqlx::query(sql)
            .bind(micros)
            .execute(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
    });
    let then = SystemTime::now() - days;
    for folder in ["logs", "products"] {
        touch(&home.join(folder), then);
    }
}

fn touch(folder: &Path, then: SystemTime) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            touch(&path, then);
        } else {
            let file = File::open(&path).unwrap();
            file.set_times(FileTimes::new().set_modified(then)).unwrap();
        }
    }
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    let counts = entries.map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path) } else { 1 }
    });
    counts.sum()
}

#[test]
fn what_is_too_old_goes_by_itself_and_the_newest_products_stay() {
    let project = with_runs(3, "");
    age(&project);
    let home = state(&project);
    assert_eq!(files(&home.join("products/objects")), 3);
    // What would go can be asked for, and is told before it happens.
    let told = project.baton(&["clean", "PROJECT", "--dry-run"]);
    assert_eq!(told.stdout, "2 runs would be deleted\n  1 2\n");
    let server = Server::start(&project);
    until("old runs to go", || {
        let left = server.get("/api/pipeline_runs");
        (left["metadata"]["count"] == 1).then_some(())
    });
    until("their objects and logs to go", || {
        let left = files(&home.join("products/objects")) + files(&home.join("logs"));
        (left == 1).then_some(())
    });
    let output = project.output("p", "up", &[]);
    assert!(output.as_str().unwrap().ends_with("x2"), "{output}");
    let stale = server.get("/api/retention");
    let expected = json!({"kept_seconds": 7_776_000, "count": 0, "pipeline_run_ids": []});
    assert_eq!(
        stale["retention"],
        json!({"runs": expected, "logs": expected})
    );
}

#[test]
fn a_project_says_how_long_things_are_kept() {
    let project = with_runs(
        2,
        "variables_retention_period: forever\nlogging_config: {retention_period: 200d}\n",
    );
    age(&project);
    let server = Server::start(&project);
    let stale = server.get("/api/retention")["retention"].clone();
    assert_eq!(stale["runs"]["kept_seconds"], serde_json::Value::Null);
    assert_eq!(
        (&stale["runs"]["count"], &stale["logs"]["count"]),
        (&json!(0), &json!(0))
    );
    // From now on, shorter; and at once, by hand.
    project.file(
        "metadata.yaml",
        "project_type: standalone\nvariables_retention_period: 99d\nlogging_config: {retention_period: 7d}\n",
    );
    // What goes by itself some seconds after the start may be ahead of this; what is left is the same.
    let (status, cleaned) = server.ask("POST", "/api/retention", None);
    assert_eq!(status, 200, "{cleaned}");
    until("what is older to go", || {
        let runs = server.get("/api/pipeline_runs");
        let logs = files(&state(&project).join("logs"));
        (runs["metadata"]["count"] == 1 && logs == 0).then_some(())
    });
    let stale = server.get("/api/retention")["retention"].clone();
    assert_eq!(
        (&stale["runs"]["count"], &stale["logs"]["count"]),
        (&json!(0), &json!(0))
    );
    // A period that is none deletes nothing, and says so.
    project.file("metadata.yaml", "variables_retention_period: soon\n");
    let (status, refused) = server.ask("GET", "/api/retention", None);
    assert_eq!(status, 400, "{refused}");
    assert_eq!(server.get("/api/pipeline_runs")["metadata"]["count"], 1);
}
