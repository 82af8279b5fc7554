//! What there is not, and what cannot be.

use baton_server::ROUTES;
use serde_json::{Value, json};

use crate::scene::Scene;

/// The path of a route that asks for things that are not there, in this pipeline.
fn path(pattern: &str, pipeline: &str) -> String {
    let parts = pattern.split('/').map(|part| match part {
        "{pipeline}" => pipeline,
        "{id}" | "{with}" => "999",
        "{commit}" => "1a2b3c4",
        part if part.starts_with('{') => "nosuch",
        part => part,
    });
    let path = parts.collect::<Vec<_>>().join("/");
    // What these cannot do without.
    match path.rsplit('/').next() {
        Some("chart") => format!("{path}?chart_type=histogram"),
        Some("difference") => format!("{path}?from=1a2b3c4"),
        _ => path,
    }
}

#[tokio::test]
async fn what_is_unknown_is_not_found() {
    let scene = Scene::new().await;
    let mut asked = 0;
    for route in ROUTES {
        let places = route.path.matches('{').count();
        let is_asked = matches!(route.method, "GET" | "DELETE");
        // Whether Git knows a file does not depend on whether it is there.
        let is_any = matches!(route.path, "/{*path}" | "/api/files/{path}/commits");
        if !is_asked || is_any || places == 0 {
            continue;
        }
        // Of a pipeline that there is, a block or the like that there is not.
        let has_more = route.path.contains("{pipeline}") && places > 1;
        let pipelines = if has_more {
            &["nosuch", "etl"][..]
        } else {
            &["nosuch"]
        };
        for pipeline in pipelines {
            let path = path(route.path, pipeline);
            let (status, answer) = scene.call(route.method, &path, Value::Null).await;
            assert_eq!(status, 404, "{} {path}: {answer}", route.method);
            asked += 1;
        }
    }
    assert!(asked > 50, "{asked}");
}

#[tokio::test]
async fn changes_of_what_is_unknown_are_refused() {
    let scene = Scene::new().await;
    let run = |keys: Value| json!({ "run": keys });
    for (path, body) in [
        ("/api/runs", run(json!({"pipeline_uuid": "nosuch"}))),
        (
            "/api/runs",
            run(json!({"pipeline_uuid": "etl", "block_uuid": "nosuch"})),
        ),
        (
            "/api/runs",
            run(json!({"pipeline_uuid": "etl", "block_uuid": "load", "from_pipeline_run_id": 999})),
        ),
        (
            "/api/pipelines/nosuch/blocks",
            json!({"block": {"name": "a", "type": "custom"}}),
        ),
        (
            "/api/pipelines/nosuch/backfills",
            json!({"backfill": {"name": "a"}}),
        ),
        (
            "/api/pipelines/nosuch/backfills/preview",
            json!({"backfill": {"name": "a"}}),
        ),
        (
            "/api/pipelines/nosuch/pipeline_schedules",
            json!({"pipeline_schedule": {"name": "a"}}),
        ),
        (
            "/api/pipelines/nosuch/pipeline_schedules/preview",
            json!({"pipeline_schedule": {"schedule_interval": "@daily"}}),
        ),
        ("/api/pipeline_schedules/999/pipeline_runs", json!({})),
    ] {
        let (status, answer) = scene.call("POST", path, body).await;
        assert_eq!(status, 404, "{path}: {answer}");
        // Commands are no hints for clients of the API.
        let hint = answer["error"]["hint"].as_str().unwrap_or_default();
        assert!(!hint.contains("baton"), "{path}: {hint}");
    }
}

#[tokio::test]
async fn names_that_are_too_long_are_the_callers_mistake() {
    let scene = Scene::new().await;
    let long = "x".repeat(300);
    for (path, body) in [
        ("/api/pipelines", json!({"pipeline": {"name": long}})),
        (
            "/api/pipelines/etl/blocks",
            json!({"block": {"name": long, "type": "custom"}}),
        ),
        (
            "/api/files",
            json!({"file": {"name": long, "dir_path": ""}}),
        ),
        (
            "/api/folders",
            json!({"folder": {"name": long, "path": ""}}),
        ),
    ] {
        let message = scene.refused("POST", path, body, 400).await;
        assert!(message.contains("too long"), "{path}: {message}");
    }
    let path = format!("/api/pipelines/{long}");
    scene.refused("GET", &path, Value::Null, 404).await;
    let missing = "/api/files/load.py/difference";
    let message = scene.refused("GET", missing, Value::Null, 400).await;
    assert_eq!(message, "`from` is missing");
}
