//! Which old runs may go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baton_model::{BlockStatus, ObjectHash, OlderOutput, RunEvent, RunId, RunStatus, Timestamp};
use baton_store::{Memory, RunPage, Store};
use proptest::prelude::*;

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
        .commit(&run, &keys, &RunEvent::Woken, Timestamp(7))
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
            .delete_runs(&[gone, failed, never_ended], Timestamp(1000))
            .await
            .unwrap(),
        2
    );
    let page = RunPage {
        limit: 100,
        ..RunPage::default()
    };
    let left = store.page_runs(&page).await.unwrap().rows;
    let left: Vec<_> = left.iter().map(|run| run.id).collect();
    assert_eq!(left, [other, newest, only_b, never_ended, input]);
    assert_eq!(store.load_run(gone).await.unwrap(), None);
    let live = store.live_objects().await.unwrap();
    assert!(!live.contains(&ObjectHash::new(format!("object{gone}"))));
    assert!(live.contains(&ObjectHash::new(format!("object{newest}"))));
}

/// A run of the property below: its pipeline, how it ended, when, which of its blocks completed, and the run before it
/// whose outputs it takes.
type Sketch = (bool, RunStatus, i64, [bool; 2], Option<usize>);

fn sketch() -> impl Strategy<Value = Sketch> {
    let status = prop_oneof![
        4 => Just(RunStatus::Completed),
        2 => Just(RunStatus::Failed),
        1 => Just(RunStatus::Cancelled),
        1 => Just(RunStatus::Running),
    ];
    let input = prop_oneof![2 => Just(None), 1 => (0_usize..8).prop_map(Some)];
    (any::<bool>(), status, 1_i64..100, any::<[bool; 2]>(), input)
}

async fn what_goes_is_not_needed(sketches: &[Sketch], before: i64) {
    let store = Memory::new(|| false).unwrap().open();
    let names = ["a", "b"];
    let mut made = Vec::new();
    for (first, status, at, done, input) in sketches {
        let completed: Vec<&str> = names
            .iter()
            .zip(done)
            // A run that completed has all of its blocks.
            .filter(|(_, done)| **done || *status == RunStatus::Completed)
            .map(|(name, _)| *name)
            .collect();
        let pipeline = if *first { "p" } else { "q" };
        let input = input.and_then(|place| made.get(place).copied());
        made.push(ended(&store, pipeline, *status, *at, &completed, input).await);
    }
    let old = store.old_runs(Timestamp(before), None).await.unwrap();
    let gone: BTreeSet<RunId> = old.iter().copied().collect();
    let facts = || made.iter().zip(sketches);
    let mut newest: BTreeMap<bool, RunId> = BTreeMap::new();
    for (run, (first, status, at, _, _)) in facts() {
        if *status == RunStatus::Completed {
            newest.insert(*first, *run);
        }
        if gone.contains(run) {
            assert!(
                *status != RunStatus::Running && *at < before,
                "{run} is young, or goes on"
            );
        }
    }
    for run in newest.values() {
        assert!(
            !gone.contains(run),
            "{run} has the newest products of its pipeline"
        );
    }
    for (run, (first, status, _, _, input)) in facts() {
        let taken = input.and_then(|place| made.get(place).filter(|taken| *taken < run));
        if *status != RunStatus::Completed
            && let Some(taken) = taken
        {
            assert!(!gone.contains(taken), "{run} takes from {taken}");
        }
        // Whatever else is old goes: nothing is kept for no reason.
        let (_, _, at, done, _) = sketches[made.iter().position(|one| one == run).unwrap()];
        let is_needed = sketches.iter().enumerate().any(|(place, taker)| {
            taker.1 != RunStatus::Completed
                && taker
                    .4
                    .and_then(|input| made.get(input))
                    .is_some_and(|taken| taken == run && *taken < made[place])
        });
        let is_newest = newest.get(first).is_none_or(|newest| newest <= run);
        let has_products = *status == RunStatus::Completed || done.contains(&true);
        let may_go = *status != RunStatus::Running && at < before && !is_needed;
        assert_eq!(
            gone.contains(run),
            may_go && !(is_newest && has_products),
            "{run} of {sketches:?} before {before}"
        );
    }
    assert_eq!(
        store.delete_runs(&old, Timestamp(before)).await.unwrap(),
        old.len() as u64
    );
    // What was kept for a run that has gone now may go, and nothing else.
    let inputs: BTreeSet<RunId> = facts()
        .filter(|(run, _)| gone.contains(run))
        .filter_map(|(_, sketch)| made.get(sketch.4?).copied())
        .collect();
    for next in store.old_runs(Timestamp(before), None).await.unwrap() {
        assert!(inputs.contains(&next), "{next} was old before");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_nobody_needs_is_old(sketches in proptest::collection::vec(sketch(), 1..8), before in 1_i64..110) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(what_goes_is_not_needed(&sketches, before));
    }
}
