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
