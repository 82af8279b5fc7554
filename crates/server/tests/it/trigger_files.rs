//! Triggers that are changed through the API while somebody edits their file, which has not been read again.

use std::fs;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::served::Served;

const TRIGGERS: &str = "/api/pipelines/note/pipeline_schedules";

/// A pipeline that writes its triggers into their file; nothing has started, so that the file is not read again.
async fn saving() -> Served {
    let served = Served::idle().await;
    let path = served.root().join("pipelines/note/metadata.yaml");
    let pipeline = fs::read_to_string(&path).unwrap();
    let more = "settings: {triggers: {save_in_code_automatically: true}}\n";
    fs::write(&path, pipeline + more).unwrap();
    served
}

fn body(keys: &Value) -> Value {
    json!({"pipeline_schedule": keys})
}

fn nightly() -> Value {
    body(&json!({
        "name": "nightly", "schedule_type": "time", "schedule_interval": "@daily", "description": "Loads it.",
    }))
}

fn file(served: &Served) -> std::path::PathBuf {
    served.root().join("pipelines/note/triggers.yaml")
}

#[tokio::test]
async fn what_is_not_changed_stays_as_somebody_has_edited_it() {
    let served = saving().await;
    let made = served.ok("POST", TRIGGERS, &nightly()).await;
    let text = fs::read_to_string(file(&served)).unwrap();
    assert!(
        text.contains("'@daily'") && text.contains("status: inactive"),
        "{text}"
    );
    fs::write(file(&served), text.replace("'@daily'", "'@weekly'  # less")).unwrap();

    let path = format!(
        "/api/pipeline_schedules/{}",
        made["pipeline_schedule"]["id"]
    );
    let change = json!({"status": "active", "description": null});
    served.ok("PUT", &path, &body(&change)).await;
    let text = fs::read_to_string(file(&served)).unwrap();
    assert!(
        text.contains("schedule_interval: '@weekly'  # less"),
        "{text}"
    );
    assert!(text.contains("status: active"), "{text}");
    assert!(!text.contains("Loads it."), "{text}");
}

#[tokio::test]
async fn a_new_trigger_does_not_take_the_entry_of_another_environment() {
    let served = saving().await;
    let text = "triggers:\n- name: nightly\n  schedule_type: time\n  schedule_interval: '@hourly'\n  start_time: null\n  envs: [prod]\n";
    fs::write(file(&served), text).unwrap();
    let (status, answer) = served.call("POST", TRIGGERS, &nightly()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert_eq!(fs::read_to_string(file(&served)).unwrap(), text);
    assert_eq!(served.get(TRIGGERS).await["metadata"]["count"], 0);
}
