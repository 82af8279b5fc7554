//! Backfills, from their preview to their end.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::served::Served;

fn window(name: &str) -> Value {
    json!({
        "name": name, "start_datetime": "2024-01-30 06:00:00", "end_datetime": "2024-02-02 06:00:00",
        "interval_type": "day", "interval_units": 1, "variables": {"region": "eu"},
    })
}

async fn made(served: &Served, pipeline: &str, backfill: Value) -> i64 {
    let path = format!("/api/pipelines/{pipeline}/backfills");
    let made = served
        .ok("POST", &path, &json!({"backfill": backfill}))
        .await;
    made["backfill"]["id"].as_i64().unwrap()
}

async fn set(served: &Served, id: i64, wanted: Value) -> Value {
    let path = format!("/api/backfills/{id}");
    served.ok("PUT", &path, &json!({"backfill": wanted})).await["backfill"].clone()
}

async fn until(served: &Served, id: i64, status: &str) -> Value {
    let path = format!("/api/backfills/{id}");
    let found = served.until(&path, |answer| answer["backfill"]["status"] == status);
    found.await["backfill"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_runs_every_date_of_its_window() {
    let served = Served::new().await;
    let preview = served
        .ok(
            "POST",
            "/api/pipelines/note/backfills/preview",
            &json!({"backfill": window("spring")}),
        )
        .await;
    assert_eq!(preview["preview"]["total_run_count"], 4);
    assert_eq!(
        preview["preview"]["pipeline_run_dates"][2]["interval_start_datetime"],
        "2024-02-01T06:00:00"
    );
    let id = made(&served, "note", window("spring")).await;
    let path = format!("/api/backfills/{id}");
    let before = served.get(&path).await["backfill"].clone();
    assert_eq!(before["status"], Value::Null);
    assert_eq!(before["total_run_count"], 0);
    assert_eq!(before["pipeline_run_dates"].as_array().unwrap().len(), 4);

    set(&served, id, json!({"status": "initial"})).await;
    let done = until(&served, id, "completed").await;
    assert_eq!(done["total_run_count"], 4);
    assert!(done["completed_at"].is_string());
    let runs = served
        .get(&format!("/api/pipeline_runs?backfill_id={id}&_order_by=id"))
        .await;
    let first = &runs["pipeline_runs"][0];
    assert_eq!(first["execution_date"], "2024-01-30 06:00:00");
    assert_eq!(first["cause"], "backfill");
    let run = served
        .get(&format!("/api/pipeline_runs/{}", first["id"]))
        .await;
    let variables = &run["pipeline_run"]["variables"];
    assert_eq!(variables["region"], "eu");
    assert_eq!(variables["ds"], "2024-01-30");
    assert_eq!(variables["interval_seconds"], 86_400.0);
    // Its trigger has done its work.
    let trigger = served
        .get(&format!(
            "/api/pipeline_schedules/{}",
            done["pipeline_schedule_id"]
        ))
        .await;
    assert_eq!(trigger["pipeline_schedule"]["name"], "Backfill spring");
    assert_eq!(trigger["pipeline_schedule"]["status"], "inactive");

    // Nothing is missing; all of it may be run once more.
    let preview = served.get(&format!("{path}/preview?only_missing=1")).await;
    assert_eq!(preview["preview"]["total_run_count"], 0);
    assert_eq!(preview["preview"]["left_alone_count"], 4);
    set(&served, id, json!({"status": "initial"})).await;
    let path_again = path.clone();
    let again = served
        .until(&path_again, |answer| {
            answer["backfill"]["status"] == "completed"
                && answer["backfill"]["total_run_count"] == 8
        })
        .await;
    assert_eq!(again["backfill"]["name"], "spring");
    let (status, _) = served.call("DELETE", &path, &json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = served.call("DELETE", &path, &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_of_a_broken_pipeline_fails_and_only_what_failed_is_repeated() {
    let served = Served::new().await;
    let id = made(&served, "broken", window("again")).await;
    set(&served, id, json!({"status": "initial"})).await;
    let failed = until(&served, id, "failed").await;
    assert!(failed["failed_at"].is_string());
    std::fs::write(
        served.root().join("pipelines/broken/metadata.yaml"),
        "name: broken\nuuid: broken\ntype: python\nblocks: []\n",
    )
    .unwrap();
    set(
        &served,
        id,
        json!({"settings": {"only_missing": true, "pipeline_run_limit": 1}}),
    )
    .await;
    let preview = served.get(&format!("/api/backfills/{id}/preview")).await;
    assert_eq!(preview["preview"]["total_run_count"], 4);
    assert_eq!(preview["preview"]["pipeline_run_limit"], 1);
    set(&served, id, json!({"status": "initial"})).await;
    let done = until(&served, id, "completed").await;
    assert_eq!(done["total_run_count"], 8);
}

/// Runs of other backfills, and of schedules, count for what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_another_backfill_has_made_good_is_not_missing() {
    let served = Served::new().await;
    let mut short = window("first");
    short["end_datetime"] = json!("2024-01-31 06:00:00");
    let first = made(&served, "note", short).await;
    set(&served, first, json!({"status": "initial"})).await;
    until(&served, first, "completed").await;

    let mut second = window("second");
    second["settings"] = json!({"only_missing": true});
    let id = made(&served, "note", second.clone()).await;
    let preview = served.get(&format!("/api/backfills/{id}/preview")).await;
    assert_eq!(preview["preview"]["total_run_count"], 2);
    assert_eq!(preview["preview"]["left_alone_count"], 2);
    set(&served, id, json!({"status": "initial"})).await;
    let done = until(&served, id, "completed").await;
    assert_eq!(done["total_run_count"], 2);

    // With nothing missing there is nothing to do, and it is done.
    second["name"] = json!("third");
    let third = made(&served, "note", second).await;
    set(&served, third, json!({"status": "initial"})).await;
    let done = until(&served, third, "completed").await;
    assert_eq!(done["total_run_count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_backfill_starts_nothing_until_it_goes_on() {
    let served = Served::idle().await;
    let id = made(&served, "note", window("slow")).await;
    set(&served, id, json!({"status": "initial"})).await;
    let paused = set(&served, id, json!({"status": "paused"})).await;
    assert_eq!(paused["status"], "paused");
    // Its window stays while it is under way.
    let path = format!("/api/backfills/{id}");
    let body = json!({"backfill": {"end_datetime": "2025-01-01"}});
    let (status, _) = served.call("PUT", &path, &body).await;
    assert_eq!(status, StatusCode::CONFLICT);

    served.host.start().await.unwrap();
    let runs = format!("/api/pipeline_runs?backfill_id={id}");
    let told = served.until(&runs, |answer| {
        let runs = answer["pipeline_runs"].as_array().unwrap();
        runs.iter().all(|run| run["reason"].is_string())
    });
    let told = told.await;
    assert_eq!(told["pipeline_runs"][0]["status"], "initial");
    assert_eq!(
        told["pipeline_runs"][0]["reason"],
        "`Backfill slow` is paused"
    );

    set(&served, id, json!({"status": "running"})).await;
    until(&served, id, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_backfill_leaves_no_open_run() {
    let served = Served::idle().await;
    let id = made(&served, "note", window("never")).await;
    set(&served, id, json!({"status": "initial"})).await;
    let stopped = set(&served, id, json!({"status": "cancelled"})).await;
    // The answer does not wait for long.
    let status = stopped["status"].as_str().unwrap();
    assert!(["cancelling", "cancelled"].contains(&status), "{status}");
    until(&served, id, "cancelled").await;
    let runs = served
        .get(&format!(
            "/api/pipeline_runs?backfill_id={id}&status[]=cancelled"
        ))
        .await;
    assert_eq!(runs["metadata"]["count"], 4);
    served.host.start().await.unwrap();
    let found = served.get(&format!("/api/backfills/{id}")).await;
    assert_eq!(found["backfill"]["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_a_dead_server_has_not_stopped_are_stopped_by_the_next() {
    let served = Served::idle().await;
    let id = made(&served, "note", window("stopped")).await;
    set(&served, id, json!({"status": "initial"})).await;
    set(&served, id, json!({"status": "paused"})).await;
    // As if the process had died after one of the four.
    let path = format!("/api/pipeline_runs?backfill_id={id}");
    let runs = served.get(&path).await;
    let first = format!("/api/pipeline_runs/{}", runs["pipeline_runs"][0]["id"]);
    let body = json!({"pipeline_run": {"status": "cancelled"}});
    served.ok("PUT", &first, &body).await;
    let store = served.host.store();
    let number = baton_model::BackfillId(id);
    let mut backfill = store.backfill(number).await.unwrap().unwrap();
    backfill.status = Some(baton_model::BackfillStatus::Cancelling);
    store.put_backfill(backfill).await.unwrap();
    // Nothing else becomes of it meanwhile.
    let path_of = format!("/api/backfills/{id}");
    for wanted in ["initial", "paused"] {
        let body = json!({"backfill": {"status": wanted}});
        let (status, _) = served.call("PUT", &path_of, &body).await;
        assert_eq!(status, StatusCode::CONFLICT);
    }
    let (status, _) = served.call("DELETE", &path_of, &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);

    served.host.start().await.unwrap();
    let done = until(&served, id, "cancelled").await;
    let runs = served.get(&format!("{path}&status[]=cancelled")).await;
    assert_eq!(runs["metadata"]["count"], 4);
    let trigger = format!("/api/pipeline_schedules/{}", done["pipeline_schedule_id"]);
    let status = served
        .until(&trigger, |answer| {
            answer["pipeline_schedule"]["status"] == "inactive"
        })
        .await;
    assert_eq!(status["pipeline_schedule"]["name"], "Backfill stopped");
    // It can be started again.
    set(&served, id, json!({"status": "initial"})).await;
    until(&served, id, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_a_dead_server_has_not_made_are_made_by_the_next() {
    let served = Served::idle().await;
    let id = made(&served, "note", window("resumed")).await;
    set(&served, id, json!({"status": "initial"})).await;
    // As if the process had died after two of the four.
    let store = served.host.store();
    let mut backfill = store
        .backfill(baton_model::BackfillId(id))
        .await
        .unwrap()
        .unwrap();
    backfill.status = Some(baton_model::BackfillStatus::Initial);
    store.put_backfill(backfill).await.unwrap();
    let runs = served
        .get(&format!("/api/pipeline_runs?backfill_id={id}"))
        .await;
    for run in &runs["pipeline_runs"].as_array().unwrap()[..2] {
        let run = baton_model::RunId(run["id"].as_i64().unwrap());
        store.delete_run(run).await.unwrap();
    }
    served.host.start().await.unwrap();
    let done = until(&served, id, "completed").await;
    assert_eq!(done["total_run_count"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_a_change_does_not_name_stay() {
    let served = Served::idle().await;
    let mut backfill = window("kept");
    backfill["settings"] = json!({"only_missing": true, "pipeline_run_limit": 2});
    let id = made(&served, "note", backfill).await;
    for (change, expected) in [
        (
            json!({"pipeline_run_limit": 3}),
            json!({"only_missing": true, "pipeline_run_limit": 3}),
        ),
        (
            json!({"pipeline_run_limit": null}),
            json!({"only_missing": true}),
        ),
        (Value::Null, json!({})),
    ] {
        let changed = set(&served, id, json!({"settings": change})).await;
        assert_eq!(changed["settings"], expected, "{change}");
    }
}
