//! What a simulation knows and what it has seen: chance by seed, time, runs, and what must never happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_engine::admission::PipelineLimits;
use baton_model::{PipelineUuid, PoolUse, Run, RunId, RunStatus, Timestamp, TriggerId};
use baton_scheduler::End;
use tokio::time::Instant;

/// 2026-01-01, a moment like any other.
pub(crate) const BEGIN: i64 = 1_767_225_600_000_000;
pub(crate) const SECOND: i64 = 1_000_000;

/// A stream of numbers that the seed alone decides (SplitMix64).
#[derive(Debug)]
pub(crate) struct Chance(AtomicU64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    pub(crate) fn next(&self) -> u64 {
        let step = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(step, Ordering::SeqCst).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    pub(crate) fn is(&self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// What is open, by what it counts for.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) pipeline: PipelineUuid,
    pub(crate) trigger: Option<TriggerId>,
    pub(crate) pools: Vec<PoolUse>,
    pub(crate) cpu: u64,
    /// A person has started it again, whatever the limits.
    pub(crate) is_exempt: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) log: Vec<String>,
    pub(crate) violations: Vec<String>,
    pub(crate) open: BTreeMap<RunId, Opened>,
    /// Runs with a session, in this life of the service.
    pub(crate) drivers: BTreeSet<RunId>,
    /// Attempts under way, in this life of the service.
    pub(crate) attempts: BTreeSet<(RunId, String)>,
    pub(crate) fences: BTreeMap<RunId, u64>,
    pub(crate) ends: BTreeMap<RunId, u32>,
    pub(crate) retries: BTreeMap<RunId, u32>,
    /// What had been let in and had not started when somebody wanted a run once more.
    pub(crate) let_in_before: BTreeMap<RunId, BTreeSet<RunId>>,
    pub(crate) statuses: BTreeMap<RunId, RunStatus>,
    /// Dates whose plan could not be made at least once.
    pub(crate) undrawn: BTreeSet<(TriggerId, Timestamp)>,
    /// Runs that nobody drove when they were last looked at.
    pub(crate) left: BTreeSet<RunId>,
    /// Runs that could have started when they were last looked at.
    pub(crate) startable: BTreeSet<RunId>,
    /// When the service was up.
    pub(crate) lives: Vec<(Timestamp, Timestamp)>,
}

/// How much runs at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) project: u32,
    pub(crate) pipelines: BTreeMap<PipelineUuid, PipelineLimits>,
    pub(crate) triggers: BTreeMap<TriggerId, u32>,
    pub(crate) pools: BTreeMap<String, u32>,
    /// Thousandths of a processor that runs may reserve.
    pub(crate) cpu: u64,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) bounds: Mutex<Bounds>,
    time: Mutex<(i64, Option<Instant>)>,
    /// Whether the database may refuse and plans may fail.
    pub(crate) is_rough: AtomicBool,
    seen: Mutex<Seen>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed),
            bounds: Mutex::default(),
            time: Mutex::new((BEGIN, None)),
            is_rough: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let (base, since) = *self.time.lock().unwrap();
        let passed = since.map_or(Duration::ZERO, |since| since.elapsed());
        Timestamp(base + i64::try_from(passed.as_micros()).unwrap())
    }

    /// A runtime with a clock of its own begins.
    pub(crate) fn enter(&self) {
        self.time.lock().unwrap().1 = Some(Instant::now());
    }

    /// Its clock is about to be gone.
    pub(crate) fn stand_still(&self) {
        let now = self.now();
        *self.time.lock().unwrap() = (now.0, None);
    }

    /// So much time passes without a service.
    pub(crate) fn away(&self, away: Duration) {
        let now = self.now();
        *self.time.lock().unwrap() = (now.0 + i64::try_from(away.as_micros()).unwrap(), None);
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn say(&self, what: impl std::fmt::Display) {
        let at = (self.now().0 - BEGIN) as f64 / SECOND as f64;
        self.seen().log.push(format!("{at:.6} {what}"));
    }

    pub(crate) fn wrong(&self, what: impl std::fmt::Display) {
        let at = (self.now().0 - BEGIN) as f64 / SECOND as f64;
        let mut seen = self.seen();
        seen.log.push(format!("{at:.6} WRONG {what}"));
        seen.violations.push(format!("{at:.3} s: {what}"));
    }

    pub(crate) fn is_rough(&self, percent: u64) -> bool {
        self.is_rough.load(Ordering::SeqCst) && self.chance.is(percent)
    }

    /// Does something without trouble from the database.
    pub(crate) async fn gently<T>(&self, what: impl Future<Output = T>) -> T {
        let before = self.is_rough.swap(false, Ordering::SeqCst);
        let result = what.await;
        self.is_rough.store(before, Ordering::SeqCst);
        result
    }

    /// Someone begins to drive a run.
    pub(crate) fn driver(&self, run: &Run) {
        if !self.seen().drivers.insert(run.id) {
            self.wrong(format!("run {} has two drivers", run.id));
        }
        let is_open = self.seen().open.contains_key(&run.id);
        if is_open {
            return;
        }
        let opened = Opened {
            pipeline: run.plan.pipeline.clone(),
            trigger: run.plan.occasion.trigger,
            pools: run.plan.occasion.pools.clone(),
            cpu: run.plan.reserved.cpu,
            is_exempt: self.seen().retries.contains_key(&run.id),
        };
        if !opened.is_exempt {
            self.count(run.id, &opened);
        }
        self.seen().open.insert(run.id, opened);
    }

    /// Checks every limit before one more run is open.
    fn count(&self, id: RunId, new: &Opened) {
        let bounds = self.bounds.lock().unwrap().clone();
        let seen = self.seen();
        // A retry by hand waits for nobody: what had been let in before it starts beside it.
        let came_after = |other: &RunId| {
            let let_in = seen.let_in_before.get(other);
            let_in.is_some_and(|let_in| let_in.contains(&id))
        };
        let open: Vec<Opened> = (seen.open.iter())
            .filter(|(other, one)| !(one.is_exempt && came_after(other)))
            .map(|(_, one)| one.clone())
            .collect();
        drop(seen);
        let check = |what: &str, open: usize, limit: Option<u32>| {
            if limit.is_some_and(|limit| open >= limit as usize) {
                self.wrong(format!(
                    "run {id} starts although {open} runs of its {what} are open"
                ));
            }
        };
        check("project", open.len(), Some(bounds.project));
        let own = bounds
            .pipelines
            .get(&new.pipeline)
            .copied()
            .unwrap_or_default();
        let of_pipeline = open.iter().filter(|one| one.pipeline == new.pipeline);
        check("pipeline", of_pipeline.count(), own.all_triggers);
        if let Some(trigger) = new.trigger {
            let limit = bounds.triggers.get(&trigger).copied().or(own.per_trigger);
            let of_trigger = open.iter().filter(|one| one.trigger == Some(trigger));
            check("trigger", of_trigger.count(), limit);
        }
        let reserved: u64 = open.iter().map(|one| one.cpu).sum();
        if new.cpu > 0 && reserved + new.cpu > bounds.cpu {
            self.wrong(format!("run {id} starts although processors are short"));
        }
        for wanted in &new.pools {
            let held = open.iter().flat_map(|one| &one.pools);
            let held = held.filter(|held| held.pool == wanted.pool && held.key == wanted.key);
            let taken: u32 = held.map(|held| held.slots).sum();
            let slots = bounds.pools.get(&wanted.pool).copied().unwrap_or(1);
            if taken + wanted.slots > slots {
                self.wrong(format!(
                    "run {id} starts although pool {} is full",
                    wanted.pool
                ));
            }
        }
    }

    /// A run has ended, says the service.
    pub(crate) fn ended(&self, end: &End) {
        self.say(format!("run {} ended {:?}", end.run, end.status));
        let mut seen = self.seen();
        seen.open.remove(&end.run);
        let ends = seen.ends.entry(end.run).or_default();
        *ends += 1;
        let ends = *ends;
        let most = 1 + seen.retries.get(&end.run).copied().unwrap_or_default();
        drop(seen);
        if ends > most {
            self.wrong(format!("the end of run {} is told {ends} times", end.run));
        }
    }
}
