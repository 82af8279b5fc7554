//! What runs print and log.

use std::fs;

use baton_model::RunStatus;
use serde_json::{Value, json};

use crate::served::Served;

fn messages(answer: &Value) -> Vec<&str> {
    let records = answer["logs"].as_array().unwrap();
    records
        .iter()
        .map(|record| record["message"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_filtered_and_read_on() {
    let served = Served::new().await;
    let (run, status) = served.ended_run("note").await;
    assert_eq!(status, RunStatus::Completed);
    let line = |at: i64, level: &str, block: &str, message: &str| {
        json!({"at": at * 1_000_000, "level": level, "block": block, "attempt": 1, "message": message}).to_string()
    };
    let log = served.host.state().home.log(run.0);
    let text = [
        line(100, "INFO", "n", "one"),
        line(101, "ERROR", "n", "Two is BAD"),
        line(102, "INFO", "n:0", "three"),
        line(103, "WARNING", "other", "four"),
    ];
    fs::write(&log, format!("{}\n{{\"at\": 7", text.join("\n"))).unwrap();

    let path = format!("/api/pipeline_runs/{run}/logs?_format=flat");
    let ask = async |more: &str| served.get(&format!("{path}{more}")).await;
    assert_eq!(
        messages(&ask("").await),
        ["one", "Two is BAD", "three", "four"]
    );
    assert_eq!(
        messages(&ask("&block=n").await),
        ["one", "Two is BAD", "three"]
    );
    assert_eq!(
        messages(&ask("&min_level=warning").await),
        ["Two is BAD", "four"]
    );
    assert_eq!(messages(&ask("&level[]=error").await), ["Two is BAD"]);
    assert_eq!(messages(&ask("&text=bad").await), ["Two is BAD"]);
    assert_eq!(
        messages(&ask("&from=101&to=102").await),
        ["Two is BAD", "three"]
    );
    assert_eq!(messages(&ask("&tail=1").await), ["four"]);
    let first = ask("&_limit=3").await;
    assert_eq!(first["metadata"]["has_more"], true);
    let next = &first["metadata"]["next"];
    assert_eq!(messages(&ask(&format!("&after={next}")).await), ["four"]);

    // The same in the shape of Mage.
    let all = served
        .get(&format!("/api/pipelines/note/logs?pipeline_run_id[]={run}"))
        .await;
    let files = all["logs"][0]["block_run_logs"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    assert_eq!(files[0]["name"], "n.log");
    let content = files[0]["content"].as_str().unwrap();
    let record: Value = serde_json::from_str(content.lines().next().unwrap()).unwrap();
    assert_eq!(record["message"], "one");
    assert_eq!(record["timestamp"], 100.0);
    assert_eq!(all["logs"][0]["total_block_run_log_count"], 3);

    // A log that is gone is empty.
    fs::remove_file(&log).unwrap();
    assert!(messages(&ask("").await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_failed_before_it_could_log_says_why() {
    let served = Served::new().await;
    let (run, status) = served.ended_run("broken").await;
    assert_eq!(status, RunStatus::Failed);
    // However little was logged.
    let _ = fs::remove_file(served.host.state().home.log(run.0));
    let path = format!("/api/pipeline_runs/{run}/logs?_format=flat&level=ERROR");
    let answer = served.get(&path).await;
    let found = messages(&answer);
    assert!(found[0].contains("gone"), "{found:?}");
}
