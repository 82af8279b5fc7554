//! What the API tells of the attempts of a block, and of its tests.

use baton_model::{
    BlockError, BlockRunKey, FailureKind, Outcome, RunEvent, TestResult, TestStatus, Usage,
};
use serde_json::json;

use crate::served::Served;
use crate::situations::{Driven, pipeline};

fn ended(run: &Driven<'_>, outcome: Outcome, seconds: f64, status: TestStatus) -> RunEvent {
    let key = BlockRunKey::declared("a".into());
    RunEvent::AttemptEnded {
        fence: run.run.block(&key).unwrap().fence,
        key,
        outcome,
        usage: Some(Usage {
            cpu_seconds: Some(seconds),
            peak_memory: Some(1 << 20),
            ..Usage::default()
        }),
        tests: vec![TestResult {
            name: "is_new".to_owned(),
            message: (status == TestStatus::Failed).then(|| "it is old".to_owned()),
            line: (status == TestStatus::Failed).then_some(9),
            status,
        }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_by_name_and_what_each_attempt_used_outlast_the_run() {
    let served = Served::idle().await;
    let retried = "uuid: a, retry_config: {retries: 1, delay: 0}";
    pipeline(&served, "tested", &[retried], "");
    let run = Driven::started(&served, "tested", 60).await.after(2);
    let failed = Outcome::Failed {
        error: BlockError::new(FailureKind::TestFailed, "the test failed: it is old"),
        products: Vec::new(),
    };
    let event = ended(&run, failed, 0.5, TestStatus::Failed);
    let run = run.then(event).await.after(3);
    let completed = Outcome::Completed {
        products: Vec::new(),
        items: None,
    };
    let event = ended(&run, completed, 0.25, TestStatus::Passed);
    let run = run.then(event).await;

    let path = format!("/api/pipeline_runs/{}/block_runs", run.run.id);
    let found = served.get(&path).await;
    let block = &found["block_runs"][0];
    let passed = json!([{"name": "is_new", "status": "passed", "message": null, "line": null}]);
    assert_eq!(block["tests"], passed);
    let [first, second] = block["attempts"].as_array().unwrap().as_slice() else {
        panic!("not two attempts: {block}");
    };
    assert_eq!(first["status"], "failed");
    assert_eq!(first["error"], "the test failed: it is old");
    assert_eq!(first["usage"]["cpu_seconds"], 0.5);
    assert_eq!(
        first["tests"],
        json!([{"name": "is_new", "status": "failed", "message": "it is old", "line": 9}])
    );
    assert_eq!(
        (&second["number"], &second["status"]),
        (&json!(2), &json!("completed"))
    );
    assert_eq!(second["usage"]["cpu_seconds"], 0.25);

    let notebook = served.get("/api/pipelines/tested/notebook").await;
    let newest = &notebook["notebook"]["blocks"][0]["block_run"];
    assert_eq!(newest["tests"], passed);
    assert_eq!(newest["usage"]["peak_memory"], 1 << 20);
}
