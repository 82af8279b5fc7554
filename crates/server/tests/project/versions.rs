//! What Git knows of the files of a project.

use std::process::Command;

use serde_json::{Value, json};

use crate::scene::Scene;

/// Runs Git in the project, as nobody in particular.
fn git(scene: &Scene, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@localhost"])
        .args([
            "-c",
            "commit.gpgSign=false",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(scene.path(""))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", "2024-05-01T06:00:00+02:00")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{arguments:?}: {errors}");
}

fn subjects(answer: &Value) -> Vec<&str> {
    let commits = answer["commits"].as_array().unwrap().iter();
    commits
        .map(|commit| commit["subject"].as_str().unwrap())
        .collect()
}

/// A project that Git keeps; none where there is no Git.
async fn kept() -> Option<Scene> {
    Command::new("git").arg("--version").output().ok()?;
    let scene = Scene::new().await;
    std::fs::remove_dir_all(scene.path(".git")).unwrap();
    git(&scene, &["init", "--quiet"]);
    git(&scene, &["add", "."]);
    git(&scene, &["commit", "--quiet", "--message", "the beginning"]);
    std::fs::write(scene.path("data_loaders/load.py"), "x = 2\n").unwrap();
    git(
        &scene,
        &["commit", "--quiet", "--all", "--message", "two\n\nnot one"],
    );
    std::fs::rename(
        scene.path("transformers/clean.py"),
        scene.path("transformers/neu ä.py"),
    )
    .unwrap();
    git(&scene, &["add", "--all"]);
    git(&scene, &["commit", "--quiet", "--message", "renamed"]);
    Some(scene)
}

#[tokio::test]
async fn commits_of_files_and_pipelines_are_told() {
    let Some(scene) = kept().await else {
        return;
    };
    let found = scene.get("/api/files/data_loaders%2Fload.py/commits").await;
    assert_eq!(subjects(&found), ["two", "the beginning"]);
    assert_eq!(
        found["metadata"],
        json!({"is_repository": true, "next": false})
    );
    let newest = &found["commits"][0];
    assert_eq!(newest["author"], "Ada");
    assert_eq!(newest["authored_at"], "2024-05-01T06:00:00+02:00");
    assert_eq!(newest["paths"], json!(["data_loaders/load.py"]));
    let page = scene
        .get("/api/files/data_loaders%2Fload.py/commits?_limit=1&_offset=0")
        .await;
    assert_eq!(
        (subjects(&page), &page["metadata"]["next"]),
        (vec!["two"], &json!(true))
    );
    // A file is followed to the names it had before.
    let renamed = scene
        .get("/api/files/transformers%2Fneu%20%C3%A4.py/commits")
        .await;
    assert_eq!(subjects(&renamed), ["renamed", "the beginning"]);
    assert_eq!(
        renamed["commits"][1]["paths"],
        json!(["transformers/clean.py"])
    );
    // The pipeline has `load` and `clean`, whose file is gone.
    let pipeline = scene.get("/api/pipelines/etl/commits").await;
    assert_eq!(subjects(&pipeline), ["renamed", "two", "the beginning"]);

    let first = found["commits"][1]["commit"].as_str().unwrap().to_owned();
    let path = "/api/files/data_loaders%2Fload.py";
    let old = scene.get(&format!("{path}/commits/{first}")).await;
    assert_eq!(old["file_version"]["content"], "x = 1\n");
    let second = newest["commit"].as_str().unwrap();
    let between = scene
        .get(&format!("{path}/difference?from={first}&to={second}"))
        .await;
    let text = between["difference"]["text"].as_str().unwrap();
    assert!(text.ends_with("-x = 1\n+x = 2\n"), "{text}");
    std::fs::write(scene.path("data_loaders/load.py"), "x = 3\n").unwrap();
    let since = scene.get(&format!("{path}/difference?from={second}")).await;
    let text = since["difference"]["text"].as_str().unwrap();
    assert!(text.ends_with("-x = 2\n+x = 3\n"), "{text}");
}

#[tokio::test]
async fn what_git_does_not_know_is_said() {
    let Some(scene) = kept().await else {
        return;
    };
    let path = "/api/files/data_loaders%2Fload.py";
    for (address, status) in [
        (format!("{path}/commits/HEAD"), 400),
        (format!("{path}/commits/--output=x"), 400),
        (format!("{path}/commits/0123456789"), 404),
        (format!("{path}/difference?from=0123456789"), 404),
        (format!("{path}/difference?from=HEAD~1"), 400),
        ("/api/files/..%2Fother/commits".to_owned(), 403),
        ("/api/files/.git%2Fconfig/commits".to_owned(), 404),
        ("/api/pipelines/nothing/commits".to_owned(), 404),
    ] {
        scene.refused("GET", &address, Value::Null, status).await;
    }
    // What the repository's settings would run is not run.
    let trap = scene.folder.path().join("trap");
    for key in [
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "diff.odd.textconv",
    ] {
        git(
            &scene,
            &["config", key, &format!("touch {}", trap.display())],
        );
    }
    std::fs::write(scene.path(".gitattributes"), "*.py diff=odd\n").unwrap();
    std::fs::write(scene.path("data_loaders/load.py"), "x = 4\n").unwrap();
    let found = scene.get(&format!("{path}/commits")).await;
    let newest = found["commits"][0]["commit"].as_str().unwrap();
    scene.get(&format!("{path}/difference?from={newest}")).await;
    scene.get("/api/pipelines/etl/commits").await;
    assert!(!trap.exists());

    let plain = Scene::new().await;
    std::fs::remove_dir_all(plain.path(".git")).unwrap();
    let none = plain.get(&format!("{path}/commits")).await;
    assert_eq!(none["metadata"]["is_repository"], false);
    assert_eq!(none["commits"], json!([]));
}
