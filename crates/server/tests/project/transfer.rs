//! Pipelines out of one project and into another, as zip archives.

use axum::body::Body;
use axum::http::header;
use serde_json::{Value, json};

use crate::scene::Scene;

const TRIGGERS: &str = "triggers:\n- name: nightly\n  schedule_type: time\n  schedule_interval: '@daily'\n  \
                        start_time: 2024-01-01 00:00:00\n  status: active\n  token: 0123456789\n  settings: {}\n  variables: {}\n";

async fn exported(scene: &Scene) -> Vec<u8> {
    let request = Scene::request("GET", "/api/pipelines/etl/archive");
    let (status, bytes) = scene.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    bytes
}

async fn sent(scene: &Scene, path: &str, archive: &[u8]) -> (u16, Value) {
    let request = Scene::request("POST", path).header(header::CONTENT_TYPE, "application/zip");
    let request = request.body(Body::from(archive.to_vec())).unwrap();
    let (status, body) = scene.send(request).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    crate::described::check("POST", path, None, status.as_u16(), &answer);
    (status.as_u16(), answer)
}

fn fates(answer: &Value) -> Vec<(&str, &str)> {
    let files = answer["pipeline_import"]["files"].as_array().unwrap();
    files
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["fate"].as_str().unwrap(),
            )
        })
        .collect()
}

/// An archive with these files.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(*name, options).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_pipeline_moves_to_another_project() {
    let scene = Scene::new().await;
    std::fs::write(scene.path("pipelines/etl/triggers.yaml"), TRIGGERS).unwrap();
    let archive = exported(&scene).await;
    let whole = String::from_utf8_lossy(&archive).into_owned();
    assert!(
        !whole.contains("io_config"),
        "only the pipeline's own files"
    );

    let (status, same) = sent(&scene, "/api/pipeline_imports/preview", &archive).await;
    assert_eq!(status, 200, "{same}");
    assert_eq!(
        fates(&same),
        [
            ("data_loaders/load.py", "same"),
            ("pipelines/etl/metadata.yaml", "same"),
            ("pipelines/etl/triggers.yaml", "overwritten"),
            ("transformers/clean.py", "same"),
        ]
    );

    let other = Scene::new().await;
    for path in ["pipelines/etl", "data_loaders"] {
        std::fs::remove_dir_all(other.path(path)).unwrap();
    }
    std::fs::write(other.path("transformers/clean.py"), "mine = 1\n").unwrap();
    std::fs::write(
        other.path("pipelines/other/metadata.yaml"),
        "uuid: other\ntype: python\nblocks:\n- {uuid: clean, type: transformer, language: python}\n",
    )
    .unwrap();
    let (status, told) = sent(&other, "/api/pipeline_imports", &archive).await;
    assert_eq!(status, 409, "{told}");
    assert_eq!(other.text("transformers/clean.py"), "mine = 1\n");
    assert!(
        !other.path("pipelines/etl").exists(),
        "nothing is half done"
    );
    let (status, done) = sent(&other, "/api/pipeline_imports?overwrite=1", &archive).await;
    assert_eq!(status, 200, "{done}");
    let lost = &done["pipeline_import"]["files"][3];
    assert_eq!(lost["fate"], "overwritten");
    assert_eq!(lost["used_by"], json!(["other"]));
    assert_eq!(done["pipeline_import"]["triggers"], json!(["nightly"]));
    assert_eq!(other.text("transformers/clean.py"), "y = 1\n");
    assert_eq!(other.text("pipelines/etl/metadata.yaml"), crate::scene::ETL);
    // It starts nothing by itself, and nobody knows its tokens.
    let triggers = other.text("pipelines/etl/triggers.yaml");
    assert!(triggers.contains("status: inactive"), "{triggers}");
    assert!(!triggers.contains("0123456789"), "{triggers}");
    assert!(other.audit().contains("pipeline.import"));
    let shown = other.get("/api/pipelines/etl").await;
    assert_eq!(shown["pipeline"]["blocks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn archives_that_mean_harm_are_refused() {
    let scene = Scene::new().await;
    let pipeline = ("pipelines/new/metadata.yaml", "uuid: new\nblocks: []\n");
    for (files, expected) in [
        (vec![pipeline, ("../out.py", "x")], 403),
        (vec![pipeline, ("pipelines/../../out.py", "x")], 403),
        (vec![pipeline, ("/etc/out.py", "x")], 400),
        (vec![pipeline, ("a\\b.py", "x")], 400),
        (vec![pipeline, (".git/hooks/pre-commit", "x")], 404),
        (vec![pipeline, ("metadata.yaml", "x")], 400),
        (vec![pipeline, ("io_config.yaml", "x")], 400),
        (vec![pipeline, ("pipelines/etl/triggers.yaml", "x")], 400),
        (vec![pipeline, ("pipelines/two/metadata.yaml", "x")], 400),
        (vec![("pipelines/../metadata.yaml", "x")], 400),
        (vec![("data_loaders/a.py", "x")], 400),
        (
            vec![("a/pipelines/new/metadata.yaml", "x"), ("b/c.py", "x")],
            400,
        ),
    ] {
        for path in [
            "/api/pipeline_imports/preview",
            "/api/pipeline_imports?overwrite=1",
        ] {
            let (status, told) = sent(&scene, path, &packed(&files)).await;
            assert_eq!(status, expected, "{files:?}: {told}");
        }
    }
    let (status, told) = sent(&scene, "/api/pipeline_imports", b"no zip").await;
    assert_eq!(status, 400, "{told}");
    assert!(!scene.path("pipelines/new").exists());
    assert!(!scene.folder.path().join("out.py").exists());
    // The folder of a project may stand before every path.
    let (pipeline, text) = pipeline;
    let folder = format!("repo-main/{pipeline}");
    let archive = packed(&[(&folder, text), ("repo-main/custom/a.py", "x = 1\n")]);
    let (status, done) = sent(&scene, "/api/pipeline_imports", &archive).await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(scene.text("custom/a.py"), "x = 1\n");
}
