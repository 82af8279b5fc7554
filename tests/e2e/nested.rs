//! Runs that blocks start: `trigger_pipeline`, and global data products.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cancel::{assert_gone, signal, wait_for};
use crate::project::{TestProject, block, finish, statuses, summary};
use crate::service::{Server, until};

const TRIGGER: &str = "from mage_ai.orchestration.triggers.api import trigger_pipeline\n\n";

/// A pipeline `child` whose block `seen` returns some of its keyword arguments, and fails when `v` is `fail`.
fn with_child() -> TestProject {
    let mut project = TestProject::new();
    project.block(
        "child",
        "seen",
        "custom",
        &[],
        "",
        "@custom\ndef seen(*args, **kwargs):\n    if kwargs.get('v') == 'fail':\n        raise ValueError('as asked')\n    names = ('v', 'when', 'env', 'trigger_name')\n    return {name: str(kwargs.get(name)) for name in names}\n",
    );
    project
}

/// Adds a pipeline `parent` with one block.
fn parent(project: &mut TestProject, code: &str) {
    project.block(
        "parent",
        "start",
        "custom",
        &[],
        "",
        &format!("{TRIGGER}{code}"),
    );
}

fn runs_of(project: &TestProject, pipeline: &str) -> Vec<Value> {
    let done = project.baton(&["runs", "PROJECT", "--json", "--pipeline", pipeline]);
    let lines = done.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_block_starts_a_run_and_waits_for_it() {
    let mut project = with_child();
    parent(
        &mut project,
        "import datetime\n\n@custom\ndef start(*args, **kwargs):\n    done = trigger_pipeline('child', variables={'v': 'run', 'when': datetime.date(2024, 5, 1)}, check_status=True, error_on_failure=True, schedule_name='by hand')\n    silent = trigger_pipeline('child', variables={'v': 'fail'}, check_status=True, verbose=False)\n    raised = []\n    for name, variables in (('child', {'v': 'fail'}), ('chidl', {})):\n        try:\n            trigger_pipeline(name, variables=variables, check_status=True, error_on_failure=True)\n        except Exception as error:\n            raised.append(f'{type(error).__name__}: {error}')\n    return [type(done).__name__, done.pipeline_uuid, done.status.value, silent.status.value, *raised]\n",
    );
    for launch in ["fork", "spawn"] {
        let done = project
            .command(&["run", "PROJECT", "parent", "--json"])
            .env("BATON_LAUNCH", launch)
            .output()
            .unwrap();
        let done = finish(done);
        let run = summary(&done);
        assert_eq!(run["status"], "completed", "{}", done.stdout);
        let got: Vec<String> = (0..6)
            .map(|number| {
                let name = format!("output_{number}");
                let value = project.output("parent", "start", &["--name", &name]);
                value.as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(got[..4], ["PipelineRun", "child", "completed", "failed"]);
        assert!(
            got[4].starts_with("RunStatusError: run ") && got[4].contains("block `seen`: as asked"),
            "{}",
            got[4]
        );
        assert_eq!(
            got[5],
            "NotFoundError: the project has no pipeline `chidl`: did you mean `child`?"
        );
        assert!(
            done.stdout.contains("has ended: completed"),
            "{}",
            done.stdout
        );
    }
    let runs = runs_of(&project, "child");
    assert_eq!(runs.len(), 6);
    // The newest that completed is the first of the second round.
    assert_eq!(
        project.output("child", "seen", &[]),
        json!({"v": "run", "when": "2024-05-01", "env": "prod", "trigger_name": "by hand"})
    );
}

/// A secret that a block hands to a run which it starts is hidden in the log of that run too.
#[test]
fn a_secret_that_is_handed_on_stays_hidden() {
    let mut project = TestProject::new();
    project.block(
        "child",
        "seen",
        "custom",
        &[],
        "",
        "@custom\ndef seen(*args, **kwargs):\n    print('the address is', kwargs['v']['at'])\n    return len(kwargs['v']['at'])\n",
    );
    parent(
        &mut project,
        "from mage_ai.data_preparation.shared.secrets import get_secret_value\n\n@custom\ndef start(*args, **kwargs):\n    token = get_secret_value('token')\n    trigger_pipeline('child', variables={'v': {'at': f'https://me:{token}@host'}}, check_status=True, error_on_failure=True)\n",
    );
    crate::asks::secret(&project, &["set", "token"], "hunter2-and-more\n");
    let (code, run) = project.run("parent", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("child", "seen", &[]), json!(32));
    let id = runs_of(&project, "child")[0]["run_id"].to_string();
    let log = project.baton(&["logs", "PROJECT", &id]).stdout;
    assert!(
        log.contains("the address is https://me:********@host"),
        "{log}"
    );
}

#[test]
fn a_run_that_nobody_waits_for_ends_before_its_host() {
    let mut project = with_child();
    parent(
        &mut project,
        "@custom\ndef start(*args, **kwargs):\n    return trigger_pipeline('child', {}, {'v': 'late'}, verbose=False).id\n",
    );
    // The second argument is a path; an empty one means this project.
    let done = project.baton(&["run", "PROJECT", "parent"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_eq!(runs_of(&project, "child")[0]["status"], "completed");
    assert_eq!(
        project.output("child", "seen", &[])["trigger_name"],
        "API_TRIGGER_CREATED_FROM_CODE"
    );
}

#[test]
fn a_pipeline_that_starts_itself_comes_to_an_end() {
    let mut project = TestProject::new();
    parent(
        &mut project,
        "@custom\ndef start(*args, **kwargs):\n    trigger_pipeline('parent', check_status=True, error_on_failure=True, verbose=False)\n",
    );
    let (code, run) = project.run("parent", &[]);
    assert_eq!(code, 1);
    assert_eq!(run["status"], "failed");
    assert_eq!(runs_of(&project, "parent").len(), 11);
    let logs = project.baton(&["logs", "PROJECT", "11"]);
    assert_eq!(logs.code, Some(0), "{}", logs.stderr);
    let error = block(&run, "start")["error"]["message"].as_str().unwrap();
    assert!(
        error.contains("run 2 of pipeline `parent` has failed"),
        "{error}"
    );
    // The innermost one says why it was not started, and each above it passes the words on.
    assert!(
        error.contains("10 runs have started one another"),
        "{error}"
    );
}

const WAITS: &str = "import os, time\n\n@custom\ndef wait(*args, **kwargs):\n    with open('block.tmp', 'w') as f:\n        f.write(f'{os.getpid()} {os.getppid()}')\n    os.rename('block.tmp', 'block.pid')\n    time.sleep(600)\n";

/// A run whose block waits for another run, whose block waits for ever; and the processes of the inner one.
fn waiting() -> (TestProject, Child, Vec<PathBuf>) {
    let mut project = with_child();
    project.block("slow", "wait", "custom", &[], "", WAITS);
    parent(
        &mut project,
        "@custom\ndef start(*args, **kwargs):\n    trigger_pipeline('slow', check_status=True)\n",
    );
    // The environment is made before anything is measured.
    assert_eq!(project.run("child", &[]).0, 0);
    let mut host = project
        .command(&["run", "PROJECT", "parent", "--json"])
        .stdout(fs::File::create(project.scratch().join("stdout")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let file = project.scratch().join("block.pid");
    wait_for(&file, &mut host);
    let processes = fs::read_to_string(&file).unwrap();
    let processes = processes
        .split(' ')
        .map(|pid| PathBuf::from(format!("/proc/{pid}")));
    let processes = processes.collect();
    (project, host, processes)
}

#[test]
fn control_c_reaches_the_runs_below() {
    let (project, mut host, processes) = waiting();
    signal(&host, "-INT");
    assert_eq!(host.wait().unwrap().code(), Some(130));
    assert_gone(&processes, Duration::ZERO);
    let text = fs::read_to_string(project.scratch().join("stdout")).unwrap();
    let run: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(run["status"], "cancelled");
    assert_eq!(runs_of(&project, "slow")[0]["status"], "cancelled");
}

#[test]
fn cancelling_a_run_of_a_server_cancels_those_that_it_started() {
    let mut project = with_child();
    project.block("slow", "wait", "custom", &[], "", WAITS);
    parent(
        &mut project,
        "@custom\ndef start(*args, **kwargs):\n    trigger_pipeline('middle')\n    trigger_pipeline('child', check_status=True)\n",
    );
    let middle = format!(
        "{TRIGGER}@custom\ndef hands_on(*args, **kwargs):\n    trigger_pipeline('slow', check_status=True)\n"
    );
    project.block("middle", "hands_on", "custom", &[], "", &middle);
    project.file(
        "pipelines/parent/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start(&project);
    let run = server.call(&server.trigger("parent", "hook"), &json!({}));
    let file = project.scratch().join("block.pid");
    until("the run below", || file.exists().then_some(()));
    // It has ended before those that it does not wait for.
    let again = server.ended(run);
    assert_eq!(again["status"], "completed");
    let processes = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let middle = runs_of(&project, "middle")[0]["run_id"].clone();
    let body = json!({"pipeline_run": {"status": "cancelled"}});
    let (status, said) = server.ask("PUT", &format!("/api/pipeline_runs/{middle}"), Some(&body));
    assert_eq!(status, 200, "{said}");
    let below = runs_of(&project, "slow")[0]["run_id"].as_i64().unwrap();
    assert_eq!(
        server.ended(middle.as_i64().unwrap())["status"],
        "cancelled"
    );
    let below = server.ended(below);
    assert_eq!(below["status"], "cancelled");
    let expected = format!("run {middle}, which started it, was cancelled");
    assert_eq!(below["reason"], expected);
    let processes = processes
        .split(' ')
        .map(|pid| PathBuf::from(format!("/proc/{pid}")));
    assert_gone(&processes.collect::<Vec<_>>()[..1], Duration::from_secs(2));
}

/// The block that started runs is repeated when its server was killed; the runs are found again, as often as they were
/// started, ended or not.
#[test]
fn a_block_that_is_repeated_after_a_crash_finds_the_runs_that_it_started() {
    let mut project = with_child();
    let scratch = project.scratch().display().to_string();
    let slow = format!(
        "import os, time\n\n@custom\ndef wait(*args, **kwargs):\n    while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    project.block("slow", "wait", "custom", &[], "", &slow);
    let code = [
        "@custom\ndef start(*args, **kwargs):",
        "    done = trigger_pipeline('child', variables={'v': 'done'}, check_status=True)",
        "    beside = [trigger_pipeline('slow', variables={'n': 1}) for _ in range(2)]",
        "    open('begun', 'w').close()",
        "    last = trigger_pipeline('slow', variables={'n': 2}, check_status=True)",
        "    return [done.id, *[one.id for one in beside], last.id]\n",
    ];
    parent(&mut project, &code.join("\n"));
    project.file(
        "pipelines/parent/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let mut server = Server::start(&project);
    let run = server.call(&server.trigger("parent", "hook"), &json!({}));
    until("the runs below", || {
        let open = runs_of(&project, "slow");
        let are_open = open.iter().filter(|one| one["status"] == "running").count() == 3;
        (are_open && project.scratch().join("begun").exists()).then_some(())
    });
    server.kill();
    let server = Server::start(&project);
    fs::write(project.scratch().join("go"), "").unwrap();
    assert_eq!(server.ended(run)["status"], "completed");
    let mut started: Vec<Value> = ["child", "slow"]
        .iter()
        .flat_map(|pipeline| runs_of(&project, pipeline))
        .map(|run| run["run_id"].clone())
        .collect();
    started.sort_by_key(Value::as_i64);
    assert_eq!(started.len(), 4, "{started:?}");
    let found: Vec<Value> = (0..4)
        .map(|number| project.output("parent", "start", &["--name", &format!("output_{number}")]))
        .collect();
    assert_eq!(found, started);
}

#[test]
fn a_killed_host_takes_the_runs_below_with_it() {
    let (project, mut host, processes) = waiting();
    host.kill().unwrap();
    host.wait().unwrap();
    assert_gone(&processes, Duration::from_secs(4));
    // The inner run had a moment to say how it ended.
    let deadline = Instant::now() + Duration::from_secs(10);
    while runs_of(&project, "slow")[0]["status"] != "cancelled" {
        assert!(Instant::now() < deadline, "{:?}", runs_of(&project, "slow"));
    }
}

#[test]
fn outputs_of_other_runs_are_handed_down() {
    let mut project = TestProject::new();
    project
        .block("first", "numbers", "custom", &[], "", "@custom\ndef numbers(*args, **kwargs):\n    return [1, 'two']\n")
        .block("first", "next", "custom", &["numbers"], "", &format!("{TRIGGER}@custom\ndef next(*args, **kwargs):\n    given = {{'block_uuid': 'numbers', 'pipeline_uuid': 'first', 'execution_partition': kwargs['execution_partition']}}\n    [answer] = trigger_pipeline('second', check_status=True, error_on_failure=True, remote_blocks=[given], return_remote_blocks=True)\n    [remote] = answer['remote_blocks']\n    return remote.get_outputs()[0]\n"))
        .block("second", "count", "custom", &[], "", "@custom\ndef count(*args, **kwargs):\n    return {'got': kwargs['remote_blocks']}\n");
    let (code, run) = project.run("first", &["--env", "prod"]);
    assert_eq!(code, 0, "{run}");
    let expected = json!({"got": [[1, "two"]]});
    assert_eq!(project.output("first", "next", &[]), expected);
}

const PRODUCTS: &str = "\
numbers:
  object_type: pipeline
  object_uuid: source
  outdated_after: {seconds: 3600}
  settings:
    made: {partitions: 2}
endless:
  object_type: pipeline
  object_uuid: circle
  outdated_after: {seconds: 1}
";

fn product_block(project: &mut TestProject, pipeline: &str, settings: &str) {
    // Its kind is not one that has a file; this one is passed over.
    project.block(
        pipeline,
        "shared",
        "global_data_product",
        &[],
        &format!("configuration:\n  global_data_product: {settings}"),
        "raise ValueError('never run')\n",
    );
}

#[test]
fn a_global_data_product_is_made_when_it_is_too_old() {
    let mut project = TestProject::new();
    project.file("global_data_products.yaml", PRODUCTS);
    project
        .block("source", "made", "custom", &[], "", "@custom\ndef made(*args, **kwargs):\n    return [kwargs['trigger_name'], kwargs['pipeline_run_id']]\n")
        .block("source", "last", "custom", &["made"], "", "@custom\ndef last(*args, **kwargs):\n    return 'end'\n");
    product_block(&mut project, "use", "{uuid: numbers, project: elsewhere}");
    let below = "@custom\ndef below(value, *args, **kwargs):\n    return {'value': value}\n";
    project.block("use", "below", "custom", &["shared"], "", below);
    // A run by hand is not one of the product.
    assert_eq!(project.run("source", &["--env", "prod"]).0, 0);

    let (code, run) = project.run("use", &[]);
    assert_eq!(code, 0, "{run}");
    let expected = json!({"value": {"made": ["GLOBAL_DATA_PRODUCT_TRIGGER", 3]}});
    assert_eq!(project.output("use", "below", &[]), expected);
    // Still fresh: nothing is made.
    assert_eq!(project.run("use", &[]).0, 0);
    assert_eq!(project.output("use", "below", &[]), expected);
    assert_eq!(runs_of(&project, "source").len(), 2);

    // The block's own settings win: always too old, and the blocks that no block is below.
    let stale = "{uuid: numbers, outdated_after: {seconds: 0}, settings: {made: {partitions: 0}, last: {}}}";
    product_block(&mut project, "stale", stale);
    project.block(
        "stale",
        "under",
        "custom",
        &["shared"],
        "",
        &below.replace("below", "under"),
    );
    assert_eq!(project.run("stale", &[]).0, 0);
    let trigger = "GLOBAL_DATA_PRODUCT_TRIGGER";
    assert_eq!(
        project.output("stale", "under", &[]),
        json!({"value": {"made": [trigger, 6, trigger, 3], "last": ["end"]}})
    );
}

#[test]
fn a_global_data_product_that_the_run_of_an_old_date_made_is_fresh() {
    let mut project = TestProject::new();
    project.file("global_data_products.yaml", PRODUCTS);
    let code = "@custom\ndef made(*args, **kwargs):\n    return 'made'\n";
    project.block("source", "made", "custom", &[], "", code);
    product_block(&mut project, "use", "{uuid: numbers}");
    // Under a server the run that makes it is one of the server, too.
    let _server = Server::start(&project);
    for _ in 0..2 {
        let old = ["--env", "prod", "--execution-date", "2024-05-01"];
        assert_eq!(project.run("use", &old).0, 0);
        assert_eq!(runs_of(&project, "source").len(), 1);
    }
}

#[test]
fn a_global_data_product_is_made_once_for_all_who_wait() {
    let mut project = TestProject::new();
    project.file("global_data_products.yaml", PRODUCTS);
    project.block(
        "source",
        "made",
        "custom",
        &[],
        "",
        "import time\n\n@custom\ndef made(*args, **kwargs):\n    time.sleep(1)\n    return 1\n",
    );
    product_block(&mut project, "use", "{uuid: numbers}");
    assert_eq!(project.run("source", &[]).0, 0);
    let start = || {
        project
            .command(&["run", "PROJECT", "use", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [start(), start()];
    for one in both {
        let done = finish(one.wait_with_output().unwrap());
        assert_eq!(done.code, Some(0), "{}", done.stdout);
    }
    assert_eq!(runs_of(&project, "source").len(), 2);
}

#[test]
fn what_is_wrong_with_a_global_data_product_is_said() {
    let mut project = TestProject::new();
    project.file("global_data_products.yaml", PRODUCTS);
    product_block(&mut project, "circle", "{uuid: endless}");
    product_block(&mut project, "unknown", "{uuid: nothing}");
    for (pipeline, words) in [
        ("circle", "the global data product `endless` needs itself"),
        (
            "unknown",
            "has no product `nothing`: it declares numbers, endless",
        ),
    ] {
        let done = project.baton(&["run", "PROJECT", pipeline, "--json"]);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        let message = block(&summary(&done), "shared")["error"]["message"].to_string();
        assert!(message.contains(words), "{message}");
    }
    let checked = project.baton(&["check", "PROJECT"]);
    assert!(
        checked.stdout.contains("unknown-data-product"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_pipeline_that_cannot_come_to_its_end_does_not_begin() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "good",
        "custom",
        &[],
        "",
        "@custom\ndef good(*args):\n    return 1\n",
    );
    let text = fs::read_to_string(project.root().join("pipelines/p/metadata.yaml")).unwrap();
    project.file("data_loaders/select.sql", "select 1");
    project.file(
        "pipelines/p/metadata.yaml",
        format!("{text}- {{uuid: select, name: select, type: data_loader, language: sql, upstream_blocks: []}}\n"),
    );
    for env in ["dev", "prod"] {
        let refused = project.baton(&["run", "PROJECT", "p", "--env", env]);
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.stderr.contains("does not run yet: select (sql)")
                && refused.stderr.contains("--block"),
            "{}",
            refused.stderr
        );
    }
    assert!(runs_of(&project, "p").is_empty());
    let (code, run) = project.run("p", &["--block", "good"]);
    assert_eq!((code, statuses(&run)["good"].as_str()), (0, "completed"));
}
