//! `baton init`: a project that runs.

use crate::project::{TestProject, baton, finish, summary};

#[test]
fn a_new_project_checks_clean_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    let made = finish(baton().arg("init").arg(&path).output().unwrap());
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    for name in [
        "metadata.yaml",
        "io_config.yaml",
        "requirements.txt",
        "__init__.py",
        ".gitignore",
        "data_loaders",
        "transformers",
        "data_exporters",
        "pipelines/example_pipeline/metadata.yaml",
    ] {
        assert!(path.join(name).exists(), "{name} is missing");
    }
    let check = finish(
        baton()
            .args(["check", "--strict"])
            .arg(&path)
            .output()
            .unwrap(),
    );
    assert_eq!(check.code, Some(0), "{}", check.stdout);
    let run = finish(
        baton()
            .arg("run")
            .arg(&path)
            .args(["example_pipeline", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    assert_eq!(summary(&run)["status"], "completed");
    let again = finish(baton().arg("init").arg(&path).output().unwrap());
    assert_eq!(again.code, Some(4), "a project is never overwritten");
}

#[test]
fn help_and_completions_exist_for_every_command() {
    let help = finish(baton().arg("--help").output().unwrap());
    for command in [
        "init",
        "run",
        "runs",
        "logs",
        "output",
        "check",
        "completions",
    ] {
        assert!(help.stdout.contains(command), "{}", help.stdout);
        let own = finish(baton().args([command, "--help"]).output().unwrap());
        assert_eq!(own.code, Some(0));
        assert!(own.stdout.contains("Usage: baton"), "{}", own.stdout);
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = finish(baton().args(["completions", shell]).output().unwrap());
        assert!(script.stdout.contains("baton"), "{shell}");
    }
}

#[test]
fn wrong_use_says_what_is_right() {
    let project = TestProject::new();
    for (arguments, part) in [
        (vec!["run", "nowhere", "p"], "baton init"),
        (vec!["run", "PROJECT", "nobody"], "nobody"),
        (vec!["run", "PROJECT", "p", "--vars", "{"], "--vars"),
        (vec!["run", "PROJECT", "p", "--resume", "99"], "99"),
        (vec!["run", "PROJECT", "p", "--memory", "lots"], "lots"),
        (vec!["output", "PROJECT", "p", "load"], "load"),
        (vec!["logs", "PROJECT", "7"], "7"),
    ] {
        project.file(
            "pipelines/p/metadata.yaml",
            "uuid: p\nname: p\ntype: python\nblocks: []\n",
        );
        let done = project.baton(&arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(part), "{arguments:?}: {}", done.stderr);
    }
}
