//! Backing up a project while it is at work, and restoring it elsewhere.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::project::{TestProject, finish};
use crate::retention::state;
use crate::service::{Server, until};

/// A project whose pipeline keeps a text of some size that its secret is part of, and a trigger to call it.
fn keeping() -> TestProject {
    let mut project = TestProject::new();
    let code = "from mage_ai.data_preparation.shared.secrets import get_secret_value\n\n@custom\n\
                def up(*args, **kwargs):\n    print('at work', kwargs.get('n'))\n    \
                return {'n': kwargs.get('n'), 'key': len(get_secret_value('key')), 'text': 'x' * 200000}\n";
    project.block("p", "up", "custom", &[], "", code);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    project
}

fn set_secret(project: &TestProject) {
    let mut command = project.command(&["secret", "PROJECT", "set", "key"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"s3cret").unwrap();
    let done = finish(child.wait_with_output().unwrap());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn a_backup_while_runs_commit_is_whole_elsewhere() {
    let project = keeping();
    set_secret(&project);
    let file = project.scratch().join("kept.tar");
    let file = file.to_str().unwrap();
    let mut server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    let first = server.call(&trigger, &json!({"n": 0}));
    assert_eq!(server.ended(first)["status"], "completed");
    // The backup begins in the middle of these.
    let runs: Vec<i64> = (1..40)
        .map(|n| server.call(&trigger, &json!({"n": n})))
        .collect();
    until("some of them", || {
        let found = server.get("/api/pipeline_runs?status[]=completed");
        (found["metadata"]["count"].as_i64() > Some(4)).then_some(())
    });
    let done = project.baton(&["backup", "PROJECT", file]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let open = server.get("/api/pipeline_runs?status[]=initial&status[]=running");
    for run in &runs {
        assert_eq!(server.ended(*run)["status"], "completed");
    }
    server.stop();
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let other = keeping();
    let done = other.baton(&["restore", file, "PROJECT"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let listed = other.baton(&["runs", "PROJECT", "--json"]);
    assert_eq!(listed.stdout.lines().count(), 20, "{}", listed.stdout);
    // What was open goes on; what had completed is there with its products and its log.
    let server = Server::start(&other);
    assert_eq!(server.trigger("p", "hook")["token"], trigger["token"]);
    let found = server.get("/api/pipeline_runs?_limit=100");
    let found = found["pipeline_runs"].as_array().unwrap().clone();
    assert_eq!(found.len(), 40, "{open}");
    for run in &found {
        let id = run["id"].as_i64().unwrap();
        let ended = server.ended(id);
        assert_eq!(ended["status"], "completed");
        let n = &ended["variables"]["n"];
        let number = id.to_string();
        let output = other.output("p", "up", &["--run", &number]);
        assert_eq!((&output["n"], &output["key"]), (n, &json!(6)), "run {id}");
        assert_eq!(output["text"].as_str().unwrap().len(), 200_000, "run {id}");
        let log = server.get(&format!("/api/pipeline_runs/{id}/logs?_format=flat"));
        assert!(log.to_string().contains(&format!("at work {n}")), "{log}");
    }
}

#[test]
fn only_a_whole_backup_replaces_a_state_and_only_when_told_to() {
    let project = keeping();
    set_secret(&project);
    for n in ["n=1", "n=2"] {
        assert_eq!(project.run("p", &["--var", n]).0, 0);
    }
    let file = project.scratch().join("kept.tar");
    let name = file.to_str().unwrap().to_owned();
    let kept = project.baton(&["backup", "PROJECT", &name]);
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    let again = project.baton(&["backup", "PROJECT", &name]);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    assert_eq!(project.run("p", &["--var", "n=3"]).0, 0);
    let newest = |project: &TestProject| project.output("p", "up", &[])["n"].clone();
    assert_eq!(newest(&project), 3);

    let refused = project.baton(&["restore", &name, "PROJECT"]);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    // Cut off, changed in the middle, or something else: the state stays as it is.
    let bytes = fs::read(&file).unwrap();
    let mut changed = bytes.clone();
    let place = bytes.len() / 2;
    changed[place] ^= 1;
    for (what, bytes) in [
        ("cut", bytes[..bytes.len() * 2 / 3].to_vec()),
        ("changed", changed),
        ("text", b"no archive".repeat(1000)),
    ] {
        let bad = project.scratch().join(what);
        fs::write(&bad, bytes).unwrap();
        let done = project.baton(&["restore", bad.to_str().unwrap(), "PROJECT", "--force"]);
        assert_eq!(done.code, Some(6), "{what}: {}", done.stderr);
        assert!(
            done.stderr.contains("no whole backup"),
            "{what}: {}",
            done.stderr
        );
        assert_eq!(newest(&project), 3, "{what}");
    }
    // Not under a server.
    let mut server = Server::start(&project);
    let refused = project.baton(&["restore", &name, "PROJECT", "--force"]);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    server.stop();
    let done = project.baton(&["restore", &name, "PROJECT", "--force"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(newest(&project), 2);
    // Nothing is left beside it.
    let folder = state(&project);
    let own = folder.file_name().unwrap().to_string_lossy().into_owned();
    let beside = fs::read_dir(folder.parent().unwrap()).unwrap();
    let beside: Vec<String> = beside
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&own))
        .collect();
    assert_eq!(beside, [own]);
    assert_eq!(project.run("p", &["--var", "n=4"]).0, 0);
    assert_eq!(newest(&project), Value::from(4));
}
