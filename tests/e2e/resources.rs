//! Processors and memory: what blocks reserve, what they may use, what they have used, and what is usual.

use std::fs;

use serde_json::json;

use crate::project::{TestProject, block, finish};
use crate::service::{Server, until};

const HOOK: &str = "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n";

#[test]
fn a_run_says_what_its_blocks_have_used() {
    let mut project = TestProject::new();
    let load = "import time\n\n@data_loader\ndef load(*args):\n    until = time.process_time() + 0.2\n    \
                while time.process_time() < until:\n        pass\n    import pandas as pd\n    \
                return pd.DataFrame({'a': range(1000)})\n";
    let count = "@transformer\ndef count(frame, *args):\n    return len(frame)\n";
    project.block("p", "load", "data_loader", &[], "", load);
    project.block("p", "count", "transformer", &["load"], "", count);
    let (code, summary) = project.run("p", &[]);
    assert_eq!(code, 0, "{summary}");
    let used = &block(&summary, "load")["usage"];
    assert_eq!(used["rows"], 1000);
    assert!(used["bytes"].as_u64().unwrap() >= 1000, "{used}");
    assert!(used["cpu_seconds"].as_f64().unwrap() >= 0.2, "{used}");
    assert!(used["peak_memory"].as_u64().unwrap() > 1 << 20, "{used}");
    let used = &block(&summary, "count")["usage"];
    assert_eq!(
        (&used["rows_in"], &used["rows"]),
        (&json!(1000), &json!(null))
    );
    // Lists tell it as well, and what is usual.
    project.run("p", &[]);
    let listed = project.baton(&["runs", "PROJECT", "--json"]);
    let newest: serde_json::Value =
        serde_json::from_str(listed.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(newest["usage"]["rows"], 1000, "{newest}");
    assert!(newest["usual_seconds"].as_f64().unwrap() > 0.2, "{newest}");
    let listed = project.baton(&["runs", "PROJECT"]);
    assert!(listed.stdout.contains("USUALLY"), "{}", listed.stdout);
}

#[test]
fn a_run_waits_for_what_it_reserves_and_what_can_never_fit_is_refused() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef wide(*args):\n    while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    let wants = |cpu: &str| format!("executor_config: {{resource_requests: {{cpu: {cpu}}}}}");
    project.block("p", "wide", "custom", &[], &wants("1500m"), &wait);
    let none = "@custom\ndef wider(*args):\n    pass\n";
    project.block("q", "wider", "custom", &[], &wants("5"), none);
    project.file("pipelines/p/triggers.yaml", HOOK);
    project.file("pipelines/q/triggers.yaml", HOOK);
    let server = Server::start_with(&project, &["--cpus", "2"]);
    let trigger = server.trigger("p", "hook");
    let first = server.call(&trigger, &json!({}));
    let status =
        |run: i64| server.get(&format!("/api/pipeline_runs/{run}"))["pipeline_run"].clone();
    until("the first run", || {
        (status(first)["status"] == "running").then_some(())
    });
    let second = server.call(&trigger, &json!({}));
    let reason = "it reserves 1.5 processors; this machine has 2 processors, and open runs reserve 1.5 processors";
    until("a reason", || {
        (status(second)["reason"] == reason).then_some(())
    });
    let why = server.get(&format!("/api/pipeline_runs/{second}/why"));
    assert_eq!(
        why["why"]["headline"],
        format!("Run {second} waits: {reason}.")
    );
    let path = format!(
        "/api/pipeline_schedules/{}/pipeline_runs",
        server.trigger("q", "hook")["id"]
    );
    let (code, refused) = server.ask("POST", &path, Some(&json!({"pipeline_run": {}})));
    assert!((400..500).contains(&code), "{code} {refused}");
    let said = refused.to_string();
    assert!(
        said.contains("it reserves 5 processors; this machine has 2 processors"),
        "{said}"
    );
    fs::write(project.scratch().join("go"), "").unwrap();
    for run in [first, second] {
        assert_eq!(server.ended(run)["status"], "completed");
    }
    let blocks = server.get(&format!("/api/pipeline_runs/{second}/block_runs"));
    let wide = &blocks["block_runs"][0];
    assert!(wide["usage"]["cpu_seconds"].is_number(), "{wide}");
    let usual = until("what is usual", || {
        let pipeline = server.get("/api/pipelines/p");
        let usual = pipeline["pipeline"]["usual"].clone();
        (usual["seconds"]["count"] == 2).then_some(pipeline)
    });
    assert_eq!(
        usual["pipeline"]["blocks"][0]["usual"]["seconds"]["count"],
        2
    );
    // By hand there is nobody to wait for, and what can never fit is refused all the same.
    let done = project.baton(&["run", "PROJECT", "q", "--cpus", "2"]);
    assert_eq!(done.code, Some(2), "{}", done.stdout);
    assert!(done.stderr.contains("resource_requests"), "{}", done.stderr);
}

#[test]
fn a_block_is_held_to_its_own_memory_and_processors() {
    let mut project = TestProject::new();
    let limits = "executor_config:\n  resource_limits: {cpu: 1, memory: 200Mi}";
    let hoard = "import time\n\n@custom\ndef hoard(*args):\n    kept = []\n    while True:\n        \
                 kept.append(b'x' * (8 << 20))\n        time.sleep(0.005)\n";
    project.block("p", "hoard", "custom", &[], limits, hoard);
    let (code, summary) = project.run("p", &[]);
    assert_eq!(code, 1);
    let hoard = block(&summary, "hoard");
    assert_eq!(hoard["error"]["kind"], "out_of_memory", "{hoard}");
    assert!(
        hoard["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("resource_limits"),
        "{hoard}"
    );
    // What was killed is measured, too.
    assert!(hoard["usage"]["peak_memory"].as_u64().unwrap() > 200 << 20);
    let bound =
        "import os\n\n@custom\ndef bound(*args):\n    return len(os.sched_getaffinity(0))\n";
    project.block("q", "bound", "custom", &[], limits, bound);
    let (code, summary) = project.run("q", &[]);
    assert_eq!(code, 0, "{summary}");
    assert_eq!(project.output("q", "bound", &[]), json!(1));
}

/// Blocks read and write what they like, but not what Baton keeps. Only some kernels can do that.
#[test]
fn block_code_is_kept_away_from_the_state() {
    let mut project = TestProject::new();
    let peek = "import glob, os\n\n@custom\ndef peek(*args):\n    def can(mode, path):\n        try:\n            \
                open(path, mode).close()\n        except PermissionError:\n            return False\n        \
                return True\n    home = os.environ['BATON_HOME']\n    \
                databases = glob.glob(home + '/projects/*/state.db')\n    \
                return {'known': len(databases) > 0, 'new': can('wb', home + '/new'), \
                'read': any(can('rb', one) for one in databases), \
                'write': any(can('ab', one) for one in databases), \
                'own': can('wb', os.path.join(os.environ['SCRATCH'], 'mine'))}\n";
    project.block("p", "peek", "custom", &[], "", peek);
    let mut command = project.command(&["run", "PROJECT", "p", "--json", "--isolation", "on"]);
    command.env("SCRATCH", project.scratch());
    let done = finish(command.output().unwrap());
    if done.stdout.contains("no Landlock") || done.stdout.contains("too old") {
        eprintln!("skipped: needs a kernel with Landlock of version 2");
        return;
    }
    assert_eq!(done.code, Some(0), "{} {}", done.stdout, done.stderr);
    assert_eq!(
        project.output("p", "peek", &[]),
        json!({"known": true, "new": false, "read": false, "write": false, "own": true})
    );
}
