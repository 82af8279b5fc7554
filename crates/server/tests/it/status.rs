//! What the server tells of itself.

use serde_json::{Value, json};

use crate::served::Served;

#[tokio::test(flavor = "multi_thread")]
async fn the_status_names_the_project_and_whether_triggers_fire() {
    let served = Served::idle_with("project_uuid: abc\n", None).await;
    let status = served.get("/api/status").await["status"].clone();
    assert_eq!(status["repo_path"], served.root().to_str().unwrap());
    assert_eq!(status["repo_path_relative"], "demo");
    assert_eq!(status["project_uuid"], "abc");
    assert_eq!(status["project_type"], "standalone");
    assert_eq!(status["instance_type"], "server_and_scheduler");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["scheduler_status"], "stopped");
    let list = served.get("/api/statuses").await;
    assert_eq!(list["statuses"], json!([status]));
    served.host.start().await.unwrap();
    let runs = |answer: &Value| answer["status"]["scheduler_status"] == "running";
    served.until("/api/status", runs).await;
    std::fs::write(served.root().join("metadata.yaml"), "a: [").unwrap();
    let status = served.get("/api/status").await["status"].clone();
    assert_eq!(status["repo_path_relative"], "demo");
}
