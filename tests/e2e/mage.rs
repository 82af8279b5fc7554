//! The binary under the name `mage`: scripts that call Mage move over unchanged.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::project::{Finished, TestProject, finish, program};

/// A link called `mage` beside the project.
fn link(folder: &Path) -> Command {
    let path = folder.join("mage");
    if !path.exists() {
        symlink(env!("CARGO_BIN_EXE_baton"), &path).unwrap();
    }
    let mut command = program(path);
    command.current_dir(folder);
    command
}

fn mage(project: &TestProject, arguments: &[&str]) -> Finished {
    finish(link(project.scratch()).args(arguments).output().unwrap())
}

#[test]
fn a_project_is_made_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let call = |arguments: &[&str]| finish(link(folder.path()).args(arguments).output().unwrap());
    let options = ["--project-type", "sub", "--project-uuid", "abcd"];
    let made = call(&[&["init", "shop"], &options[..]].concat());
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let metadata = std::fs::read_to_string(folder.path().join("shop/metadata.yaml")).unwrap();
    for line in ["project_type: sub", "project_uuid: abcd"] {
        assert!(metadata.lines().any(|other| other == line), "{metadata}");
    }
    let run = call(&["run", "shop", "example_pipeline"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stdout.ends_with("Pipeline run completed.\n"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("tests passed"), "{}", run.stdout);
    let tested = call(&["run", "shop", "example_pipeline", "--test"]);
    assert!(
        tested.stdout.contains("1/1 tests passed"),
        "{}",
        tested.stdout
    );
    for clean in ["clean-cached-variables", "clean-old-logs"] {
        let done = call(&[clean, "shop", "--pipeline-uuid", "example_pipeline"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
}

#[test]
fn a_block_sees_what_mage_gives_by_hand() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "first",
        "data_loader",
        &[],
        "configuration: {size: 3}",
        "@data_loader\ndef load(**kwargs):\n    kwargs['context']['left'] = 'here'\n    return {'keys': sorted(kwargs), 'a': kwargs.get('a'), 'env': kwargs['env']}\n\n@test\ndef test_never(output, *args):\n    assert False, 'only with --test'\n",
    );
    project.block(
        "p",
        "second",
        "transformer",
        &["first"],
        "",
        "@transformer\ndef look(seen, **kwargs):\n    return {**seen, 'left': kwargs['context'].get('left')}\n",
    );
    let mut command = link(project.scratch());
    command.args(["run", "demo", "p", "--runtime-vars", "{\"a\": [1]}"]);
    let done = finish(command.env("ENV", "prod").output().unwrap());
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let seen = project.output("p", "second", &[]);
    assert_eq!(
        seen["keys"],
        serde_json::json!([
            "a",
            "block_uuid",
            "configuration",
            "context",
            "env",
            "pipeline_uuid",
            "repo_path"
        ])
    );
    assert_eq!(seen["a"], serde_json::json!([1]));
    assert_eq!(seen["env"], "prod");
    assert_eq!(seen["left"], "here", "all blocks share one process");

    let tested = mage(&project, &["run", "demo", "p", "--test"]);
    assert_eq!(tested.code, Some(1), "{}", tested.stdout);
    assert!(
        !tested.stdout.contains("Pipeline run completed."),
        "{}",
        tested.stdout
    );
    let one = mage(&project, &["run", "demo", "p", "--block-uuid", "second"]);
    assert_eq!(one.code, Some(0), "{}", one.stderr);
}

#[test]
fn sensors_can_be_skipped() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "wait",
        "sensor",
        &[],
        "",
        "@sensor\ndef never():\n    return False\n",
    );
    project.block(
        "p",
        "next",
        "data_loader",
        &["wait"],
        "",
        "@data_loader\ndef load(*args, **kwargs):\n    return 1\n",
    );
    let done = mage(&project, &["run", "demo", "p", "--skip-sensors"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
}

#[test]
fn options_without_meaning_are_accepted_and_said() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "load",
        "data_loader",
        &[],
        "",
        "@data_loader\ndef load(**kwargs):\n    return kwargs.get('a', 'nothing')\n",
    );
    let options = [
        ("--execution-partition", "1/20260101T000000"),
        ("--executor-type", "k8s"),
        ("--callback-url", "http://localhost/done"),
        ("--block-run-id", "3"),
        ("--pipeline-run-id", "4"),
        ("--template-runtime-configuration", "{}"),
    ];
    let mut arguments = vec!["run", "demo", "p"];
    for (name, value) in options {
        arguments.extend([name, value]);
    }
    let done = mage(&project, &arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for (name, _) in options {
        assert!(done.stderr.contains(name), "{name}: {}", done.stderr);
    }
    for (text, expected, is_ignored) in [
        ("{\"a\": 1}", serde_json::json!(1), false),
        ("a=2 b=x", serde_json::json!(2), false),
        ("{a", serde_json::json!("nothing"), true),
    ] {
        let done = mage(&project, &["run", "demo", "p", "--runtime-vars", text]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(
            done.stderr.contains("ignored"),
            is_ignored,
            "{}",
            done.stderr
        );
        assert_eq!(project.output("p", "load", &[]), expected, "{text}");
    }
}

#[test]
fn what_is_not_offered_says_so() {
    let project = TestProject::new();
    for (arguments, code, part) in [
        (&["start"][..], 2, "server"),
        (
            &["start", "demo", "--host", "0.0.0.0", "--port", "6789"],
            2,
            "server",
        ),
        (&["create-spark-cluster", "demo"], 2, "Spark"),
        (&["run", "demo", "nobody"], 1, "nobody"),
        (&["run", "nowhere", "p"], 1, "nowhere"),
        (&["init", "demo"], 4, "demo"),
        (&["clean-old-logs", "demo"], 0, "retention_period"),
    ] {
        let done = mage(&project, arguments);
        assert_eq!(done.code, Some(code), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(part), "{arguments:?}: {}", done.stderr);
    }
}
