//! Several projects in one folder, which a `settings.yaml` names.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::project::{Finished, baton, finish, summary};

const LOAD: &str = "\
from mage_ai.settings.repo import get_repo_path

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader

from hub.utils.names import shown


@data_loader
def load(*args, **kwargs):
    return [shown(get_repo_path()), shown(get_repo_path(root_project=True)), shown(kwargs['repo_path'])]
";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn pipeline(root: &Path, project: &str, name: &str, extra: &str) {
    write(
        root,
        &format!("{project}/pipelines/{name}/metadata.yaml"),
        &format!(
            "uuid: {name}\nname: {name}\ntype: python\nblocks:\n- {{uuid: load, name: load, type: data_loader, upstream_blocks: []{extra}}}\n"
        ),
    );
}

fn call(folder: &Path, arguments: &[&str]) -> Finished {
    finish(
        baton()
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap(),
    )
}

#[test]
fn a_folder_of_projects_is_checked_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let hub = folder.path().join("hub");
    write(
        &hub,
        "settings.yaml",
        "projects:\n  shop: {}\n  marketing:\n    path: growth/marketing\n",
    );
    write(&hub, "utils/__init__.py", "");
    write(
        &hub,
        "utils/names.py",
        "from os import path\n\n\ndef shown(folder):\n    return path.basename(folder)\n",
    );
    for project in ["shop", "growth/marketing"] {
        write(&hub, &format!("{project}/metadata.yaml"), "");
        pipeline(&hub, project, "same", "");
    }
    write(&hub, "shop/data_loaders/load.py", LOAD);
    pipeline(
        &hub,
        "growth/marketing",
        "shared",
        ", configuration: {file_source: {path: shop/data_loaders/load.py}}",
    );

    let check = call(folder.path(), &["check", "hub"]);
    assert_eq!(check.code, Some(1), "{}", check.stdout);
    assert!(
        check
            .stdout
            .contains("growth/marketing/pipelines/same/metadata.yaml:5"),
        "{}",
        check.stdout
    );
    write(&hub, "growth/marketing/data_loaders/load.py", LOAD);
    let check = call(folder.path(), &["check", "hub", "--json"]);
    let counted: Value = summary(&check);
    assert_eq!(counted["projects"], 2, "{}", check.stdout);
    assert_eq!(counted["errors"], 0, "{}", check.stdout);

    let ran = call(folder.path(), &["run", "hub", "shared", "--json"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let output = ["output", "hub", "shared", "load", "--format", "json"];
    let value = |name| {
        let done = call(folder.path(), &[&output[..], &["--name", name]].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        serde_json::from_str::<Value>(&done.stdout).unwrap()
    };
    assert_eq!(value("output_0"), "marketing");
    assert_eq!(value("output_1"), "hub");
    assert_eq!(value("output_2"), "marketing");

    let both = call(folder.path(), &["run", "hub", "same"]);
    assert_eq!(both.code, Some(2), "{}", both.stderr);
    assert!(both.stderr.contains("growth/marketing"), "{}", both.stderr);
    write(
        &hub,
        ".settings.yaml",
        "projects:\n  shop: {active: true}\n",
    );
    let active = call(folder.path(), &["run", "hub", "same", "--json"]);
    assert_eq!(active.code, Some(0), "{}", active.stderr);
    let missing = call(folder.path(), &["run", "hub", "sam"]);
    assert!(
        missing.stderr.contains("did you mean `same`"),
        "{}",
        missing.stderr
    );
    let runs = call(folder.path(), &["runs", "hub"]);
    assert_eq!(runs.code, Some(2), "{}", runs.stderr);
    assert!(runs.stderr.contains("shop"), "{}", runs.stderr);
}

#[test]
fn the_name_that_mages_image_gives_a_project_can_be_imported() {
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("a-clone");
    write(&clone, "metadata.yaml", "");
    write(&clone, "utils/__init__.py", "");
    write(&clone, "utils/seven.py", "SEVEN = 7\n");
    pipeline(folder.path(), "a-clone", "p", "");
    write(
        &clone,
        "data_loaders/load.py",
        "from default_repo.utils.seven import SEVEN\nfrom default_repo.utils import seven\n\n@data_loader\ndef load():\n    return SEVEN + seven.SEVEN\n",
    );
    let ran = call(folder.path(), &["run", "a-clone", "p", "--json"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let output = call(
        folder.path(),
        &["output", "a-clone", "p", "load", "--format", "json"],
    );
    assert_eq!(output.stdout.trim(), "14");
}

#[test]
fn pipelines_without_metadata_of_the_project_run() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare");
    pipeline(folder.path(), "bare", "p", "");
    write(
        &bare,
        "data_loaders/load.py",
        "@data_loader\ndef load():\n    return 1\n",
    );
    let check = call(folder.path(), &["check", "bare"]);
    assert_eq!(check.code, Some(0), "{}", check.stdout);
    assert!(
        check.stdout.contains("missing-metadata"),
        "{}",
        check.stdout
    );
    let ran = call(folder.path(), &["run", "bare", "p", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}
