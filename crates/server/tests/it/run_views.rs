//! Runs as Mage's clients want to see them.

use serde_json::{Value, json};

use crate::served::Served;

#[tokio::test(flavor = "multi_thread")]
async fn runs_tell_of_their_pipeline_and_trigger() {
    let served = Served::idle().await;
    let tags = json!({"pipeline": {"tags": ["nightly"]}});
    served.ok("PUT", "/api/pipelines/broken", &tags).await;
    let run = served.start_run("broken").await;
    served.start_run("note").await;
    let triggers = "/api/pipelines/broken/pipeline_schedules";
    let trigger = served.get(triggers).await["pipeline_schedules"][0].clone();
    let list = served.get("/api/pipeline_runs").await;
    let first = &list["pipeline_runs"][1];
    let whole = served.get(&format!("/api/pipeline_runs/{run}")).await;
    let whole = &whole["pipeline_run"];
    for view in [first, whole] {
        assert_eq!(view["pipeline_uuid"], "broken");
        assert_eq!(view["pipeline_type"], "python");
        assert_eq!(view["pipeline_tags"], json!(["nightly"]));
        assert_eq!(view["repo_path"], trigger["repo_path"]);
        assert_eq!(view["pipeline_schedule_name"], "api");
        assert_eq!(view["pipeline_schedule_type"], "api");
        assert!(view["pipeline_schedule_token"].is_string());
        assert_eq!(view["pipeline_schedule_token"], trigger["token"]);
        assert_eq!(view["block_runs_count"], 1);
    }
    assert_eq!(list["pipeline_runs"][0]["pipeline_tags"], json!([]));
    // The blocks come with one run, not with many.
    assert_eq!(first.get("block_runs"), None);
    let blocks = served
        .get(&format!("/api/pipeline_runs/{run}/block_runs"))
        .await;
    assert_eq!(blocks["block_runs"][0]["block_uuid"], "gone");
    assert_eq!(whole["block_runs"], blocks["block_runs"]);
    let brief = served
        .get(&format!("/api/pipeline_runs/{run}?block_runs=0"))
        .await;
    assert_eq!(brief["pipeline_run"].get("block_runs"), None);

    // Without trigger and pipeline a run keeps what it knows itself.
    let path = format!("/api/pipeline_schedules/{}", trigger["id"]);
    served.ok("DELETE", &path, &Value::Null).await;
    std::fs::remove_dir_all(served.root().join("pipelines/broken")).unwrap();
    let list = served.get("/api/pipeline_runs").await;
    let first = &list["pipeline_runs"][1];
    for gone in [
        "pipeline_type",
        "pipeline_schedule_type",
        "pipeline_schedule_token",
    ] {
        assert_eq!(first[gone], Value::Null, "{gone}");
    }
    let whole = served.get(&format!("/api/pipeline_runs/{run}")).await;
    assert_eq!(whole["pipeline_run"]["pipeline_type"], "python");
}
