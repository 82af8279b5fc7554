//! Variables that are chosen through the forms of a pipeline.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::served::Served;

const FORM: &str = "inputs:\n  region:\n    type: dropdown_menu\n    options:\n    - {label: Europe, value: eu}\n    - {label: America, value: us}\n  \
                    number:\n    type: text_field\n    style: {input_type: number, min: 1, max: 100}\nvariables:\n  \
                    region: {name: Region, input: region, required: true, types: [string]}\n  \
                    rows: {name: Rows, input: number, types: [integer, boolean]}\n  \
                    since: {name: Since, types: [date]}\n  hidden: {types: [integer]}\n";

const USED: &str = "blocks:\n  n:\n  - uuid: load.yaml\n    variables:\n      hidden: {disabled: true}\n      since: {uuid_override: first_day}\n";

async fn served() -> Served {
    let served = Served::idle().await;
    let form = served.root().join("interactions");
    std::fs::create_dir_all(&form).unwrap();
    std::fs::write(form.join("load.yaml"), FORM).unwrap();
    let used = served.root().join("pipelines/note/interactions.yaml");
    std::fs::write(used, USED).unwrap();
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_of_a_kind_and_within_bounds() {
    let served = served().await;
    // A trigger of the API is made on the way; a run without choices is as before.
    served.start_run("note").await;
    let listed = served.get("/api/pipelines/note/pipeline_schedules").await;
    let id = &listed["pipeline_schedules"][0]["id"];
    let path = format!("/api/pipeline_schedules/{id}/pipeline_runs");
    let choose = async |variables: Value| {
        let body = json!({"pipeline_run": {"variables": variables}});
        let (status, answer) = served.call("POST", &path, &body).await;
        let text = answer["error"]["message"].as_str().unwrap_or_default();
        (status, text.to_owned())
    };
    for (variables, expected) in [
        (json!({"region": "eu", "rows": 5}), ""),
        (
            json!({"region": "us", "rows": true, "first_day": "2024-05-01"}),
            "",
        ),
        // What no form of the pipeline sets is not looked at.
        (json!({"other": [1]}), ""),
        (json!({"hidden": "x"}), ""),
        (
            json!({"region": "asia"}),
            "`region` must be one of \"eu\", \"us\", not \"asia\"",
        ),
        (
            json!({"region": "eu", "rows": "5"}),
            "`rows` must be an integer, not \"5\", or must be a boolean, not \"5\"",
        ),
        (
            json!({"region": "eu", "rows": 101}),
            "`rows` must be at most 100, not 101",
        ),
        (
            json!({"region": "eu", "first_day": "soon"}),
            "`first_day` must be a date",
        ),
        (json!({"rows": 5}), "`region` must be given"),
        (json!({"region": ""}), "`region` must be given"),
    ] {
        let (status, text) = choose(variables.clone()).await;
        if expected.is_empty() {
            assert_eq!(status, StatusCode::OK, "{variables}: {text}");
        } else {
            assert_eq!(status, StatusCode::BAD_REQUEST, "{variables}: {text}");
            assert!(text.contains(expected), "{variables}: {text}");
        }
    }
    let calls = served
        .get(&format!("/api/pipeline_schedules/{id}/calls"))
        .await;
    let newest = &calls["calls"][0];
    assert_eq!(newest["status"], "refused", "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_and_runs_at_once_are_checked_too() {
    let served = served().await;
    let path = "/api/pipelines/note/pipeline_schedules";
    let trigger = |variables: Value| {
        json!({"pipeline_schedule": {
            "name": "nightly", "schedule_type": "time", "schedule_interval": "@daily", "variables": variables,
        }})
    };
    let wrong = trigger(json!({"region": "asia"}));
    let (status, told) = served.call("POST", path, &wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
    let made = served
        .ok("POST", path, &trigger(json!({"region": "eu"})))
        .await;
    let one = format!(
        "/api/pipeline_schedules/{}",
        made["pipeline_schedule"]["id"]
    );
    let (status, told) = served.call("PUT", &one, &wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
    // What it needs stands in the trigger.
    let path = format!("{one}/pipeline_runs");
    let body = json!({"pipeline_run": {"variables": {"rows": 7}}});
    served.ok("POST", &path, &body).await;
    let body = json!({"run": {"pipeline_uuid": "note", "variables": {"region": 1}, "timeout": 0}});
    let (status, told) = served.call("POST", "/api/runs", &body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
}
