//! What the database costs. Figures, not assertions:
//! `cargo test --release -p baton-store --test it speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use baton_model::{BlockStatus, Command, Fence, RunEvent, RunStatus, Timestamp};
use baton_store::Store;

use crate::facts::{self, frame, key};

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
            };
            let changed = [key(names[n - 1]), key(names[n])];
            let commands = [Command::StartAttempt {
                key: key(names[n]),
                attempt: 1,
                fence: Fence(n as u64 + 1),
            }];
            let start = Instant::now();
            let ids = store.commit(&run, &changed, &event, &commands, Timestamp(7));
            let ids = ids.await.unwrap();
            let times = if ends { &mut last } else { &mut steps };
            times.push(start.elapsed());
            store.command_done(ids[0]);
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
