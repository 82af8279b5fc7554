//! Dynamic blocks that yield their items: child runs start while the block goes on, through the binary.

use std::fs;

use serde_json::{Value, json};

use crate::project::{TestProject, block, finish, statuses, summary};

const DYNAMIC: &str = "configuration: {dynamic: {parent: true}}";
const REDUCE: &str = "configuration: {dynamic: {reduce_output: true}}";

/// A pipeline `p`: a block `d` with this body, one child run per item, a list of what these return.
fn project(extra: &str, body: &str, child: &str) -> TestProject {
    let mut project = TestProject::new();
    let d = format!(
        "import os, time\n\n@data_loader\ndef d(*args, **kwargs):\n{body}\n@test\ndef they_are_there(items):\n    assert isinstance(items, list)\n"
    );
    let c = format!("@transformer\ndef c(x, *args, **kwargs):\n{child}");
    let r = "@transformer\ndef r(xs, *args):\n    return {'all': xs}\n";
    project
        .block(
            "p",
            "d",
            "data_loader",
            &[],
            &format!("{DYNAMIC}\n{extra}"),
            &d,
        )
        .block("p", "c", "transformer", &["d"], REDUCE, &c)
        .block("p", "r", "transformer", &["c"], "", r);
    project
}

fn lines(project: &TestProject, file: &str) -> Vec<String> {
    let text = fs::read_to_string(project.scratch().join(file)).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The block does not go on before a block two steps below it has run, and that one needs the child run completed.
#[test]
fn a_child_run_completes_while_the_block_still_yields() {
    let mut project = TestProject::new();
    let d = "import os\n\n@data_loader\ndef d(*args):\n    os.mkfifo('heard')\n    yield {'n': 1}\n    with open('heard') as pipe:\n        heard = pipe.read()\n    yield {'n': 2, 'heard': heard}\n";
    let e = "import os\n\n@transformer\ndef e(x, *args, **kwargs):\n    if x['n'] == 1 and os.path.exists('heard'):\n        open('heard', 'w').write('the first one has passed')\n        os.remove('heard')\n    return x\n";
    project
        .block(
            "p",
            "d",
            "data_loader",
            &[],
            &format!("{DYNAMIC}\ntimeout: 120"),
            d,
        )
        .block(
            "p",
            "c",
            "transformer",
            &["d"],
            "",
            "@transformer\ndef c(x, *args):\n    return x\n",
        )
        .block("p", "e", "transformer", &["c"], REDUCE, e)
        .block(
            "p",
            "r",
            "transformer",
            &["e"],
            "",
            "@transformer\ndef r(xs, *args):\n    return {'all': xs}\n",
        );
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    let expected = json!({"all": [{"n": 1}, {"n": 2, "heard": "the first one has passed"}]});
    assert_eq!(project.output("p", "r", &[]), expected);
    let names: Vec<String> = statuses(&run).into_keys().collect();
    assert_eq!(names, ["c", "c:0", "c:1", "d", "e", "e:0", "e:1", "r"]);
    // Each item is an output of its own; child runs alone take them from the older run.
    assert_eq!(
        project.output("p", "d", &["--name", "output_0"]),
        json!({"n": 1})
    );
    let (code, run) = project.run("p", &["--block", "c", "--downstream"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("p", "r", &[]), expected);
}

#[test]
fn a_retry_repeats_only_child_runs_of_other_items() {
    let body = "    first = kwargs['retry']['attempts'] == 1\n    yield 1\n    yield 2 if first else 3\n    if first:\n        while not os.path.exists('ran') or len(open('ran').readlines()) < 2:\n            time.sleep(0.01)\n        raise ValueError('the source is gone')\n";
    let child = "    open('ran', 'a').write(f'{x}\\n')\n    return x\n";
    let retry = "timeout: 120\nretry_config: {retries: 1, delay: 0.001}";
    let project = project(retry, body, child);
    let (code, run) = project.run("p", &["--env", "prod"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("p", "r", &[]), json!({"all": [1, 3]}));
    assert_eq!(lines(&project, "ran"), ["1", "2", "3"]);
}

#[test]
fn a_block_that_fails_after_its_first_items_fails_what_needs_all() {
    let body = "    yield 1\n    raise ValueError('the source is gone')\n";
    let project = project("", body, "    return x\n");
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 1);
    let frames = &block(&run, "d")["error"]["frames"];
    assert_eq!(frames[0]["code"], "raise ValueError('the source is gone')");
    let found = statuses(&run);
    assert_eq!(
        (found["d"].as_str(), found["r"].as_str()),
        ("failed", "upstream_failed")
    );
}

#[test]
fn what_is_yielded_may_be_frames_nothing_or_dynamic_again() {
    let body = "    import pandas as pd\n    for n in (1, 2):\n        yield pd.DataFrame({'n': [n, n]})\n";
    let frames = project("", body, "    return int(x['n'].sum())\n");
    let (code, run) = frames.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(frames.output("p", "r", &[]), json!({"all": [2, 4]}));

    let nothing = project("", "    yield from ()\n", "    return x\n");
    let (code, run) = nothing.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(nothing.output("p", "r", &[]), json!({"all": []}));

    // A child that yields: a flat set of its items for what comes below, and one list where it is reduced.
    let mut again = project(
        "",
        "    yield 1\n    yield 2\n",
        "    for n in range(x):\n        yield [x, n]\n",
    );
    let both = "configuration: {dynamic: {parent: true, reduce_output: true}}";
    again
        .block(
            "q",
            "d",
            "data_loader",
            &[],
            DYNAMIC,
            "@data_loader\ndef d(*args):\n    yield 1\n    yield 2\n",
        )
        .block(
            "q",
            "c",
            "transformer",
            &["d"],
            both,
            "@transformer\ndef c(x, *args):\n    for n in range(x):\n        yield [x, n]\n",
        )
        .block(
            "q",
            "r",
            "transformer",
            &["c"],
            "",
            "@transformer\ndef r(xs, *args):\n    return {'all': xs}\n",
        );
    let (code, run) = again.run("q", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(
        again.output("q", "r", &[]),
        json!({"all": [[1, 0], [2, 0], [2, 1]]})
    );

    let mut default = TestProject::new();
    default
        .block(
            "p",
            "d",
            "data_loader",
            &[],
            "configuration: {dynamic: {parent: true, modes: [{type: default}]}}",
            "@data_loader\ndef d(*args):\n    yield 1\n    yield 2\n",
        )
        .block(
            "p",
            "c",
            "transformer",
            &["d"],
            "",
            "@transformer\ndef c(x, *args):\n    return x\n",
        );
    let (code, run) = default.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(
        default.output("p", "d", &[]),
        json!([1, 2]),
        "one output at the end"
    );
    let (code, run) = default.run("p", &["--one-process"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(default.output("p", "c:1", &[]), json!(2));
}

/// Killed on the way and resumed: the same child runs, none of a committed one's work twice, the same list.
#[test]
fn killed_while_it_yields_nothing_is_lost_or_doubled() {
    let project = project("", "    yield 1\n    yield 2\n", "    return x * 10\n");
    let (code, undisturbed) = project.run("p", &[]);
    assert_eq!(code, 0, "{undisturbed}");
    let mut points = 0;
    for at in (1..).step_by(2) {
        let first = project
            .command(&["run", "PROJECT", "p", "--json", "--workers", "2"])
            .env("BATON_KILL_AT", at.to_string())
            .output()
            .unwrap();
        if first.status.success() {
            break;
        }
        points += 1;
        let newest = crate::crash::newest_released(&project);
        let id = newest["run_id"].to_string();
        let resume = ["run", "PROJECT", "--resume", &id, "--json"];
        let done = finish(project.command(&resume).output().unwrap());
        assert_eq!(done.code, Some(0), "at point {at}: {}", done.stderr);
        let all = project.output("p", "r", &["--run", &id]);
        assert_eq!(all, json!({"all": [10, 20]}), "at point {at}");
        if newest["status"] != "completed" {
            let resumed: Value = summary(&done);
            assert_eq!(statuses(&resumed), statuses(&undisturbed), "at point {at}");
        }
    }
    assert!(points >= 20, "only {points} points were reached");
}
