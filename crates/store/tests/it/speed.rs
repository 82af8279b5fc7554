//! What the database costs. Figures, not assertions:
//! `cargo test --release -p baton-store --test it speed -- --ignored --nocapture`.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use baton_model::{
    BlockStatus, Cause, Fence, PipelineUuid, Run, RunEvent, RunStatus, Timestamp, TriggerId,
};
use baton_store::{NewRun, RunOrder, RunPage, Store};

use crate::conformance::Database;
use crate::facts::{self, frame, key};
use crate::postgres::Fresh;
use crate::sqlite::connect;

fn say(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let middle = times[times.len() / 2];
    let worst = times[times.len() - 1];
    println!("{what:<42} median {middle:>10.1?}   worst {worst:>10.1?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; see the head of the file"]
async fn figures() {
    let folder = tempfile::tempdir().unwrap();
    let mut fresh = Vec::new();
    let mut existing = Vec::new();
    for n in 0..20 {
        let path = folder.path().join(format!("{n}.db"));
        for times in [&mut fresh, &mut existing] {
            let start = Instant::now();
            let store = Store::open(&path).await.unwrap();
            times.push(start.elapsed());
            store.close().await;
        }
    }
    say("open a fresh database", fresh);
    say("open an existing database", existing);

    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    for blocks in [40, 1000] {
        runs_of(&store, blocks).await;
    }
}

async fn runs_of(store: &Store, blocks: usize) {
    let names: Vec<String> = (0..blocks).map(|n| format!("block_{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = facts::plan("demo", &names);
    let [mut creating, mut steps, mut last, mut durable, mut loading] = [const { Vec::new() }; 5];
    for _ in 0..10 {
        let start = Instant::now();
        let made = store.create_run(&[], |id| facts::run(id, &plan)).await;
        creating.push(start.elapsed());
        let mut run = made.unwrap();
        // As in a chain: one block completes with a product, the next one starts.
        for n in 1..names.len() {
            run.version += 1;
            run.status = RunStatus::Running;
            let ends = n + 1 == names.len();
            if ends {
                run.status = RunStatus::Completed;
            }
            run.blocks[n - 1].status = BlockStatus::Completed;
            run.blocks[n - 1].products = vec![frame("output_0", &["0123456789abcdef"])];
            run.blocks[n].status = BlockStatus::Running;
            let event = RunEvent::AttemptEnded {
                key: key(names[n - 1]),
                fence: Fence(n as u64),
                outcome: baton_model::Outcome::Completed {
                    products: run.blocks[n - 1].products.clone(),
                    items: None,
                },
                usage: None,
                tests: Vec::new(),
            };
            let changed = [key(names[n - 1]), key(names[n])];
            let start = Instant::now();
            let done = store.commit(&run, &changed, &event, Timestamp(7));
            done.await.unwrap();
            let times = if ends { &mut last } else { &mut steps };
            times.push(start.elapsed());
        }
        let start = Instant::now();
        store.finish_durably().await.unwrap();
        durable.push(start.elapsed());
        let start = Instant::now();
        store.load_run(run.id).await.unwrap();
        loading.push(start.elapsed());
    }
    say(&format!("{blocks} blocks: create the run"), creating);
    say(&format!("{blocks} blocks: commit a step"), steps);
    say(
        &format!("{blocks} blocks: commit the last step, synced"),
        last,
    );
    say(
        &format!("{blocks} blocks: finish durably after it"),
        durable,
    );
    say(&format!("{blocks} blocks: load the run"), loading);
}

/// Pages of 50 runs of 100,000, with their number.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; see the head of the file"]
async fn pages() {
    const PIPELINES: i64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Store::open(&path).await.unwrap();
    let new = |n: i64| {
        let mut plan = facts::plan(&format!("pipeline_{}", n % PIPELINES), &["a", "b", "c"]);
        let facts = Arc::make_mut(&mut plan);
        facts.execution_date = Timestamp(n);
        facts.occasion.trigger = Some(TriggerId(n % PIPELINES));
        facts.occasion.cause = Cause::Schedule;
        NewRun {
            plan,
            sources: Vec::new(),
            created_at: Timestamp(n),
            priority: 0,
            note: None,
            call: None,
            queue_limit: None,
        }
    };
    let mut creating = Vec::new();
    for thousand in 0..100 {
        let wanted = (thousand * 1000..(thousand + 1) * 1000).map(new).collect();
        let start = Instant::now();
        let made = store.create_runs(wanted, |id, new| facts::run(id, &new.plan));
        made.await.unwrap();
        creating.push(start.elapsed());
    }
    say("create 1000 runs of 3 blocks", creating);
    sqlx::query(
        "update run set started_at = 1, ended_at = id, completed = 3,
             status = case when id % 10 = 0 then 'failed' when id > 99900 then 'running' else 'completed' end",
    )
    .execute(&mut connect(&path).await)
    .await
    .unwrap();

    let pipeline = |n: i64| PipelineUuid::new(format!("pipeline_{n}"));
    catalogue(&store, &path, &pipeline(7)).await;
    let all = RunPage {
        limit: 50,
        ..RunPage::default()
    };
    let failed = vec![RunStatus::Failed];
    let half = (0..PIPELINES / 2).map(pipeline).collect();
    let pages = [
        ("newest", all.clone()),
        (
            "page 1000",
            RunPage {
                offset: 49_950,
                ..all.clone()
            },
        ),
        (
            "by date",
            RunPage {
                order: RunOrder::ByDate,
                ..all.clone()
            },
        ),
        (
            "of a pipeline",
            RunPage {
                pipelines: vec![pipeline(7)],
                ..all.clone()
            },
        ),
        (
            "of half of the pipelines",
            RunPage {
                pipelines: half,
                ..all.clone()
            },
        ),
        (
            "failed",
            RunPage {
                statuses: failed.clone(),
                ..all.clone()
            },
        ),
        (
            "completed or running",
            RunPage {
                statuses: vec![RunStatus::Completed, RunStatus::Running],
                ..all.clone()
            },
        ),
        (
            "failed of a pipeline",
            RunPage {
                statuses: failed,
                pipelines: vec![pipeline(10)],
                ..all.clone()
            },
        ),
        (
            "of a trigger",
            RunPage {
                triggers: vec![TriggerId(7)],
                ..all.clone()
            },
        ),
        (
            "of a cause",
            RunPage {
                causes: vec![Cause::Schedule],
                ..all.clone()
            },
        ),
        (
            "between dates",
            RunPage {
                from: Some(Timestamp(20_000)),
                to: Some(Timestamp(80_000)),
                ..all.clone()
            },
        ),
        (
            "with a text",
            RunPage {
                text: Some("line_7".to_owned()),
                ..all.clone()
            },
        ),
    ];
    for (what, page) in pages {
        let mut times = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            store.page_runs(&page).await.unwrap();
            times.push(start.elapsed());
        }
        say(&format!("page of 50 of 100,000: {what}"), times);
    }
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..20 {
        let start = Instant::now();
        store.open_runs().await.unwrap();
        times[0].push(start.elapsed());
        let start = Instant::now();
        store.trigger_facts().await.unwrap();
        times[1].push(start.elapsed());
        let start = Instant::now();
        store.facts_of_trigger(TriggerId(7)).await.unwrap();
        times[2].push(start.elapsed());
        let start = Instant::now();
        store.good_block_runs(&pipeline(7), 20).await.unwrap();
        times[3].push(start.elapsed());
    }
    let [open, all_facts, facts, history] = times;
    say("open runs: 90 of 100,000", open);
    say("facts of 100 triggers", all_facts);
    say("facts of one trigger", facts);
    say("good runs of the blocks of a pipeline", history);
    let all: Vec<PipelineUuid> = (0..1000).map(pipeline).collect();
    let mut times = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        store.good_runs(&all, 20).await.unwrap();
        times.push(start.elapsed());
    }
    say("good runs of 1,000 pipelines", times);
}

/// Runs that go on at once.
const RUNS: usize = 10_000;

/// Tasks that drive them.
const TASKS: usize = 64;

/// What there is of products when each block of each run has made one.
async fn catalogue(store: &Store, path: &Path, pipeline: &PipelineUuid) {
    let manifest = serde_json::to_string(&frame("output_0", &["01"])).unwrap();
    sqlx::query(
        "insert into product (run, block, child, position, manifest, pipeline)
         select run, block, child, 0, $1, pipeline from block_run join run on run.id = block_run.run",
    )
    .bind(manifest)
    .execute(&mut connect(path).await)
    .await
    .unwrap();
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..20 {
        let start = Instant::now();
        let found = store.newest_products(None, 0, 1000).await.unwrap();
        times[0].push(start.elapsed());
        assert_eq!(found.total, 300);
        let start = Instant::now();
        store
            .newest_products(Some(pipeline), 0, 1000)
            .await
            .unwrap();
        times[1].push(start.elapsed());
        let start = Instant::now();
        let block = "a".into();
        let versions = store.versions_of_products(pipeline, &block, 0, 100);
        versions.await.unwrap();
        times[2].push(start.elapsed());
    }
    let [all, of_pipeline, versions] = times;
    say("products of all pipelines", all);
    say("products of a pipeline", of_pipeline);
    say("versions of a block of 1000", versions);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; see the head of the file"]
async fn crowd() {
    let folder = tempfile::tempdir().unwrap();
    crowd_on(Store::open(&folder.path().join("state.db")).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; see the head of the file"]
async fn crowd_on_a_server() {
    if let Some(database) = Fresh::new().await {
        crowd_on(database.open().await).await;
    }
}

/// Many runs of three blocks go on at once, as in a server whose triggers are all due in the same second.
async fn crowd_on(store: Store) {
    let start = Instant::now();
    let mut waiting = Vec::new();
    for thousand in 0..RUNS / 1000 {
        let new = |n: usize| NewRun {
            plan: facts::plan(
                &format!("pipeline_{}", thousand * 1000 + n),
                &["a", "b", "c"],
            ),
            sources: Vec::new(),
            created_at: Timestamp(1),
            priority: 0,
            note: None,
            call: None,
            queue_limit: None,
        };
        let wanted = (0..1000).map(new).collect();
        let made = store.create_runs(wanted, |id, new| facts::run(id, &new.plan));
        waiting.extend(made.await.unwrap().into_iter().flatten());
    }
    println!("{RUNS} runs created in {:.2?}", start.elapsed());

    let start = Instant::now();
    waiting.reverse();
    let waiting = Arc::new(Mutex::new(waiting));
    let next = |waiting: &Mutex<Vec<Run>>| waiting.lock().unwrap().pop();
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (store, waiting) = (store.clone(), Arc::clone(&waiting));
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while let Some(run) = next(&waiting) {
                times.extend(to_its_end(&store, run).await);
            }
            times
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let took = start.elapsed();
    let each = times.len() as f64 / took.as_secs_f64();
    println!("{} commits in {took:.2?}: {each:.0} a second", times.len());
    say("of many at once: a commit", times);
}

/// Started, then each block completes and the next one starts: four commits, and the removal of what is done.
async fn to_its_end(store: &Store, mut run: Run) -> Vec<Duration> {
    let mut times = Vec::new();
    let count = run.blocks.len();
    for n in 0..=count {
        run.version += 1;
        run.last_fence = Fence(run.version);
        run.status = RunStatus::Running;
        let mut changed = Vec::new();
        let mut event = RunEvent::Started;
        if let Some(ended) = n.checked_sub(1).and_then(|n| run.blocks.get_mut(n)) {
            ended.status = BlockStatus::Completed;
            ended.ended_at = Some(Timestamp(9));
            ended.products = vec![facts::text("output_0", "1")];
            changed.push(ended.key.clone());
            event = RunEvent::AttemptEnded {
                key: ended.key.clone(),
                fence: run.last_fence,
                outcome: baton_model::Outcome::Completed {
                    products: ended.products.clone(),
                    items: None,
                },
                usage: None,
                tests: Vec::new(),
            };
        }
        if let Some(next) = run.blocks.get_mut(n) {
            next.status = BlockStatus::Running;
            next.started_at = Some(Timestamp(8));
            changed.push(next.key.clone());
        } else {
            run.status = RunStatus::Completed;
            run.ended_at = Some(Timestamp(9));
        }
        let start = Instant::now();
        let done = store.commit(&run, &changed, &event, Timestamp(7));
        done.await.unwrap();
        times.push(start.elapsed());
    }
    times
}
