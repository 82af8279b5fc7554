//! Which old runs may go.

use std::sync::Arc;

use baton_model::{BlockStatus, ObjectHash, OlderOutput, RunEvent, RunId, RunStatus, Timestamp};
use baton_store::{RunFilter, Store};

use crate::facts::{self, frame, key, plan};

/// A run that ended at `ended`, with blocks that completed and one product each.
async fn ended(
    store: &Store,
    pipeline: &str,
    status: RunStatus,
    ended: i64,
    completed: &[&str],
    input: Option<RunId>,
) -> RunId {
    let mut plan = plan(pipeline, &["a", "b"]);
    let facts = Arc::make_mut(&mut plan);
    facts.inputs.clear();
    facts
        .inputs
        .extend(input.map(|run| ("z".into(), OlderOutput::single(run))));
    let mut run = store
        .create_run(&[], |id| facts::run(id, &plan))
        .await
        .unwrap();
    run.status = status;
    run.version += 1;
    run.ended_at = (status != RunStatus::Running).then_some(Timestamp(ended));
    let object = format!("object{}", run.id);
    for block in &mut run.blocks {
        if completed.contains(&block.key.block.as_str()) {
            block.status = BlockStatus::Completed;
            block.products = vec![frame("output_0", &[&object])];
        }
    }
    let keys: Vec<_> = completed.iter().map(|name| key(name)).collect();
    store
        .commit(&run, &keys, &RunEvent::Woken, &[], Timestamp(7))
        .await
        .unwrap();
    run.id
}

#[tokio::test]
async fn old_runs_that_nobody_needs_can_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let completed = RunStatus::Completed;
    let both = ["a", "b"];
    let gone = ended(&store, "p", completed, 10, &both, None).await;
    let input = ended(&store, "p", completed, 20, &both, None).await;
    let never_ended = ended(&store, "p", RunStatus::Running, 0, &["a"], Some(input)).await;
    let failed = ended(&store, "p", RunStatus::Failed, 30, &["a"], None).await;
    let only_b = ended(&store, "p", completed, 40, &both, None).await;
    let newest = ended(&store, "p", completed, 50, &["a"], None).await;
    let other = ended(&store, "q", completed, 15, &both, None).await;

    let old = async |before, pipeline: Option<&str>| {
        let pipeline = pipeline.map(Into::into);
        store
            .old_runs(Timestamp(before), pipeline.as_ref())
            .await
            .unwrap()
    };
    assert_eq!(old(10, None).await, []);
    assert_eq!(old(11, None).await, [gone]);
    // `input` is still needed by a run that may go on; `only_b` has the newest product of `b`; `newest` is needed itself.
    assert_eq!(old(1000, None).await, [gone, failed]);
    assert_eq!(old(1000, Some("q")).await, []);

    assert_eq!(
        store
            .delete_runs(&[gone, failed, never_ended])
            .await
            .unwrap(),
        2
    );
    let filter = RunFilter {
        pipeline: None,
        limit: 100,
    };
    let left: Vec<_> = store.list_runs(&filter).await.unwrap();
    let left: Vec<_> = left.iter().map(|run| run.id).collect();
    assert_eq!(left, [other, newest, only_b, never_ended, input]);
    assert_eq!(store.load_run(gone).await.unwrap(), None);
    let live = store.live_objects().await.unwrap();
    assert!(!live.contains(&ObjectHash::new(format!("object{gone}"))));
    assert!(live.contains(&ObjectHash::new(format!("object{newest}"))));
}
