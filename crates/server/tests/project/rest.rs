//! Variables, secrets, tags, projects, checks, forms, global data products, search, status.

use std::fs;

use serde_json::{Value, json};

use crate::scene::Scene;

#[tokio::test]
async fn variables_are_set_and_removed() {
    let scene = Scene::new().await;
    let path = "/api/pipelines/etl/variables";
    let listed = scene.get(path).await;
    let globals = &listed["variables"][0];
    assert_eq!(globals["block"]["uuid"], json!("global"));
    assert_eq!(
        globals["variables"],
        json!([{"uuid": "region", "type": "str", "value": "eu"}])
    );
    let new = json!({"variable": {"name": "limit", "value": 7}});
    scene.ok("POST", path, new).await;
    let change = json!({"variable": {"value": ["eu", "us"]}});
    scene
        .ok("PUT", &format!("{path}/region"), change.clone())
        .await;
    let text = scene.text("pipelines/etl/metadata.yaml");
    assert!(
        text.contains("limit") && text.contains("us") && text.contains("# kept too"),
        "{text}"
    );
    let stale = json!({"variable": {"value": 1, "revision": "0000"}});
    scene
        .refused("PUT", &format!("{path}/region"), stale, 409)
        .await;
    scene
        .ok("DELETE", &format!("{path}/limit"), Value::Null)
        .await;
    scene
        .refused("DELETE", &format!("{path}/limit"), Value::Null, 404)
        .await;
    scene
        .refused("PUT", "/api/pipelines/nothing/variables/a", change, 404)
        .await;
    let wrong = json!({"variable": {"name": 1, "value": 1}});
    assert!(
        scene
            .refused("POST", path, wrong, 400)
            .await
            .contains("`name`")
    );
    let wrong = json!({"variable": {"name": "a"}});
    assert!(
        scene
            .refused("POST", path, wrong, 400)
            .await
            .contains("`value`")
    );
}

#[tokio::test]
async fn profiles_of_connections_are_told_without_their_values() {
    let scene = Scene::new().await;
    let path = scene.path("io_config.yaml");
    let text = "version: 0.1.1\ndefault:\n  POSTGRES_HOST: db.example\n  POSTGRES_PASSWORD: hunter2\nlake:\n  AWS_REGION: eu\n";
    fs::write(&path, text).unwrap();
    let told = scene.get("/api/io_profiles").await;
    let expected = json!({"io_profiles": [
        {"name": "default", "keys": ["POSTGRES_HOST", "POSTGRES_PASSWORD"], "line": 2},
        {"name": "lake", "keys": ["AWS_REGION"], "line": 5},
    ], "problem": null});
    assert_eq!(told, expected);
    fs::write(&path, "default: [\n").unwrap();
    let told = scene.get("/api/io_profiles").await;
    assert_eq!(told["io_profiles"], json!([]));
    assert!(told["problem"].is_string(), "{told}");
}

#[tokio::test]
async fn secrets_are_never_told() {
    let scene = Scene::new().await;
    let value = "hunter2-hunter2";
    let new = json!({"secret": {"name": "password", "value": value}});
    let made = scene.ok("POST", "/api/secrets", new.clone()).await;
    let again = scene.refused("POST", "/api/secrets", new, 409).await;
    let change = json!({"secret": {"value": "hunter3-hunter3"}});
    let changed = scene
        .ok("PUT", "/api/secrets/password", change.clone())
        .await;
    let listed = scene.get("/api/secrets").await;
    assert_eq!(listed["secrets"][0]["name"], json!("password"));
    scene
        .refused("PUT", "/api/secrets/nothing", change, 404)
        .await;
    let wrong = json!({"secret": {"name": "a", "value": 12_345_678}});
    let wrong = scene.refused("POST", "/api/secrets", wrong, 400).await;
    assert!(
        wrong.contains("`value`") && !wrong.contains("12345678"),
        "{wrong}"
    );
    let audit = scene.audit();
    for text in [
        &made.to_string(),
        &again,
        &changed.to_string(),
        &listed.to_string(),
        &audit,
    ] {
        assert!(!text.contains("hunter"), "{text}");
    }
    for action in ["secret.create", "secret.update"] {
        assert!(audit.contains(action), "{audit}");
    }
    let scoped = json!({"secret": {"name": "password", "value": "x", "pipeline_uuid": "etl"}});
    scene.ok("POST", "/api/secrets", scoped).await;
    let both = scene.get("/api/secrets").await;
    let ids = [0, 1].map(|place| both["secrets"][place]["id"].as_u64().unwrap());
    assert_ne!(ids[0], ids[1]);
    assert!(ids.contains(&listed["secrets"][0]["id"].as_u64().unwrap()));
    scene
        .ok("DELETE", "/api/secrets/password", Value::Null)
        .await;
    scene
        .refused("DELETE", "/api/secrets/password", Value::Null, 404)
        .await;
    scene
        .ok(
            "DELETE",
            "/api/secrets/password?pipeline_uuid=etl",
            Value::Null,
        )
        .await;
}

#[tokio::test]
async fn the_project_says_and_is_told_what_it_is() {
    let scene = Scene::new().await;
    let listed = scene.get("/api/projects").await;
    assert_eq!(listed["projects"][0]["name"], json!("demo"));
    let change = json!({"project": {"features": {"global_hooks": true}, "revision": listed["projects"][0]["revision"]}});
    let changed = scene.ok("PUT", "/api/projects/demo", change.clone()).await;
    assert_eq!(changed["project"]["features"]["global_hooks"], json!(true));
    assert!(
        scene
            .text("metadata.yaml")
            .starts_with("project_type: standalone\n")
    );
    scene
        .refused("PUT", "/api/projects/demo", change, 409)
        .await;
    let config = json!({"alert_on": ["trigger_failure"], "slack_config": {"webhook_url": "{{ env_var('SLACK') }}"}});
    let told = json!({"project": {"notification_config": config}});
    let changed = scene.ok("PUT", "/api/projects/demo", told).await;
    assert_eq!(changed["project"]["notification_config"], config);
    let silent = json!({"project": {"notification_config": {}}});
    scene.ok("PUT", "/api/projects/demo", silent).await;
    assert!(!scene.text("metadata.yaml").contains("slack"));
    let wrong = json!({"project": {"variables_retention_period": "zzz"}});
    scene.refused("PUT", "/api/projects/demo", wrong, 400).await;
    let right = json!({"project": {"variables_retention_period": "30d"}});
    scene.ok("PUT", "/api/projects/demo", right).await;
    scene.get("/api/retention").await;
    let wrong = json!({"project": {"features": []}});
    assert!(
        scene
            .refused("PUT", "/api/projects/demo", wrong, 400)
            .await
            .contains("`features`")
    );
    scene
        .refused("GET", "/api/projects/nothing", Value::Null, 404)
        .await;
    let tags = scene.get("/api/tags").await;
    assert_eq!(
        tags["tags"],
        json!([{"uuid": "nightly", "name": "nightly", "pipelines_count": 1}])
    );
}

#[tokio::test]
async fn secrets_in_the_projects_file_are_not_shown() {
    let scene = Scene::new().await;
    let secret = json!({"secret": {"name": "key", "value": "hunter2-hunter2"}});
    scene.ok("POST", "/api/secrets", secret).await;
    let text =
        "remote_variables_dir: \"{{ mage_secret_var('key') }}\"\nopenai_api_key: sk-hunter2\n";
    std::fs::write(scene.path("metadata.yaml"), text).unwrap();
    let shown = scene.get("/api/projects/demo").await.to_string();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("mage_secret_var"), "{shown}");
}

#[tokio::test]
async fn checks_of_the_project_a_pipeline_and_a_text() {
    let scene = Scene::new().await;
    std::fs::write(scene.path("data_loaders/load.py"), "def f(:\n").unwrap();
    let all = scene.get("/api/checks").await;
    assert_eq!(all["check"]["ok"], json!(false));
    let of_pipeline = scene.get("/api/pipelines/etl/checks").await;
    let problems = of_pipeline["check"]["problems"].to_string();
    assert!(problems.contains("python-syntax"), "{problems}");
    let other = scene.get("/api/checks?pipeline_uuid=other").await;
    assert_eq!(other["check"]["errors"], json!(0));
    scene
        .refused("GET", "/api/pipelines/nothing/checks", Value::Null, 404)
        .await;
    let typed = json!({"path": "data_loaders/load.py", "content": "x = (\n"});
    let typed = scene.ok("POST", "/api/checks", typed).await;
    assert_eq!(
        typed["check"]["problems"][0]["code"],
        json!("python-syntax")
    );
    let outside = json!({"path": "../x.py", "content": ""});
    scene.refused("POST", "/api/checks", outside, 403).await;
    let wrong = json!({"path": 1, "content": ""});
    assert!(
        scene
            .refused("POST", "/api/checks", wrong, 400)
            .await
            .contains("`path`")
    );
}

#[tokio::test]
async fn global_data_products_are_made_changed_and_deleted() {
    let scene = Scene::new().await;
    let path = "/api/global_data_products";
    let new = json!({"global_data_product": {
        "uuid": "orders", "object_uuid": "etl", "outdated_after": {"weeks": 1},
    }});
    let made = scene.ok("POST", path, new.clone()).await;
    assert_eq!(
        made["global_data_product"]["object_type"],
        json!("pipeline")
    );
    assert_eq!(made["global_data_product"]["is_outdated"], json!(true));
    assert_eq!(
        made["global_data_product"]["reason"],
        json!("nothing has been made yet")
    );
    scene.refused("POST", path, new, 409).await;
    let unknown = json!({"global_data_product": {"uuid": "x", "object_uuid": "nothing"}});
    scene.refused("POST", path, unknown, 404).await;
    let wrong = json!({"global_data_product": {"outdated_after": 1}});
    let one = format!("{path}/orders");
    assert!(
        scene
            .refused("PUT", &one, wrong, 400)
            .await
            .contains("`outdated_after`")
    );
    let change = json!({"global_data_product": {
        "outdated_after": {"months": 1}, "revision": made["global_data_product"]["revision"],
    }});
    let changed = scene.ok("PUT", &one, change.clone()).await;
    assert_eq!(
        changed["global_data_product"]["outdated_after"],
        json!({"months": 1})
    );
    scene.refused("PUT", &one, change, 409).await;
    assert_eq!(scene.get(path).await["metadata"]["count"], json!(1));
    scene.ok("DELETE", &one, Value::Null).await;
    scene.refused("GET", &one, Value::Null, 404).await;
    scene.refused("DELETE", &one, Value::Null, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn global_data_products_tell_how_fresh_they_are() {
    let scene = Scene::at_work().await;
    for (path, text) in [
        (
            "global_data_products.yaml",
            "orders: {object_type: pipeline, object_uuid: source, outdated_after: {days: 2}}\n\
             old: {object_type: pipeline, object_uuid: source, outdated_after: {seconds: 0}}\nodd: {object_type: pipeline}\n",
        ),
        (
            "pipelines/source/metadata.yaml",
            "name: source\nuuid: source\ntype: python\nblocks:\n- {name: made, uuid: made, type: custom, language: python}\n",
        ),
        (
            "custom/made.py",
            "@custom\ndef made(*args, **kwargs):\n    return 1\n",
        ),
        (
            "pipelines/use/metadata.yaml",
            "name: use\nuuid: use\ntype: python\nblocks:\n- name: shared\n  uuid: shared\n  type: global_data_product\n  \
             language: python\n  configuration: {global_data_product: {uuid: orders}}\n",
        ),
    ] {
        fs::create_dir_all(scene.path(path).parent().unwrap()).unwrap();
        fs::write(scene.path(path), text).unwrap();
    }
    // A run by hand is none of the product.
    for pipeline in ["source", "use"] {
        let run = json!({"run": {"pipeline_uuid": pipeline}});
        let done = scene.ok("POST", "/api/runs", run).await;
        assert_eq!(done["run"]["status"], "completed", "{done}");
    }
    let listed = scene.get("/api/global_data_products").await;
    let one = |uuid: &str| {
        let all = listed["global_data_products"].as_array().unwrap();
        let mut found = all.iter().filter(|one| one["uuid"] == uuid);
        found.next().cloned().unwrap()
    };
    let orders = one("orders");
    assert_eq!(orders["is_outdated"], json!(false), "{orders}");
    let reason = orders["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("made ") && reason.ends_with(", fresh for 2 days"),
        "{reason}"
    );
    let run = scene
        .get(&format!("/api/pipeline_runs/{}", orders["run_id"]))
        .await;
    assert_eq!(run["pipeline_run"]["pipeline_uuid"], "source", "{run}");
    assert_eq!(
        run["pipeline_run"]["execution_date"], orders["made_at"],
        "{run}"
    );
    assert!(
        orders["outdated_at"].as_str() > orders["made_at"].as_str(),
        "{orders}"
    );
    assert_eq!(one("old")["reason"], "nothing has been made yet");
    assert_eq!(one("odd")["is_outdated"], Value::Null);
    scene.host.shut_down().await;
}

#[tokio::test]
async fn forms_are_made_and_changed() {
    let scene = Scene::new().await;
    let inputs = json!({"region": {"type": "text_field"}});
    let new = json!({"interaction": {"uuid": "ask", "inputs": inputs}});
    scene.ok("POST", "/api/interactions", new.clone()).await;
    scene.refused("POST", "/api/interactions", new, 409).await;
    let shown = scene.get("/api/interactions/ask").await;
    assert_eq!(shown["interaction"]["inputs"], inputs);
    let revision = shown["interaction"]["revision"].clone();
    let text = json!({"interaction": {"content": "inputs: {}\n", "revision": revision}});
    scene
        .ok("PUT", "/api/interactions/ask.yaml", text.clone())
        .await;
    scene
        .refused("PUT", "/api/interactions/ask.yaml", text, 409)
        .await;
    let broken = json!({"interaction": {"content": "a: [\n"}});
    assert!(
        scene
            .refused("PUT", "/api/interactions/ask", broken, 400)
            .await
            .contains("`content`")
    );
    scene
        .refused("GET", "/api/interactions/nothing", Value::Null, 404)
        .await;
    let outside = json!({"interaction": {"uuid": "../../x"}});
    scene
        .refused("POST", "/api/interactions", outside, 403)
        .await;
    let forms = json!({"pipeline_interaction": {"blocks": {"load": [{"uuid": "ask.yaml"}]}}});
    scene
        .ok("PUT", "/api/pipeline_interactions/etl", forms)
        .await;
    let shown = scene.get("/api/pipelines/etl/interactions").await;
    assert_eq!(
        shown["pipeline_interaction"]["blocks"],
        json!({"load": [{"uuid": "ask.yaml"}]})
    );
    scene
        .refused(
            "GET",
            "/api/pipeline_interactions/nothing",
            Value::Null,
            404,
        )
        .await;
}

#[tokio::test]
async fn things_are_found_by_their_names() {
    let scene = Scene::new().await;
    let found = scene.get("/api/search_results?search=LOAD").await;
    let kinds: Vec<_> = found["search_results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["block", "file"]);
    let asked = json!({"search_result": {"type": "block_action_objects", "query": "etl"}});
    let found = scene.ok("POST", "/api/search_results", asked).await;
    assert_eq!(found["search_result"]["results"][0]["uuid"], json!("etl"));
}

#[tokio::test]
async fn the_status_tells_what_is_going_on_when_asked() {
    let scene = Scene::new().await;
    let plain = scene.get("/api/statuses").await;
    assert_eq!(plain["statuses"][0].get("last_user_request"), None);
    let details = "/api/statuses?_format=with_activity_details";
    assert_eq!(
        scene.get(details).await["statuses"][0]["last_user_request"],
        Value::Null
    );
    scene.get("/api/tags").await;
    let told = scene.get(details).await;
    assert_eq!(told["statuses"][0]["active_pipeline_run_count"], json!(0));
    assert!(told["statuses"][0]["last_user_request"].is_string());
}

#[tokio::test]
async fn who_changed_what_can_be_read() {
    let scene = Scene::new().await;
    scene
        .ok(
            "POST",
            "/api/pipelines",
            json!({"pipeline": {"name": "new"}}),
        )
        .await;
    let audits = scene.get("/api/audits").await;
    let last = &audits["audits"][0];
    assert_eq!(last["action"], json!("pipeline.create"));
    assert_eq!(
        (last["who"].clone(), last["object"].clone()),
        (json!("owner"), json!("new"))
    );
    assert!(last["at"].is_string());
}
