//! `kill -9` at any moment: what was committed is there, what was not leaves no trace.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use baton_model::{BlockRunKey, BlockStatus, Fence, RunEvent, RunId, Timestamp};
use baton_store::{RunPage, Store};
use sqlx::Row;

use crate::facts;
use crate::sqlite::connect;

const DATABASE: &str = "BATON_TEST_DATABASE";
const BLOCKS: [&str; 4] = ["a", "b", "c", "d"];
const STEPS: u64 = 20;

/// Not a test: the process that is killed. It commits for ever and says what is committed.
#[test]
#[ignore = "started by `a_killed_process_loses_nothing`"]
fn writer() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&path).await.unwrap();
        let mut out = std::io::stdout();
        loop {
            let plan = facts::plan("demo", &BLOCKS);
            let mut run = store
                .create_run(&[], |id| facts::run(id, &plan))
                .await
                .unwrap();
            for version in 1..=STEPS {
                run.version = version;
                run.last_fence = Fence(version);
                for block in &mut run.blocks {
                    block.status = BlockStatus::Running;
                    block.fence = Fence(version);
                    let count = version as usize % 3;
                    let name = |n| format!("output_{n}");
                    let product = |n| facts::text(&name(n), &version.to_string());
                    block.products = (0..count).map(product).collect();
                }
                let keys: Vec<BlockRunKey> = run.blocks.iter().map(|b| b.key.clone()).collect();
                let event = RunEvent::Woken;
                let now = Timestamp(version as i64);
                let done = store.commit(&run, &keys, &event, now);
                done.await.unwrap();
                writeln!(out, "committed {} {version}", run.id).unwrap();
            }
        }
    });
}

/// Lets the writer commit `lines` times, kills it, and returns the newest step it reported.
fn kill_after(path: &Path, lines: usize) -> (i64, u64) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::writer", "--ignored", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(writer.stdout.take().unwrap());
    let newest = output
        .lines()
        .map(Result::unwrap)
        .filter_map(|line| {
            let mut words = line.strip_prefix("committed ")?.split(' ');
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .nth(lines);
    writer.kill().unwrap();
    writer.wait().unwrap();
    newest.expect("the writer goes on for ever")
}

/// Every run shows one version everywhere.
async fn check(path: &Path, newest: (i64, u64)) {
    let mut connection = connect(path).await;
    let row = sqlx::query("pragma integrity_check").fetch_one(&mut connection);
    assert_eq!(row.await.unwrap().get::<&str, _>(0), "ok");
    let row = sqlx::query("pragma foreign_key_check").fetch_optional(&mut connection);
    assert!(row.await.unwrap().is_none());

    let store = Store::open(path).await.unwrap();
    let page = RunPage {
        limit: 1000,
        ..RunPage::default()
    };
    let runs = store.page_runs(&page).await.unwrap().rows;
    let found = store.load_run(RunId(newest.0)).await.unwrap().unwrap();
    assert!(found.version >= newest.1, "a reported commit is lost");
    for summary in runs {
        let run = store.load_run(summary.id).await.unwrap().unwrap();
        let version = run.version;
        assert_eq!(run.blocks.len(), BLOCKS.len());
        assert_eq!(run.last_fence, Fence(version));
        for block in &run.blocks {
            assert_eq!(block.fence, Fence(version));
            assert_eq!(block.products.len(), version as usize % 3);
            for (n, product) in block.products.iter().enumerate() {
                let expected = facts::text(&format!("output_{n}"), &version.to_string());
                assert_eq!(product, &expected);
            }
        }
        let events = store.events(run.id, 0, 1000).await.unwrap();
        assert!(events.iter().map(|event| event.version).eq(1..=version));
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    // Moments spread over the steps of a run, and over the states of the write-ahead log.
    for round in 0..12 {
        let newest = kill_after(&path, round * 37 % 101);
        check(&path, newest).await;
    }
}
