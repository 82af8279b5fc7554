//! Everything that can go wrong in a block or a project: the right status, a message that says what to
//! do, the rest finished, the exit code right.

use serde_json::Value;

use crate::project::{TestProject, block, statuses, summary};

/// A pipeline in which `bad` fails, `below` needs it and `beside` does not.
fn with_bad(extra: &str, code: &str) -> TestProject {
    let mut project = TestProject::new();
    project
        .block("p", "bad", "custom", &[], extra, code)
        .block(
            "p",
            "below",
            "custom",
            &["bad"],
            "",
            "@custom\ndef below(value, *args):\n    return value\n",
        )
        .block(
            "p",
            "beside",
            "custom",
            &[],
            "",
            "@custom\ndef beside(*args):\n    return 'done'\n",
        );
    project
}

/// Runs it and gives the error of `bad`, after checking everything around it.
fn error_of(project: &TestProject, arguments: &[&str]) -> Value {
    let (code, run) = project.run("p", arguments);
    assert_eq!(code, 1, "{run}");
    assert_eq!(run["status"], "failed");
    let statuses = statuses(&run);
    assert_eq!(statuses["bad"], "failed", "{run}");
    assert_eq!(statuses["below"], "upstream_failed", "{run}");
    assert_eq!(statuses["beside"], "completed", "{run}");
    assert!(
        block(&run, "below")["reason"]
            .as_str()
            .unwrap()
            .contains("bad")
    );
    let runs = project.baton(&["runs", "PROJECT"]);
    assert!(
        runs.stdout.contains("failed"),
        "the database knows: {}",
        runs.stdout
    );
    block(&run, "bad")["error"].clone()
}

fn check(extra: &str, code: &str, kind: &str, parts: &[&str]) {
    check_with(extra, code, kind, parts, &[]);
}

fn check_with(extra: &str, code: &str, kind: &str, parts: &[&str], arguments: &[&str]) {
    let project = with_bad(extra, code);
    let error = error_of(&project, arguments);
    assert_eq!(error["kind"], kind, "{error}");
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[test]
fn an_exception_shows_the_users_line() {
    let code = "@custom\ndef bad(*args):\n    row = {}\n    return row['tail']\n";
    let project = with_bad("", code);
    let error = error_of(&project, &[]);
    assert_eq!(error["kind"], "exception");
    assert_eq!(error["exception"], "KeyError");
    let frames = error["frames"].as_array().unwrap();
    assert_eq!(frames.len(), 1, "only the user's own frames: {error}");
    assert_eq!(frames[0]["file"], "custom/bad.py");
    assert_eq!(frames[0]["line"], 6);
    assert_eq!(frames[0]["code"], "return row['tail']");
    let shown = project.baton(&["run", "PROJECT", "p"]);
    for part in [
        "KeyError: 'tail'",
        "custom/bad.py:6",
        "1 upstream failed",
        "--resume",
    ] {
        let all = format!("{}{}", shown.stdout, shown.stderr);
        assert!(all.contains(part), "{part:?} is missing in\n{all}");
    }
}

#[test]
fn an_exception_in_a_module_of_the_project_shows_both_frames() {
    let project = with_bad(
        "",
        "from demo.tools.parse import parse\n\n@custom\ndef bad(*args):\n    return parse('x')\n",
    );
    project
        .file("tools/__init__.py", "")
        .file("tools/parse.py", "def parse(text):\n    return int(text)\n");
    let error = error_of(&project, &[]);
    let files: Vec<&str> = error["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| frame["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["custom/bad.py", "tools/parse.py"]);
}

#[test]
fn a_failed_test_names_the_test() {
    let code = "@custom\ndef bad(*args):\n    return 5\n\n@test\ndef is_even(output, *args):\n    assert output % 2 == 0, 'odd'\n\n@test\ndef is_small(output, *args):\n    assert output < 10\n";
    check("", code, "test_failed", &["is_even", "odd"]);
}

#[test]
fn a_syntax_error_has_its_line() {
    let project = with_bad("", "@custom\ndef bad(*args):\n    return [1 2]\n");
    let error = error_of(&project, &[]);
    assert_eq!(error["kind"], "syntax", "{error}");
    let frame = &error["frames"][0];
    assert_eq!(frame["file"], "custom/bad.py");
    assert_eq!(frame["code"], "return [1 2]");
    let from = frame["caret"]["from"].as_u64().unwrap();
    let to = frame["caret"]["to"].as_u64().unwrap();
    assert!((8..to).contains(&from) && to <= 11, "{frame}");
    let shown = project.baton(&["run", "PROJECT", "p"]);
    let all = format!("{}{}", shown.stdout, shown.stderr);
    let carets = "^".repeat(usize::try_from(to - from).unwrap());
    let line = format!(
        "      return [1 2]\n{}{carets}\n",
        " ".repeat(6 + usize::try_from(from).unwrap())
    );
    assert!(all.contains(&line), "{line} is missing in\n{all}");
}

#[test]
fn a_file_without_a_decorated_function_says_which_decorator() {
    check(
        "",
        "def bad(*args):\n    return 1\n",
        "signature",
        &["@custom"],
    );
}

#[test]
fn a_missing_file_is_named() {
    let project = with_bad("", "");
    std::fs::remove_file(project.root().join("custom/bad.py")).unwrap();
    let error = error_of(&project, &[]);
    assert_eq!(error["kind"], "missing_file");
    assert!(error["message"].as_str().unwrap().contains("custom/bad.py"));
}

#[test]
fn a_missing_module_says_where_to_add_it() {
    check(
        "",
        "import surely_not_there\n\n@custom\ndef bad(*args):\n    return 1\n",
        "exception",
        &["surely_not_there", "requirements.txt"],
    );
}

#[test]
fn ending_the_process_is_not_completing() {
    check(
        "",
        "import sys\n\n@custom\ndef bad(*args):\n    sys.exit(0)\n",
        "exit",
        &["exit"],
    );
    check(
        "",
        "import os\n\n@custom\ndef bad(*args):\n    os._exit(3)\n",
        "exit",
        &["3"],
    );
}

#[test]
fn a_segmentation_fault_costs_one_block() {
    check(
        "",
        "import ctypes\n\n@custom\ndef bad(*args):\n    ctypes.string_at(0)\n",
        "crash",
        &["segmentation fault"],
    );
}

#[test]
fn an_endless_loop_meets_its_timeout() {
    check(
        "timeout: 1",
        "@custom\ndef bad(*args):\n    while True:\n        pass\n",
        "timeout",
        &["1 s", "timeout"],
    );
}

#[test]
fn memory_is_limited_and_mapped_files_do_not_count() {
    let code = "@custom\ndef bad(*args):\n    kept = []\n    while True:\n        kept.append(bytearray(b'x' * (10 << 20)))\n";
    check_with(
        "timeout: 60",
        code,
        "out_of_memory",
        &["MB", "--memory"],
        &["--memory", "300MB"],
    );
    let mut project = TestProject::new();
    project.block("m", "maps", "custom", &[], "", "import mmap\n\n@custom\ndef maps(*args):\n    with open('big', 'w+b') as f:\n        f.truncate(1 << 30)\n        m = mmap.mmap(f.fileno(), 0)\n        return sum(m[i] for i in range(0, 1 << 30, 4096))\n");
    let (code, run) = project.run("m", &["--memory", "300MB"]);
    assert_eq!(code, 0, "{run}");
}

#[test]
fn a_child_process_counts_for_its_block() {
    let code = "import subprocess, sys\n\n@custom\ndef bad(*args):\n    subprocess.run([sys.executable, '-c', 'kept = []\\nwhile True: kept.append(bytearray(b\"x\" * (10 << 20)))'], check=True)\n";
    check_with(
        "timeout: 60",
        code,
        "out_of_memory",
        &["MB"],
        &["--memory", "300MB"],
    );
}

#[test]
fn endless_prints_are_cut_and_timed_out() {
    let project = with_bad(
        "timeout: 2",
        "@custom\ndef bad(*args):\n    while True:\n        print('noise ' * 100)\n",
    );
    let done = project.baton(&["run", "PROJECT", "p", "--json"]);
    let run = summary(&done);
    assert_eq!(block(&run, "bad")["error"]["kind"], "timeout");
    assert!(done.stdout.len() < 40 << 20, "{} bytes", done.stdout.len());
    assert!(
        done.stdout.contains("log limit"),
        "it is said that the log was cut"
    );
}

#[test]
fn invalid_text_in_a_log_is_shown_as_such() {
    let mut project = TestProject::new();
    project.block("p", "noisy", "custom", &[], "", "import os, sys\n\n@custom\ndef noisy(*args):\n    os.write(1, b'bad \\xff\\xfe bytes\\n')\n    os.write(2, b'no newline')\n    print('lone \\udc80 surrogate')\n    return 1\n");
    let done = project.baton(&["run", "PROJECT", "p", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    assert!(
        done.stdout.contains("bad \u{fffd}\u{fffd} bytes"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("no newline"));
}

#[test]
fn what_cannot_be_stored_is_said() {
    check(
        "",
        "@custom\ndef bad(*args):\n    return lambda x: x\n",
        "unstorable",
        &["output_0"],
    );
}

#[test]
fn a_full_disk_fails_the_block_and_nothing_else() {
    // A limit on the size of files stands for a full disk: writing fails in the same place.
    let mut project = TestProject::new();
    project
        .block("p", "bad", "custom", &[], "", "import pandas as pd\n\n@custom\ndef bad(*args):\n    return pd.DataFrame({'x': range(8_000_000)})\n")
        .block("p", "below", "custom", &["bad"], "", "@custom\ndef below(value, *args):\n    return value\n")
        .block("p", "beside", "custom", &[], "", "@custom\ndef beside(*args):\n    return 'done'\n");
    // The environment is made before the limit holds.
    project.block(
        "warm",
        "up",
        "custom",
        &[],
        "",
        "@custom\ndef up(*args):\n    return 1\n",
    );
    assert_eq!(project.run("warm", &[]).0, 0);
    let baton = project.command(&["run", "PROJECT", "p", "--json"]);
    let mut limited = std::process::Command::new("bash");
    limited
        .arg("-c")
        .arg("ulimit -f 4000; exec \"$@\"")
        .arg("bash")
        .arg(baton.get_program())
        .args(baton.get_args());
    limited.current_dir(project.scratch());
    for (name, value) in baton.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let done = crate::project::finish(limited.output().unwrap());
    let run = summary(&done);
    assert_eq!(done.code, Some(1), "{run}");
    assert_eq!(statuses(&run)["bad"], "failed");
    assert_eq!(statuses(&run)["beside"], "completed");
    let error = &block(&run, "bad")["error"];
    assert_eq!(error["kind"], "storage", "{error}");
    assert!(
        error["hint"].as_str().unwrap().contains("space")
            || error["hint"].as_str().unwrap().contains("limit"),
        "{error}"
    );
    // Without the limit the same run goes on and ends well.
    let resumed = project.baton(&[
        "run",
        "PROJECT",
        "--resume",
        &run["run_id"].to_string(),
        "--json",
    ]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stdout);
}

#[test]
fn a_project_that_cannot_be_planned_says_where() {
    let mut project = TestProject::new();
    project.block("cycle", "a", "custom", &["b"], "", "").block(
        "cycle",
        "b",
        "custom",
        &["a"],
        "",
        "",
    );
    project.file(
        "pipelines/yaml/metadata.yaml",
        "uuid: yaml\nblocks:\n- uuid: x\n   type: custom\n",
    );
    let cycle = project.baton(&["run", "PROJECT", "cycle"]);
    assert_eq!(cycle.code, Some(1), "{}", cycle.stderr);
    assert!(
        cycle.stderr.contains("cycle") && cycle.stderr.contains('a') && cycle.stderr.contains('b')
    );
    let broken = project.baton(&["run", "PROJECT", "yaml"]);
    assert_eq!(broken.code, Some(1), "{}", broken.stderr);
    assert!(
        broken.stderr.contains("metadata.yaml:4"),
        "{}",
        broken.stderr
    );
}

#[test]
fn a_requirement_that_does_not_exist_is_named_with_its_line() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "one",
        "custom",
        &[],
        "",
        "@custom\ndef one(*args):\n    return 1\n",
    );
    project.file(
        "requirements.txt",
        "requests\nsurely-not-a-package-of-anyone==9.9.9\n",
    );
    let done = project.baton(&["run", "PROJECT", "p"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(
        done.stderr.contains("requirements.txt:2"),
        "{}",
        done.stderr
    );
}

#[test]
fn another_interpreter_can_be_used_and_a_wrong_one_is_named() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "one",
        "custom",
        &[],
        "",
        "import sys\n\n@custom\ndef one(*args):\n    return sys.executable\n",
    );
    let wrong = project.baton(&["run", "PROJECT", "p", "--python", "/nowhere/python3"]);
    assert_eq!(wrong.code, Some(1), "{}{}", wrong.stdout, wrong.stderr);
    assert!(
        wrong.stdout.contains("/nowhere/python3") && wrong.stdout.contains("--python"),
        "{}",
        wrong.stdout
    );
    let (code, run) = project.run("p", &["--python", "python3"]);
    assert_eq!(code, 0, "{run}");
}

#[test]
fn what_is_not_supported_fails_instead_of_giving_other_results() {
    let project = with_bad("", "@custom\ndef bad(*args):\n    return 1\n");
    let path = "pipelines/p/metadata.yaml";
    let text = std::fs::read_to_string(project.root().join(path)).unwrap();
    project.file("custom/bad.r", "1\n");
    project.file(path, text.replacen("language: python", "language: r", 1));
    // The whole pipeline does not begin: see `nested`.
    let (code, run) = project.run("p", &["--block", "bad"]);
    assert_eq!(code, 1);
    let error = &block(&run, "bad")["error"];
    assert_eq!(error["kind"], "unsupported");
    assert!(error["message"].as_str().unwrap().contains("`r`"));
}
