//! `blocks` and their templates.

use serde_json::{Value, json};

use crate::scene::Scene;

#[tokio::test]
async fn blocks_are_shown() {
    let scene = Scene::new().await;
    let all = scene.get("/api/pipelines/etl/blocks").await;
    assert_eq!(all["metadata"]["count"], json!(2));
    let one = scene.get("/api/pipelines/etl/blocks/load").await;
    assert_eq!(one["block"]["content"], json!("x = 1\n"));
    for key in [
        "all_upstream_blocks_executed",
        "callback_blocks",
        "color",
        "conditional_blocks",
        "configuration",
        "downstream_blocks",
        "executor_config",
        "executor_type",
        "groups",
        "has_callback",
        "language",
        "metadata",
        "name",
        "replicated_block",
        "retry_config",
        "status",
        "timeout",
        "type",
        "upstream_blocks",
        "uuid",
    ] {
        assert!(one["block"].get(key).is_some(), "{key} is missing");
    }
    scene
        .refused("GET", "/api/pipelines/etl/blocks/nothing", Value::Null, 404)
        .await;
    scene
        .refused(
            "GET",
            "/api/pipelines/nothing/blocks/load",
            Value::Null,
            404,
        )
        .await;
    let templates = scene.get("/api/block_templates").await;
    assert!(templates["metadata"]["count"].as_u64().unwrap() > 20);
}

#[tokio::test]
async fn blocks_are_made_of_templates_and_of_text() {
    let scene = Scene::new().await;
    let path = "/api/pipelines/etl/blocks";
    let made = scene
        .ok(
            "POST",
            path,
            json!({"block": {
                "name": "To File", "type": "data_exporter", "language": "python", "upstream_blocks": ["clean"],
                "config": {"template_path": "data_exporters/file.py"}, "configuration": {"a": 1},
            }}),
        )
        .await;
    assert_eq!(made["block"]["uuid"], json!("to_file"));
    assert_eq!(made["block"]["configuration"], json!({"a": 1}));
    assert!(
        made["block"]["content"]
            .as_str()
            .unwrap()
            .contains("@data_exporter")
    );
    let above = scene.get("/api/pipelines/etl/blocks/clean").await;
    assert_eq!(above["block"]["downstream_blocks"], json!(["to_file"]));
    let text =
        json!({"block": {"name": "mine", "type": "custom", "content": "z = 1\n", "priority": 0}});
    scene.ok("POST", path, text).await;
    assert_eq!(scene.text("custom/mine.py"), "z = 1\n");
    let all = scene.get("/api/pipelines/etl").await;
    assert_eq!(all["pipeline"]["blocks"][0]["uuid"], json!("mine"));
    // A file of other pipelines is not overwritten.
    let taken = json!({"block": {"name": "load", "type": "data_loader", "content": "other"}});
    scene
        .refused("POST", "/api/pipelines/other/blocks", taken, 409)
        .await;
    assert_eq!(scene.text("data_loaders/load.py"), "x = 1\n");
    for (wrong, key) in [
        (json!({"name": 1, "type": "custom"}), "`name`"),
        (
            json!({"name": "a", "type": "custom", "upstream_blocks": "load"}),
            "`upstream_blocks`",
        ),
        (
            json!({"name": "a", "type": "custom", "configuration": []}),
            "`configuration`",
        ),
    ] {
        let message = scene
            .refused("POST", path, json!({"block": wrong}), 400)
            .await;
        assert!(message.contains(key), "{message}");
    }
    scene
        .refused(
            "POST",
            path,
            json!({"block": {"name": "load", "type": "data_loader"}}),
            409,
        )
        .await;
    scene
        .refused(
            "POST",
            path,
            json!({"block": {"name": "../x", "type": "data_loader"}}),
            400,
        )
        .await;
}

#[tokio::test]
async fn a_block_is_changed_when_the_change_is_for_what_there_is() {
    let scene = Scene::new().await;
    let path = "/api/pipelines/etl/blocks/load";
    let revision = scene.get(path).await["block"]["revision"].clone();
    let change = json!({"block": {"content": "x = 2\n", "revision": revision}});
    scene.ok("PUT", path, change.clone()).await;
    assert_eq!(scene.text("data_loaders/load.py"), "x = 2\n");
    scene.refused("PUT", path, change, 409).await;
    let stale = json!({"block": {"color": "red", "pipeline_revision": "0000"}});
    scene.refused("PUT", path, stale, 409).await;
    let keys = json!({"block": {
        "configuration": {"dynamic": true}, "retry_config": {"retries": 2}, "timeout": 60, "color": "teal",
        "executor_type": "k8s",
    }});
    let changed = scene.ok("PUT", path, keys).await;
    assert_eq!(changed["block"]["timeout"], json!(60));
    assert_eq!(changed["block"]["executor_type"], json!("k8s"));
    assert_eq!(changed["block"]["retry_config"], json!({"retries": 2}));
    for (key, value) in [
        ("timeout", json!("x")),
        ("configuration", json!(1)),
        ("upstream_blocks", json!([1])),
        ("content", json!(1)),
        ("retry_config", json!([])),
        ("name", json!(1)),
    ] {
        let wrong = json!({"block": {key: value}});
        let message = scene.refused("PUT", path, wrong, 400).await;
        assert!(message.contains(&format!("`{key}`")), "{message}");
    }
    // Each has the right shape, and no run could be planned with it.
    let before = scene.text("pipelines/etl/metadata.yaml");
    for (key, value) in [
        ("retry_config", json!({"retries": -1})),
        ("retry_config", json!({"retries": "x"})),
        ("retry_config", json!({"delay": "soon"})),
    ] {
        let wrong = json!({"block": {key: value}});
        let message = scene.refused("PUT", path, wrong, 400).await;
        assert!(message.contains("could not run any more"), "{message}");
    }
    let wrong = json!({"pipeline": {"concurrency_config": {"block_run_limit": -1}}});
    let message = scene.refused("PUT", "/api/pipelines/etl", wrong, 400).await;
    assert!(message.contains("`block_run_limit`"), "{message}");
    assert_eq!(scene.text("pipelines/etl/metadata.yaml"), before);
    let circle = json!({"block": {"upstream_blocks": ["clean"]}});
    scene.refused("PUT", path, circle, 400).await;
    let unknown = json!({"block": {"upstream_blocks": ["nothing"]}});
    scene.refused("PUT", path, unknown, 404).await;
    let free = json!({"block": {"upstream_blocks": []}});
    scene
        .ok("PUT", "/api/pipelines/etl/blocks/clean", free)
        .await;
    assert_eq!(
        scene.get(path).await["block"]["downstream_blocks"],
        json!([])
    );
}

#[tokio::test]
async fn a_new_name_moves_the_file_unless_others_use_it() {
    let scene = Scene::new().await;
    let path = "/api/pipelines/etl/blocks/load";
    let taken = json!({"block": {"name": "clean"}});
    scene.refused("PUT", path, taken, 409).await;
    let renamed = scene
        .ok("PUT", path, json!({"block": {"name": "Load All"}}))
        .await;
    assert_eq!(renamed["block"]["uuid"], json!("load_all"));
    assert_eq!(renamed["block"]["content"], json!("x = 1\n"));
    assert!(!scene.path("data_loaders/load.py").exists());
    let below = scene.get("/api/pipelines/etl/blocks/clean").await;
    assert_eq!(below["block"]["upstream_blocks"], json!(["load_all"]));
    let shared = json!({"block": {"name": "load_all", "type": "data_loader"}});
    scene
        .ok("POST", "/api/pipelines/other/blocks", shared)
        .await;
    scene
        .ok(
            "PUT",
            "/api/pipelines/etl/blocks/load_all",
            json!({"block": {"name": "eu/load"}}),
        )
        .await;
    assert_eq!(
        scene.text("data_loaders/load_all.py"),
        "x = 1\n",
        "the other pipeline needs it"
    );
    assert_eq!(scene.text("data_loaders/eu/load.py"), "x = 1\n");
    let nested = scene.get("/api/pipelines/etl/blocks/eu%2Fload").await;
    assert_eq!(nested["block"]["content"], json!("x = 1\n"));
}

#[tokio::test]
async fn a_block_that_others_need_goes_only_by_force() {
    let scene = Scene::new().await;
    let path = "/api/pipelines/etl/blocks/load";
    let (status, answer) = scene.call("DELETE", path, Value::Null).await;
    assert_eq!(status, 409);
    assert_eq!(
        answer["error"]["errors"]["downstream_blocks"],
        json!(["clean"])
    );
    let other = format!("{path}?block_type=callback&force=1");
    scene.refused("DELETE", &other, Value::Null, 404).await;
    scene
        .ok("DELETE", &format!("{path}?force=1"), Value::Null)
        .await;
    let below = scene.get("/api/pipelines/etl/blocks/clean").await;
    assert_eq!(below["block"]["upstream_blocks"], json!([]));
    assert!(scene.path("data_loaders/load.py").exists());
    assert!(scene.audit().contains("\"block.delete\""));
}

#[tokio::test]
async fn callbacks_are_attached_through_their_block() {
    let scene = Scene::new().await;
    let callback = json!({"block": {"name": "tell", "type": "callback"}});
    scene
        .ok("POST", "/api/pipelines/etl/blocks", callback)
        .await;
    let attach = json!({"block": {"callback_blocks": ["tell"]}});
    let load = scene
        .ok("PUT", "/api/pipelines/etl/blocks/load", attach)
        .await;
    assert_eq!(load["block"]["callback_blocks"], json!(["tell"]));
    let detach = json!({"block": {"callback_blocks": []}});
    let load = scene
        .ok("PUT", "/api/pipelines/etl/blocks/load", detach)
        .await;
    assert_eq!(load["block"]["callback_blocks"], json!([]));
}

#[tokio::test]
async fn templates_of_the_project_are_made_used_and_deleted() {
    let scene = Scene::new().await;
    let template = json!({"custom_template": {
        "template_uuid": "orders", "block_type": "data_loader", "language": "python", "name": "Orders",
        "content": "orders = 1\n", "tags": ["x"],
    }});
    scene
        .ok("POST", "/api/custom_templates", template.clone())
        .await;
    scene
        .refused("POST", "/api/custom_templates", template, 409)
        .await;
    let listed = scene.get("/api/custom_templates?object_type=blocks").await;
    assert_eq!(
        listed["custom_templates"][0]["template_uuid"],
        json!("orders")
    );
    let block =
        json!({"block": {"name": "of template", "config": {"custom_template_uuid": "orders"}}});
    let made = scene.ok("POST", "/api/pipelines/etl/blocks", block).await;
    assert_eq!(made["block"]["content"], json!("orders = 1\n"));
    assert_eq!(made["block"]["type"], json!("data_loader"));
    scene
        .ok("DELETE", "/api/custom_templates/orders", Value::Null)
        .await;
    scene
        .refused("GET", "/api/custom_templates/orders", Value::Null, 404)
        .await;
    let outside = json!({"custom_template": {"template_uuid": "a", "object_type": "charts"}});
    let message = scene
        .refused("POST", "/api/custom_templates", outside, 400)
        .await;
    assert!(message.contains("`object_type`"));
}
