//! `pipelines`.

use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::scene::{ETL, Scene};

fn names(answer: &Value) -> Vec<String> {
    let rows = answer["pipelines"].as_array().unwrap().iter();
    rows.map(|row| row["uuid"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pipelines_are_listed_filtered_and_paged() {
    let scene = Scene::new().await;
    for (query, expected) in [
        ("", vec!["etl", "other"]),
        ("?type[]=streaming", vec!["other"]),
        ("?tag[]=nightly", vec!["etl"]),
        ("?search=OTHER", vec!["other"]),
        ("?status[]=no_schedules", vec!["etl", "other"]),
        ("?status[]=active", vec![]),
        ("?_limit=1&_offset=1", vec!["other"]),
    ] {
        let answer = scene.get(&format!("/api/pipelines{query}")).await;
        assert_eq!(names(&answer), expected, "{query}");
    }
    let page = scene.get("/api/pipelines?_limit=1").await;
    assert_eq!(page["metadata"]["count"], json!(2));
    assert_eq!(page["metadata"]["next"], json!(true));
    let first = &page["pipelines"][0];
    for key in [
        "blocks",
        "callbacks",
        "conditionals",
        "widgets",
        "created_at",
        "data_integration",
        "description",
        "executor_config",
        "executor_count",
        "executor_type",
        "extensions",
        "name",
        "notification_config",
        "remote_variables_dir",
        "retry_config",
        "run_pipeline_in_one_process",
        "settings",
        "spark_config",
        "tags",
        "type",
        "updated_at",
        "uuid",
        "variables",
        "variables_dir",
        "concurrency_config",
        "cache_block_output_in_memory",
    ] {
        assert!(first.get(key).is_some(), "{key} is missing");
    }
    scene
        .ok(
            "POST",
            "/api/pipelines/etl/pipeline_schedules",
            json!({"pipeline_schedule": {"name": "hook", "schedule_type": "api"}}),
        )
        .await;
    let answer = scene
        .get("/api/pipelines?status[]=inactive&include_schedules=1")
        .await;
    assert_eq!(names(&answer), ["etl"]);
    assert_eq!(
        answer["pipelines"][0]["schedules"][0]["name"],
        json!("hook")
    );
    // A change on the disk is seen by the next request.
    std::fs::write(
        scene.path("pipelines/other/metadata.yaml"),
        "name: Changed\ntype: python\n",
    )
    .unwrap();
    let answer = scene.get("/api/pipelines?search=changed").await;
    assert_eq!(names(&answer), ["other"]);
}

#[tokio::test]
async fn one_pipeline_is_shown_with_its_content() {
    let scene = Scene::new().await;
    let plain = scene.get("/api/pipelines/etl").await;
    assert_eq!(plain["pipeline"]["blocks"][0].get("content"), None);
    assert_eq!(plain["pipeline"]["variables"], json!({"region": "eu"}));
    let full = scene.get("/api/pipelines/etl?includes_content=1").await;
    let block = &full["pipeline"]["blocks"][1];
    assert_eq!(block["content"], json!("y = 1\n"));
    assert_eq!(block["upstream_blocks"], json!(["load"]));
    assert!(block["revision"].is_string());
    scene
        .refused("GET", "/api/pipelines/nothing", Value::Null, 404)
        .await;
    scene
        .refused("GET", "/api/pipelines/..%2F..", Value::Null, 404)
        .await;
    // A broken file is shown with what is wrong.
    std::fs::write(scene.path("pipelines/other/metadata.yaml"), "a: [\n").unwrap();
    let broken = scene.get("/api/pipelines/other").await;
    assert_eq!(
        broken["pipeline"]["problems"][0]["code"],
        json!("yaml-syntax")
    );
}

#[tokio::test]
async fn pipelines_are_made_blank_cloned_and_of_a_template() {
    let scene = Scene::new().await;
    let made = scene
        .ok(
            "POST",
            "/api/pipelines",
            json!({"pipeline": {"name": "My New", "type": "streaming", "tags": ["a"], "description": "d"}}),
        )
        .await;
    assert_eq!(made["pipeline"]["uuid"], json!("my_new"));
    assert_eq!(made["pipeline"]["type"], json!("streaming"));
    let again = json!({"pipeline": {"name": "my new"}});
    scene.refused("POST", "/api/pipelines", again, 409).await;
    let message = scene
        .refused(
            "POST",
            "/api/pipelines",
            json!({"pipeline": {"name": 1}}),
            400,
        )
        .await;
    assert!(message.contains("`name`"), "{message}");
    scene
        .refused("POST", "/api/pipelines", json!({"x": {}}), 400)
        .await;
    let clone = json!({"pipeline": {"name": "copy", "clone_pipeline_uuid": "etl"}});
    let made = scene.ok("POST", "/api/pipelines", clone).await;
    assert_eq!(
        made["pipeline"]["blocks"][1]["upstream_blocks"],
        json!(["load"])
    );
    assert!(
        scene
            .text("pipelines/copy/metadata.yaml")
            .contains("unknown_key: 1 # kept too")
    );
    let none = json!({"pipeline": {"name": "copy2", "clone_pipeline_uuid": "nothing"}});
    scene.refused("POST", "/api/pipelines", none, 404).await;
    let template = json!({"custom_template": {
        "object_type": "pipelines", "template_uuid": "tpl", "pipeline_uuid": "etl", "description": "t",
    }});
    scene.ok("POST", "/api/custom_templates", template).await;
    let shown = scene
        .get("/api/custom_templates/tpl?object_type=pipelines")
        .await;
    assert_eq!(shown["custom_template"]["pipeline"]["uuid"], json!("etl"));
    let wanted = json!({"pipeline": {"name": "of template", "custom_template_uuid": "tpl"}});
    let made = scene.ok("POST", "/api/pipelines", wanted).await;
    assert_eq!(made["pipeline"]["uuid"], json!("of_template"));
    assert_eq!(made["pipeline"]["blocks"][1]["uuid"], json!("clean"));
}

#[tokio::test]
async fn a_change_touches_only_its_own_lines_and_only_what_was_seen() {
    let scene = Scene::new().await;
    let shown = scene.get("/api/pipelines/etl").await;
    let revision = shown["pipeline"]["revision"].clone();
    let change =
        json!({"pipeline": {"description": "new", "executor_config": {}, "revision": revision}});
    let changed = scene.ok("PUT", "/api/pipelines/etl", change.clone()).await;
    assert_ne!(changed["pipeline"]["revision"], revision);
    let text = scene.text("pipelines/etl/metadata.yaml");
    assert_eq!(text.replace("description: new\n", ""), ETL, "{text}");
    let (status, answer) = scene.call("PUT", "/api/pipelines/etl", change).await;
    assert_eq!(status, 409);
    assert_eq!(answer["error"]["errors"]["revision"]["given"], revision);
    assert_eq!(
        answer["error"]["errors"]["revision"]["current"],
        changed["pipeline"]["revision"]
    );
    let stale = Scene::request("PUT", "/api/pipelines/etl")
        .header(header::IF_MATCH, "\"0000\"")
        .body(Body::from(json!({"pipeline": {"tags": []}}).to_string()))
        .unwrap();
    assert_eq!(scene.send(stale).await.0, StatusCode::CONFLICT);
    for (key, value) in [
        ("tags", json!("nightly")),
        ("description", json!(1)),
        ("variables", json!([])),
        ("type", json!("cobol")),
        ("blocks", json!({})),
    ] {
        let wrong = json!({"pipeline": {key: value}});
        let message = scene.refused("PUT", "/api/pipelines/etl", wrong, 400).await;
        assert!(message.contains(&format!("`{key}`")), "{message}");
    }
    assert!(
        scene.audit().contains("\"pipeline.update\""),
        "{}",
        scene.audit()
    );
}

#[tokio::test]
async fn contents_are_saved_with_their_pipeline() {
    let scene = Scene::new().await;
    let mut pipeline = scene.get("/api/pipelines/etl?includes_content=1").await["pipeline"].take();
    pipeline["blocks"][0]["content"] = json!("x = 2\n");
    let body = json!({"pipeline": pipeline});
    scene.ok("PUT", "/api/pipelines/etl", body.clone()).await;
    assert_eq!(scene.text("data_loaders/load.py"), "x = 1\n");
    scene
        .ok(
            "PUT",
            "/api/pipelines/etl?update_content=true",
            body.clone(),
        )
        .await;
    assert_eq!(scene.text("data_loaders/load.py"), "x = 2\n");
    assert_eq!(
        scene.text("pipelines/etl/metadata.yaml"),
        ETL,
        "nothing else was sent"
    );
    // The content that the first save replaced was another one.
    scene
        .refused("PUT", "/api/pipelines/etl?update_content=true", body, 409)
        .await;
}

#[tokio::test]
async fn a_new_name_moves_the_folder_and_takes_triggers_along() {
    let scene = Scene::new().await;
    scene
        .ok(
            "POST",
            "/api/pipelines/etl/pipeline_schedules",
            json!({"pipeline_schedule": {"name": "hook", "schedule_type": "api"}}),
        )
        .await;
    scene
        .ok(
            "POST",
            "/api/global_data_products",
            json!({"global_data_product": {"uuid": "orders", "object_uuid": "etl"}}),
        )
        .await;
    let taken = json!({"pipeline": {"name": "other"}});
    scene.refused("PUT", "/api/pipelines/etl", taken, 409).await;
    let renamed = scene
        .ok(
            "PUT",
            "/api/pipelines/etl",
            json!({"pipeline": {"name": "Daily ETL"}}),
        )
        .await;
    assert_eq!(renamed["pipeline"]["uuid"], json!("daily_etl"));
    assert_eq!(renamed["pipeline"]["schedules"][0]["name"], json!("hook"));
    assert!(!scene.path("pipelines/etl").exists());
    assert!(
        scene
            .text("pipelines/daily_etl/metadata.yaml")
            .contains("# kept too")
    );
    let product = scene.get("/api/global_data_products/orders").await;
    assert_eq!(
        product["global_data_product"]["object_uuid"],
        json!("daily_etl")
    );
    scene
        .refused("GET", "/api/pipelines/etl", Value::Null, 404)
        .await;
}

#[tokio::test]
async fn a_status_is_for_all_triggers() {
    let scene = Scene::new().await;
    for name in ["a", "b"] {
        let trigger = json!({"pipeline_schedule": {"name": name, "schedule_type": "api"}});
        scene
            .ok("POST", "/api/pipelines/etl/pipeline_schedules", trigger)
            .await;
    }
    for status in ["active", "inactive"] {
        let wanted = json!({"pipeline": {"status": status}});
        scene.ok("PUT", "/api/pipelines/etl", wanted).await;
        let triggers = scene.get("/api/pipelines/etl/pipeline_schedules").await;
        for trigger in triggers["pipeline_schedules"].as_array().unwrap() {
            assert_eq!(trigger["status"], json!(status));
        }
    }
    for status in ["cancelled", "retry", "retry_incomplete_block_runs"] {
        let wanted = json!({"pipeline": {"status": status}});
        scene.ok("PUT", "/api/pipelines/etl", wanted).await;
    }
    let named = json!({"pipeline": {"status": "retry", "pipeline_runs": [{"id": 7}]}});
    scene.refused("PUT", "/api/pipelines/etl", named, 404).await;
    let unknown = json!({"pipeline": {"status": "sleeping"}});
    let message = scene
        .refused("PUT", "/api/pipelines/etl", unknown, 400)
        .await;
    assert!(message.contains("`status`"), "{message}");
}

#[tokio::test]
async fn deleting_tells_its_consequences() {
    let scene = Scene::new().await;
    let trigger = json!({"pipeline_schedule": {"name": "hook", "schedule_type": "api"}});
    scene
        .ok("POST", "/api/pipelines/etl/pipeline_schedules", trigger)
        .await;
    let told = scene
        .ok("DELETE", "/api/pipelines/etl?dry_run=1", Value::Null)
        .await;
    assert_eq!(
        told["metadata"]["consequences"]["triggers"],
        json!(["hook"])
    );
    assert!(scene.path("pipelines/etl").exists());
    let stale = Scene::request("DELETE", "/api/pipelines/etl")
        .header(header::IF_MATCH, "0000")
        .body(Body::empty())
        .unwrap();
    assert_eq!(scene.send(stale).await.0, StatusCode::CONFLICT);
    scene.ok("DELETE", "/api/pipelines/etl", Value::Null).await;
    assert!(!scene.path("pipelines/etl").exists());
    assert!(
        scene.path("data_loaders/load.py").exists(),
        "files of blocks stay"
    );
    let left = scene.get("/api/pipeline_schedules").await;
    assert_eq!(left["metadata"]["count"], json!(0));
    scene
        .refused("DELETE", "/api/pipelines/etl", Value::Null, 404)
        .await;
}

#[tokio::test]
async fn names_of_open_routes_open_nothing() {
    let scene = Scene::new().await;
    for name in ["health", "ready", "configs", "login"] {
        scene
            .ok(
                "POST",
                "/api/pipelines",
                json!({"pipeline": {"name": name}}),
            )
            .await;
        for path in [
            format!("/api/pipelines/{name}"),
            format!("/api/pipelines/{name}/blocks"),
            format!("/api/pipelines/{name}/blocks/{name}"),
            format!("/api/pipelines/etl/blocks/{name}"),
            format!("/api/files/{name}"),
            format!("/api/file_contents/{name}"),
            format!("/api/secrets/{name}"),
        ] {
            for method in ["GET", "PUT", "DELETE", "POST"] {
                let request = Scene::stranger(method, &path);
                let request = request.body(Body::from("{}")).unwrap();
                let status = scene.send(request).await.0.as_u16();
                assert!(
                    matches!(status, 401 | 403 | 405),
                    "{method} {path}: {status}"
                );
            }
        }
        scene.get(&format!("/api/pipelines/{name}")).await;
    }
}
