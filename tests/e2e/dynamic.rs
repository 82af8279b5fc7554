//! Dynamic blocks, conditionals, callbacks and runs of one process, through the binary; also when it is killed.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::project::{TestProject, block, finish, statuses, summary};
use crate::service::Server;

/// Adds attached blocks to a pipeline: what `key` of the metadata says, and their files.
pub(crate) fn attach(project: &TestProject, key: &str, name: &str, to: &str, code: &str) {
    let path = "pipelines/p/metadata.yaml";
    let kind = key.trim_end_matches('s');
    let text = fs::read_to_string(project.root().join(path)).unwrap();
    project.file(
        path,
        format!(
            "{text}{key}:\n- {{uuid: {name}, name: {name}, type: {kind}, language: python, upstream_blocks: [{to}]}}\n"
        ),
    );
    project.file(&format!("{key}/{name}.py"), code);
}

/// Three items, a child for each, one list of all.
fn three() -> TestProject {
    let mut project = TestProject::new();
    project
        .block("p", "items", "data_loader", &[], "configuration: {dynamic: true}", "@data_loader\ndef items(*args):\n    return [[1, 2, 3], [{'name': 'a'}, {'block_uuid': 'second'}]]\n")
        .block("p", "child", "transformer", &["items"], "configuration: {reduce_output: true}", "@transformer\ndef child(x, *args, **kwargs):\n    return {'x': x, 'i': kwargs['dynamic_block_index'], 'name': kwargs.get('name')}\n")
        .block("p", "all", "transformer", &["child"], "", "@transformer\ndef all(xs, *args):\n    return {'all': xs}\n");
    project
}

#[test]
fn items_make_child_runs_and_a_list_of_their_outputs() {
    let project = three();
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    let names: Vec<String> = statuses(&run).into_keys().collect();
    let expected = [
        "all",
        "child",
        "child:0",
        "child:2",
        "child:second",
        "items",
    ];
    assert_eq!(names, expected);
    let all = json!({"all": [
        {"x": 1, "i": 0, "name": "a"}, {"x": 2, "i": 1, "name": null}, {"x": 3, "i": 2, "name": null},
    ]});
    assert_eq!(project.output("p", "all", &[]), all);
    let second = project.output("p", "child:second", &[]);
    assert_eq!(second, json!({"x": 2, "i": 1, "name": null}));
    let done = project.baton(&["output", "PROJECT", "p", "child"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("ran 3 times"), "{}", done.stderr);
    // Alone, with the children of that run; and its children alone, with its items.
    let (code, run) = project.run("p", &["--block", "all"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("p", "all", &[]), all);
    let (code, run) = project.run("p", &["--block", "child", "--downstream"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("p", "all", &[]), all);
}

#[test]
fn one_child_run_is_retried_by_its_name() {
    let project = three();
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    assert_eq!(server.ended(run)["status"], "completed");
    let retry = |from: &str| {
        let action = json!({"pipeline_run_action": "retry_blocks", "from_block_uuid": from});
        let body = json!({"pipeline_run": action});
        server.ask("PUT", &format!("/api/pipeline_runs/{run}"), Some(&body))
    };
    let (status, said) = retry("child:third");
    assert_eq!(status, 400, "{said}");
    assert!(
        said.to_string().contains("has no block `child:third`"),
        "{said}"
    );
    let (status, said) = retry("child:second");
    assert_eq!(status, 200, "{said}");
    assert_eq!(server.ended(run)["status"], "completed");
    let found = server.get(&format!("/api/pipeline_runs/{run}/block_runs"));
    let attempts: BTreeMap<String, i64> = found["block_runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| {
            let name = block["block_uuid"].as_str().unwrap().to_owned();
            (name, block["attempt"].as_i64().unwrap())
        })
        .collect();
    let expected = BTreeMap::from(
        [
            ("all", 2),
            ("child", 0),
            ("child:0", 1),
            ("child:2", 1),
            ("child:second", 2),
            ("items", 1),
        ]
        .map(|(name, attempt)| (name.to_owned(), attempt)),
    );
    assert_eq!(attempts, expected);
}

#[test]
fn a_wrong_list_of_items_says_what_to_return() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "items",
        "data_loader",
        &[],
        "configuration: {dynamic: true}",
        "@data_loader\ndef items(*args):\n    return [{'a': 1}, {'a': 2}]\n",
    );
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 1);
    let hint = block(&run, "items")["error"]["hint"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(hint.contains("return [items, metadata]"), "{hint}");
}

#[test]
fn a_condition_says_no_and_callbacks_hear_how_it_ended() {
    let mut project = TestProject::new();
    project
        .block(
            "p",
            "load",
            "data_loader",
            &[],
            "",
            "@data_loader\ndef load(*args):\n    return 7\n",
        )
        .block(
            "p",
            "skipped",
            "custom",
            &["load"],
            "",
            "@custom\ndef skipped(x):\n    return x\n",
        )
        .block(
            "p",
            "below",
            "custom",
            &["skipped"],
            "",
            "@custom\ndef below(x):\n    return x\n",
        )
        .block(
            "p",
            "fails",
            "custom",
            &["load"],
            "",
            "@custom\ndef fails(x):\n    raise ValueError('it broke')\n",
        );
    attach(
        &project,
        "conditionals",
        "only_eight",
        "skipped",
        "@condition\ndef only_eight(x, **kwargs):\n    return x == 8\n",
    );
    let note = "def note(what):\n    open('heard', 'a').write(what + '\\n')\n\n";
    let code = format!(
        "{note}@callback('success')\ndef good(x, **kwargs):\n    note(f'success {{x}}')\n\n@callback('failure')\ndef bad(**kwargs):\n    note(f\"failure {{kwargs['__error']}}\")\n    raise KeyError('broken callback')\n"
    );
    attach(&project, "callbacks", "tell", "load, fails", &code);
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 1);
    let expected = BTreeMap::from(
        [
            ("load", "completed"),
            ("skipped", "condition_failed"),
            ("below", "condition_failed"),
            ("fails", "failed"),
        ]
        .map(|(name, status)| (name.to_owned(), status.to_owned())),
    );
    assert_eq!(statuses(&run), expected);
    let reason = block(&run, "skipped")["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(reason.contains("`only_eight`"), "{reason}");
    let mut heard: Vec<String> = fs::read_to_string(project.scratch().join("heard"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    heard.sort();
    assert_eq!(heard, ["failure it broke", "success 7"]);
    // What a callback breaks is told and changes nothing.
    assert_eq!(
        block(&run, "fails")["callback_error"]["exception"],
        "KeyError"
    );
    let id = run["run_id"].to_string();
    let log = project.baton(&["logs", "PROJECT", &id, "fails"]).stdout;
    assert!(
        log.contains("a callback failed: KeyError: 'broken callback'"),
        "{log}"
    );
}

#[test]
fn blocks_of_one_process_share_memory() {
    let mut project = TestProject::new();
    project
        .block(
            "p",
            "a",
            "custom",
            &[],
            "",
            "@custom\ndef a(*args, **kwargs):\n    kwargs['context']['n'] = 1\n    return {1: 2}\n",
        )
        .block(
            "p",
            "b",
            "custom",
            &["a"],
            "",
            "@custom\ndef b(x, **kwargs):\n    return repr((x, kwargs['context']))\n",
        );
    let (code, run) = project.run("p", &["--one-process"]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(project.output("p", "b", &[]), json!("({'1': 2}, {'n': 1})"));
    let path = "pipelines/p/metadata.yaml";
    let text = fs::read_to_string(project.root().join(path)).unwrap();
    project.file(
        path,
        format!("{text}run_pipeline_in_one_process: true\ncache_block_output_in_memory: true\n"),
    );
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(
        project.output("p", "b", &[]),
        json!("({1: 2}, {'n': 1})"),
        "unconverted"
    );
    let (code, run) = project.run("p", &["--env", "prod"]);
    assert_eq!(code, 0, "{run}");
}

/// Killed at every point, also between a block and its callbacks, and resumed: the same children, the same list, and
/// every callback called at least once.
#[test]
fn killed_anywhere_children_and_callbacks_are_made_up_for() {
    let project = three();
    let code = "@callback('success')\ndef good(x, **kwargs):\n    open('heard', 'a').write(f\"{kwargs['dynamic_block_index']}\\n\")\n";
    attach(&project, "callbacks", "tell", "child", code);
    let (code, undisturbed) = project.run("p", &[]);
    assert_eq!(code, 0, "{undisturbed}");
    let expected = project.output("p", "all", &[]);
    let heard = || -> Vec<String> {
        let text = fs::read_to_string(project.scratch().join("heard")).unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    };
    assert_eq!(heard(), ["0", "1", "2"]);
    let mut points = 0;
    for at in 1.. {
        drop(fs::remove_file(project.scratch().join("heard")));
        let run = ["run", "PROJECT", "p", "--json", "--workers", "2"];
        let first = project
            .command(&run)
            .env("BATON_KILL_AT", at.to_string())
            .output()
            .unwrap();
        if first.status.success() {
            break;
        }
        points += 1;
        let newest = crate::crash::newest_released(&project);
        let id = newest["run_id"].to_string();
        let done = finish(
            project
                .command(&["run", "PROJECT", "--resume", &id, "--json"])
                .output()
                .unwrap(),
        );
        assert_eq!(done.code, Some(0), "at point {at}: {}", done.stderr);
        assert_eq!(heard(), ["0", "1", "2"], "at point {at}");
        assert_eq!(
            project.output("p", "all", &["--run", &id]),
            expected,
            "at point {at}"
        );
        if newest["status"] != "completed" {
            let resumed: Value = summary(&done);
            assert_eq!(statuses(&resumed), statuses(&undisturbed), "at point {at}");
        }
    }
    assert!(points >= 60, "only {points} points were reached");
}

/// Callbacks of a block and the next block take turns in the one process, and all see the same memory.
#[test]
fn callbacks_share_the_one_process() {
    let mut project = TestProject::new();
    let count = "    c = kwargs['context']\n    c['n'] = c.get('n', 0) + 1\n";
    for (name, upstream) in [("a", vec![]), ("b", vec!["a"]), ("c", vec!["b"])] {
        let code = format!("@custom\ndef {name}(*args, **kwargs):\n{count}    return c['n']\n");
        project.block("p", name, "custom", &upstream, "", &code);
    }
    let code = format!(
        "@callback('success')\ndef tell(*args, **kwargs):\n{count}    open('seen', 'a').write(f\"{{c['n']}}\\n\")\n"
    );
    attach(&project, "callbacks", "tell", "a, b, c", &code);
    let (exit, run) = project.run("p", &["--one-process"]);
    assert_eq!(exit, 0, "{run}");
    let seen = fs::read_to_string(project.scratch().join("seen")).unwrap();
    let mut last = 0;
    for line in seen.lines() {
        let number: u32 = line.parse().unwrap();
        assert!(number > last, "every one counts on: {seen}");
        last = number;
    }
    assert_eq!((seen.lines().count(), last), (3, 6), "{seen}");
}
