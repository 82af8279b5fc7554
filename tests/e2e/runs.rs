//! Runs that work: order, data, variables, retries, limits, selection.

use serde_json::json;

use crate::project::{TestProject, block, statuses, summary};

fn chain() -> TestProject {
    let mut project = TestProject::new();
    project
        .block("p", "load", "data_loader", &[], "", "@data_loader\ndef load(**kwargs):\n    return {'n': 20, 'region': kwargs.get('region')}\n")
        .block("p", "double", "transformer", &["load"], "", "@transformer\ndef double(data, *args, **kwargs):\n    print('doubling', data['n'])\n    return data['n'] * 2\n\n@test\ndef check(output, *args):\n    assert output == 40\n")
        .block("p", "store", "data_exporter", &["double"], "", "@data_exporter\ndef store(value, **kwargs):\n    return None\n");
    project
}

#[test]
fn values_go_from_block_to_block_and_are_kept() {
    let project = chain();
    let (code, run) = project.run("p", &["--var", "region=eu"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(run["status"], "completed");
    assert_eq!(
        statuses(&run).into_values().collect::<Vec<_>>(),
        ["completed"; 3]
    );
    let double = block(&run, "double");
    assert_eq!(double["attempts"], 1);
    assert_eq!(double["products"][0]["name"], "output_0");
    assert_eq!(double["products"][0]["kind"], "json");
    assert_eq!(project.output("p", "double", &[]), json!(40));
    assert_eq!(
        project.output("p", "load", &[]),
        json!({"n": 20, "region": "eu"})
    );
    assert_eq!(block(&run, "store")["products"], json!([]));
}

#[test]
fn json_is_one_event_per_line_and_ends_with_the_summary() {
    let project = chain();
    let done = project.baton(&["run", "PROJECT", "p", "--json"]);
    let events: Vec<serde_json::Value> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["event"], "run_started");
    assert!(
        events
            .iter()
            .any(|event| event["event"] == "log" && event["message"] == "doubling 20")
    );
    assert!(
        events
            .iter()
            .any(|event| event["event"] == "tests" && event["passed"] == 1)
    );
    let run = summary(&done);
    for key in ["run_id", "status", "seconds", "blocks"] {
        assert!(run.get(key).is_some(), "{key} is missing in {run}");
    }
}

#[test]
fn logs_and_runs_can_be_read_afterwards() {
    let project = chain();
    let (_, run) = project.run("p", &[]);
    let id = run["run_id"].to_string();
    let logs = project.baton(&["logs", "PROJECT", &id, "double"]);
    assert!(logs.stdout.contains("doubling 20"), "{}", logs.stdout);
    assert!(
        !project
            .baton(&["logs", "PROJECT", &id, "load"])
            .stdout
            .contains("doubling")
    );
    let unknown = project.baton(&["logs", "PROJECT", &id, "nobody"]);
    assert_eq!(unknown.code, Some(2));
    let runs = project.baton(&["runs", "PROJECT", "--json"]);
    let newest: serde_json::Value =
        serde_json::from_str(runs.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(newest["status"], "completed");
    assert_eq!(newest["pipeline"], "p");
}

#[test]
fn an_unknown_block_is_answered_with_those_that_there_are() {
    let project = chain();
    let refused = |arguments: &[&str], said: &str, hint: &str| {
        let done = project.baton(&[&["output", "PROJECT"], arguments].concat());
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        let is_said = done.stderr.contains(said) && done.stderr.contains(hint);
        assert!(is_said, "{}", done.stderr);
    };
    let blocks = "it has `load`, `double`, `store`";
    refused(
        &["p", "duoble"],
        "pipeline `p` has no block `duoble`",
        blocks,
    );
    refused(
        &["p", "double"],
        "has not completed in any run",
        "baton run",
    );
    refused(&["q", "double"], "the pipeline `q`", "did you mean `p`?");
    let (_, run) = project.run("p", &[]);
    let id = run["run_id"].to_string();
    let said = format!("run {id} has no block `duoble`");
    refused(&["p", "duoble", "--run", &id], &said, blocks);
}

#[test]
fn runs_are_listed_with_their_logical_date_and_trigger() {
    let project = chain();
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: nightly, schedule_type: time, schedule_interval: '@daily', start_time: null}\n",
    );
    let by_trigger = ["--trigger", "nightly", "--execution-date", "2024-03-06"];
    assert_eq!(project.run("p", &by_trigger).0, 0);
    assert_eq!(project.run("p", &[]).0, 0);
    let listed = project.baton(&["runs", "PROJECT"]).stdout;
    let lines: Vec<&str> = listed.lines().collect();
    let [head, by_hand, scheduled] = lines.as_slice() else {
        panic!("{listed}")
    };
    assert!(
        head.ends_with("LOGICAL DATE              TRIGGER"),
        "{head}"
    );
    let date = head.find("LOGICAL DATE").unwrap();
    assert_eq!(&scheduled[date..], "2024-03-06T00:00:00.000Z  nightly");
    assert!(by_hand[date..].ends_with('Z'), "{by_hand}");
}

#[test]
fn plain_output_has_a_line_per_block_and_a_summary() {
    let project = chain();
    let done = project.baton(&["run", "PROJECT", "p"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for expected in [
        "load",
        "double",
        "store",
        "doubling 20",
        "1/1 tests passed",
        "3 completed",
    ] {
        assert!(
            done.stdout.contains(expected),
            "{expected:?} is missing in\n{}",
            done.stdout
        );
    }
    assert!(
        !done.stdout.contains('\u{1b}'),
        "no colours when the output is no terminal"
    );
}

#[test]
fn frames_arrive_with_their_types_and_are_exported() {
    let mut project = TestProject::new();
    project
        .block("f", "load", "data_loader", &[], "", "import pandas as pd\n\n@data_loader\ndef load(*args, **kwargs):\n    return pd.DataFrame({'id': range(1000), 'name': ['a', 'b'] * 500, 'day': pd.date_range('2024-01-01', periods=1000, tz='UTC')})\n")
        .block("f", "keep", "transformer", &["load"], "", "@transformer\ndef keep(df, *args, **kwargs):\n    df['big'] = df['id'] > 500\n    return df[df['big']]\n\n@test\ndef types(df, *args):\n    assert str(df.dtypes['day']) == 'datetime64[ns, UTC]', df.dtypes['day']\n    assert df.index[0] == 501\n");
    let (code, run) = project.run("f", &[]);
    assert_eq!(code, 0, "{run}");
    let product = &block(&run, "keep")["products"][0];
    assert_eq!(product["kind"], "frame");
    assert_eq!(product["rows"], 499);
    let rows = project.output("f", "keep", &["--offset", "1", "--limit", "2"]);
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(rows[0]["id"], 502);
    assert_eq!(rows[0]["name"], "a");
    let csv = project.baton(&[
        "output", "PROJECT", "f", "keep", "--format", "csv", "--limit", "1",
    ]);
    assert_eq!(csv.stdout.lines().count(), 2, "{}", csv.stdout);
    let table = project.baton(&["output", "PROJECT", "f", "keep", "--limit", "3"]);
    assert!(
        table.stdout.contains("day") && table.stdout.contains("more rows"),
        "{}",
        table.stdout
    );
    for (format, magic) in [("parquet", "PAR1"), ("arrow", "ARROW1")] {
        let output = project
            .command(&["output", "PROJECT", "f", "keep", "--format", format])
            .output()
            .unwrap();
        assert!(output.stdout.starts_with(magic.as_bytes()), "{format}");
    }
}

#[test]
fn independent_blocks_run_at_the_same_time() {
    let mut project = TestProject::new();
    // Each waits until the other has begun: one after the other they would never end.
    for (name, other) in [("left", "right"), ("right", "left")] {
        let code = format!(
            "import os, time\n\n@custom\ndef meet(*args, **kwargs):\n    open('{name}.begun', 'w').close()\n    deadline = time.monotonic() + 30\n    while not os.path.exists('{other}.begun'):\n        assert time.monotonic() < deadline, 'the other block did not begin'\n        time.sleep(0.005)\n    return os.getpid()\n"
        );
        project.block("par", name, "custom", &[], "", &code);
    }
    let (code, run) = project.run("par", &["--workers", "2"]);
    assert_eq!(code, 0, "{run}");
    assert_ne!(
        project.output("par", "left", &[]),
        project.output("par", "right", &[])
    );
}

#[test]
fn a_concurrency_limit_holds() {
    let mut project = TestProject::new();
    let code = "import os\n\n@custom\ndef alone(*args, **kwargs):\n    os.mkdir('inside')\n    sum(range(100000))\n    os.rmdir('inside')\n";
    for name in ["a", "b", "c", "d"] {
        project.block("one", name, "custom", &[], "", code);
    }
    let path = "pipelines/one/metadata.yaml";
    let text = std::fs::read_to_string(project.root().join(path)).unwrap();
    project.file(
        path,
        format!("{text}concurrency_config:\n  block_run_limit: 1\n"),
    );
    let (code, run) = project.run("one", &["--workers", "4"]);
    assert_eq!(code, 0, "{run}");
}

#[test]
fn a_failed_attempt_is_repeated_until_it_works() {
    let mut project = TestProject::new();
    project.block(
        "r",
        "flaky",
        "custom",
        &[],
        "retry_config:\n  retries: 3\n  delay: 0.01",
        "import os\n\n@custom\ndef flaky(*args, **kwargs):\n    n = len([f for f in os.listdir('.') if f.startswith('try')])\n    open(f'try{n}', 'w').close()\n    if n < 2:\n        raise ValueError(f'not yet {n}')\n    return n\n",
    );
    let (code, run) = project.run("r", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(block(&run, "flaky")["attempts"], 3);
    assert_eq!(project.output("r", "flaky", &[]), json!(2));
    let logs = project.baton(&["logs", "PROJECT", &run["run_id"].to_string()]);
    assert_eq!(logs.code, Some(0));
}

#[test]
fn one_block_takes_its_inputs_from_an_older_run() {
    let project = chain();
    let missing = project.baton(&["run", "PROJECT", "p", "--block", "double"]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("load") && missing.stderr.contains("--upstream"),
        "{}",
        missing.stderr
    );

    let (_, first) = project.run("p", &[]);
    let (code, alone) = project.run("p", &["--block", "double"]);
    assert_eq!(code, 0, "{alone}");
    assert_eq!(statuses(&alone).len(), 1);

    let (_, below) = project.run(
        "p",
        &[
            "--block",
            "double",
            "--downstream",
            "--from-run",
            &first["run_id"].to_string(),
        ],
    );
    assert_eq!(
        statuses(&below).into_keys().collect::<Vec<_>>(),
        ["double", "store"]
    );

    let (_, above) = project.run("p", &["--block", "double", "--upstream"]);
    assert_eq!(
        statuses(&above).into_keys().collect::<Vec<_>>(),
        ["double", "load"]
    );

    let unknown = project.baton(&["run", "PROJECT", "p", "--block", "duoble"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("double"),
        "the nearest name is offered: {}",
        unknown.stderr
    );
}

#[test]
fn a_triggered_run_has_the_arguments_of_one() {
    let mut project = TestProject::new();
    project.block("k", "show", "custom", &[], "", "@custom\ndef show(*args, **kwargs):\n    return sorted(kwargs), str(type(kwargs.get('execution_date'))), kwargs['env']\n");
    let (_, run) = project.run("k", &[]);
    assert_eq!(run["status"], "completed", "{run}");
    let dev = project.output("k", "show", &["--name", "output_0"]);
    assert_eq!(
        dev,
        json!([
            "block_uuid",
            "configuration",
            "context",
            "env",
            "pipeline_uuid",
            "repo_path"
        ])
    );
    project.run("k", &["--env", "prod"]);
    let prod = project
        .output("k", "show", &["--name", "output_0"])
        .to_string();
    for name in [
        "ds",
        "event",
        "execution_date",
        "execution_partition",
        "hr",
        "logger",
        "pipeline_run_id",
        "retry",
        "trigger_name",
    ] {
        assert!(prod.contains(name), "{name} is missing in {prod}");
    }
    assert_eq!(
        project.output("k", "show", &["--name", "output_1"]),
        json!("<class 'datetime.datetime'>")
    );
    assert_eq!(
        project.output("k", "show", &["--name", "output_2"]),
        json!("prod")
    );
}

#[test]
fn what_ran_is_what_was_planned() {
    let mut project = TestProject::new();
    project
        .block("plan", "first", "custom", &[], "", "import pathlib\n\n@custom\ndef first(*args, **kwargs):\n    later = pathlib.Path(kwargs['repo_path'], 'custom', 'later.py')\n    later.write_text('this is no longer python')\n    return 1\n")
        .block("plan", "later", "custom", &["first"], "", "@custom\ndef later(value, *args):\n    return value + 1\n");
    let (code, run) = project.run("plan", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("plan", "later", &[]), json!(2));
}

#[test]
fn both_ways_to_start_blocks_give_the_same() {
    for launch in ["fork", "spawn"] {
        let project = chain();
        let done = project
            .command(&["run", "PROJECT", "p", "--json"])
            .env("BATON_LAUNCH", launch)
            .output()
            .unwrap();
        assert_eq!(
            done.status.code(),
            Some(0),
            "{launch}: {}",
            String::from_utf8_lossy(&done.stdout)
        );
        assert_eq!(project.output("p", "double", &[]), json!(40));
    }
}

#[test]
fn a_pipeline_without_blocks_completes_without_python() {
    let project = TestProject::new();
    project.file(
        "pipelines/empty/metadata.yaml",
        "name: empty\nuuid: empty\ntype: python\nblocks: []\n",
    );
    let done = project
        .command(&["run", "PROJECT", "empty", "--json"])
        .env("PATH", "")
        .output()
        .unwrap();
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn a_run_leaves_the_project_folder_as_it_was() {
    let project = chain();
    let before = listing(&project.root());
    project.run("p", &[]);
    assert_eq!(listing(&project.root()), before);
}

fn listing(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
