//! A process that dies at any moment loses nothing and repeats nothing that was committed.

use std::collections::BTreeMap;
use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::project::{TestProject, finish, statuses, summary};

/// Three diamonds that meet in a tail; values, texts that need a file, a retry. Each block appends a line to a
/// file when it runs, so that repeated work can be counted.
fn diamonds() -> TestProject {
    let mut project = TestProject::new();
    let mut custom = |name: &str, upstream: &[&str], extra: &str, body: &str| {
        let parameters = [upstream, &["*args", "**kwargs"]].concat().join(", ");
        let code = format!(
            "import os\n\n@custom\ndef {name}({parameters}):\n    open('ran-{name}', 'a').write(os.environ.get('TAG', 'x') + '\\n')\n{body}"
        );
        project.block("p", name, "custom", upstream, extra, &code);
    };
    for n in 0..3 {
        let [top, left, right, flaky, join] =
            ["top", "left", "right", "flaky", "join"].map(|name| format!("{name}{n}"));
        custom(&top, &[], "", "    return list(range(1000)), 'text'\n");
        custom(
            &left,
            &[&top],
            "",
            &format!("    return {{'sum': sum({top}[0])}}\n"),
        );
        custom(
            &right,
            &[&top],
            "",
            &format!("    return 'x' * {}\n", 100_000 + n),
        );
        let retry = "retry_config:\n  retries: 2\n  delay: 0.001";
        custom(
            &flaky,
            &[&left],
            retry,
            &format!(
                "    if len(open('ran-{flaky}').read().split()) < 2:\n        raise ValueError('first')\n    return {left}['sum']\n"
            ),
        );
        custom(
            &join,
            &[&flaky, &right],
            "",
            &format!("    return {{'sum': {flaky}, 'length': len({right})}}\n"),
        );
    }
    custom(
        "tail",
        &["join0", "join1", "join2"],
        "",
        "    print('the end')\n    return {'joined': [join0, join1, join2]}\n",
    );
    project
}

/// What the tail of [`diamonds`] produces.
fn tail() -> Value {
    let joined: Vec<Value> = (0..3)
        .map(|n| serde_json::json!({"sum": 499_500, "length": 100_000 + n}))
        .collect();
    serde_json::json!({ "joined": joined })
}

/// Runs with a kill at the `at`-th failpoint.
fn killed_at(project: &TestProject, at: u64, arguments: &[&str]) -> Output {
    project
        .command(arguments)
        .env("BATON_KILL_AT", at.to_string())
        .output()
        .unwrap()
}

/// The newest run, as the database says, once its lease is free: a process that was being started at the moment of
/// the kill holds it until it is itself.
pub(crate) fn newest_released(project: &TestProject) -> Value {
    for _ in 0..500 {
        let runs = project.baton(&["runs", "PROJECT", "--json", "--limit", "1"]);
        let newest: Value = serde_json::from_str(runs.stdout.lines().next().unwrap()).unwrap();
        if newest["status"] != "running" {
            return newest;
        }
    }
    panic!("the lease of a killed run stays held");
}

/// How often each block ran.
fn ran(project: &TestProject) -> BTreeMap<String, usize> {
    ran_tagged(project, "")
}

/// How often each block ran for a process that had this `TAG` in its environment. A worker of a killed
/// process may write its line a moment later than the kill, so that only the tag tells whose it is.
fn ran_tagged(project: &TestProject, tag: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in fs::read_dir(project.scratch()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if let Some(block) = name.strip_prefix("ran-") {
            counts.insert(
                block.to_owned(),
                fs::read_to_string(entry.path())
                    .unwrap()
                    .lines()
                    .filter(|line| line.starts_with(tag))
                    .count(),
            );
        }
    }
    counts
}

fn forget(project: &TestProject) {
    for name in ran(project).keys() {
        fs::remove_file(project.scratch().join(format!("ran-{name}"))).unwrap();
    }
}

/// Names and sizes of all products of a summary.
fn products(run: &Value) -> BTreeMap<String, Value> {
    let blocks = run["blocks"].as_array().unwrap();
    blocks
        .iter()
        .map(|block| (block["uuid"].to_string(), block["products"].clone()))
        .collect()
}

#[test]
fn killed_anywhere_and_resumed_a_run_ends_like_an_undisturbed_one() {
    let project = diamonds();
    let (code, undisturbed) = project.run("p", &["--workers", "2"]);
    assert_eq!(code, 0, "{undisturbed}");
    let expected = products(&undisturbed);
    assert_eq!(project.output("p", "tail", &[]), tail());
    let mut points = 0;
    for at in 1.. {
        forget(&project);
        let first = killed_at(
            &project,
            at,
            &["run", "PROJECT", "p", "--workers", "2", "--json"],
        );
        if first.status.success() {
            break;
        }
        assert_eq!(first.status.code(), None, "killed, not failed");
        points += 1;
        let newest = newest_released(&project);
        let id = newest["run_id"].to_string();
        assert!(
            ["interrupted", "completed"].contains(&newest["status"].as_str().unwrap()),
            "{newest}"
        );
        let resume = ["run", "PROJECT", "--resume", &id, "--json"];
        let done = finish(
            project
                .command(&resume)
                .env("TAG", "resumed")
                .output()
                .unwrap(),
        );
        assert_eq!(
            done.code,
            Some(0),
            "at point {at}: {}\n{}",
            done.stdout,
            done.stderr
        );
        if newest["status"] == "completed" {
            continue;
        }
        let run = summary(&done);
        assert_eq!(products(&run), expected, "at point {at}");
        assert_eq!(
            statuses(&run).into_values().collect::<Vec<_>>(),
            ["completed"; 16]
        );
        assert_eq!(project.output("p", "tail", &["--run", &id]), tail());
        // Committed blocks did not run again: only what the resumed process started did.
        let started: Vec<&str> = done
            .stdout
            .lines()
            .filter(|line| line.contains("\"status\":\"running\""))
            .collect();
        for (block, again) in ran_tagged(&project, "resumed") {
            let starts = started
                .iter()
                .filter(|line| line.contains(&format!("\"uuid\":\"{block}\"")))
                .count();
            assert_eq!(again, starts, "block {block} at point {at}");
        }
    }
    assert!(points >= 200, "only {points} points were reached");
}

#[test]
fn a_resumed_run_can_be_killed_again_and_again() {
    let project = diamonds();
    let first = killed_at(&project, 30, &["run", "PROJECT", "p", "--json"]);
    assert!(!first.status.success());
    let runs = project.baton(&["runs", "PROJECT", "--json", "--limit", "1"]);
    let newest: Value = serde_json::from_str(runs.stdout.lines().next().unwrap()).unwrap();
    let id = newest["run_id"].to_string();
    let mut rounds = 0;
    // Every round gets a few steps further, so it ends.
    let last = loop {
        rounds += 1;
        assert!(rounds < 100, "it does not get further");
        let output = killed_at(&project, 40, &["run", "PROJECT", "--resume", &id, "--json"]);
        if output.status.success() {
            break finish(output);
        }
    };
    assert!(rounds > 1);
    assert_eq!(summary(&last)["status"], "completed");
    assert_eq!(project.output("p", "tail", &["--run", &id]), tail());
}

#[test]
fn a_failed_run_goes_on_where_it_failed() {
    let mut project = TestProject::new();
    project
        .block("p", "done", "custom", &[], "", "@custom\ndef done(*args):\n    open('ran-done', 'a').write('x\\n')\n    return 1\n")
        .block("p", "fails", "custom", &["done"], "", "import os\n\n@custom\ndef fails(value, *args):\n    assert os.path.exists('mended'), 'not mended'\n    return value + 1\n")
        .block("p", "after", "custom", &["fails"], "", "@custom\ndef after(value, *args):\n    return value + 1\n");
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 1);
    fs::write(project.scratch().join("mended"), "").unwrap();
    let done = project.baton(&[
        "run",
        "PROJECT",
        "p",
        "--resume",
        &run["run_id"].to_string(),
        "--json",
    ]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    assert_eq!(
        ran(&project)["done"],
        1,
        "the completed block did not run again"
    );
    assert_eq!(project.output("p", "after", &[]), serde_json::json!(3));
    let again = project.baton(&["run", "PROJECT", "--resume", &run["run_id"].to_string()]);
    assert_eq!(again.code, Some(0));
    assert!(
        again.stderr.contains("nothing to resume"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_run_that_is_driven_cannot_be_taken_over() {
    let mut project = TestProject::new();
    project.block("p", "waits", "custom", &[], "timeout: 60", "import os, time\n\n@custom\ndef waits(*args):\n    open('begun', 'w').close()\n    while not os.path.exists('go'):\n        time.sleep(0.005)\n    return 1\n");
    let mut child = project
        .command(&["run", "PROJECT", "p", "--json"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !project.scratch().join("begun").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::yield_now();
    }
    let refused = project.baton(&["run", "PROJECT", "--resume", "1"]);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    assert!(
        refused.stderr.contains(&child.id().to_string()),
        "{}",
        refused.stderr
    );
    fs::write(project.scratch().join("go"), "").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_damaged_product_is_noticed_and_made_again() {
    let mut project = TestProject::new();
    project
        .block(
            "p",
            "big",
            "custom",
            &[],
            "",
            "@custom\ndef big(*args):\n    return 'x' * 200_000\n",
        )
        .block(
            "p",
            "size",
            "custom",
            &["big"],
            "",
            "@custom\ndef size(text, *args):\n    return len(text)\n",
        );
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("home/projects");
    let state = fs::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("state.db").exists());
    let mut damaged = 0;
    for folder in state {
        // Only this project's object has this size.
        damaged += truncate_objects(&folder.join("products/objects"), 200_000);
    }
    assert!(damaged > 0, "no object was found");
    let done = project.baton(&["run", "PROJECT", "p", "--block", "size", "--json"]);
    let run = summary(&done);
    assert_eq!(done.code, Some(1), "{run}");
    assert!(
        run.to_string().contains("big"),
        "it says which block to run again: {run}"
    );
    assert_eq!(project.run("p", &[]).0, 0, "a new run produces it anew");
}

fn truncate_objects(folder: &std::path::Path, size: u64) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let mut count = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += truncate_objects(&path, size);
        } else if fs::metadata(&path).unwrap().len() == size {
            let mut permissions = fs::metadata(&path).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
            fs::set_permissions(&path, permissions).unwrap();
            fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(size / 2)
                .unwrap();
            count += 1;
        }
    }
    count
}
