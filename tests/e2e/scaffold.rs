//! `baton init` and `baton new`: what they make checks clean and runs.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::project::{Finished, TestProject, baton, finish, statuses, summary};

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
        "new",
        "run",
        "runs",
        "logs",
        "output",
        "secret",
        "check",
        "clean",
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

/// A project made by `baton init`, to add to.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shop = Self { folder };
        shop.baton(&["init", "PROJECT"]);
        shop
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn finished(&self, arguments: &[&str]) -> Finished {
        let root = self.root();
        let arguments = arguments.iter().map(|argument| match *argument {
            "PROJECT" => root.as_path(),
            other => Path::new(other),
        });
        finish(
            baton()
                .args(arguments)
                .current_dir(self.folder.path())
                .output()
                .unwrap(),
        )
    }

    fn baton(&self, arguments: &[&str]) -> String {
        let done = self.finished(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
        done.stdout
    }

    fn block(&self, pipeline: &str, name: &str, kind: &str, more: &[&str]) {
        let mut all = vec!["new", "block", "PROJECT", pipeline, name, "--type", kind];
        all.extend(more);
        self.baton(&all);
    }

    fn run(&self, pipeline: &str, more: &[&str]) -> (Option<i32>, Value, String) {
        let mut all = vec!["run", "PROJECT", pipeline, "--json"];
        all.extend(more);
        let done = self.finished(&all);
        (done.code, summary(&done), done.stdout)
    }

    /// Runs a pipeline whose blocks all complete.
    fn completes(&self, pipeline: &str, more: &[&str]) -> BTreeMap<String, String> {
        let (code, summary, all) = self.run(pipeline, more);
        assert_eq!(code, Some(0), "{all}");
        let statuses = statuses(&summary);
        assert!(
            statuses.values().all(|status| status == "completed"),
            "{all}"
        );
        statuses
    }
}

/// Ids of the Python templates of a kind, apart from those that make items for dynamic blocks.
fn templates(shop: &Shop, kind: &str) -> Vec<String> {
    shop.baton(&["new", "templates", "--json"])
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|template| template["type"] == kind && template["language"] == "python")
        .map(|template| template["id"].as_str().unwrap().to_owned())
        .filter(|id| id != "dynamic")
        .collect()
}

/// A web server that answers every request with a small table; its address.
fn table_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let table = "id,name\n1,one\n2,two\n";
            let length = table.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{table}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/table.csv")
}

#[test]
fn blocks_made_from_every_template_run() {
    let shop = Shop::new();
    shop.baton(&["new", "pipeline", "PROJECT", "All Templates", "--tag", "x"]);
    let mut made = 0;
    let mut add = |kind: &str, id: &str, more: &[&str]| {
        let name = format!("{id} {kind}");
        let mut all = vec!["--template", id];
        all.extend(more);
        shop.block("all_templates", &name, kind, &all);
        made += 1;
    };
    for id in templates(&shop, "data_loader") {
        add("data_loader", &id, &[]);
    }
    for kind in ["transformer", "data_exporter", "custom"] {
        for id in templates(&shop, kind) {
            add(kind, &id, &["--upstream", "file_data_loader"]);
        }
    }
    assert!(made > 28, "{made} templates");
    let check = shop.baton(&["check", "PROJECT", "--strict"]);
    assert!(check.contains("2 pipelines"), "{check}");
    let url = format!("url={}", table_server());
    let statuses = shop.completes("all_templates", &["--var", &url]);
    assert_eq!(statuses.len(), made);
    let rows = std::fs::read_to_string(shop.root().join("output/data.csv")).unwrap();
    assert!(rows.lines().count() > 30, "{rows}");
}

#[test]
fn sensors_conditions_and_callbacks_made_from_templates_run() {
    let shop = Shop::new();
    shop.baton(&["new", "pipeline", "PROJECT", "waiting"]);
    for id in templates(&shop, "sensor") {
        shop.block(
            "waiting",
            &format!("wait {id}"),
            "sensor",
            &["--template", &id],
        );
    }
    let above = ["--upstream", "wait_default,wait_file"];
    shop.block("waiting", "load", "data_loader", &above);
    shop.block(
        "waiting",
        "is wanted",
        "conditional",
        &["--upstream", "load"],
    );
    shop.block("waiting", "tell", "callback", &["--upstream", "load"]);
    shop.block("waiting", "notes", "markdown", &[]);
    shop.block("waiting", "play", "scratchpad", &[]);
    assert!(
        shop.baton(&["check", "PROJECT", "--strict"])
            .contains("0 errors")
    );

    shop.completes("waiting", &[]);
    let logs = shop.baton(&["logs", "PROJECT", "1"]);
    assert!(logs.contains("load succeeded"), "{logs}");
    let (code, summary, all) = shop.run("waiting", &["--var", "is_wanted=false"]);
    assert_eq!(code, Some(0), "{all}");
    assert_eq!(statuses(&summary)["load"], "condition_failed", "{all}");
}

#[test]
fn dynamic_blocks_made_from_templates_run() {
    for (kind, above) in [
        ("data_loader", None),
        ("custom", None),
        ("transformer", Some("start")),
    ] {
        let shop = Shop::new();
        shop.baton(&["new", "pipeline", "PROJECT", "mapped"]);
        let mut more = vec!["--dynamic"];
        if let Some(above) = above {
            shop.block("mapped", above, "data_loader", &[]);
            more.extend(["--upstream", above]);
        }
        shop.block("mapped", "items", kind, &more);
        shop.block(
            "mapped",
            "each",
            "transformer",
            &["--upstream", "items", "--reduce"],
        );
        shop.block("mapped", "all", "data_exporter", &["--upstream", "each"]);
        let statuses = shop.completes("mapped", &["--var", "names=[\"x\", \"y\", \"z\"]"]);
        for child in ["each:x", "each:y", "each:z", "all"] {
            assert!(statuses.contains_key(child), "{kind}: {statuses:?}");
        }
    }
}

#[test]
fn what_cannot_be_made_changes_nothing() {
    let shop = Shop::new();
    let file = shop.root().join("pipelines/example_pipeline/metadata.yaml");
    let before = std::fs::read(&file).unwrap();
    let block = ["new", "block", "PROJECT", "example_pipeline"];
    for (arguments, code, part) in [
        (vec!["load orders", "--type", "custom"], 4, "load_orders"),
        (vec!["fresh"], 2, "--type"),
        (
            vec!["fresh", "--type", "custom", "--template", "nothing"],
            2,
            "default",
        ),
        (
            vec!["fresh", "--type", "sensor", "--upstream", "nobody"],
            2,
            "nobody",
        ),
        (
            vec![
                "daily revenue",
                "--type",
                "transformer",
                "--template",
                "sort_rows",
            ],
            4,
            "transformers/daily_revenue.py",
        ),
    ] {
        let done = shop.finished(&[&block[..], &arguments].concat());
        assert_eq!(done.code, Some(code), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(part), "{arguments:?}: {}", done.stderr);
        assert_eq!(std::fs::read(&file).unwrap(), before, "{arguments:?}");
    }
    let again = shop.finished(&["new", "pipeline", "PROJECT", "Example Pipeline"]);
    assert_eq!(again.code, Some(4), "{}", again.stderr);
}

#[test]
fn old_runs_go_and_the_newest_products_stay() {
    let shop = Shop::new();
    for _ in 0..3 {
        shop.completes("example_pipeline", &[]);
    }
    let clean = |more: &[&str]| {
        let all = [&["clean", "PROJECT"], more].concat();
        shop.baton(&all)
    };
    assert!(clean(&[]).contains("0 runs"), "the project keeps 90 days");
    let dry = clean(&["--older-than", "0h", "--dry-run"]);
    assert!(dry.contains("2 runs would be deleted"), "{dry}");
    let other = clean(&[
        "--older-than",
        "0h",
        "--pipeline",
        "example_pipeline",
        "--logs",
    ]);
    assert!(other.contains("3 logs"), "{other}");
    assert!(clean(&["--older-than", "0h"]).contains("2 runs deleted"));
    let runs = shop.baton(&["runs", "PROJECT", "--json"]);
    assert_eq!(runs.lines().count(), 1, "{runs}");
    let rows = shop.baton(&["output", "PROJECT", "example_pipeline", "daily_revenue"]);
    assert!(rows.contains("revenue"), "{rows}");
    let one = ["--block", "daily_revenue"];
    shop.completes("example_pipeline", &one);
    for more in [&[][..], &["--logs"]] {
        let all = [&["clean", "PROJECT", "--pipeline", "example_pipelin"], more].concat();
        let unknown = shop.finished(&all);
        assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
        let hint = "did you mean `example_pipeline`?";
        assert!(unknown.stderr.contains(hint), "{}", unknown.stderr);
    }
    let bad = shop.finished(&["clean", "PROJECT", "--older-than", "soon"]);
    assert_eq!(bad.code, Some(2), "{}", bad.stderr);
}
