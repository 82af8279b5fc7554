//! Many pipelines that are due in the same second: the real service and the real store, with a stub for the runner.
//!
//! A part of it is a test. The whole is measured by `make bench ARGS="--case storm"`, or by hand:
//! `STORM_PIPELINES=10000 cargo test --release -p baton-scheduler --test it -- --ignored --exact storm::figures --nocapture`;
//! `STORM_DATABASE` names a database other than a new file.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use baton_engine::admission::PipelineLimits;
use baton_model::{
    CodeHash, Machine, OnFailure, Outcome, PipelineUuid, Run, RunId, RunStatus, Timestamp, Trigger,
    TriggerKind,
};
use baton_products::Products;
use baton_runner::{Attempt, AttemptReport, LogRecord, Stop, YieldedItem};
use baton_scheduler::{
    Away, Clock, Complaint, Desk, Drawn, Hands, Journal, Lease, LeaseError, Service,
    ServiceOptions, Session, Soon, Wanted,
};
use baton_store::{RunPage, Store};
use tokio::sync::{Notify, mpsc, watch};

use crate::stub::{Shape, plan};
use crate::world::{BEGIN, SECOND};

/// Blocks of each pipeline, one after the other.
const STEPS: usize = 3;

/// What the stub has been handed.
#[derive(Debug, Default)]
struct Handed {
    /// When the first step of each run was handed over.
    first: BTreeMap<RunId, Timestamp>,
    steps: usize,
    last: Option<Timestamp>,
    completed: usize,
}

struct StormDesk {
    store: Store,
    products: Products,
    folder: PathBuf,
    clock: Clock,
    shape: Shape,
    handed: Arc<Mutex<Handed>>,
}

/// A text that no other pipeline has.
fn text(wanted: &Wanted, block: usize) -> (CodeHash, String) {
    let name = format!("{}/b{block}", wanted.pipeline);
    let body = format!("# {name}\n@transformer\ndef nothing(*args, **kwargs):\n    return None\n");
    (CodeHash::new(name), body)
}

impl Desk for StormDesk {
    fn draw(&self, wanted: Vec<Wanted>) -> Soon<'_, Vec<Result<Drawn, Complaint>>> {
        let draw = |wanted: &Wanted| {
            let mut plan = plan(wanted, &self.shape);
            let texts: Vec<_> = (0..STEPS).map(|block| text(wanted, block)).collect();
            for (block, (hash, _)) in plan.blocks.iter_mut().zip(&texts) {
                block.code = Some(hash.clone());
            }
            Ok(Drawn { plan, texts })
        };
        let drawn = wanted.iter().map(draw).collect();
        Box::pin(async move { drawn })
    }

    fn limits(&self, _pipeline: &PipelineUuid) -> PipelineLimits {
        PipelineLimits::default()
    }

    fn pools(&self) -> HashMap<String, u32> {
        HashMap::new()
    }

    fn machine(&self) -> Machine {
        Machine::default()
    }

    fn session<'a>(&'a self, run: &'a Run) -> Soon<'a, Result<Session, Complaint>> {
        let hands = StormHands {
            run: run.id,
            clock: Arc::clone(&self.clock),
            handed: Arc::clone(&self.handed),
        };
        let session = Session {
            store: self.store.clone(),
            products: self.products.clone(),
            runner: Arc::new(hands),
            clock: Arc::clone(&self.clock),
            project: self.folder.clone(),
            run_tests: false,
            as_mage: false,
            skip_sensors: false,
            away: Away::GiveUp,
            places: None,
        };
        Box::pin(async move { Ok(session) })
    }

    fn journal(&self, run: RunId) -> Result<Journal, Complaint> {
        let journal = Journal::open(&self.log(run));
        journal.map_err(|error| Complaint::of(&error))
    }

    fn log(&self, run: RunId) -> PathBuf {
        self.folder.join(format!("logs/{run}.jsonl"))
    }

    fn lease(&self, run: RunId) -> Result<Lease, LeaseError> {
        Lease::take(run, &self.folder.join(format!("locks/run-{run}")))
    }

    fn is_leased(&self, run: RunId) -> bool {
        Lease::is_held(&self.folder.join(format!("locks/run-{run}")))
    }
}

struct StormHands {
    run: RunId,
    clock: Clock,
    handed: Arc<Mutex<Handed>>,
}

impl Hands for StormHands {
    fn run<'a>(
        &'a self,
        attempt: &'a Attempt,
        _log: &'a mpsc::Sender<LogRecord>,
        _items: &'a mpsc::UnboundedSender<YieldedItem>,
        _stop: watch::Receiver<Stop>,
    ) -> Soon<'a, AttemptReport> {
        assert!(attempt.code.contains("def nothing"));
        let now = (self.clock)();
        let mut handed = self.handed.lock().unwrap();
        handed.first.entry(self.run).or_insert(now);
        handed.steps += 1;
        handed.last = Some(now);
        drop(handed);
        let outcome = Outcome::Completed {
            products: Vec::new(),
            items: None,
        };
        Box::pin(async move { AttemptReport::ended(outcome) })
    }

    fn shut_down(&self) -> Soon<'_, ()> {
        Box::pin(async {})
    }
}

/// A trigger that is due at full hours.
fn trigger(number: usize) -> Trigger {
    let pipeline = PipelineUuid::new(format!("pipeline_{number}"));
    let (name, begin) = ("hourly".to_owned(), Timestamp(BEGIN));
    Trigger {
        interval: Some("0 * * * *".to_owned()),
        is_active: true,
        // After the date before.
        last_enabled_at: Some(Timestamp(BEGIN + 1800 * SECOND)),
        is_declared: true,
        ..Trigger::new(pipeline, name, TriggerKind::Time, begin)
    }
}

/// What came of a storm; times since the date that all waited for.
struct Storm {
    pipelines: usize,
    steps: usize,
    completed: usize,
    /// Of each run until its first step was handed over, sorted.
    lags: Vec<Duration>,
    /// Until the last step was handed over.
    handed: Duration,
    /// Until the last run had ended.
    ended: Duration,
}

impl Storm {
    fn lag(&self, percent: usize) -> Duration {
        let place = (self.lags.len() * percent).div_ceil(100);
        self.lags[place.max(1) - 1]
    }
}

/// The service starts `lead` before the date that all wait for.
async fn storm(
    store: Store,
    folder: &Path,
    (pipelines, open_runs): (usize, u32),
    lead: Duration,
) -> Storm {
    // As that of a server.
    let store = store.driven_by("server");
    for many in (0..pipelines).collect::<Vec<_>>().chunks(1000) {
        let triggers = many.iter().map(|number| trigger(*number)).collect();
        store.put_triggers(triggers).await.unwrap();
    }
    let due = Timestamp(BEGIN + 3600 * SECOND);
    let began = Instant::now();
    let clock: Clock = Arc::new(move || {
        let passed = began.elapsed().as_micros() as i64 - lead.as_micros() as i64;
        Timestamp(due.0 + passed)
    });
    let handed: Arc<Mutex<Handed>> = Arc::default();
    let desk = StormDesk {
        store: store.clone(),
        products: Products::open(&folder.join("products")).unwrap(),
        folder: folder.to_owned(),
        clock: Arc::clone(&clock),
        shape: Shape {
            above: (0..STEPS)
                .map(|block| block.checked_sub(1).into_iter().collect())
                .collect(),
            retries: 0,
            workers: 2,
            cpu: 0,
            on_failure: OnFailure::Stop,
            pools: Vec::new(),
        },
        handed: Arc::clone(&handed),
    };
    let (ends, all) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let (counted, told) = (Arc::clone(&handed), Arc::clone(&all));
    let options = ServiceOptions {
        open_runs,
        ..ServiceOptions::default()
    };
    let service = Service::new(
        store.clone(),
        Arc::new(desk),
        Arc::clone(&clock),
        options,
        move |run| {
            if run.status == RunStatus::Completed {
                counted.lock().unwrap().completed += 1;
            }
            if ends.fetch_add(1, Ordering::SeqCst) + 1 == pipelines {
                told.notify_one();
            }
        },
    );
    let looping = service.clone();
    tokio::spawn(async move { Box::pin(looping.run()).await });
    all.notified().await;
    let ended = clock().since(due);
    service.shut_down().await;
    let turned = service.turned_at();
    assert!(turned.is_some());
    let handed = std::mem::take(&mut *handed.lock().unwrap());
    let mut lags: Vec<Duration> = handed.first.values().map(|at| at.since(due)).collect();
    lags.sort_unstable();
    Storm {
        pipelines,
        steps: handed.steps,
        completed: handed.completed,
        lags,
        handed: handed.last.unwrap().since(due),
        ended,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_pipelines_that_are_due_at_once_all_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let came = storm(
        store.clone(),
        folder.path(),
        (1000, 4096),
        Duration::from_secs(1),
    )
    .await;
    assert_eq!(came.completed, came.pipelines);
    assert_eq!(came.steps, came.pipelines * STEPS);
    // The machine may have other things to do: what is asked for is far from what is measured.
    let most = Duration::from_secs(20);
    assert!(came.lag(95) < most, "{:?}", came.lag(95));
    let page = RunPage {
        limit: 1,
        ..RunPage::default()
    };
    let stored = store.page_runs(&page).await.unwrap();
    assert_eq!(stored.total, came.pipelines as u64);
    assert!(store.open_runs().await.unwrap().is_empty());
}

/// A line of `/proc/self/status`, in MB.
fn memory(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    number.unwrap_or(0.0_f64) * 1024.0 / 1e6
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; see the head of the file"]
async fn figures() {
    let number = |name: &str, other: usize| {
        let text = std::env::var(name).ok();
        text.map_or(other, |text| text.parse().unwrap())
    };
    let pipelines = number("STORM_PIPELINES", 10_000);
    let open_runs = number("STORM_OPEN_RUNS", 20_000);
    let own = tempfile::tempdir().unwrap();
    let folder = match std::env::var("STORM_FOLDER") {
        Ok(folder) => PathBuf::from(folder),
        Err(_) => own.path().to_owned(),
    };
    let store = match std::env::var("STORM_DATABASE") {
        Ok(url) => Store::connect(&url).await.unwrap(),
        Err(_) => Store::open(&folder.join("state.db")).await.unwrap(),
    };
    let came = storm(
        store,
        &folder,
        (pipelines, open_runs as u32),
        Duration::from_secs(5),
    )
    .await;
    assert_eq!(came.completed, pipelines);
    let [median, late, last] = [50, 95, 100].map(|percent| came.lag(percent).as_secs_f64());
    println!(
        "storm {{\"pipelines\": {pipelines}, \"steps\": {}, \"lag_p50\": {median:.3}, \"lag_p95\": {late:.3}, \
         \"lag_max\": {last:.3}, \"handed\": {:.3}, \"ended\": {:.3}, \"peak_mb\": {:.0}}}",
        came.steps,
        came.handed.as_secs_f64(),
        came.ended.as_secs_f64(),
        memory("VmHWM:"),
    );
}
