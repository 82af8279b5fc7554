//! What a service stores besides runs: every back end must do it, as in `conformance`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_base::{Class, Diagnose};
use baton_model::{
    Backfill, BackfillId, BackfillStatus, BlockRunKey, BlockStatus, Cause, IntervalUnit, Map, Plan,
    Run, RunId, RunStatus, Timestamp, Trigger, TriggerId, TriggerKind, Usage,
};
use baton_store::{
    CallKey, GoodRun, KEPT_CALLS, KEPT_NON_EVENTS, NewRun, NonEvent, RunOrder, RunPage, Store,
    StoreError, TriggerCall,
};

use crate::conformance::{Database, at, commit, create};
use crate::facts::{self, frame, plan, text};

fn trigger(pipeline: &str, name: &str) -> Trigger {
    let map: Map = serde_json::from_str(r#"{"z": "ü", "a": [1.5, null]}"#).unwrap();
    Trigger {
        id: TriggerId(0),
        pipeline: pipeline.into(),
        name: name.to_owned(),
        kind: TriggerKind::Other("odd".to_owned()),
        interval: Some("@daily".to_owned()),
        start_time: Some(Timestamp(-1)),
        is_active: true,
        last_enabled_at: None,
        variables: map.clone(),
        sla: Some(60),
        settings: map.clone(),
        token: Some("t0ken".to_owned()),
        description: None,
        matchers: vec![map],
        tags: vec!["a".to_owned()],
        product: None,
        is_declared: true,
        taken_out_at: None,
        created_at: Timestamp(5),
        updated_at: Timestamp(6),
    }
}

/// A plan that a schedule made.
fn scheduled(pipeline: &str, trigger: i64, date: i64) -> Arc<Plan> {
    let mut plan = plan(pipeline, &["a"]);
    let facts = Arc::make_mut(&mut plan);
    facts.execution_date = Timestamp(date);
    facts.occasion.trigger = Some(TriggerId(trigger));
    facts.occasion.cause = Cause::Schedule;
    plan
}

fn new(plan: Arc<Plan>) -> NewRun {
    NewRun {
        plan,
        sources: vec![("c0de".into(), "pass".to_owned())],
        created_at: Timestamp(100),
        priority: 0,
        note: None,
        call: None,
        queue_limit: None,
    }
}

fn make(id: RunId, new: &NewRun) -> Run {
    facts::run(id, &new.plan)
}

/// Makes runs, all of which are new.
async fn made(store: &Store, plans: Vec<Arc<Plan>>) -> Vec<Run> {
    let wanted = plans.into_iter().map(new).collect();
    let made = store.create_runs(wanted, make).await.unwrap();
    made.into_iter()
        .map(|run| run.expect("a new run"))
        .collect()
}

async fn end(store: &Store, run: &mut Run, status: RunStatus, started: i64, ended: i64) {
    run.status = status;
    run.started_at = Some(Timestamp(started));
    run.ended_at = Some(Timestamp(ended));
    commit(store, run, &[]).await;
}

pub(crate) async fn triggers_are_kept(database: &impl Database) {
    let store = database.open().await;
    let mut one = store.put_trigger(trigger("demo", "daily")).await.unwrap();
    assert_eq!(one.id, TriggerId(1));
    assert_eq!(
        one,
        Trigger {
            id: one.id,
            ..trigger("demo", "daily")
        }
    );
    let more = vec![trigger("demo", "hourly"), trigger("a", "daily")];
    let more = store.put_triggers(more).await.unwrap();
    assert_eq!(more.iter().map(|one| one.id.0).collect::<Vec<_>>(), [2, 3]);

    one.is_active = false;
    "nightly".clone_into(&mut one.name);
    assert_eq!(store.put_trigger(one.clone()).await.unwrap(), one);
    let other = database.open().await;
    assert_eq!(other.trigger(one.id).await.unwrap().as_ref(), Some(&one));
    let all = [&more[1], &one, &more[0]].map(Clone::clone);
    assert_eq!(other.triggers().await.unwrap(), all);
    let of = async |ids: &[i64]| {
        let ids: Vec<TriggerId> = ids.iter().copied().map(TriggerId).collect();
        other.triggers_of(&ids).await.unwrap()
    };
    assert_eq!(of(&[3, 1, 99]).await, [one.clone(), more[1].clone()]);
    assert_eq!(of(&[]).await, []);
    let named = async |name| other.trigger_named(&"demo".into(), name).await.unwrap();
    assert_eq!(named("nightly").await, Some(one.clone()));
    assert_eq!(named("daily").await, None);

    // A name that is taken: by a new one, by a change, and among several of which none is stored then.
    let taken = Trigger {
        id: more[0].id,
        ..one.clone()
    };
    for refused in [
        vec![trigger("demo", "nightly")],
        vec![taken],
        vec![trigger("b", "x"), trigger("b", "x")],
    ] {
        let error = store.put_triggers(refused).await.unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error:?}");
        assert_eq!(error.class(), Class::Conflict);
    }
    assert_eq!(other.triggers().await.unwrap(), all);

    let run = made(&store, vec![scheduled("demo", one.id.0, 7)])
        .await
        .remove(0);
    assert!(store.delete_trigger(one.id).await.unwrap());
    assert!(!store.delete_trigger(one.id).await.unwrap());
    let row = store.run_row(run.id).await.unwrap().unwrap();
    assert_eq!(
        (row.trigger_id, row.trigger_name.as_deref()),
        (None, Some("nightly"))
    );
    // A number is never given out again.
    let next = store.put_trigger(trigger("demo", "nightly")).await.unwrap();
    assert!(next.id > more[1].id);
}

pub(crate) async fn backfills_are_kept(database: &impl Database) {
    let store = database.open().await;
    let backfill = |pipeline: &str| Backfill {
        id: BackfillId(0),
        pipeline: pipeline.into(),
        name: "January".to_owned(),
        start: Some(Timestamp(1)),
        end: Some(Timestamp(2)),
        unit: Some(IntervalUnit::Custom),
        units: Some(3),
        variables: Map::new(),
        settings: Map::new(),
        status: None,
        trigger: Some(TriggerId(1)),
        started_at: None,
        completed_at: None,
        failed_at: None,
        created_at: Timestamp(3),
        updated_at: Timestamp(4),
    };
    let mut one = store.put_backfill(backfill("demo")).await.unwrap();
    let two = store.put_backfill(backfill("other")).await.unwrap();
    one.status = Some(BackfillStatus::Paused);
    assert_eq!(store.put_backfill(one.clone()).await.unwrap(), one);
    assert_eq!(store.backfills(None).await.unwrap(), [two, one.clone()]);
    let of = async |pipeline: &str| store.backfills(Some(&pipeline.into())).await.unwrap();
    assert_eq!(of("demo").await, [one.clone()]);
    assert_eq!(store.backfill(one.id).await.unwrap(), Some(one.clone()));

    let mut plan = plan("demo", &[]);
    Arc::make_mut(&mut plan).occasion.backfill = Some(one.id);
    let run = made(&store, vec![plan]).await.remove(0);
    let wanted = RunPage {
        backfill: Some(one.id),
        limit: 9,
        ..RunPage::default()
    };
    assert_eq!(store.page_runs(&wanted).await.unwrap().total, 1);
    assert!(store.delete_backfill(one.id).await.unwrap());
    assert!(!store.delete_backfill(one.id).await.unwrap());
    assert_eq!(store.backfill(one.id).await.unwrap(), None);
    let row = store.run_row(run.id).await.unwrap().unwrap();
    assert_eq!(row.backfill_id, None);
}

pub(crate) async fn runs_are_made_together_and_once_for_a_date(database: &impl Database) {
    let store = database.open().await;
    assert!(
        store
            .create_runs(Vec::new(), make)
            .await
            .unwrap()
            .is_empty()
    );
    let again = |date| {
        let mut plan = scheduled("demo", 1, date);
        let occasion = &mut Arc::make_mut(&mut plan).occasion;
        occasion.cause = Cause::Again;
        occasion.repeats = Some(RunId(1));
        occasion.parent = Some(RunId(8));
        plan
    };
    let noted = NewRun {
        priority: -4,
        note: Some("waits".to_owned()),
        ..new(scheduled("demo", 1, 30))
    };
    let wanted = vec![
        new(scheduled("demo", 1, 10)),
        new(scheduled("demo", 1, 20)),
        new(scheduled("demo", 1, 10)),
        new(scheduled("other", 2, 10)),
        new(again(10)),
        noted,
    ];
    let runs = store.create_runs(wanted, make).await.unwrap();
    let new_ones: Vec<bool> = runs.iter().map(Option::is_some).collect();
    assert_eq!(new_ones, [true, true, false, true, true, true]);
    for run in runs.iter().flatten() {
        assert_eq!(store.load_run(run.id).await.unwrap().as_ref(), Some(run));
    }
    assert_eq!(
        store.code(&"c0de".into()).await.unwrap().as_deref(),
        Some("pass")
    );

    // Another process, the same date.
    let other = database.open().await;
    let wanted = vec![new(scheduled("demo", 1, 20)), new(scheduled("demo", 1, 40))];
    let later = other.create_runs(wanted, make).await.unwrap();
    assert!(later[0].is_none() && later[1].is_some());
    let plan = scheduled("demo", 1, 40);
    let refused = store.create_run(&[], |id| facts::run(id, &plan)).await;
    assert!(matches!(refused, Err(StoreError::Exists { .. })));

    let row = async |place: usize| {
        let id = runs[place].as_ref().unwrap().id;
        store.run_row(id).await.unwrap().unwrap()
    };
    let repeated = row(4).await;
    assert_eq!(
        (repeated.cause, repeated.repeats),
        (Cause::Again, Some(RunId(1)))
    );
    assert_eq!(
        (repeated.parent_id, repeated.trigger_id),
        (Some(RunId(8)), Some(TriggerId(1)))
    );
    let noted = row(5).await;
    assert_eq!((noted.note.as_deref(), noted.priority), (Some("waits"), -4));
    assert_eq!(
        (noted.execution_date, noted.cause),
        (Timestamp(30), Cause::Schedule)
    );
    assert_eq!((noted.blocks, noted.completed, noted.failed), (1, 0, 0));
    assert_eq!(store.run_row(RunId(99)).await.unwrap(), None);
}

pub(crate) async fn pages_show_what_is_wanted(database: &impl Database) {
    let store = database.open().await;
    let mut plans = vec![
        scheduled("a_b", 1, 30),
        scheduled("aXb", 1, 20),
        scheduled("c%", 2, 20),
        plan("hand", &[]),
        scheduled("c%", 2, 10),
    ];
    Arc::make_mut(&mut plans[2]).trigger = Some("Nightly Größe".to_owned());
    let mut runs = made(&store, plans).await;
    end(&store, &mut runs[1], RunStatus::Failed, 1, 2).await;
    end(&store, &mut runs[2], RunStatus::Completed, 1, 2).await;
    store
        .set_note(runs[4].id, Some("the pool `db` is full"))
        .await
        .unwrap();

    let check = async |page: RunPage, expected: &[usize]| {
        let found = store
            .page_runs(&RunPage {
                limit: 50,
                ..page.clone()
            })
            .await
            .unwrap();
        let ids: Vec<RunId> = found.rows.iter().map(|row| row.id).collect();
        let expected: Vec<RunId> = expected.iter().map(|place| runs[*place].id).collect();
        assert_eq!(ids, expected, "{page:?}");
        if page.after.is_none() {
            assert_eq!(found.total, expected.len() as u64, "{page:?}");
        }
    };
    let all = RunPage::default;
    check(all(), &[4, 3, 2, 1, 0]).await;
    check(
        RunPage {
            order: RunOrder::Oldest,
            ..all()
        },
        &[0, 1, 2, 3, 4],
    )
    .await;
    check(
        RunPage {
            pipelines: vec!["c%".into()],
            ..all()
        },
        &[4, 2],
    )
    .await;
    check(
        RunPage {
            pipelines: vec!["c%".into(), "hand".into()],
            ..all()
        },
        &[4, 3, 2],
    )
    .await;
    check(
        RunPage {
            triggers: vec![TriggerId(1)],
            ..all()
        },
        &[1, 0],
    )
    .await;
    check(
        RunPage {
            causes: vec![Cause::Hand],
            ..all()
        },
        &[3],
    )
    .await;
    let statuses = vec![RunStatus::Failed, RunStatus::Completed];
    check(
        RunPage {
            statuses: statuses.clone(),
            ..all()
        },
        &[2, 1],
    )
    .await;
    check(
        RunPage {
            statuses,
            triggers: vec![TriggerId(2)],
            ..all()
        },
        &[2],
    )
    .await;
    let dates = RunPage {
        from: Some(Timestamp(20)),
        to: Some(Timestamp(30)),
        ..all()
    };
    check(
        RunPage {
            triggers: vec![TriggerId(1), TriggerId(2)],
            ..dates.clone()
        },
        &[2, 1, 0],
    )
    .await;
    check(
        RunPage {
            order: RunOrder::ByDate,
            ..dates
        },
        &[0, 2, 1],
    )
    .await;
    for (text, expected) in [
        ("a_b", vec![0]),
        ("C%", vec![4, 2]),
        ("nightly grö", vec![2]),
        ("POOL", vec![4]),
        ("nothing", vec![]),
    ] {
        check(
            RunPage {
                text: Some(text.to_owned()),
                ..all()
            },
            &expected,
        )
        .await;
    }
    let number = runs[3].id.to_string();
    let found = store
        .page_runs(&RunPage {
            text: Some(number),
            limit: 9,
            ..all()
        })
        .await
        .unwrap();
    assert!(found.rows.iter().any(|row| row.id == runs[3].id));

    // Each page begins after the last run of the one before.
    for (order, whole) in [
        (RunOrder::Newest, [4, 3, 2, 1, 0]),
        (RunOrder::Oldest, [0, 1, 2, 3, 4]),
        (RunOrder::ByDate, [0, 2, 1, 4, 3]),
        (RunOrder::ByDateUp, [3, 4, 1, 2, 0]),
    ] {
        let mut page = RunPage {
            order,
            limit: 2,
            ..all()
        };
        let mut ids = Vec::new();
        loop {
            let found = store.page_runs(&page).await.unwrap();
            assert_eq!(found.total, 5);
            let Some(last) = found.rows.last() else { break };
            page.after = Some(last.id);
            ids.extend(found.rows.iter().map(|row| row.id));
        }
        let whole: Vec<RunId> = whole.iter().map(|place| runs[*place].id).collect();
        assert_eq!(ids, whole, "{order:?}");
        let page = RunPage {
            order,
            offset: 3,
            limit: 1,
            ..all()
        };
        let found = store.page_runs(&page).await.unwrap();
        assert_eq!((found.rows[0].id, found.total), (whole[3], 5));
    }
}

pub(crate) async fn open_runs_say_why_they_wait(database: &impl Database) {
    let store = database.open().await;
    let mut runs = made(&store, (0..4).map(|n| scheduled("demo", 1, n)).collect()).await;
    runs[0].status = RunStatus::Running;
    runs[0].started_at = Some(Timestamp(5));
    commit(&store, &mut runs[0], &[]).await;
    end(&store, &mut runs[1], RunStatus::Cancelled, 1, 2).await;
    store
        .set_note(runs[2].id, Some("waits for `db`"))
        .await
        .unwrap();
    let notes = [(runs[0].id, None), (runs[3].id, Some("waits".to_owned()))];
    store.set_notes(&notes).await.unwrap();
    let late = store.tell_of_delay(runs[0].id, &[], Timestamp(1));
    late.await.unwrap();
    store.set_owner(runs[0].id, Some("host:7")).await.unwrap();
    let open = database.open().await.open_runs().await.unwrap();
    let seen: Vec<_> = open
        .iter()
        .map(|row| (row.id, row.status, row.note.as_deref(), row.passed_sla))
        .collect();
    let expected = [
        (runs[0].id, RunStatus::Running, None, true),
        (
            runs[2].id,
            RunStatus::Initial,
            Some("waits for `db`"),
            false,
        ),
        (runs[3].id, RunStatus::Initial, Some("waits"), false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(open[0].owner.as_deref(), Some("host:7"));
    assert_eq!(open[0].started_at, Some(Timestamp(5)));
    store.set_note(runs[2].id, None).await.unwrap();
    let row = store.run_row(runs[2].id).await.unwrap().unwrap();
    assert_eq!(row.note, None);
    // What the service says of a run does not disturb whoever drives it.
    commit(&store, &mut runs[0], &[]).await;
    let row = store.run_row(runs[0].id).await.unwrap().unwrap();
    assert!(row.passed_sla);
}

pub(crate) async fn facts_of_triggers_are_counted(database: &impl Database) {
    let store = database.open().await;
    assert!(store.trigger_facts().await.unwrap().is_empty());
    let mut runs = made(&store, (0..9).map(|n| scheduled("demo", 1, n)).collect()).await;
    for (length, run) in (1..).zip(&mut runs) {
        end(&store, run, RunStatus::Completed, 1000, 1000 + length).await;
    }
    let mut failed = made(
        &store,
        vec![scheduled("demo", 1, 9), scheduled("demo", 2, 50)],
    )
    .await;
    end(&store, &mut failed[0], RunStatus::Failed, 0, 99).await;
    // Somebody calls the trigger later than its schedule's newest date.
    let mut called = scheduled("demo", 1, 400);
    Arc::make_mut(&mut called).occasion.cause = Cause::Call;
    let called = made(&store, vec![called, plan("demo", &[])]).await;

    let facts = store.trigger_facts().await.unwrap();
    let ids: Vec<i64> = facts.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [1, 2]);
    let first = &facts[0].1;
    assert_eq!((first.runs, first.open), (11, 1));
    assert_eq!(first.newest_date, Some(Timestamp(9)));
    assert_eq!(
        (first.newest_run, first.newest_status),
        (Some(called[0].id), Some(RunStatus::Initial))
    );
    let lengths: Vec<Duration> = [9, 8, 7, 6, 5, 4, 3].map(Duration::from_micros).to_vec();
    assert_eq!(first.recent_runtimes, lengths);
    let second = &facts[1].1;
    assert_eq!(
        (second.runs, second.open, second.newest_date),
        (1, 1, Some(Timestamp(50)))
    );
    assert!(second.recent_runtimes.is_empty());
    for (id, fact) in &facts {
        assert_eq!(&store.facts_of_trigger(*id).await.unwrap(), fact);
    }
    let none = store.facts_of_trigger(TriggerId(3)).await.unwrap();
    assert_eq!(none, baton_store::TriggerFacts::default());

    let dates = store
        .dates_of(TriggerId(1), Timestamp(8), Timestamp(9))
        .await
        .unwrap();
    let expected = [
        (Timestamp(8), runs[8].id, RunStatus::Completed),
        (Timestamp(9), failed[0].id, RunStatus::Failed),
    ];
    assert_eq!(dates, expected);
}

pub(crate) async fn the_newest_run_of_each_date_is_told(database: &impl Database) {
    let store = database.open().await;
    let caused = |pipeline: &str, trigger: i64, date: i64, cause: Cause| {
        let mut plan = scheduled(pipeline, trigger, date);
        Arc::make_mut(&mut plan).occasion.cause = cause;
        plan
    };
    // A notebook looks at the run of a date: what it runs is no run of that date.
    let mut notebook = caused("demo", 1, 4, Cause::Call);
    Arc::make_mut(&mut notebook).occasion.trigger = None;
    let plans = vec![
        scheduled("demo", 1, 1),
        scheduled("demo", 1, 2),
        // Another trigger, a backfill, and somebody who calls for a date: each counts, the newest one.
        caused("demo", 2, 2, Cause::Backfill),
        caused("demo", 2, 3, Cause::Call),
        caused("demo", 2, 4, Cause::Hand),
        notebook,
        scheduled("demo", 1, 9),
        scheduled("other", 3, 1),
    ];
    let mut runs = made(&store, plans).await;
    for run in &mut runs[1..] {
        let occasion = &run.plan.occasion;
        let is_notebook = occasion.cause == Cause::Call && occasion.trigger.is_none();
        let is_older = occasion.cause == Cause::Schedule && run.plan.execution_date == Timestamp(2);
        let status = if is_notebook || is_older {
            RunStatus::Failed
        } else {
            RunStatus::Completed
        };
        end(&store, run, status, 1, 2).await;
    }
    let demo = "demo".into();
    let told = store.newest_of_dates(&demo, Timestamp(1), Timestamp(4));
    let expected = [
        (Timestamp(1), RunStatus::Initial),
        (Timestamp(2), RunStatus::Completed),
        (Timestamp(3), RunStatus::Completed),
        (Timestamp(4), RunStatus::Completed),
    ];
    assert_eq!(told.await.unwrap(), expected.into_iter().collect());
    let told = store.newest_of_dates(&demo, Timestamp(5), Timestamp(8));
    assert!(told.await.unwrap().is_empty());
}

pub(crate) async fn histories_are_told(database: &impl Database) {
    let store = database.open().await;
    let demo = "demo".into();
    assert_eq!(store.last_completed(&demo).await.unwrap(), None);
    let mut ids = Vec::new();
    for (pipeline, status, ended) in [
        ("demo", RunStatus::Completed, 20),
        ("demo", RunStatus::Failed, 30),
        ("other", RunStatus::Completed, 40),
        ("demo", RunStatus::Running, 50),
    ] {
        let mut run = create(&store, pipeline, &["a", "b"]).await;
        let is_over = status != RunStatus::Running;
        run.status = status;
        run.started_at = Some(Timestamp(10));
        run.ended_at = is_over.then_some(Timestamp(ended));
        let block = at(&mut run, "a");
        block.status = if is_over {
            BlockStatus::Completed
        } else {
            BlockStatus::Running
        };
        block.attempt = 2;
        block.started_at = Some(Timestamp(11));
        block.ended_at = is_over.then_some(Timestamp(ended - 1));
        block.products = vec![frame("output_0", &["01"]), frame("output_1", &["02"])];
        block.products[1].rows = None;
        block.usage = Some(Usage {
            rows: Some(7),
            cpu_seconds: Some(0.25),
            ..Usage::default()
        });
        commit(&store, &mut run, &["a"]).await;
        ids.push(run.id);
    }
    assert_eq!(store.last_completed(&demo).await.unwrap(), Some(ids[0]));
    let both = [demo.clone(), "never".into()];
    let good = store.good_runs(&both, 9).await.unwrap();
    let used = Usage {
        rows: Some(7),
        cpu_seconds: Some(0.25),
        ..Usage::default()
    };
    let of_run = GoodRun {
        run: ids[0],
        took: Duration::from_micros(10),
        usage: used,
    };
    assert_eq!(good, BTreeMap::from([(demo.clone(), vec![of_run])]));
    let row = store.run_row(ids[0]).await.unwrap().unwrap();
    assert_eq!(row.usage, Some(used));
    let good = store.good_block_runs(&demo, 9).await.unwrap();
    let of_block = GoodRun {
        run: ids[0],
        took: Duration::from_micros(8),
        usage: used,
    };
    assert_eq!(good, BTreeMap::from([("a".into(), vec![of_block])]));
    let rows = store.block_runs(ids[0]).await.unwrap();
    assert_eq!(rows[0].usage, Some(used));
    assert_eq!(rows[0].attempts[0].tests[0].name, "is_new");
    assert!(store.good_runs(&[], 9).await.unwrap().is_empty());
    assert!(store.good_runs(&[demo], 0).await.unwrap().is_empty());
}

pub(crate) async fn calls_are_recorded(database: &impl Database) {
    let store = database.open().await;
    let one = store.put_trigger(trigger("demo", "a")).await.unwrap().id;
    let two = store.put_trigger(trigger("demo", "b")).await.unwrap().id;
    let call = |trigger, at, key: Option<&str>, run: Option<i64>| TriggerCall {
        trigger,
        at: Timestamp(at),
        key: key.map(str::to_owned),
        status: "started".to_owned(),
        run: run.map(RunId),
        note: Some("by `curl`".to_owned()),
    };
    let calls = [
        call(one, 10, Some("k"), Some(1)),
        call(one, 20, Some("k"), None),
        call(one, 30, None, Some(3)),
        call(two, 40, Some("k"), Some(4)),
    ];
    for call in &calls {
        store.record_call(call).await.unwrap();
    }
    // Of a trigger that is gone nothing is kept.
    store
        .record_call(&call(TriggerId(77), 1, None, None))
        .await
        .unwrap();
    let newest_first = [2, 1, 0].map(|place| calls[place].clone());
    assert_eq!(store.calls(one, 9).await.unwrap(), newest_first);
    assert_eq!(store.calls(one, 1).await.unwrap(), newest_first[..1]);
    for at in 0..i64::from(KEPT_CALLS) {
        store
            .record_call(&call(one, 100 + at, None, None))
            .await
            .unwrap();
    }
    let kept = store.calls(one, u32::MAX).await.unwrap();
    assert_eq!(kept.len(), KEPT_CALLS as usize);
    assert_eq!(kept.last().unwrap().at, Timestamp(100));
    assert_eq!(store.calls(two, 9).await.unwrap().len(), 1);
    assert!(store.delete_trigger(two).await.unwrap());
    assert!(store.calls(two, 9).await.unwrap().is_empty());
}

pub(crate) async fn a_call_that_is_repeated_makes_one_run(database: &impl Database) {
    let store = database.open().await;
    let one = store.put_trigger(trigger("demo", "a")).await.unwrap().id;
    let two = store.put_trigger(trigger("demo", "b")).await.unwrap().id;
    let asked = |trigger, at: i64| NewRun {
        created_at: Timestamp(at),
        call: Some(CallKey {
            trigger,
            key: "k".to_owned(),
            since: Timestamp(at - 10),
        }),
        ..new(plan("demo", &["a"]))
    };
    let made = async |wanted: Vec<NewRun>| {
        let made = store.create_runs(wanted, make).await.unwrap();
        let ids = made.into_iter().map(|run| run.map(|run| run.id));
        ids.collect::<Vec<_>>()
    };
    let with_key = async |trigger, key, since| {
        let found = store.call_with_key(trigger, key, Timestamp(since)).await;
        found.unwrap()
    };
    let (first, second) = tokio::join!(made(vec![asked(one, 20)]), made(vec![asked(one, 20)]));
    let ids: Vec<RunId> = [first, second].into_iter().flatten().flatten().collect();
    let [first] = ids[..] else { panic!("{ids:?}") };
    assert_eq!(with_key(one, "k", 20).await, Some(first));
    assert_eq!(with_key(one, "k", 21).await, None);
    assert_eq!(with_key(one, "x", 0).await, None);
    assert_eq!(with_key(two, "k", 0).await, None);
    // Another trigger, the same call once more, and one so late that it is another call.
    let ids = made(vec![asked(two, 25), asked(one, 25), asked(one, 31)]).await;
    let [Some(other), None, Some(late)] = ids[..] else {
        panic!("{ids:?}")
    };
    assert_eq!(with_key(one, "k", 0).await, Some(late));
    assert_eq!(with_key(two, "k", 0).await, Some(other));
    assert_eq!(store.run_row(late).await.unwrap().unwrap().id, late);
    assert!(store.delete_trigger(two).await.unwrap());
    assert_eq!(with_key(two, "k", 0).await, None);
}

pub(crate) async fn calls_that_come_at_once_keep_to_the_queue_limit(database: &impl Database) {
    const LIMIT: u32 = 5;
    let stores = [database.open().await, database.open().await];
    let [store, _] = &stores;
    let one = store.put_trigger(trigger("demo", "a")).await.unwrap().id;
    let two = store.put_trigger(trigger("demo", "b")).await.unwrap().id;
    let asked = |trigger: TriggerId, key: Option<String>| {
        let mut plan = plan("demo", &["a"]);
        let facts = Arc::make_mut(&mut plan);
        (facts.occasion.trigger, facts.occasion.cause) = (Some(trigger), Cause::Call);
        NewRun {
            queue_limit: Some(LIMIT),
            call: key.map(|key| CallKey {
                trigger,
                key,
                since: Timestamp(0),
            }),
            ..new(plan)
        }
    };
    let calls = (0..40).map(|number| {
        let store = stores[number % 2].clone();
        let key = (number % 4 == 0).then(|| number.to_string());
        let wanted = vec![asked(one, key)];
        tokio::spawn(async move { store.create_runs(wanted, make).await.unwrap() })
    });
    let calls: Vec<_> = calls.collect();
    let mut made = Vec::new();
    for call in calls {
        made.extend(call.await.unwrap().into_iter().flatten());
    }
    assert_eq!(made.len(), LIMIT as usize);
    // A call that was refused was none: its key is free. Several of one transaction count as well.
    let mut first = made.swap_remove(0);
    first.status = RunStatus::Running;
    commit(store, &mut first, &[]).await;
    let wanted = [one, two, one, two].map(|trigger| asked(trigger, None));
    let later = store.create_runs(wanted.into(), make).await.unwrap();
    let later: Vec<bool> = later.iter().map(Option::is_some).collect();
    assert_eq!(later, [true, true, false, true]);
    let key = Some("36".to_owned());
    let wanted = vec![asked(one, key)];
    let refused = store.create_runs(wanted, make).await.unwrap();
    assert!(refused[0].is_none());
    let known = store.call_with_key(one, "36", Timestamp(0)).await.unwrap();
    assert!(known.is_none_or(|run| run == first.id || made.iter().any(|made| made.id == run)));
}

pub(crate) async fn reasons_are_bounded(database: &impl Database) {
    let store = database.open().await;
    let one = store.put_trigger(trigger("demo", "a")).await.unwrap().id;
    let two = store.put_trigger(trigger("demo", "b")).await.unwrap().id;
    let event = |trigger, at, date: Option<i64>, reason: &str| NonEvent {
        trigger,
        at: Timestamp(at),
        date: date.map(Timestamp),
        reason: reason.to_owned(),
    };
    let many: Vec<NonEvent> = (0..60).map(|n| event(one, n, Some(n), "is off")).collect();
    store.note_non_events(&many).await.unwrap();
    store
        .note_non_event(&event(two, 5, None, "is off"))
        .await
        .unwrap();
    store
        .note_non_event(&event(TriggerId(77), 5, None, "is gone"))
        .await
        .unwrap();
    let kept = store.non_events(one, 100).await.unwrap();
    let newest: Vec<NonEvent> = many
        .iter()
        .rev()
        .take(KEPT_NON_EVENTS as usize)
        .cloned()
        .collect();
    assert_eq!(kept, newest);
    assert_eq!(store.non_events(one, 1).await.unwrap(), newest[..1]);

    // What is said again only gets a newer moment.
    for again in [
        event(two, 6, None, "is off"),
        event(two, 7, Some(-1), "is late"),
        event(two, 8, None, "is late"),
    ] {
        store.note_non_event(&again).await.unwrap();
    }
    let expected = [
        event(two, 8, None, "is late"),
        event(two, 7, Some(-1), "is late"),
        event(two, 6, None, "is off"),
    ];
    assert_eq!(store.non_events(two, 9).await.unwrap(), expected);
}

pub(crate) async fn block_runs_have_numbers(database: &impl Database) {
    let store = database.open().await;
    create(&store, "demo", &["x"]).await;
    let mut run = create(&store, "demo", &["b", "a"]).await;
    let mut child = run.blocks[1].clone();
    child.key = BlockRunKey::child("a".into(), 0);
    "a:eu".clone_into(&mut child.name);
    child.products = vec![text("output_0", "x")];
    run.blocks.push(child);
    let block = at(&mut run, "a");
    block.status = BlockStatus::Failed;
    block.attempt = 2;
    block.started_at = Some(Timestamp(1));
    block.ended_at = Some(Timestamp(2));
    block.retry_at = Some(Timestamp(3));
    block.error = Some(facts::error());
    block.reason = Some("why".to_owned());
    run.version += 1;
    let keys: Vec<BlockRunKey> = run.blocks.iter().map(|block| block.key.clone()).collect();
    let event = baton_model::RunEvent::Woken;
    store
        .commit(&run, &keys, &event, Timestamp(7))
        .await
        .unwrap();

    let rows = store.block_runs(run.id).await.unwrap();
    for (row, block) in rows.iter().zip(&run.blocks) {
        assert_eq!(
            (row.run, &row.key, &row.name),
            (run.id, &block.key, &block.name)
        );
        assert_eq!((row.status, row.attempt), (block.status, block.attempt));
        assert_eq!(
            (row.started_at, row.ended_at, row.retry_at),
            (block.started_at, block.ended_at, block.retry_at)
        );
        assert_eq!((&row.error, &row.reason), (&block.error, &block.reason));
        assert_eq!(store.block_run(row.id).await.unwrap().as_ref(), Some(row));
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, [2 << 27, (2 << 27) + 1, (2 << 27) + 3]);
    for unknown in [0, -1, (2 << 27) + 2, (2 << 27) + 4, 3 << 27, i64::MAX] {
        assert_eq!(store.block_run(unknown).await.unwrap(), None);
    }
    assert!(store.block_runs(RunId(9)).await.unwrap().is_empty());
}

pub(crate) async fn a_run_that_has_ended_can_be_deleted(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["a"]).await;
    assert!(!store.delete_run(run.id).await.unwrap());
    assert!(store.run_row(run.id).await.unwrap().is_some());
    end(&store, &mut run, RunStatus::Failed, 1, 2).await;
    assert!(store.delete_run(run.id).await.unwrap());
    assert!(!store.delete_run(run.id).await.unwrap());
    assert_eq!(store.load_run(run.id).await.unwrap(), None);
    assert!(store.events(run.id, 0, 9).await.unwrap().is_empty());
    assert!(store.block_runs(run.id).await.unwrap().is_empty());
    assert!(store.code(&"c0de".into()).await.unwrap().is_none());
    // Its number is not given out again.
    assert_eq!(create(&store, "demo", &[]).await.id, RunId(2));
}
