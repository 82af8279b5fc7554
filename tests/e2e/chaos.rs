//! Chaos: under load, processes and their database are killed and frozen in turn, and in the end every run has ended,
//! every end was followed once, and every product is whole.
//!
//! `make test` takes one blow of each kind. `BATON_CHAOS=600 BATON_SEED=7` goes on for ten minutes with another order of blows:
//! see docs/development/chaos.md.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::{Member, member, web};
use crate::postgres::Postgres;
use crate::project::TestProject;
use crate::service::{Server, until};

/// Calls that are open at a time.
const LOAD: usize = 6;

/// Runs that must end between two blows.
const BETWEEN: i64 = 4;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    KillScheduler,
    KillWorker,
    KillDatabase,
    FreezeWorker,
    FreezeScheduler,
}

const BLOWS: [Blow; 5] = [
    Blow::KillScheduler,
    Blow::KillWorker,
    Blow::KillDatabase,
    Blow::FreezeWorker,
    Blow::FreezeScheduler,
];

/// Numbers that the seed alone decides (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as usize % most
    }
}

/// `p` makes `n` rows and adds them up; `below` follows each of its runs.
fn project() -> TestProject {
    let mut project = TestProject::new();
    let rows = "import pandas as pd\n\n@custom\ndef rows(*args, **kwargs):\n    return pd.DataFrame({'x': range(int(kwargs['n']))})\n";
    let total = "@custom\ndef total(frame, *args, **kwargs):\n    return int(frame['x'].sum())\n";
    let code =
        "@custom\ndef whose(*args, **kwargs):\n    return kwargs['event']['pipeline_run']['id']\n";
    project.block("p", "rows", "custom", &[], "", rows);
    project.block("p", "total", "custom", &["rows"], "", total);
    project.block("below", "whose", "custom", &[], "", code);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    project.file(
        "pipelines/below/triggers.yaml",
        "triggers:\n- {name: after, schedule_type: event, schedule_interval: null, start_time: null, status: active, \
         settings: {after: [p]}}\n",
    );
    project
}

/// The run that a call has made; none while the server cannot make one.
fn called(server: &Server, trigger: &Value, n: i64) -> Option<i64> {
    let path = format!("/api/pipeline_schedules/{}/pipeline_runs", trigger["id"]);
    let body = json!({"pipeline_run": {"variables": {"n": n}}});
    // Whoever calls again after an error says that it is the same call.
    let bearer = format!("Bearer {}", server.token);
    let key = format!("call-{n}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", key.as_str()),
    ];
    let (status, made) = server.send("POST", &path, Some(&body), &headers);
    (status == 200).then(|| made["pipeline_run"]["id"].as_i64().unwrap())
}

/// How many runs have ended; none while the server cannot say.
fn ended(server: &Server) -> Option<i64> {
    let path = "/api/pipeline_runs?status[]=completed&_limit=1";
    let (status, found) = server.ask("GET", path, None);
    (status == 200).then(|| found["metadata"]["count"].as_i64().unwrap())
}

/// Ends the load, also when something is wrong.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Everything that can be hit.
struct Scene<'p> {
    project: &'p TestProject,
    url: String,
    postgres: Postgres,
    schedulers: Vec<Member>,
    workers: Vec<Member>,
    started: usize,
    blows: BTreeMap<Blow, u32>,
}

impl Scene<'_> {
    fn fresh(&mut self, role: &str) -> Member {
        self.started += 1;
        let name = format!("{role}-{}", self.started);
        member(self.project, &self.url, role, &name)
    }

    /// Something happens; then further runs end. What is frozen comes back in the midst of it.
    fn strike(&mut self, blow: Blow, victim: usize, progress: &dyn Fn()) {
        *self.blows.entry(blow).or_default() += 1;
        match blow {
            Blow::KillScheduler => {
                self.schedulers[victim].kill();
                self.schedulers[victim] = self.fresh("scheduler");
            }
            Blow::KillWorker => {
                self.workers[victim].kill();
                self.workers[victim] = self.fresh("worker");
            }
            Blow::KillDatabase => {
                self.postgres.crash();
                self.postgres.revive();
            }
            Blow::FreezeWorker => {
                self.workers[victim].freeze();
                progress();
                self.workers[victim].thaw();
            }
            Blow::FreezeScheduler => {
                self.schedulers[victim].freeze();
                progress();
                self.schedulers[victim].thaw();
            }
        }
        progress();
    }
}

#[test]
fn chaos_leaves_every_run_ended_and_every_product_whole() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let lasts = number("BATON_CHAOS").map(Duration::from_secs);
    let mut chance = Chance(number("BATON_SEED").unwrap_or(1));
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let project = project();
    let url = postgres.create();
    let server = web(&project, &url, "web", "web");
    let mut scene = Scene {
        project: &project,
        url,
        postgres,
        schedulers: Vec::new(),
        workers: Vec::new(),
        started: 0,
        blows: BTreeMap::new(),
    };
    for _ in 0..2 {
        let (scheduler, worker) = (scene.fresh("scheduler"), scene.fresh("worker"));
        scene.schedulers.push(scheduler);
        scene.workers.push(worker);
    }
    let trigger = until("the trigger", || {
        let found = server.get("/api/pipelines/p/pipeline_schedules");
        let first = found["pipeline_schedules"][0].clone();
        (!first.is_null()).then_some(first)
    });
    until("the trigger that follows", || {
        let found = server.get("/api/pipelines/below/pipeline_schedules");
        (!found["pipeline_schedules"][0].is_null()).then_some(())
    });
    let (next, stop) = (AtomicI64::new(1), AtomicBool::new(false));
    let begun = Instant::now();
    let calls: Vec<(i64, i64)> = std::thread::scope(|scope| {
        let load = Stop(&stop);
        let callers: Vec<_> = (0..LOAD)
            .map(|_| {
                scope.spawn(|| {
                    let mut made = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let run = until("a call", || called(&server, &trigger, n));
                        made.push((run, n));
                        until("the end of a run", || {
                            let path = format!("/api/pipeline_runs/{run}?_wait=20");
                            let (status, found) = server.ask("GET", &path, None);
                            let status =
                                (status == 200).then(|| found["pipeline_run"]["status"].clone());
                            (status? == "completed").then_some(())
                        });
                    }
                    made
                })
            })
            .collect();
        let progress = || {
            let before = until("an answer", || ended(&server));
            until("further runs to end", || {
                ended(&server).filter(|now| *now >= before + BETWEEN)
            });
        };
        progress();
        match lasts {
            None => {
                for blow in BLOWS {
                    scene.strike(blow, chance.below(2), &progress);
                }
            }
            Some(lasts) => {
                while begun.elapsed() < lasts {
                    let blow = BLOWS[chance.below(BLOWS.len())];
                    scene.strike(blow, chance.below(2), &progress);
                }
            }
        }
        drop(load);
        let made = callers.into_iter().map(|caller| caller.join().unwrap());
        made.flatten().collect()
    });
    let count = |path: &str| server.get(path)["metadata"]["count"].as_i64().unwrap();
    let made = until("all runs to end", || {
        let own = count("/api/pipelines/p/pipeline_runs?_limit=1");
        let below = count("/api/pipelines/below/pipeline_runs?_limit=1");
        (own == below && ended(&server) == Some(own + below)).then_some(own)
    });
    // A call that got no answer may have made its run all the same; called again it gets that one.
    let mut followed = BTreeMap::new();
    for run in pages(&server, "/api/pipelines/below/pipeline_runs") {
        let (id, parent) = (
            run["id"].as_i64().unwrap(),
            run["parent_run_id"].as_i64().unwrap(),
        );
        assert_eq!(output(&server, id, "whose"), parent.to_string());
        *followed.entry(parent).or_insert(0) += 1;
    }
    assert_eq!(followed.len() as i64, made);
    assert_eq!(calls.len() as i64, made);
    for (run, n) in &calls {
        assert_eq!(followed.get(run), Some(&1), "run {run}");
        assert_eq!(
            output(&server, *run, "total"),
            (n * (n - 1) / 2).to_string()
        );
        assert_eq!(rows(&server, *run), *n, "run {run}");
    }
    println!(
        "{} runs and those that follow them in {:.0} s through {:?}",
        made,
        begun.elapsed().as_secs_f64(),
        scene.blows
    );
}

/// Everything that a list has.
fn pages(server: &Server, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = server.get(&format!("{path}?_limit=100&_offset={}", all.len()));
        let rows = page["pipeline_runs"].as_array().unwrap();
        if rows.is_empty() {
            return all;
        }
        all.extend(rows.iter().cloned());
    }
}

/// The outputs of a block of a run.
fn outputs(server: &Server, run: i64, block: &str) -> Value {
    let found = server.get(&format!("/api/pipeline_runs/{run}/block_runs"));
    let mut blocks = found["block_runs"].as_array().unwrap().iter();
    let id = blocks.find(|one| one["block_uuid"] == block).unwrap()["id"].clone();
    let found = server.get(&format!("/api/block_runs/{id}/outputs"));
    found["outputs"][0].clone()
}

fn output(server: &Server, run: i64, block: &str) -> String {
    let found = outputs(server, run, block);
    found["text_data"]
        .as_str()
        .unwrap_or_else(|| panic!("{found}"))
        .trim()
        .to_owned()
}

/// How many rows a run has made: read from the product, not from what is said of it.
fn rows(server: &Server, run: i64) -> i64 {
    let found = outputs(server, run, "rows");
    let sample = found["sample_data"]["rows"].as_array().unwrap();
    let shape = found["row_count"].as_i64().unwrap();
    assert_eq!(sample.len() as i64, shape.min(10));
    shape
}
