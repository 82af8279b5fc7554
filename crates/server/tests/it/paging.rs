//! Lists, page after page, while rows are added.

use serde_json::{Value, json};

use crate::served::Served;

/// The ids of a page, and its cursor.
fn page(answer: &Value, list: &str, id: &str) -> (Vec<Value>, Option<String>) {
    let rows = answer[list].as_array().unwrap().iter();
    let cursor = answer["metadata"]["next_cursor"].as_str();
    assert_eq!(answer["metadata"]["next"], cursor.is_some());
    (
        rows.map(|row| row[id].clone()).collect(),
        cursor.map(str::to_owned),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_made_meanwhile_do_not_shift_the_pages() {
    let served = Served::idle().await;
    for _ in 0..4 {
        served.start_run("note").await;
    }
    let first = served.get("/api/pipeline_runs?_limit=2").await;
    let (rows, cursor) = page(&first, "pipeline_runs", "id");
    assert_eq!(rows, [4, 3]);
    served.start_run("note").await;
    let path = format!("/api/pipeline_runs?_limit=2&cursor={}", cursor.unwrap());
    let second = served.get(&path).await;
    let (rows, cursor) = page(&second, "pipeline_runs", "id");
    assert_eq!((rows, cursor), (vec![json!(2), json!(1)], None));
    assert_eq!(second["metadata"]["count"], 5);
    // With an offset, as Mage's clients ask, they shift.
    let (rows, _) = page(
        &served.get("/api/pipeline_runs?_limit=2&_offset=2").await,
        "pipeline_runs",
        "id",
    );
    assert_eq!(rows, [3, 2]);
    let (status, _) = served
        .call("GET", "/api/pipeline_runs?cursor=yesterday", &json!({}))
        .await;
    assert_eq!(status.as_u16(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_and_triggers_have_cursors_too() {
    let served = Served::idle().await;
    let first = served.get("/api/pipelines?_limit=1").await;
    let (rows, cursor) = page(&first, "pipelines", "uuid");
    assert_eq!(rows, ["broken"]);
    // One that comes before what was seen is not on the next page.
    let new = json!({"pipeline": {"name": "alpha"}});
    served.ok("POST", "/api/pipelines", &new).await;
    let path = format!("/api/pipelines?_limit=1&cursor={}", cursor.unwrap());
    let (rows, cursor) = page(&served.get(&path).await, "pipelines", "uuid");
    assert_eq!((rows, cursor), (vec![json!("note")], None));

    for name in ["one", "two", "three"] {
        let body = json!({"pipeline_schedule": {"name": name, "schedule_type": "api"}});
        let path = "/api/pipelines/note/pipeline_schedules";
        served.ok("POST", path, &body).await;
    }
    let first = served.get("/api/pipeline_schedules?_limit=2").await;
    let (rows, cursor) = page(&first, "pipeline_schedules", "name");
    assert_eq!(rows, ["one", "two"]);
    let path = format!("/api/pipeline_schedules?cursor={}", cursor.unwrap());
    let (rows, _) = page(&served.get(&path).await, "pipeline_schedules", "name");
    assert_eq!(rows, ["three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_come_in_the_order_that_is_asked_for() {
    let served = Served::idle().await;
    served.start_run("note").await;
    let body = json!({"backfill": {
        "name": "old", "start_datetime": "2024-01-01", "end_datetime": "2024-01-02", "interval_type": "day", "interval_units": 1,
    }});
    let path = "/api/pipelines/note/backfills";
    let made = served.ok("POST", path, &body).await;
    let path = format!("/api/backfills/{}", made["backfill"]["id"]);
    let start = json!({"backfill": {"status": "initial"}});
    served.ok("PUT", &path, &start).await;
    let all = |found: &Value| found["metadata"]["count"] == 3;
    served.until("/api/pipeline_runs", all).await;
    for (order, expected) in [
        ("", [3, 2, 1]),
        ("_order_by=-id", [3, 2, 1]),
        ("_order_by[]=-created_at", [3, 2, 1]),
        ("_order_by=id", [1, 2, 3]),
        ("_order_by=created_at", [1, 2, 3]),
        ("_order_by=execution_date", [2, 3, 1]),
        ("_order_by=-execution_date", [1, 3, 2]),
    ] {
        let path = format!("/api/pipeline_runs?_limit=2&{order}");
        let (mut rows, cursor) = page(&served.get(&path).await, "pipeline_runs", "id");
        let path = format!("{path}&cursor={}", cursor.unwrap());
        let (more, cursor) = page(&served.get(&path).await, "pipeline_runs", "id");
        rows.extend(more);
        assert_eq!(
            (rows.as_slice(), cursor),
            (expected.map(Value::from).as_slice(), None),
            "{order}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_nobody_knows_are_refused_with_those_that_are() {
    let served = Served::idle().await;
    let run = served.start_run("note").await;
    let log = format!("/api/pipeline_runs/{run}/logs?_format=flat");
    for (path, known) in [
        (
            "/api/pipeline_runs?_order_by=started_at".to_owned(),
            "`execution_date`",
        ),
        ("/api/pipeline_runs?status=done".to_owned(), "`completed`"),
        (format!("{log}&level[]=info&level[]=zzz"), "warning"),
        (format!("{log}&min_level=zzz"), "warning"),
        (
            "/api/block_runs/1/outputs/output_0?format=xml".to_owned(),
            "`arrow`",
        ),
    ] {
        let (status, answer) = served.call("GET", &path, &Value::Null).await;
        assert_eq!(status.as_u16(), 400, "{path}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(known), "{path}: {message}");
    }
}
