//! Messages and the ends that they follow from: every back end must do it, as in `conformance`.

use baton_model::{Cause, Map, Run, RunId, RunStatus, Timestamp};
use baton_store::{NewNotice, Notice, NoticeStatus, Store};

use crate::conformance::{Database, commit, create};

fn wanted(run: &Run, channel: &str) -> NewNotice {
    NewNotice {
        subject: format!("run:{}:{}", run.id, run.version),
        run: Some(run.id),
        pipeline: run.plan.pipeline.clone(),
        alert: "trigger_failure".to_owned(),
        channel: channel.to_owned(),
        facts: serde_json::from_str::<Map>(r#"{"error": "ü\u0000"}"#).unwrap(),
    }
}

async fn end(store: &Store, run: &mut Run, status: RunStatus) {
    run.status = status;
    run.ended_at = status.is_final().then_some(Timestamp(50));
    commit(store, run, &[]).await;
}

async fn untold(store: &Store) -> Vec<(RunId, u64)> {
    let ends = store.untold_ends(100).await.unwrap();
    ends.iter().map(|end| (end.run, end.version)).collect()
}

fn facts(notices: &[Notice]) -> Vec<(&str, NoticeStatus, u32)> {
    let of = |notice| {
        let Notice {
            wanted,
            status,
            tries,
            ..
        }: &Notice = notice;
        (wanted.channel.as_str(), *status, *tries)
    };
    notices.iter().map(of).collect()
}

pub(crate) async fn ends_are_told_once(database: &impl Database) {
    let store = database.open().await;
    let mut run = create(&store, "demo", &["a"]).await;
    let mut open = create(&store, "demo", &["a"]).await;
    end(&store, &mut open, RunStatus::Running).await;
    end(&store, &mut run, RunStatus::Failed).await;
    let ends = store.untold_ends(100).await.unwrap();
    assert_eq!(ends.len(), 1);
    assert_eq!(
        (ends[0].status, ends[0].cause, ends[0].pipeline.as_str()),
        (RunStatus::Failed, Cause::Hand, "demo")
    );
    let notices = [wanted(&run, "slack"), wanted(&run, "email")];
    // Two processes that see the same end, or one that died in between, tell it once.
    for _ in 0..2 {
        store
            .tell_of_ends(&ends, &notices, Timestamp(60))
            .await
            .unwrap();
    }
    assert_eq!(untold(&store).await, []);
    let stored = store.notices(Some(run.id), 10).await.unwrap();
    let due = NoticeStatus::Due;
    assert_eq!(facts(&stored), [("slack", due, 0), ("email", due, 0)]);
    assert_eq!(stored[0].wanted, notices[0]);

    // It goes on, and what somebody still thinks of its first end does not hide the second one.
    end(&store, &mut run, RunStatus::Running).await;
    assert_eq!(untold(&store).await, []);
    end(&store, &mut run, RunStatus::Failed).await;
    store
        .tell_of_ends(&ends, &notices, Timestamp(60))
        .await
        .unwrap();
    assert_eq!(untold(&store).await, [(run.id, run.version)]);
    let again = store.untold_ends(100).await.unwrap();
    let notices = [wanted(&run, "slack")];
    store
        .tell_of_ends(&again, &notices, Timestamp(61))
        .await
        .unwrap();
    assert_eq!(store.notices(None, 10).await.unwrap().len(), 3);
    assert_eq!(untold(&store).await, []);

    // Nobody is told of a run that was deleted; and its messages go with it.
    store.delete_run(run.id).await.unwrap();
    assert_eq!(store.notices(None, 10).await.unwrap(), []);
    store
        .tell_of_ends(&again, &notices, Timestamp(62))
        .await
        .unwrap();
    assert_eq!(store.notices(None, 10).await.unwrap(), []);
}

pub(crate) async fn messages_are_delivered_by_one_at_a_time(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let run = create(&store, "demo", &["a"]).await;
    let wanted = [wanted(&run, "slack"), wanted(&run, "email")];
    store
        .tell_of_delay(run.id, &wanted, Timestamp(10))
        .await
        .unwrap();
    assert!(store.run_row(run.id).await.unwrap().unwrap().passed_sla);
    assert_eq!(
        store
            .take_notices(Timestamp(9), Timestamp(99), 10)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.next_notice().await.unwrap(), Some(Timestamp(10)));
    let first = store
        .take_notices(Timestamp(10), Timestamp(20), 1)
        .await
        .unwrap();
    let second = other
        .take_notices(Timestamp(10), Timestamp(20), 10)
        .await
        .unwrap();
    let due = NoticeStatus::Due;
    assert_eq!(facts(&first), [("slack", due, 1)]);
    assert_eq!(facts(&second), [("email", due, 1)]);
    // Whoever took them is dead: somebody else gets them when the time has come.
    let late = other
        .take_notices(Timestamp(20), Timestamp(30), 10)
        .await
        .unwrap();
    assert_eq!(facts(&late), [("slack", due, 2), ("email", due, 2)]);

    store.notice_sent(late[0].id, Timestamp(21)).await.unwrap();
    let again = Some(Timestamp(40));
    store
        .notice_failed(late[1].id, "no answer", again, Timestamp(21))
        .await
        .unwrap();
    assert_eq!(store.next_notice().await.unwrap(), again);
    store
        .notice_failed(late[1].id, "refused", None, Timestamp(41))
        .await
        .unwrap();
    let told = store.notices(Some(run.id), 10).await.unwrap();
    assert_eq!(
        facts(&told),
        [
            ("slack", NoticeStatus::Sent, 2),
            ("email", NoticeStatus::Failed, 2)
        ]
    );
    assert_eq!(told[1].error.as_deref(), Some("refused"));
    assert_eq!(told[1].ended_at, Some(Timestamp(41)));
    assert_eq!(store.next_notice().await.unwrap(), None);
    let counts = store.notice_counts().await.unwrap();
    assert_eq!(
        counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(),
        [0, 1, 1]
    );
}
