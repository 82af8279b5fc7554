//! What several processes leave for each other: every back end must do it, as in `conformance`.

use std::sync::Arc;
use std::time::Duration;

use baton_model::{Cause, Plan, Run, RunEvent, RunId, RunStatus, Timestamp, TriggerId};
use baton_store::{Claimed, Hint, NewRun, Settled, Store, StoreError, Wish};

use crate::conformance::{Database, commit, create};
use crate::facts::{self, plan};

const LENGTH: Duration = Duration::from_micros(10);

/// A run that nobody started by hand.
async fn wanted(store: &Store, cause: Cause) -> Run {
    let made = store.create_runs(vec![new(cause)], |id, new| facts::run(id, &new.plan));
    made.await.unwrap().remove(0).unwrap()
}

fn new(cause: Cause) -> NewRun {
    let mut plan: Arc<Plan> = plan("demo", &["a"]);
    Arc::make_mut(&mut plan).occasion.cause = cause;
    NewRun {
        plan,
        sources: Vec::new(),
        created_at: Timestamp(1),
        priority: 0,
        note: None,
        call: None,
        queue_limit: None,
    }
}

async fn end(store: &Store, run: &mut Run) {
    (run.status, run.ended_at) = (RunStatus::Completed, Some(Timestamp(9)));
    step(store, run, &RunEvent::Woken).await;
}

async fn step(store: &Store, run: &mut Run, event: &RunEvent) {
    run.version += 1;
    let done = store.commit(run, &[], event, Timestamp(9));
    done.await.unwrap();
}

pub(crate) async fn one_process_at_a_time_has_a_duty(database: &impl Database) {
    let (one, two) = (database.open().await, database.open().await);
    let take = async |store: &Store, owner: &str, at: i64| {
        let taken = store.take_duty("work", owner, Timestamp(at), LENGTH);
        taken.await.unwrap()
    };
    let run = wanted(&one, Cause::Call).await.id;
    let first = take(&one, "one", 0).await.unwrap();
    assert_eq!(take(&two, "two", 9).await, None);
    assert_eq!(take(&one, "one", 9).await, Some(first.clone()));
    assert_eq!(
        two.duty_until("work").await.unwrap(),
        Some(Timestamp(19)),
        "what is kept lasts longer"
    );
    one.admit_runs(&first, &[run]).await.unwrap();
    let second = take(&two, "two", 19).await.unwrap();
    // Frozen past the end and revived, the first one can do nothing with it.
    let late = one.admit_runs(&first, &[run]).await;
    assert!(matches!(late, Err(StoreError::Deposed { .. })), "{late:?}");
    let follower = [new(Cause::Call)];
    let late = one.settle_runs(Some(&first), &[], &follower, |id, new| {
        facts::run(id, &new.plan)
    });
    assert!(matches!(late.await, Err(StoreError::Deposed { .. })));
    assert_eq!(one.newest_run().await.unwrap(), run);
    one.leave_duty(&first).await.unwrap();
    assert_eq!(take(&one, "one", 20).await, None);
    two.leave_duty(&second).await.unwrap();
    assert!(take(&one, "one", 20).await.is_some());
}

pub(crate) async fn runs_that_were_let_in_are_taken_once(database: &impl Database) {
    let (one, two) = (database.open().await, database.open().await);
    let duty = one.take_duty("work", "one", Timestamp(0), LENGTH);
    let duty = duty.await.unwrap().unwrap();
    let mut runs = Vec::new();
    for cause in [Cause::Call, Cause::Code, Cause::Call, Cause::Call] {
        runs.push(wanted(&one, cause).await.id);
    }
    let claim = async |store: &Store, owner: &str, at: i64, most: u32, expired: bool| {
        let claimed = store.claim_runs(owner, (Timestamp(at), LENGTH), most, expired, &[]);
        let claimed: Vec<Claimed> = claimed.await.unwrap();
        claimed.iter().map(|one| one.run).collect::<Vec<_>>()
    };
    assert_eq!(claim(&two, "two", 0, 9, true).await, []);
    one.admit_runs(&duty, &runs[..3]).await.unwrap();
    // Without a place only what a block waits for.
    assert_eq!(claim(&two, "two", 0, 0, true).await, [runs[1]]);
    assert_eq!(claim(&two, "two", 0, 1, true).await, [runs[0]]);
    assert_eq!(claim(&one, "one", 5, 9, true).await, [runs[2]]);
    assert_eq!(claim(&one, "one", 10, 9, false).await, []);
    // The lease of the others has ended; who has one of them already leaves it.
    let here = [runs[1]];
    let claimed = one.claim_runs("one", (Timestamp(10), LENGTH), 9, true, &here);
    let claimed = claimed.await.unwrap();
    let [taken] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    assert_eq!((taken.run, taken.is_new), (runs[0], true));
    let leased = one.leased_runs(Timestamp(12)).await.unwrap();
    assert!(leased.contains(&runs[0]) && leased.contains(&runs[2]) && !leased.contains(&runs[1]));

    // Somebody wants it to stop; when it has ended, nobody holds it.
    assert!(two.put_wish(runs[0], "enough").await.unwrap());
    assert_eq!(two.wishes("two").await.unwrap(), []);
    let wish = |again: bool| Wish {
        run: runs[0],
        reason: "enough".to_owned(),
        again,
    };
    for _ in 0..2 {
        assert_eq!(one.wishes("one").await.unwrap(), [wish(false)]);
    }
    let mut run = one.load_run(runs[0]).await.unwrap().unwrap();
    step(&one, &mut run, &RunEvent::Started).await;
    assert_eq!(one.wishes("one").await.unwrap(), [wish(false)]);
    let reason = "enough".to_owned();
    run.cancel_requested = true;
    step(&one, &mut run, &RunEvent::CancelRequested { reason }).await;
    assert_eq!(one.wishes("one").await.unwrap(), []);
    // Once more: that is given once.
    assert!(two.put_wish(run.id, "enough").await.unwrap());
    assert_eq!(one.wishes("one").await.unwrap(), [wish(true)]);
    assert_eq!(one.wishes("one").await.unwrap(), []);
    end(&one, &mut run).await;
    assert!(one.is_stored(run.id, run.version).await.unwrap());
    assert!(!one.is_stored(run.id, run.version + 1).await.unwrap());
    assert_eq!(one.wishes("one").await.unwrap(), []);
    assert!(!two.put_wish(runs[0], "again").await.unwrap());
    assert_eq!(two.run_row(runs[0]).await.unwrap().unwrap().owner, None);
    assert_eq!(claim(&two, "two", 99, 9, true).await, [runs[1], runs[2]]);
}

pub(crate) async fn an_end_has_its_consequences_once(database: &impl Database) {
    let store = database.open().await;
    let mut by_hand = create(&store, "demo", &["a"]).await;
    end(&store, &mut by_hand).await;
    let mut first = wanted(&store, Cause::Call).await;
    let mut second = wanted(&store, Cause::Call).await;
    let unsettled = async || {
        let rows = store.unsettled_runs(9).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(unsettled().await, []);
    end(&store, &mut first).await;
    end(&store, &mut second).await;
    assert_eq!(unsettled().await, [first.id, second.id]);
    let settle = async |ids: &[RunId]| {
        let new = [new(Cause::Completion)];
        let settled = store.settle_runs(None, ids, &new, |id, new| facts::run(id, &new.plan));
        settled.await.unwrap()
    };
    let made = settle(&[first.id]).await;
    assert!(matches!(&made, Settled::Done(made) if made.len() == 1));
    let newest = store.newest_run().await.unwrap();
    // Nothing is made as long as somebody was faster with one of them.
    let refused = settle(&[first.id, second.id]).await;
    let Settled::Only(left) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [second.id]);
    assert_eq!(store.newest_run().await.unwrap(), newest);
    assert_eq!(unsettled().await, [second.id]);
    settle(&[second.id]).await;
    assert_eq!(unsettled().await, []);
    // Begun again, it has another end.
    first.version += 1;
    (first.status, first.ended_at) = (RunStatus::Running, None);
    let event = RunEvent::Retried { from: None };
    let done = store.commit(&first, &[], &event, Timestamp(9));
    done.await.unwrap();
    assert!(store.run_row(first.id).await.unwrap().unwrap().is_admitted);
    end(&store, &mut first).await;
    assert_eq!(unsettled().await, [first.id]);
    let marks = store.marks(&[first.id, RunId(999)]).await.unwrap();
    assert_eq!(marks.len(), 1);
    assert_eq!(
        (marks[0].version, marks[0].status),
        (first.version, RunStatus::Completed)
    );
}

pub(crate) async fn open_runs_and_newer_ones_are_marked(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(store.newest_run().await.unwrap(), RunId(0));
    let mut ended = wanted(&store, Cause::Call).await;
    end(&store, &mut ended).await;
    let mut open = wanted(&store, Cause::Call).await;
    let mut newer = wanted(&store, Cause::Call).await;
    end(&store, &mut newer).await;
    commit(&store, &mut open, &["a"]).await;
    let marks = async |after: RunId| {
        let marks = store.open_marks(after).await.unwrap();
        marks
            .iter()
            .map(|mark| (mark.run, mark.version))
            .collect::<Vec<_>>()
    };
    let newest = (newer.id, newer.version);
    assert_eq!(marks(open.id).await, [(open.id, open.version), newest]);
    assert_eq!(marks(newer.id).await, [(open.id, open.version)]);
    let blocks = store.bare_blocks(open.id).await.unwrap();
    assert_eq!(blocks.len(), open.blocks.len());
}

pub(crate) async fn a_database_serves_one_project(database: &impl Database) {
    let store = database.open().await;
    store.claim_for_project(None, "/a/shop").await.unwrap();
    store.claim_for_project(None, "/a/shop").await.unwrap();
    let refused = store.claim_for_project(Some("u1"), "/b/shop").await;
    let refused = refused.unwrap_err();
    assert!(
        refused.to_string().contains("/a/shop"),
        "it says whose it is: {refused}"
    );
    // Once the uuid is known, the same project may be elsewhere.
    store
        .claim_for_project(Some("u1"), "/a/shop")
        .await
        .unwrap();
    store
        .claim_for_project(Some("u1"), "/b/shop")
        .await
        .unwrap();
    assert!(
        store
            .claim_for_project(Some("u2"), "/b/shop")
            .await
            .is_err()
    );
}

pub(crate) async fn hints_say_what_has_changed(database: &impl Database) {
    let store = database.open().await;
    let mut hints = store.hints();
    let mut run = wanted(&store, Cause::Call).await;
    assert_eq!(hints.next().await, (Hint::Runs, true));
    commit(&store, &mut run, &["a"]).await;
    assert_eq!(hints.next().await, (Hint::Steps, true));
    end(&store, &mut run).await;
    assert_eq!(hints.next().await, (Hint::Ends, true));
    store.put_wish(run.id, "stop").await.unwrap();
    assert_eq!(hints.next().await, (Hint::Wishes, true));
    store.give_hint(Hint::Trigger(TriggerId(3))).await.unwrap();
    assert_eq!(hints.next().await, (Hint::Trigger(TriggerId(3)), true));
}
