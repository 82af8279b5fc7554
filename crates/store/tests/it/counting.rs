//! Counting and finding runs by time and by what they were made for: every back end must do it, as in `conformance`.

use std::sync::Arc;

use baton_model::{PipelineUuid, RunStatus, Timestamp};
use baton_store::CountedRuns;

use crate::conformance::{Database, commit, create};
use crate::facts::{self, plan};

pub(crate) async fn runs_are_counted_by_time(database: &impl Database) {
    let store = database.open().await;
    let moments = [10, 20, 30, 50].map(Timestamp);
    let none = vec![CountedRuns::default(); 3];
    assert_eq!(store.count_runs(&moments).await.unwrap(), none);
    for (pipeline, status, started) in [
        ("a", RunStatus::Completed, 9),
        ("a", RunStatus::Completed, 10),
        ("b", RunStatus::Completed, 19),
        ("b", RunStatus::Failed, 20),
        ("b", RunStatus::Failed, 21),
        ("a", RunStatus::Failed, 29),
        ("c", RunStatus::Failed, 29),
        ("a", RunStatus::Cancelled, 30),
        ("c", RunStatus::Failed, 31),
        ("b", RunStatus::Failed, 49),
        ("a", RunStatus::Completed, 50),
    ] {
        let mut made = create(&store, pipeline, &["a"]).await;
        made.status = status;
        made.started_at = Some(Timestamp(started));
        made.ended_at = Some(Timestamp(90));
        commit(&store, &mut made, &[]).await;
    }
    let counted = |counts: &[(RunStatus, u64)], most: Option<(&str, u64)>| CountedRuns {
        counts: counts.to_vec(),
        most_failed: most.map(|(pipeline, runs)| (PipelineUuid::from(pipeline), runs)),
    };
    let days = [
        counted(&[(RunStatus::Completed, 2)], None),
        counted(&[(RunStatus::Failed, 4)], Some(("b", 2))),
        // Of equal ones the first.
        counted(
            &[(RunStatus::Cancelled, 1), (RunStatus::Failed, 2)],
            Some(("b", 1)),
        ),
    ];
    assert_eq!(store.count_runs(&moments).await.unwrap(), days);
    assert_eq!(store.count_runs(&moments[..2]).await.unwrap(), days[..1]);
    assert_eq!(store.count_runs(&moments[..1]).await.unwrap(), []);
    assert_eq!(days[2].count(RunStatus::Failed), 2);
    assert_eq!(days[2].count(RunStatus::Initial), 0);

    // What has not started counts when it was made.
    let waiting = create(&store, "d", &["a"]).await;
    let at = waiting.created_at;
    let made = [at, Timestamp(at.0 + 1)];
    let found = store.count_runs(&made).await.unwrap();
    assert_eq!(found[0].count(RunStatus::Initial), 1);
}

pub(crate) async fn runs_of_a_product_are_found(database: &impl Database) {
    let store = database.open().await;
    let mut ids = Vec::new();
    for (pipeline, product, date, status) in [
        ("source", Some("orders"), 30, RunStatus::Completed),
        ("source", Some("orders"), 40, RunStatus::Completed),
        ("source", Some("orders"), 50, RunStatus::Failed),
        ("source", Some("others"), 60, RunStatus::Completed),
        ("source", None, 70, RunStatus::Completed),
        ("elsewhere", Some("orders"), 80, RunStatus::Completed),
        ("source", Some("orders"), 20, RunStatus::Completed),
    ] {
        let mut plan = plan(pipeline, &["a"]);
        let facts = Arc::make_mut(&mut plan);
        facts.execution_date = Timestamp(date);
        facts.occasion.product = product.map(str::to_owned);
        let made = store.create_run(&[], |id| facts::run(id, &plan));
        let mut made = made.await.unwrap();
        made.status = status;
        made.ended_at = Some(Timestamp(90));
        commit(&store, &mut made, &[]).await;
        ids.push(made.id);
    }
    let source = "source".into();
    let found = store.runs_of_product(&source, "orders", 2).await.unwrap();
    assert_eq!(found, [(ids[1], Timestamp(40)), (ids[0], Timestamp(30))]);
    let all = store.runs_of_product(&source, "orders", 100).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[2], (ids[6], Timestamp(20)));
    let none = store.runs_of_product(&source, "nothing", 1).await.unwrap();
    assert_eq!(none, []);
}
