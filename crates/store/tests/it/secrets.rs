//! Secrets: sealed at rest, opened with the key file only, named by their scope. And finding runs by their plan.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use baton_base::{Class, Diagnose, chain};
use baton_model::{BlockStatus, Plan, Run, RunEvent, RunStatus, Timestamp};
use baton_store::{RunQuery, SecretError, SecretScope, Secrets, Store};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::facts::{self, key, plan};

const NOW: Timestamp = Timestamp(5);

async fn open(folder: &tempfile::TempDir) -> (Store, Secrets) {
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let secrets = Secrets::new(store.clone(), folder.path().join("secrets.key"));
    (store, secrets)
}

#[tokio::test]
async fn a_value_comes_back_from_its_own_scope_only() {
    let folder = tempfile::tempdir().unwrap();
    let (_, secrets) = open(&folder).await;
    let pipeline = SecretScope::Pipeline("daily".into());
    let value = "pä\"ss\nwörd\0".repeat(1000);
    secrets
        .set(&SecretScope::Global, "token", &value, NOW)
        .await
        .unwrap();
    secrets.set(&pipeline, "token", "other", NOW).await.unwrap();
    for (scope, name, expected) in [
        (SecretScope::Global, "token", Some(value.as_str())),
        (pipeline.clone(), "token", Some("other")),
        (SecretScope::Project, "token", None),
        (SecretScope::Pipeline("hourly".into()), "token", None),
        (SecretScope::Global, "Token", None),
    ] {
        let found = secrets.get(&scope, name).await.unwrap();
        assert_eq!(found.as_deref(), expected, "{scope:?} {name}");
    }
    let names: Vec<_> = secrets.list().await.unwrap();
    assert_eq!(names.len(), 2);
    assert_eq!((&names[1].scope, names[1].updated_at), (&pipeline, NOW));
    assert!(secrets.remove(&pipeline, "token").await.unwrap());
    assert!(!secrets.remove(&pipeline, "token").await.unwrap());
}

#[tokio::test]
async fn a_name_is_taken_once_and_set_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let (_, secrets) = open(&folder).await;
    let scope = SecretScope::Global;
    secrets.create(&scope, "x", "one", NOW).await.unwrap();
    let refused = secrets.create(&scope, "x", "two", NOW).await.unwrap_err();
    assert!(matches!(refused, SecretError::Exists { .. }), "{refused:?}");
    assert_eq!(
        secrets.get(&scope, "x").await.unwrap().as_deref(),
        Some("one")
    );
    secrets.set(&scope, "x", "two", NOW).await.unwrap();
    assert_eq!(
        secrets.get(&scope, "x").await.unwrap().as_deref(),
        Some("two")
    );
    for name in ["", " x", "x\n", "x\0y", &"x".repeat(256)] {
        let refused = secrets.set(&scope, name, "v", NOW).await.unwrap_err();
        assert_eq!(refused.class(), Class::User, "{name:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_value_is_on_the_disk_and_rows_cannot_be_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let (store, secrets) = open(&folder).await;
    let scope = SecretScope::Global;
    secrets
        .set(&scope, "one", "correct-horse", NOW)
        .await
        .unwrap();
    secrets
        .set(&scope, "two", "battery-staple", NOW)
        .await
        .unwrap();
    store.finish_durably().await.unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("correct-horse") && !text.contains("battery-staple"));
    }
    let mode = fs::metadata(folder.path().join("secrets.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let options = SqliteConnectOptions::new().filename(folder.path().join("state.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::query("update secret set sealed = (select sealed from secret where name = 'two') where name = 'one'")
        .execute(&mut connection)
        .await
        .unwrap();
    let refused = secrets.get(&scope, "one").await.unwrap_err();
    assert!(matches!(refused, SecretError::Sealed { .. }), "{refused:?}");
    assert!(!chain(&refused).contains("staple"));
}

#[tokio::test]
async fn a_lost_open_or_foreign_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.key");
    let (_, secrets) = open(&folder).await;
    let scope = SecretScope::Global;
    secrets.set(&scope, "x", "v", NOW).await.unwrap();
    let good = fs::read(&path).unwrap();

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = secrets.get(&scope, "x").await.unwrap_err();
    assert_eq!(refused.class(), Class::Denied);
    assert!(refused.hint().unwrap().contains("chmod 600"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

    fs::write(&path, "no key").unwrap();
    let refused = secrets.get(&scope, "x").await.unwrap_err();
    assert!(matches!(refused, SecretError::BadKey { .. }), "{refused:?}");

    fs::remove_file(&path).unwrap();
    for refused in [
        secrets.get(&scope, "x").await.unwrap_err(),
        secrets.set(&scope, "y", "v", NOW).await.unwrap_err(),
    ] {
        assert!(matches!(refused, SecretError::NoKey { .. }), "{refused:?}");
    }
    assert!(
        !path.exists(),
        "a new key beside old secrets would hide that theirs is lost"
    );

    fs::write(&path, good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(
        secrets.get(&scope, "x").await.unwrap().as_deref(),
        Some("v")
    );
}

async fn planned(
    store: &Store,
    pipeline: &str,
    date: i64,
    triggered: bool,
    status: RunStatus,
) -> Run {
    let plan = Arc::new(Plan {
        execution_date: Timestamp(date),
        triggered,
        ..(*plan(pipeline, &["a", "b"])).clone()
    });
    let mut run = store
        .create_run(&[], |id| facts::run(id, &plan))
        .await
        .unwrap();
    run.version += 1;
    run.status = status;
    run.blocks[0].status = BlockStatus::Completed;
    let changed = [key("a")];
    store
        .commit(&run, &changed, &RunEvent::Woken, Timestamp(7))
        .await
        .unwrap();
    run
}

#[tokio::test]
async fn runs_are_found_by_date_status_and_origin() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder).await;
    let late = planned(&store, "p", 900, true, RunStatus::Failed).await.id;
    let early = planned(&store, "p", 100, false, RunStatus::Completed)
        .await
        .id;
    let again = planned(&store, "p", 100, true, RunStatus::Running).await.id;
    let other = planned(&store, "q", 500, true, RunStatus::Completed)
        .await
        .id;
    let all = RunQuery {
        limit: 10,
        ..RunQuery::default()
    };
    let of_p = RunQuery {
        pipeline: Some("p".into()),
        ..all.clone()
    };
    for (query, expected) in [
        (all.clone(), vec![late, other, again, early]),
        (of_p.clone(), vec![late, again, early]),
        (
            RunQuery {
                limit: 1,
                ..of_p.clone()
            },
            vec![late],
        ),
        (
            RunQuery {
                to: Some(Timestamp(899)),
                ..of_p.clone()
            },
            vec![again, early],
        ),
        (
            RunQuery {
                from: Some(Timestamp(100)),
                to: Some(Timestamp(100)),
                ..all.clone()
            },
            vec![again, early],
        ),
        (
            RunQuery {
                from: Some(Timestamp(101)),
                ..of_p.clone()
            },
            vec![late],
        ),
        (
            RunQuery {
                statuses: vec![RunStatus::Completed, RunStatus::Failed],
                ..of_p.clone()
            },
            vec![late, early],
        ),
        (
            RunQuery {
                pipeline: Some("r".into()),
                ..all.clone()
            },
            vec![],
        ),
    ] {
        assert_eq!(
            store.find_runs(&query).await.unwrap(),
            expected,
            "{query:?}"
        );
    }
    for (pipeline, block, triggered, expected) in [
        ("p", "a", true, Some(again)),
        ("p", "a", false, Some(early)),
        ("p", "b", true, None),
        ("q", "a", false, None),
    ] {
        let found = store
            .newest_output(&pipeline.into(), block, Some(triggered))
            .await;
        let expected = expected.map(|run| (run, key(block)));
        assert_eq!(found.unwrap(), expected, "{pipeline} {block} {triggered}");
    }
}
