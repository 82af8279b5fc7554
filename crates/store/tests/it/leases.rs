//! Leases of runs, and the processes that hold them: every back end must do it, as in `conformance`.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use baton_model::{Cause, RunEvent, RunId, RunStatus, Timestamp};
use baton_store::{Hint, NewRun, Process, Store, StoreError};

use crate::conformance::{Database, at, commit, create};
use crate::facts;

const LENGTH: Duration = Duration::from_micros(10);

pub(crate) async fn one_process_at_a_time_holds_a_lease(database: &impl Database) {
    let one = database.open().await;
    let two = database.open().await;
    let run = create(&one, "demo", &["a"]).await.id;
    let other = create(&one, "demo", &["a"]).await.id;
    let first = one
        .lease_run(run, "one", Timestamp(0), LENGTH)
        .await
        .unwrap();
    assert_eq!(first, Some(1));
    assert_eq!(
        two.lease_run(run, "two", Timestamp(9), LENGTH)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        two.lease_run(other, "two", Timestamp(9), LENGTH)
            .await
            .unwrap(),
        Some(1)
    );
    assert_eq!(
        two.lease_run(RunId(99), "two", Timestamp(9), LENGTH)
            .await
            .unwrap(),
        None
    );
    let owner = two.run_row(run).await.unwrap().unwrap().owner;
    assert_eq!(owner.as_deref(), Some("one"));

    // Renewed, it holds on; then it is left alone for too long.
    let held = one.renew_leases("one", Timestamp(8), LENGTH).await.unwrap();
    assert_eq!(held, HashSet::from([run]));
    assert_eq!(
        two.lease_run(run, "two", Timestamp(17), LENGTH)
            .await
            .unwrap(),
        None
    );
    assert_eq!(two.expired_leases(Timestamp(17)).await.unwrap(), []);
    assert_eq!(
        two.expired_leases(Timestamp(19)).await.unwrap(),
        [run, other]
    );
    let second = two
        .lease_run(run, "two", Timestamp(18), LENGTH)
        .await
        .unwrap();
    assert_eq!(second, Some(2));
    let held = one
        .renew_leases("one", Timestamp(19), LENGTH)
        .await
        .unwrap();
    assert!(held.is_empty());
    // What is not held any more cannot be given back.
    assert!(!one.release_run(run).await.unwrap());
    let held = two
        .renew_leases("two", Timestamp(19), LENGTH)
        .await
        .unwrap();
    assert_eq!(held, HashSet::from([run, other]));
    // One that was taken under its name, of which it does not know since the answer was lost, is not kept alive.
    let lost = create(&one, "demo", &["a"]).await.id;
    let unknowing = one.lease_run(lost, "two", Timestamp(19), LENGTH);
    assert_eq!(unknowing.await.unwrap(), Some(1));
    let held = two
        .renew_leases("two", Timestamp(25), LENGTH)
        .await
        .unwrap();
    assert_eq!(held, HashSet::from([run, other]));
    assert_eq!(two.expired_leases(Timestamp(29)).await.unwrap(), [lost]);
    assert!(two.release_run(run).await.unwrap());
    assert!(!two.release_run(run).await.unwrap());
    assert_eq!(
        one.lease_run(run, "one", Timestamp(20), LENGTH)
            .await
            .unwrap(),
        Some(3)
    );
}

pub(crate) async fn who_was_frozen_past_its_lease_cannot_write(database: &impl Database) {
    let frozen = database.open().await;
    let heir = database.open().await;
    let stranger = database.open().await;
    let mut run = create(&frozen, "demo", &["a"]).await;
    frozen
        .lease_run(run.id, "frozen", Timestamp(0), LENGTH)
        .await
        .unwrap()
        .unwrap();
    commit(&frozen, &mut run, &[]).await;
    let refuse = async |store: &baton_store::Store, run: &baton_model::Run| {
        let mut run = run.clone();
        run.version += 1;
        at(&mut run, "a").reason = Some("too late".to_owned());
        let changed = [run.blocks[0].key.clone()];
        let event = RunEvent::Woken;
        let refused = store.commit(&run, &changed, &event, Timestamp(7)).await;
        assert!(matches!(refused, Err(StoreError::Conflict { run: id }) if id == run.id));
    };
    // Nobody else may write while it lives.
    refuse(&stranger, &run).await;
    heir.lease_run(run.id, "heir", Timestamp(10), LENGTH)
        .await
        .unwrap()
        .unwrap();
    // The versions still fit; only the fence tells.
    refuse(&frozen, &run).await;
    refuse(&stranger, &run).await;
    commit(&heir, &mut run, &["a"]).await;
    refuse(&frozen, &run).await;
    assert_eq!(heir.load_run(run.id).await.unwrap().as_ref(), Some(&run));
    assert_eq!(heir.events(run.id, 0, 9).await.unwrap().len(), 2);
    // A lease that has ended and that nobody took still counts.
    commit(&heir, &mut run, &[]).await;
    assert!(heir.release_run(run.id).await.unwrap());
    refuse(&frozen, &run).await;
    commit(&stranger, &mut run, &[]).await;
}

pub(crate) async fn runs_carry_the_name_of_their_driver(database: &impl Database) {
    let anybody = database.open().await;
    let server = database.open().await.driven_by("server");
    let named = async || {
        let runs = anybody.runs_named("server").await.unwrap();
        runs.into_iter().map(|run| run.0).collect::<BTreeSet<i64>>()
    };
    let made = async |store: &Store, cause| {
        let mut plan = facts::plan("demo", &["a"]);
        Arc::make_mut(&mut plan).occasion.cause = cause;
        let new = NewRun {
            plan,
            sources: Vec::new(),
            created_at: Timestamp(1),
            priority: 0,
            note: None,
            call: None,
            queue_limit: None,
        };
        let made = store.create_runs(vec![new], |id, new| facts::run(id, &new.plan));
        made.await.unwrap().remove(0).unwrap()
    };
    let mut own = made(&server, Cause::Schedule).await;
    let by_hand = create(&server, "demo", &["a"]).await;
    let child = made(&anybody, Cause::Code).await;
    assert_eq!(named().await, BTreeSet::from([own.id.0]));
    anybody.name_open_runs().await.unwrap();
    assert_eq!(named().await, BTreeSet::from([own.id.0]));
    server.name_open_runs().await.unwrap();
    assert_eq!(named().await, BTreeSet::from([own.id.0, child.id.0]));
    // Until it ends, whoever makes its steps.
    commit(&anybody, &mut own, &["a"]).await;
    assert!(named().await.contains(&own.id.0));
    own.status = RunStatus::Failed;
    own.ended_at = Some(Timestamp(9));
    commit(&server, &mut own, &[]).await;
    assert_eq!(named().await, BTreeSet::from([child.id.0]));
    // Begun again, it belongs to who did that.
    let mut begun = Vec::new();
    for (store, mut run) in [(&server, own), (&server, by_hand)] {
        run.version += 1;
        (run.status, run.ended_at) = (RunStatus::Running, None);
        let event = RunEvent::Retried { from: None };
        let done = store.commit(&run, &[], &event, Timestamp(10));
        done.await.unwrap();
        begun.push(run.id.0);
    }
    begun.push(child.id.0);
    assert_eq!(named().await, begun.into_iter().collect());
    // A name is no lease: anybody may still make a step.
    assert!(anybody.leased_runs(Timestamp(0)).await.unwrap().is_empty());
}

pub(crate) async fn processes_are_listed(database: &impl Database) {
    let store = database.open().await;
    let process = |id: &str, seen| Process {
        id: id.to_owned(),
        role: "worker".to_owned(),
        started_at: Timestamp(1),
        seen_at: Timestamp(seen),
    };
    for process in [process("b", 2), process("a", 2), process("b", 3)] {
        store.put_process(&process).await.unwrap();
    }
    let listed = database.open().await.processes().await.unwrap();
    assert_eq!(listed, [process("a", 2), process("b", 3)]);
    store.forget_process("a").await.unwrap();
    assert_eq!(store.processes().await.unwrap(), [process("b", 3)]);
}

pub(crate) async fn hints_are_not_missed(database: &impl Database) {
    let store = database.open().await;
    let mut hints = store.hints();
    store.give_hint(Hint::Free).await.unwrap();
    assert_eq!(hints.next().await, (Hint::Free, true));
    let waiting = tokio::spawn(async move { hints.next().await });
    tokio::task::yield_now().await;
    store.give_hint(Hint::Steps).await.unwrap();
    assert_eq!(waiting.await.unwrap(), (Hint::Steps, true));
}
