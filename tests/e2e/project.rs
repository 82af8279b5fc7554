//! A throw-away project and the binary to run it with.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A project in a temporary folder. All tests share one home, so that the Python environment is made once;
/// state is kept apart by the project's path.
pub(crate) struct TestProject {
    folder: TempDir,
    pipelines: BTreeMap<String, String>,
}

/// What a finished command gave.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl TestProject {
    /// An empty project called `demo`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("demo");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("metadata.yaml"), "project_type: standalone\n").unwrap();
        fs::write(root.join("__init__.py"), "").unwrap();
        Self {
            folder,
            pipelines: BTreeMap::new(),
        }
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("demo")
    }

    /// A folder beside the project, for files that blocks write.
    pub(crate) fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the project.
    pub(crate) fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Adds a Python block to a pipeline: its kind, what it says besides (YAML lines), its upstream
    /// blocks, and the body of its file below the import of its decorator.
    pub(crate) fn block(
        &mut self,
        pipeline: &str,
        name: &str,
        kind: &str,
        upstream: &[&str],
        extra: &str,
        code: &str,
    ) -> &mut Self {
        let folder = match kind {
            "custom" => "custom".to_owned(),
            kind => format!("{kind}s"),
        };
        let code =
            format!("from mage_ai.data_preparation.decorators import {kind}, test\n\n{code}");
        self.file(&format!("{folder}/{name}.py"), code);
        let text = self
            .pipelines
            .entry(pipeline.to_owned())
            .or_insert_with(|| {
                format!("name: {pipeline}\nuuid: {pipeline}\ntype: python\nblocks:\n")
            });
        writeln!(
            text,
            "- name: {name}\n  uuid: {name}\n  type: {kind}\n  language: python"
        )
        .unwrap();
        writeln!(
            text,
            "  upstream_blocks: [{}]\n  downstream_blocks: []",
            upstream.join(", ")
        )
        .unwrap();
        for line in extra.lines() {
            writeln!(text, "  {line}").unwrap();
        }
        let text = text.clone();
        self.file(&format!("pipelines/{pipeline}/metadata.yaml"), text);
        self.file(&format!("pipelines/{pipeline}/__init__.py"), "");
        self
    }

    /// The command `baton` with `arguments`; `PROJECT` among them stands for the project's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = baton();
        let root = self.root();
        for argument in arguments {
            if *argument == "PROJECT" {
                command.arg(&root);
            } else {
                command.arg(argument);
            }
        }
        command.current_dir(self.folder.path());
        command
    }

    /// Runs `baton` to its end.
    pub(crate) fn baton(&self, arguments: &[&str]) -> Finished {
        finish(self.command(arguments).output().unwrap())
    }

    /// Runs a pipeline with `--json` and gives the exit code and the summary.
    pub(crate) fn run(&self, pipeline: &str, arguments: &[&str]) -> (i32, Value) {
        let mut all = vec!["run", "PROJECT", pipeline, "--json"];
        all.extend(arguments);
        let done = self.baton(&all);
        (done.code.unwrap(), summary(&done))
    }

    /// The rows or the value of a block's newest output, as JSON.
    pub(crate) fn output(&self, pipeline: &str, block: &str, arguments: &[&str]) -> Value {
        let mut all = vec!["output", "PROJECT", pipeline, block, "--format", "json"];
        all.extend(arguments);
        let done = self.baton(&all);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    }
}

/// The built binary with the shared home and nothing of the caller's settings.
pub(crate) fn baton() -> Command {
    program(env!("CARGO_BIN_EXE_baton"))
}

/// A program, such as a link to the binary, with the shared home and nothing of the caller's settings.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command
        .env(
            "BATON_HOME",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("home"),
        )
        .env_remove("ENV")
        .env_remove("BATON_PYTHON")
        .env_remove("BATON_DATABASE_URL")
        .env_remove("BATON_KILL_AT")
        .stdin(Stdio::null());
    command
}

/// What a finished process printed, as text.
pub(crate) fn finish(output: Output) -> Finished {
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The last line of `--json`.
pub(crate) fn summary(done: &Finished) -> Value {
    let last = done
        .stdout
        .lines()
        .last()
        .unwrap_or_else(|| panic!("no output; stderr: {}", done.stderr));
    serde_json::from_str(last).unwrap()
}

/// Status of every block of a summary.
pub(crate) fn statuses(summary: &Value) -> BTreeMap<String, String> {
    let blocks = summary["blocks"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    blocks
        .iter()
        .map(|block| (text(&block["uuid"]), text(&block["status"])))
        .collect()
}

/// The entry of one block in a summary.
pub(crate) fn block<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let blocks = summary["blocks"].as_array().unwrap();
    blocks.iter().find(|block| block["uuid"] == name).unwrap()
}
