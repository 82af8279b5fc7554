//! Several runs at once, and two beside each other.

use std::fs;

use serde_json::{Value, json};

use crate::served::Served;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_with_one_run_does_not_stand_in_the_way_of_others() {
    let served = Served::new().await;
    let (done, _) = served.ended_run("note").await;
    let (failed, _) = served.ended_run("broken").await;
    let act = async |name: &str, ids: Value| {
        let body = json!({"action": {"name": name, "pipeline_run_ids": ids}});
        let answer = served.ok("POST", "/api/pipeline_runs/actions", &body).await;
        answer["action"].clone()
    };
    let retried = act("retry", json!([done, failed, 99])).await;
    let kinds: Vec<&Value> = retried["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["error"]["type"])
        .collect();
    assert_eq!(
        kinds,
        [
            &json!("record_invalid"),
            &Value::Null,
            &json!("record_not_found")
        ]
    );
    assert_eq!(retried["done_count"], 1);
    let path = format!("/api/pipeline_runs/{failed}");
    served
        .until(&path, |answer| answer["pipeline_run"]["status"] == "failed")
        .await;

    let gone = act("delete", json!([done, failed])).await;
    assert_eq!(gone["done_count"], 2, "{gone}");
    let left = served.get("/api/pipeline_runs").await;
    assert_eq!(left["metadata"]["count"], 0);

    for body in [
        json!({"action": {"name": "burn", "pipeline_run_ids": [1]}}),
        json!({"action": {"name": "cancel", "pipeline_run_ids": "1"}}),
        json!({"action": {"name": "cancel"}}),
        json!({"action": {"name": "cancel", "pipeline_run_ids": vec![1; 1001]}}),
    ] {
        let (status, _) = served
            .call("POST", "/api/pipeline_runs/actions", &body)
            .await;
        assert_eq!(status.as_u16(), 400, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_wait_are_cancelled_together() {
    let served = Served::idle().await;
    let ids = [
        served.start_run("note").await,
        served.start_run("note").await,
    ];
    let body = json!({"action": {"name": "cancel", "pipeline_run_ids": ids}});
    let done = served.ok("POST", "/api/pipeline_runs/actions", &body).await;
    assert_eq!(done["action"]["done_count"], 2, "{done}");
    served.host.start().await.unwrap();
    let path = "/api/pipeline_runs?status[]=cancelled";
    served
        .until(path, |answer| answer["metadata"]["count"] == 2)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_are_compared() {
    let served = Served::new().await;
    let (first, _) = served.ended_run("broken").await;
    let text = "name: broken\nuuid: broken\ntype: python\nvariables: {region: eu}\nblocks:\n\
                - {name: gone, uuid: gone, type: custom, language: python}\n\
                - {name: more, uuid: more, type: custom, language: python}\n";
    fs::write(served.root().join("pipelines/broken/metadata.yaml"), text).unwrap();
    let (second, _) = served.ended_run("broken").await;
    let path = format!("/api/pipeline_runs/{second}/comparisons/{first}");
    let found = served.get(&path).await;
    let found = &found["comparison"];
    let blocks = found["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 2, "{found}");
    let of = |name: &str| {
        let mut blocks = blocks.iter();
        blocks.find(|block| block["block_uuid"] == name).unwrap()
    };
    assert_eq!(of("gone")["is_same_code"], true);
    assert_eq!(of("gone")["run"]["status"], "failed");
    assert_eq!(of("gone")["with"]["status"], "failed");
    assert_eq!(of("more")["with"], Value::Null);
    let changes = found["changes"].to_string();
    assert!(changes.contains("New blocks: `more`"), "{changes}");
    assert!(changes.contains("`region`"), "{changes}");

    let (other, _) = served.ended_run("note").await;
    let path = format!("/api/pipeline_runs/{second}/comparisons/{other}");
    let (status, _) = served.call("GET", &path, &json!({})).await;
    assert_eq!(status.as_u16(), 400);
    let path = format!("/api/pipeline_runs/{second}/comparisons/99");
    let (status, _) = served.call("GET", &path, &json!({})).await;
    assert_eq!(status.as_u16(), 404);
}
