//! The real service on a database in memory: triggers, failures, cancels, retries, refusals of the database and crashes
//! by seed, on a clock that stands still while anything is to be done.
//!
//! `BATON_SEEDS=1000` tries more seeds, `BATON_SEED=17` a single one and prints what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use baton_engine::admission::{
    Admission, Limits, OnLimit, PipelineLimits, RunTicket, TriggerLimits, admit,
};
use baton_model::{
    BlockUuid, Cause, Machine, OnFailure, PipelineUuid, PoolUse, RunId, RunStatus, Timestamp,
    Trigger, TriggerId, TriggerKind,
};
use baton_products::Products;
use baton_scheduler::{Planted, Role, Service, ServiceOptions, Sharing, Wanted};
use baton_store::{Memory, RunPage, RunRow, Store};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::stub::{Shape, StubDesk};
use crate::world::{BEGIN, Bounds, SECOND, World};

/// How long triggers make runs.
const LASTS: i64 = 15 * 60 * SECOND;

/// How often the state is compared with what must hold.
const LOOK: Duration = Duration::from_secs(10);

/// What a schedule promises.
struct Promise {
    trigger: TriggerId,
    every: i64,
    makes_up: bool,
}

struct Simulation {
    world: Arc<World>,
    memory: Memory,
    shapes: BTreeMap<PipelineUuid, Shape>,
    promises: Vec<Promise>,
    /// Triggers that follow completed runs of `p0`.
    followers: Vec<TriggerId>,
    planted: Planted,
    /// The processes that share the database; none when there is a single one.
    roles: &'static [Role],
    folder: tempfile::TempDir,
}

/// Some of several processes.
const SEVERAL: &[Role] = &[Role::Scheduler, Role::Worker, Role::Scheduler, Role::Worker];

/// How long one of them may be silent.
const LEASE: Duration = Duration::from_secs(3);

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

fn trigger(pipeline: &PipelineUuid, name: String, kind: TriggerKind, settings: Value) -> Trigger {
    let Value::Object(settings) = settings else {
        panic!("settings are an object")
    };
    let begin = Timestamp(BEGIN);
    Trigger {
        is_active: true,
        last_enabled_at: Some(begin),
        settings,
        is_declared: true,
        ..Trigger::new(pipeline.clone(), name, kind, begin)
    }
}

impl Simulation {
    fn new(seed: u64, planted: Planted, roles: &'static [Role]) -> Self {
        let world = Arc::new(World::new(seed));
        let refusing = Arc::clone(&world);
        Self {
            memory: Memory::new(move || refusing.is_rough(1)).unwrap(),
            world,
            shapes: BTreeMap::new(),
            promises: Vec::new(),
            followers: Vec::new(),
            planted,
            roles,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Pipelines, limits and triggers by chance.
    async fn declare(&mut self) {
        let world = Arc::clone(&self.world);
        let chance = &world.chance;
        let store = self.memory.open();
        let mut bounds = Bounds {
            project: chance.between(2, 8) as u32,
            pools: BTreeMap::from([("db".to_owned(), chance.between(1, 3) as u32)]),
            cpu: chance.between(2, 4) * 1000,
            ..Bounds::default()
        };
        for number in 0..chance.between(2, 5) {
            let pipeline = PipelineUuid::from(format!("p{number}").as_str());
            let blocks = chance.between(1, 4) as usize;
            let above = (0..blocks).map(|block| (0..block).filter(|_| chance.is(50)).collect());
            let mut pools = Vec::new();
            if chance.is(40) {
                pools.push(PoolUse {
                    pool: "db".to_owned(),
                    slots: 1,
                    key: chance.is(50).then(|| "customer=1".to_owned()),
                });
            }
            let shape = Shape {
                above: above.collect(),
                retries: chance.between(0, 2) as u32,
                workers: chance.between(1, 3) as u32,
                on_failure: if chance.is(50) {
                    OnFailure::Stop
                } else {
                    OnFailure::Continue
                },
                pools,
                cpu: chance.between(0, 2) * 1000,
            };
            self.shapes.insert(pipeline.clone(), shape);
            let limits = PipelineLimits {
                per_trigger: chance.is(40).then(|| chance.between(1, 2) as u32),
                all_triggers: chance.is(40).then(|| chance.between(1, 3) as u32),
                on_limit: if chance.is(25) {
                    OnLimit::Skip
                } else {
                    OnLimit::Wait
                },
            };
            bounds.pipelines.insert(pipeline.clone(), limits);
            for place in 0..chance.between(1, 2) {
                let name = format!("t{place}");
                let every = chance.between(1, 4) as i64;
                let makes_up = chance.is(50);
                let limit = chance.is(30).then(|| chance.between(1, 2) as u32);
                let mut settings = json!({"priority": chance.between(0, 2)});
                if makes_up {
                    settings["misfire_policy"] = "all".into();
                }
                if let Some(limit) = limit {
                    settings["pipeline_run_limit"] = limit.into();
                }
                let mut one = trigger(&pipeline, name, TriggerKind::Time, settings);
                one.interval = Some(format!("*/{every} * * * *"));
                let stored = store.put_trigger(one).await.unwrap();
                if let Some(limit) = limit {
                    bounds.triggers.insert(stored.id, limit);
                }
                self.promises.push(Promise {
                    trigger: stored.id,
                    every: every * 60 * SECOND,
                    makes_up,
                });
            }
            if number > 0 && chance.is(50) {
                let settings = json!({"after": [{"pipeline": "p0", "status": "completed"}]});
                let one = trigger(
                    &pipeline,
                    "after".to_owned(),
                    TriggerKind::Pipeline,
                    settings,
                );
                let stored = store.put_trigger(one).await.unwrap();
                self.followers.push(stored.id);
            }
        }
        *self.world.bounds.lock().unwrap() = bounds;
    }

    /// One service, or those of several processes, as of this life.
    fn services(&self) -> Vec<Service> {
        if self.roles.is_empty() {
            let store = self.memory.open().driven_by("server");
            return vec![self.service(store, None)];
        }
        let begin = self.world.now().0;
        let process = |(number, role): (usize, &Role)| {
            let sharing = Sharing {
                owner: format!("{}-{number}-{begin}", role.name()),
                role: *role,
                lease: LEASE,
            };
            self.service(self.memory.open(), Some(sharing))
        };
        self.roles.iter().enumerate().map(process).collect()
    }

    fn service(&self, store: Store, sharing: Option<Sharing>) -> Service {
        let desk = StubDesk {
            world: Arc::clone(&self.world),
            store: store.clone(),
            products: Products::open(&self.folder.path().join("products")).unwrap(),
            folder: self.folder.path().to_owned(),
            shapes: self.shapes.clone(),
        };
        let (clock, world) = (Arc::clone(&self.world), Arc::clone(&self.world));
        let options = ServiceOptions {
            open_runs: self.world.bounds.lock().unwrap().project,
            sharing,
            planted: self.planted,
        };
        Service::new(
            store,
            Arc::new(desk),
            Arc::new(move || clock.now()),
            options,
            move |run| world.ended(run),
        )
    }

    /// One life of the service, which may end in any way.
    async fn live(&self, life: Duration, is_last: bool) {
        self.world.enter();
        let begin = self.world.now();
        self.take_stock(&self.memory.open()).await;
        self.world.say("the service starts");
        self.world.is_rough.store(!is_last, Ordering::SeqCst);
        let services = self.services();
        for service in services.clone() {
            tokio::spawn(async move { Box::pin(service.run()).await });
        }
        let service = &services[0];
        let world = Arc::clone(&self.world);
        let until = begin.0 + i64::try_from(life.as_micros()).unwrap();
        while self.world.now().0 < until {
            let left = Duration::from_micros((until - self.world.now().0) as u64);
            sleep(left.min(LOOK)).await;
            world.gently(self.look(&services, begin)).await;
            if !is_last {
                self.meddle(service).await;
            } else if service.store().open_runs().await.unwrap().is_empty() {
                break;
            }
        }
        if self.world.chance.is(30) {
            self.world.say("the service is shut down");
            for service in &services {
                service.shut_down().await;
            }
        } else {
            self.world.say("the service dies");
        }
        let lived = (begin, self.world.now());
        self.world.seen().lives.push(lived);
        self.world.is_rough.store(false, Ordering::SeqCst);
        self.world.stand_still();
    }

    /// What is open when a service starts.
    async fn take_stock(&self, store: &Store) {
        let mut open = BTreeSet::new();
        for row in store.open_runs().await.unwrap() {
            if row.status == RunStatus::Running {
                open.insert(row.id);
            }
        }
        let mut seen = self.world.seen();
        seen.open.retain(|id, _| open.contains(id));
        seen.drivers.clear();
        seen.attempts.clear();
        seen.startable.clear();
    }

    /// A person does something.
    async fn meddle(&self, service: &Service) {
        let chance = &self.world.chance;
        let page = RunPage {
            limit: 20,
            ..RunPage::default()
        };
        let rows = self.world.gently(service.store().page_runs(&page)).await;
        let rows = rows.unwrap().rows;
        if chance.is(25) && !rows.is_empty() {
            let row = &rows[chance.next() as usize % rows.len()];
            let done = service.cancel(row.id, "somebody wants it").await;
            self.world
                .say(format!("cancel {}: {:?}", row.id, done.ok()));
        }
        if chance.is(25) && !rows.is_empty() {
            let row = &rows[chance.next() as usize % rows.len()];
            let from = chance.is(30).then(|| BlockUuid::from("b0"));
            // It may be driven before we are answered.
            *self.world.seen().retries.entry(row.id).or_default() += 1;
            self.note_let_in(service, row.id).await;
            let done = service.retry(row.id, from).await;
            // Some may have been let in meanwhile.
            self.note_let_in(service, row.id).await;
            self.world
                .say(format!("retry {}: {}", row.id, done.is_ok()));
            if done.is_err() {
                let mut seen = self.world.seen();
                let retries = seen.retries.remove(&row.id).unwrap_or_default();
                if retries > 1 {
                    seen.retries.insert(row.id, retries - 1);
                }
            }
        }
        if chance.is(15) {
            let pipelines: Vec<_> = self.shapes.keys().cloned().collect();
            let pipeline = pipelines[chance.next() as usize % pipelines.len()].clone();
            let wanted = Wanted::new(pipeline, Cause::Call, self.world.now());
            let made = service.submit(vec![wanted]).await;
            self.world
                .say(format!("submit: {:?}", made[0].as_ref().ok()));
        }
    }

    /// Notes which runs were let in before this one is wanted once more.
    async fn note_let_in(&self, service: &Service, again: RunId) {
        let open = self
            .world
            .gently(service.store().open_runs())
            .await
            .unwrap();
        let let_in = open
            .iter()
            .filter(|run| run.is_admitted && run.status == RunStatus::Initial)
            .map(|run| run.id);
        let mut seen = self.world.seen();
        seen.let_in_before.entry(again).or_default().extend(let_in);
    }

    /// Compares what is stored with what must hold.
    async fn look(&self, services: &[Service], begin: Timestamp) {
        let store = services[0].store();
        let page = RunPage {
            limit: 10_000,
            ..RunPage::default()
        };
        let rows = store.page_runs(&page).await.unwrap().rows;
        let now = self.world.now();
        for row in &rows {
            let before = self.world.seen().statuses.insert(row.id, row.status);
            let is_changed = before.is_some_and(|old| old.is_final() && old != row.status);
            if is_changed && !self.world.seen().retries.contains_key(&row.id) {
                let what = format!("run {} was {before:?} and is {:?}", row.id, row.status);
                self.world.wrong(what);
            }
        }
        let has_settled = now.since(begin) > Duration::from_secs(15);
        let claims = store.open_claims().await.unwrap();
        let mut claims: BTreeMap<_, _> = claims.into_iter().collect();
        let (mut waiting, mut open) = (Vec::new(), Vec::new());
        for row in rows.iter().filter(|row| !row.status.is_final()) {
            let claims = claims.remove(&row.id).unwrap_or_default();
            let ticket = RunTicket {
                run: row.id,
                pipeline: row.pipeline.clone(),
                trigger: row.trigger_id,
                priority: row.priority,
                date: row.execution_date,
                created_at: row.created_at,
                pools: claims.pools,
                reserved: claims.reserved,
                is_child: false,
            };
            let drivers = services.iter().filter(|service| service.is_live(row.id));
            let drivers = drivers.count();
            if drivers > 1 {
                let what = format!("run {} is driven by {drivers} processes", row.id);
                self.world.wrong(what);
            }
            let is_live = drivers > 0;
            let is_left = row.status == RunStatus::Running && has_settled && !is_live;
            // Of several processes one may have just lost its lease: until the next look another one has taken the run.
            let was_left = self.world.seen().left.remove(&row.id);
            if is_left {
                self.world.seen().left.insert(row.id);
            }
            if is_left && (was_left || self.roles.is_empty()) {
                let what = format!("run {} is running, and nobody drives it", row.id);
                self.world.wrong(what);
            }
            let is_new = now.since(row.created_at) < Duration::from_secs(10);
            if row.status == RunStatus::Initial && !is_live {
                if row.note.is_none() && has_settled && !is_new {
                    let what = format!("run {} waits, and nobody says why", row.id);
                    self.world.wrong(what);
                }
                waiting.push(ticket);
            } else {
                open.push(ticket);
            }
        }
        let decided = admit(&waiting, &open, &self.limits());
        let startable: BTreeSet<RunId> = decided
            .into_iter()
            .filter(|(_, admission)| *admission == Admission::Start)
            .map(|(id, _)| id)
            .collect();
        let before = std::mem::replace(&mut self.world.seen().startable, startable.clone());
        for id in before.intersection(&startable) {
            self.world.wrong(format!("run {id} could start, and waits"));
        }
    }

    fn limits(&self) -> Limits {
        let bounds = self.world.bounds.lock().unwrap().clone();
        let trigger = |(id, runs): (TriggerId, u32)| {
            let limits = TriggerLimits {
                name: id.to_string(),
                runs: Some(runs),
            };
            (id, limits)
        };
        Limits {
            triggers: bounds.triggers.into_iter().map(trigger).collect(),
            pipelines: bounds.pipelines.into_iter().collect(),
            project: Some(bounds.project),
            pools: bounds.pools.into_iter().collect(),
            machine: Machine {
                cpu: Some(bounds.cpu),
                memory: None,
            },
            ..Limits::default()
        }
    }

    /// Nothing is left, and no date is lost.
    async fn conclude(&self) {
        let store = self.memory.open();
        for row in store.open_runs().await.unwrap() {
            self.world.wrong(format!("run {} never ends", row.id));
        }
        let lives = self.world.seen().lives.clone();
        let undrawn = self.world.seen().undrawn.clone();
        for promise in &self.promises {
            let dates = store
                .dates_of(promise.trigger, Timestamp(BEGIN), Timestamp(i64::MAX))
                .await
                .unwrap();
            let dates: BTreeSet<Timestamp> = dates.into_iter().map(|(date, ..)| date).collect();
            let mut date = BEGIN + promise.every;
            while date + promise.every < BEGIN + LASTS {
                // A date that may be skipped is not, while the service has had a minute for it.
                let had_time = lives.iter().any(|(from, to)| {
                    let (from, to) = (from.0.max(date), to.0.min(date + promise.every));
                    to - from > 45 * SECOND
                });
                let is_undrawn = undrawn.contains(&(promise.trigger, Timestamp(date)));
                let is_due = promise.makes_up || (had_time && !is_undrawn);
                if is_due && !dates.contains(&Timestamp(date)) {
                    let at = (date - BEGIN) / SECOND;
                    let what = format!("trigger {} has no run for {at} s", promise.trigger);
                    self.world.wrong(what);
                }
                date += promise.every;
            }
        }
        self.conclude_followers(&store).await;
        let runs: Vec<RunId> = self.world.seen().statuses.keys().copied().collect();
        for id in runs {
            // The version counts every step, and with it everything that was decided.
            let run = store.load_run(id).await.unwrap().unwrap();
            let line = format!("run {id} {:?} after {} steps", run.status, run.version);
            self.world.seen().log.push(line);
        }
    }
}

impl Simulation {
    /// Every end has been followed, and once.
    async fn conclude_followers(&self, store: &Store) {
        let page = RunPage {
            limit: 100_000,
            ..RunPage::default()
        };
        let rows = store.page_runs(&page).await.unwrap().rows;
        let undrawn = self.world.seen().undrawn.clone();
        let retries = self.world.seen().retries.clone();
        let completed =
            |row: &&RunRow| row.pipeline.as_str() == "p0" && row.status == RunStatus::Completed;
        for ended in rows.iter().filter(completed) {
            for trigger in &self.followers {
                let is_follower = |row: &&RunRow| {
                    row.parent_id == Some(ended.id) && row.trigger_id == Some(*trigger)
                };
                let count = rows.iter().filter(is_follower).count();
                let is_undrawn = undrawn.contains(&(*trigger, ended.execution_date));
                let most = 1 + retries.get(&ended.id).copied().unwrap_or_default() as usize;
                if count > most || count == 0 && !is_undrawn {
                    let what = format!("run {} is followed {count} times", ended.id);
                    self.world.wrong(what);
                }
            }
        }
    }
}

/// What happened under a seed, and what should not have.
fn simulate(seed: u64, planted: Planted, roles: &'static [Role]) -> (Vec<String>, Vec<String>) {
    let mut simulation = Simulation::new(seed, planted, roles);
    runtime().block_on(simulation.declare());
    let chance = &simulation.world.chance;
    while simulation.world.now().0 < BEGIN + LASTS {
        let left = (BEGIN + LASTS - simulation.world.now().0) as u64;
        let life = Duration::from_millis(chance.between(100, 400_000));
        let life = life.min(Duration::from_micros(left));
        // What the service has spawned dies with its runtime.
        runtime().block_on(simulation.live(life, false));
        simulation
            .world
            .away(Duration::from_millis(chance.between(1, 90_000)));
    }
    runtime().block_on(async {
        // Dates that were missed are made up for; then there are no further ones.
        simulation.live(Duration::from_secs(60), false).await;
    });
    simulation.world.away(Duration::from_millis(1));
    runtime().block_on(async {
        let store = simulation.memory.open();
        for mut trigger in store.triggers().await.unwrap() {
            if trigger.kind == TriggerKind::Time {
                trigger.is_active = false;
                store.put_trigger(trigger).await.unwrap();
            }
        }
        simulation.live(Duration::from_secs(3 * 3600), true).await;
    });
    runtime().block_on(simulation.conclude());
    let mut all = simulation.world.seen();
    (
        std::mem::take(&mut all.log),
        std::mem::take(&mut all.violations),
    )
}

#[test]
fn whatever_happens_every_run_ends_within_its_limits() {
    try_seeds(&[]);
}

#[test]
fn whatever_happens_to_several_processes_every_run_ends_within_its_limits() {
    try_seeds(SEVERAL);
}

/// A seed that is asked for shows its log; otherwise many are tried.
#[expect(clippy::print_stdout, reason = "the log is what is asked for")]
fn try_seeds(roles: &'static [Role]) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("BATON_SEED") {
        let (log, violations) = simulate(seed, Planted::Nothing, roles);
        println!("{}", log.join("\n"));
        assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
        return;
    }
    let seeds = number("BATON_SEEDS").unwrap_or(5);
    let bad: Vec<String> = (1..=seeds)
        .filter_map(|seed| {
            let (_, violations) = simulate(seed, Planted::Nothing, roles);
            let first = violations.first()?;
            Some(format!(
                "seed {seed}: {first} ({} more)",
                violations.len() - 1
            ))
        })
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn a_seed_gives_the_same_log_again() {
    for roles in [&[], SEVERAL] {
        let (first, _) = simulate(7, Planted::Nothing, roles);
        let (second, _) = simulate(7, Planted::Nothing, roles);
        assert!(first.len() > 100, "{}", first.len());
        for (line, (first, second)) in first.iter().zip(&second).enumerate() {
            assert_eq!(first, second, "line {line}");
        }
        assert_eq!(first.len(), second.len());
    }
}

/// Some of a few seeds shows the fault, and the words say which one it is.
fn is_found(planted: Planted, words: &str) {
    let found = (1..=6).any(|seed| {
        let (_, violations) = simulate(seed, planted, &[]);
        violations.iter().any(|violation| violation.contains(words))
    });
    assert!(found, "{planted:?} was not found");
}

#[test]
fn limits_that_are_ignored_are_found() {
    is_found(Planted::IgnoresLimits, "starts although");
}

#[test]
fn ends_that_are_forgotten_are_found() {
    is_found(Planted::ForgetsEnds, "could start, and waits");
}

#[test]
fn open_runs_that_are_left_are_found() {
    is_found(Planted::LeavesTheOpen, "nobody drives it");
}
