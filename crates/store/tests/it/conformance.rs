//! What every back end must do. [`conformance!`] makes a test of each function for one back end.

use std::collections::{BTreeMap, HashSet};

use baton_base::{Class, Diagnose};
use baton_model::{
    BlockRunKey, BlockStatus, CallbackOn, CallbackRun, Fence, Items, ObjectHash, OlderOutput,
    Outcome, Product, Run, RunEvent, RunId, RunStatus, Timestamp,
};
use baton_store::{RunPage, RunRow, Store, StoreError};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

pub(crate) use crate::catalogue::*;
pub(crate) use crate::counting::*;
use crate::facts::{self, frame, key, plan, text};
pub(crate) use crate::leases::*;
pub(crate) use crate::notices::*;
pub(crate) use crate::service::*;
pub(crate) use crate::shared::*;

/// An empty database that can be opened any number of times, as by several processes.
pub(crate) trait Database {
    async fn open(&self) -> Store;
}

/// Makes tests of the whole suite for a back end, given an expression for a fresh [`Database`], or none.
macro_rules! conformance {
    ($database:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let database: Option<_> = $database;
                // Where there is no server, there is nothing to test.
                if let Some(database) = database {
                    crate::conformance::$name(&database).await;
                }
            }
        )*
    };
    ($database:expr) => {
        crate::conformance::conformance! { $database;
            a_run_is_read_back_as_it_was_stored
            a_commit_replaces_what_changed_and_nothing_else
            any_text_survives
            a_second_driver_of_a_run_is_refused
            runs_of_several_processes_do_not_disturb_each_other
            many_runs_go_on_at_once
            events_are_kept_without_their_products
            newest_inputs_come_from_completed_runs
            child_runs_items_and_callbacks_are_kept
            yielded_products_are_added_to_those_that_are_there
            runs_are_listed_newest_first
            objects_of_manifests_are_live
            source_texts_are_kept_once
            triggers_are_kept
            backfills_are_kept
            runs_are_made_together_and_once_for_a_date
            pages_show_what_is_wanted
            open_runs_say_why_they_wait
            facts_of_triggers_are_counted
            the_newest_run_of_each_date_is_told
            histories_are_told
            runs_are_counted_by_time
            runs_of_a_product_are_found
            calls_are_recorded
            a_call_that_is_repeated_makes_one_run
            calls_that_come_at_once_keep_to_the_queue_limit
            reasons_are_bounded
            block_runs_have_numbers
            a_run_that_has_ended_can_be_deleted
            one_process_at_a_time_holds_a_lease
            who_was_frozen_past_its_lease_cannot_write
            runs_carry_the_name_of_their_driver
            processes_are_listed
            hints_are_not_missed
            ends_are_told_once
            messages_are_delivered_by_one_at_a_time
            one_process_at_a_time_has_a_duty
            runs_that_were_let_in_are_taken_once
            an_end_has_its_consequences_once
            open_runs_and_newer_ones_are_marked
            a_database_serves_one_project
            hints_say_what_has_changed
            products_are_listed_with_their_versions
        }
    };
}
pub(crate) use conformance;

pub(crate) async fn create(store: &Store, pipeline: &str, blocks: &[&str]) -> Run {
    let plan = plan(pipeline, blocks);
    let made = store.create_run(&[], |id| facts::run(id, &plan)).await;
    made.unwrap()
}

async fn load(store: &Store, id: RunId) -> Run {
    store.load_run(id).await.unwrap().expect("the run exists")
}

/// Commits a step that changed the named blocks.
pub(crate) async fn commit(store: &Store, run: &mut Run, changed: &[&str]) {
    run.version += 1;
    let keys: Vec<BlockRunKey> = changed.iter().map(|name| key(name)).collect();
    let done = store.commit(run, &keys, &RunEvent::Woken, Timestamp(7));
    done.await.unwrap();
}

pub(crate) fn at<'a>(run: &'a mut Run, name: &str) -> &'a mut baton_model::BlockRun {
    let block = run.blocks.iter_mut().find(|block| block.key == key(name));
    block.expect("the block exists")
}

pub(crate) async fn a_run_is_read_back_as_it_was_stored(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(store.load_run(RunId(1)).await.unwrap(), None);
    // Names in an order that no index would give.
    let mut run = create(&store, "demo", &["z", "b", "a"]).await;
    assert_eq!(load(&store, run.id).await, run);

    run.status = RunStatus::Failed;
    run.cancel_requested = true;
    run.last_fence = Fence(12);
    run.started_at = Some(Timestamp(1));
    run.ended_at = Some(Timestamp(i64::MAX));
    let block = at(&mut run, "b");
    block.status = BlockStatus::Failed;
    block.attempt = 2;
    block.fence = Fence(11);
    block.started_at = Some(Timestamp(-1));
    block.ended_at = Some(Timestamp(2));
    block.error = Some(facts::error());
    block.reason = Some("be\0cause".to_owned());
    block.products = (0..12)
        .map(|n| text(&format!("output_{n}"), "ü\0\""))
        .collect();
    let block = at(&mut run, "a");
    block.retry_at = Some(Timestamp(3));
    block.products = vec![frame("output_0", &["01", "02"])];
    commit(&store, &mut run, &["a", "b"]).await;
    assert_eq!(load(&store, run.id).await, run);
    assert_eq!(load(&database.open().await, run.id).await, run);

    // A child of a dynamic block comes into being after the run.
    let mut child = run.blocks[0].clone();
    child.key.child = Some(0);
    run.blocks.push(child);
    run.version += 1;
    let changed = [run.blocks[3].key.clone()];
    let event = RunEvent::Woken;
    let done = store.commit(&run, &changed, &event, Timestamp(7));
    done.await.unwrap();
    assert_eq!(load(&store, run.id).await, run);
}

pub(crate) async fn a_commit_replaces_what_changed_and_nothing_else(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["a", "b"]).await;
    let other = create(&store, "demo", &["a", "b"]).await;
    at(&mut run, "a").products = vec![frame("output_0", &["01"]), text("output_1", "x")];
    at(&mut run, "b").products = vec![text("output_0", "y")];
    commit(&store, &mut run, &["a", "b"]).await;
    at(&mut run, "a").products = vec![text("output_0", "z")];
    at(&mut run, "b").reason = Some("not named as changed".to_owned());
    commit(&store, &mut run, &["a"]).await;

    let found = load(&store, run.id).await;
    assert_eq!(found.block(&key("a")), run.block(&key("a")));
    let b = found.block(&key("b")).unwrap();
    assert_eq!(
        (&b.reason, &b.products),
        (&None, &vec![text("output_0", "y")])
    );
    assert_eq!(load(&store, other.id).await, other);
    let products = async |name| store.products(run.id, &key(name)).await;
    assert_eq!(products("a").await.unwrap(), [text("output_0", "z")]);
    assert_eq!(products("nobody").await.unwrap(), []);
}

pub(crate) async fn any_text_survives(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["a"]).await;
    let mut runner = proptest::test_runner::TestRunner::default();
    for _ in 0..64 {
        let tree = any::<(String, String, Option<f64>)>()
            .new_tree(&mut runner)
            .unwrap();
        let (one, two, number) = tree.current();
        let block = at(&mut run, "a");
        block.reason = Some(one.clone());
        block.error = Some(baton_model::BlockError::new(
            baton_model::FailureKind::Exception,
            two.clone(),
        ));
        block.products = vec![Product {
            meta: serde_json::json!({ one.as_str(): number }),
            ..text(&two, &one)
        }];
        commit(&store, &mut run, &["a"]).await;
        assert_eq!(load(&store, run.id).await, run);
    }
}

pub(crate) async fn a_second_driver_of_a_run_is_refused(database: &impl Database) {
    let first = database.open().await;
    let second = database.open().await;
    let mut run = create(&first, "demo", &["a"]).await;
    let mut same = load(&second, run.id).await;
    at(&mut run, "a").reason = Some("the first".to_owned());
    commit(&first, &mut run, &["a"]).await;

    at(&mut same, "a").reason = Some("the second".to_owned());
    for (version, id) in [(1, run.id), (3, run.id), (1, RunId(99))] {
        same.version = version;
        same.id = id;
        let event = RunEvent::Woken;
        let changed = [key("a")];
        let refused = second.commit(&same, &changed, &event, Timestamp(7));
        let error = refused.await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { run } if run == id));
        assert_eq!(error.class(), Class::Conflict);
    }
    assert_eq!(load(&second, run.id).await, run);
    assert_eq!(second.events(run.id, 0, 10).await.unwrap().len(), 1);
    // The connection that was refused is as good as before.
    let mut same = load(&second, run.id).await;
    commit(&second, &mut same, &["a"]).await;
}

pub(crate) async fn runs_of_several_processes_do_not_disturb_each_other(database: &impl Database) {
    let mut drivers = Vec::new();
    for _ in 0..4 {
        let store = database.open().await;
        drivers.push(tokio::spawn(async move {
            let mut run = create(&store, "demo", &["a", "b"]).await;
            for step in 0..25 {
                at(&mut run, "a").attempt = step;
                commit(&store, &mut run, &["a"]).await;
            }
            run
        }));
    }
    let store = database.open().await;
    let mut ids = HashSet::new();
    for driver in drivers {
        let run = driver.await.unwrap();
        assert_eq!(load(&store, run.id).await, run);
        assert!(ids.insert(run.id), "a number is given out once");
    }
}

pub(crate) async fn many_runs_go_on_at_once(database: &impl Database) {
    let store = database.open().await;
    let mut drivers = Vec::new();
    for number in 0..64 {
        let store = store.clone();
        drivers.push(tokio::spawn(async move {
            let mut run = create(&store, "demo", &["a", "b"]).await;
            let mut stale = run.clone();
            for step in 0..10 {
                at(&mut run, "a").attempt = step;
                at(&mut run, "a").products = vec![text("output_0", &format!("{number}/{step}"))];
                run.version += 1;
                run.status = if step == 9 {
                    RunStatus::Completed
                } else {
                    RunStatus::Running
                };
                let (changed, event) = ([key("a")], RunEvent::Woken);
                let done = store.commit(&run, &changed, &event, Timestamp(7));
                done.await.unwrap();
                // Somebody drives every third run with a version of their own.
                if step > 0 && number % 3 == 0 {
                    stale.version = 1;
                    let refused = store.commit(&stale, &changed, &event, Timestamp(7));
                    let refused = refused.await.unwrap_err();
                    assert!(matches!(refused, StoreError::Conflict { run: id } if run.id == id));
                }
            }
            run
        }));
    }
    for driver in drivers {
        let run = driver.await.unwrap();
        assert_eq!(load(&store, run.id).await, run);
        let events = store.events(run.id, 0, 100).await.unwrap();
        assert!(events.iter().map(|event| event.version).eq(1..=10));
    }
}

pub(crate) async fn events_are_kept_without_their_products(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["a"]).await;
    let ended = |outcome| RunEvent::AttemptEnded {
        key: key("a"),
        fence: Fence(4),
        outcome,
        usage: None,
        tests: Vec::new(),
    };
    let failed = |products| Outcome::Failed {
        error: facts::error(),
        products,
    };
    let events = [
        (RunEvent::Started, RunEvent::Started),
        (
            ended(failed(vec![text("output_0", "x")])),
            ended(failed(Vec::new())),
        ),
        (
            ended(Outcome::Completed {
                products: vec![text("output_0", "x")],
                items: Some(Items::default()),
            }),
            ended(Outcome::Completed {
                products: Vec::new(),
                items: None,
            }),
        ),
        (RunEvent::Resumed, RunEvent::Resumed),
    ];
    for (event, _) in &events {
        run.version += 1;
        let at = Timestamp(run.version as i64 * 10);
        store.commit(&run, &[], event, at).await.unwrap();
    }
    let found = store.events(run.id, 0, 100).await.unwrap();
    assert_eq!(found.len(), events.len());
    for (position, (record, (_, expected))) in found.iter().zip(&events).enumerate() {
        assert_eq!(record.version, position as u64 + 1);
        assert_eq!(record.at.0, record.version as i64 * 10);
        assert_eq!(&record.event, expected);
    }
    assert_eq!(store.events(run.id, 1, 2).await.unwrap(), found[1..3]);
}

pub(crate) async fn newest_inputs_come_from_completed_runs(database: &impl Database) {
    use BlockStatus::{Completed, ConditionFailed, Initial};
    let store = database.open().await;
    let mut ids = Vec::new();
    for (pipeline, status, a, b) in [
        ("demo", RunStatus::Completed, Completed, Completed),
        ("demo", RunStatus::Completed, Completed, ConditionFailed),
        ("demo", RunStatus::Failed, Completed, Completed),
        ("other", RunStatus::Completed, Completed, Completed),
        ("demo", RunStatus::Running, Completed, Initial),
    ] {
        let mut run = create(&store, pipeline, &["a", "b", "c"]).await;
        run.status = status;
        at(&mut run, "a").status = a;
        at(&mut run, "b").status = b;
        commit(&store, &mut run, &["a", "b"]).await;
        ids.push(run.id);
    }
    let blocks = ["b".into(), "a".into(), "c".into(), "unknown".into()];
    let found = store.newest_inputs(&"demo".into(), &blocks).await.unwrap();
    let single = OlderOutput::single;
    let expected = BTreeMap::from([("a".into(), single(ids[1])), ("b".into(), single(ids[0]))]);
    assert_eq!(found, expected);
    for (block, newest) in [("a", Some(ids[4])), ("b", Some(ids[2])), ("c", None)] {
        let found = store
            .newest_output(&"demo".into(), block, None)
            .await
            .unwrap();
        let newest = newest.map(|run| (run, key(block)));
        assert_eq!(found, newest, "however the run ended");
    }
    let found = store.newest_committed(&"demo".into(), &blocks).await;
    let expected = BTreeMap::from([("a".into(), single(ids[4])), ("b".into(), single(ids[2]))]);
    assert_eq!(found.unwrap(), expected, "however the run ended");
    let found = store.newest_of_blocks(&"demo".into(), &blocks).await;
    let mut found: Vec<_> = found.unwrap();
    found.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
    let found: Vec<_> = found
        .iter()
        .map(|(block, of)| (block.as_str(), of.newest.run, of.completed))
        .collect();
    let expected = [("a", ids[4], Some(ids[4])), ("b", ids[2], Some(ids[2]))];
    assert_eq!(found, expected, "`c` has never had its turn");
    let of_b = store.block_run_in(ids[1], &"b".into()).await.unwrap();
    assert_eq!(of_b.map(|one| one.status), Some(ConditionFailed));
    let found = store.newest_inputs(&"nothing".into(), &blocks).await;
    assert_eq!(found.unwrap(), BTreeMap::new());
}

pub(crate) async fn yielded_products_are_added_to_those_that_are_there(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["d", "c"]).await;
    let names = ["one", "two", "three"];
    let changed = [run.blocks[0].key.clone(), run.blocks[1].key.clone()];
    at(&mut run, "c").products = vec![text("output_0", "stays")];
    // What a repeated attempt yields otherwise replaces what stood there.
    for (first, name) in [(0, names[0]), (1, "other"), (1, names[1]), (2, names[2])] {
        let product = text("output_0", name);
        at(&mut run, "d").products.truncate(first);
        at(&mut run, "d").products.push(product.clone());
        at(&mut run, "d").items = Some(Items {
            count: first as u32 + 1,
            yielded: true,
            ..Items::default()
        });
        run.version += 1;
        let event = RunEvent::ItemsYielded {
            key: changed[0].clone(),
            fence: Fence(1),
            first: first as u32,
            products: vec![product],
        };
        store
            .commit(&run, &changed, &event, Timestamp(1))
            .await
            .unwrap();
        assert_eq!(store.load_run(run.id).await.unwrap(), Some(run.clone()));
    }
    let events = store.events(run.id, 0, 100).await.unwrap();
    let last = &events.last().unwrap().event;
    assert!(
        matches!(last, RunEvent::ItemsYielded { products, .. } if products.is_empty()),
        "{last:?}"
    );
}

pub(crate) async fn child_runs_items_and_callbacks_are_kept(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["d", "c"]).await;
    let items = Items {
        count: 2,
        names: vec![None, Some("eu".to_owned())],
        after: vec![vec!["other".to_owned()]],
        yielded: false,
    };
    at(&mut run, "d").items = Some(items.clone());
    at(&mut run, "c").callbacks = Some(CallbackRun {
        on: CallbackOn::Failure,
        fence: Fence(4),
        done: true,
        error: Some(facts::error()),
    });
    for (index, name) in [(0, "c:0"), (1, "c:eu")] {
        let mut child = run.blocks[1].clone();
        child.key = BlockRunKey::child("c".into(), index);
        name.clone_into(&mut child.name);
        child.products = vec![text("output_0", name)];
        run.blocks.push(child);
    }
    for block in &mut run.blocks {
        block.status = BlockStatus::Completed;
    }
    run.status = RunStatus::Completed;
    run.ending = Some(RunStatus::Failed);
    run.variables.insert("region".to_owned(), "eu".into());
    run.version += 1;
    let changed: Vec<BlockRunKey> = run.blocks.iter().map(|block| block.key.clone()).collect();
    let event = RunEvent::Woken;
    store
        .commit(&run, &changed, &event, Timestamp(1))
        .await
        .unwrap();
    assert_eq!(store.load_run(run.id).await.unwrap(), Some(run.clone()));

    for (name, child) in [("c:eu", 1), ("c:0", 0)] {
        let found = store
            .newest_output(&"demo".into(), name, Some(run.plan.triggered))
            .await;
        let key = BlockRunKey::child("c".into(), child);
        assert_eq!(found.unwrap(), Some((run.id, key)));
        let found = store.products_named(run.id, name).await.unwrap();
        assert_eq!(found, [text("output_0", name)]);
        let numbered = format!("c:{child}");
        let found = store.products_named(run.id, &numbered).await.unwrap();
        assert_eq!(found, [text("output_0", name)]);
    }
    let blocks = ["d".into(), "c".into()];
    let found = store.newest_inputs(&"demo".into(), &blocks).await.unwrap();
    let dynamic = OlderOutput {
        items: vec![items],
        ..OlderOutput::single(run.id)
    };
    let children = OlderOutput {
        children: Some(2),
        ..OlderOutput::single(run.id)
    };
    let expected = BTreeMap::from([("d".into(), dynamic), ("c".into(), children)]);
    assert_eq!(found, expected);

    // A retry may drop child runs, and the others move up.
    run.blocks.remove(2);
    run.version += 1;
    let event = RunEvent::Retried {
        from: Some("d".into()),
    };
    let done = store.commit(&run, &[], &event, Timestamp(2)).await;
    done.unwrap();
    assert_eq!(store.load_run(run.id).await.unwrap(), Some(run));
}

pub(crate) async fn runs_are_listed_newest_first(database: &impl Database) {
    let store = database.open().await;
    let mut first = create(&store, "demo", &["a", "b", "c"]).await;
    let second = create(&store, "other", &[]).await;
    let third = create(&store, "demo", &[]).await;
    first.status = RunStatus::Failed;
    first.started_at = Some(Timestamp(101));
    first.ended_at = Some(Timestamp(102));
    at(&mut first, "a").status = BlockStatus::Completed;
    at(&mut first, "b").status = BlockStatus::Failed;
    at(&mut first, "c").status = BlockStatus::UpstreamFailed;
    commit(&store, &mut first, &["a", "b", "c"]).await;

    let list = async |pipeline: Option<&str>, limit| {
        let page = RunPage {
            pipelines: pipeline.map(Into::into).into_iter().collect(),
            limit,
            ..RunPage::default()
        };
        store.page_runs(&page).await.unwrap().rows
    };
    let ids = |found: &[RunRow]| found.iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(&list(None, 10).await), [third.id, second.id, first.id]);
    assert_eq!(ids(&list(None, 2).await), [third.id, second.id]);
    let found = list(Some("demo"), 10).await;
    assert_eq!(ids(&found), [third.id, first.id]);
    let summary = &found[1];
    assert_eq!(
        (summary.blocks, summary.completed, summary.failed),
        (3, 1, 1)
    );
    assert_eq!(summary.status, RunStatus::Failed);
    assert_eq!(summary.pipeline, "demo".into());
    assert_eq!(summary.created_at, Timestamp(100));
    assert_eq!(summary.started_at, Some(Timestamp(101)));
    assert_eq!(summary.ended_at, Some(Timestamp(102)));
    assert!(list(Some("nothing"), 10).await.is_empty());
}

pub(crate) async fn objects_of_manifests_are_live(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["a", "b"]).await;
    let mut other = create(&store, "demo", &["a"]).await;
    at(&mut run, "a").products = vec![frame("output_0", &["01", "02"]), text("output_1", "x")];
    at(&mut run, "b").products = vec![frame("output_0", &["02"]), frame("output_1", &[])];
    at(&mut other, "a").products = vec![frame("output_0", &["03"])];
    commit(&store, &mut run, &["a", "b"]).await;
    commit(&store, &mut other, &["a"]).await;
    let objects = |names: &[&str]| -> HashSet<ObjectHash> {
        names.iter().map(|name| (*name).into()).collect()
    };
    assert_eq!(
        store.live_objects().await.unwrap(),
        objects(&["01", "02", "03"])
    );
    at(&mut run, "a").products.clear();
    commit(&store, &mut run, &["a"]).await;
    assert_eq!(store.live_objects().await.unwrap(), objects(&["02", "03"]));
}

pub(crate) async fn source_texts_are_kept_once(database: &impl Database) {
    let store = database.open().await;
    let plan = plan("demo", &["a"]);
    let sources = [
        ("01".into(), "x = '\u{1F3B5}'\r\n".to_owned()),
        ("02".into(), String::new()),
    ];
    for _ in 0..2 {
        let made = store.create_run(&sources, |id| facts::run(id, &plan)).await;
        made.unwrap();
    }
    for (hash, text) in &sources {
        assert_eq!(store.code(hash).await.unwrap().as_ref(), Some(text));
    }
    assert_eq!(store.code(&"03".into()).await.unwrap(), None);
}
