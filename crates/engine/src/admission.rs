//! Which waiting runs start now: limits of triggers, pipelines and the project, pools, and what this machine has.
//!
//! Highest priority first; then the pipeline with the fewest open runs, so that one with a thousand waiting runs keeps
//! nobody out; then the oldest logical date, then the lowest number. A run that cannot start holds no other one up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use baton_model::{Machine, PipelineUuid, PoolUse, Reserved, RunId, Timestamp, TriggerId};

use crate::reserve::{mebibytes, processors};

/// Most runs that a reason names.
const NAMED: usize = 5;

/// A run that waits or is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTicket {
    /// Its number.
    pub run: RunId,
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// Its trigger.
    pub trigger: Option<TriggerId>,
    /// Higher starts first.
    pub priority: i64,
    /// Its logical date.
    pub date: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// Places that it takes, with its variables filled in.
    pub pools: Vec<PoolUse>,
    /// What it reserves.
    pub reserved: Reserved,
    /// Whether a block of an open run has started it and may wait for it: were it held back for the sake of open runs,
    /// both would wait for ever.
    pub is_child: bool,
}

/// What happens to a run that a limit on runs keeps from starting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// It waits.
    #[default]
    Wait,
    /// It is cancelled.
    Skip,
}

/// Limits of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineLimits {
    /// Most open runs of each of its triggers, unless the trigger has a limit of its own.
    pub per_trigger: Option<u32>,
    /// Most open runs of all its triggers together.
    pub all_triggers: Option<u32>,
    /// What becomes of runs beyond them.
    pub on_limit: OnLimit,
}

/// A trigger as limits see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerLimits {
    /// Its name, for people.
    pub name: String,
    /// Most open runs; the limit of its pipeline counts when it has none.
    pub runs: Option<u32>,
}

/// Everything that keeps runs from starting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Triggers.
    pub triggers: HashMap<TriggerId, TriggerLimits>,
    /// Pipelines.
    pub pipelines: HashMap<PipelineUuid, PipelineLimits>,
    /// Triggers whose runs do not start for now, such as that of a paused backfill, with the reason for people.
    pub held: HashMap<TriggerId, String>,
    /// Most open runs of the project.
    pub project: Option<u32>,
    /// Places of pools; each key of a pool has as many. A pool that is not listed has one.
    pub pools: HashMap<String, u32>,
    /// What this machine has for runs to reserve.
    pub machine: Machine,
}

impl Limits {
    fn slots(&self, pool: &str) -> u32 {
        self.pools.get(pool).copied().unwrap_or(1)
    }
}

/// What becomes of a waiting run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It starts.
    Start,
    /// It goes on waiting.
    Wait {
        /// What is in its way, for people.
        reason: Arc<str>,
    },
    /// It is cancelled.
    Skip {
        /// What is in its way, for people.
        reason: Arc<str>,
    },
}

/// Decides about every waiting run, in the order in which they were looked at.
pub fn admit(
    waiting: &[RunTicket],
    open: &[RunTicket],
    limits: &Limits,
) -> Vec<(RunId, Admission)> {
    let mut counted = OpenRuns::default();
    for ticket in open {
        counted.enter(ticket);
    }
    counted.admit(waiting, limits)
}

/// The runs that are open, counted by what limits them. Kept up with every run that comes and goes, so that a decision
/// takes no longer when many are open.
#[derive(Clone, Debug, Default)]
pub struct OpenRuns {
    project: BTreeSet<RunId>,
    pipelines: HashMap<PipelineUuid, BTreeSet<RunId>>,
    triggers: HashMap<TriggerId, BTreeSet<RunId>>,
    pools: HashMap<Pool, Held>,
    reserved: Reserved,
}

impl OpenRuns {
    /// A run is open from now on.
    pub fn enter(&mut self, ticket: &RunTicket) {
        let run = ticket.run;
        self.project.insert(run);
        let of_pipeline = self.pipelines.entry(ticket.pipeline.clone());
        of_pipeline.or_default().insert(run);
        if let Some(trigger) = ticket.trigger {
            self.triggers.entry(trigger).or_default().insert(run);
        }
        for wanted in &ticket.pools {
            let held = self.pools.entry(pool_of(wanted)).or_default();
            held.places = held.places.saturating_add(wanted.slots);
            held.by.push(run);
        }
        self.reserved.cpu = self.reserved.cpu.saturating_add(ticket.reserved.cpu);
        self.reserved.memory = self.reserved.memory.saturating_add(ticket.reserved.memory);
    }

    /// A run that has entered is open no more.
    pub fn leave(&mut self, ticket: &RunTicket) {
        let run = ticket.run;
        self.project.remove(&run);
        take_out(&mut self.pipelines, &ticket.pipeline, run);
        if let Some(trigger) = ticket.trigger {
            take_out(&mut self.triggers, &trigger, run);
        }
        for wanted in &ticket.pools {
            let pool = pool_of(wanted);
            if let Some(held) = self.pools.get_mut(&pool) {
                held.places = held.places.saturating_sub(wanted.slots);
                if let Some(place) = held.by.iter().position(|by| *by == run) {
                    held.by.swap_remove(place);
                }
                if held.by.is_empty() {
                    self.pools.remove(&pool);
                }
            }
        }
        self.reserved.cpu = self.reserved.cpu.saturating_sub(ticket.reserved.cpu);
        self.reserved.memory = self.reserved.memory.saturating_sub(ticket.reserved.memory);
    }

    /// Decides about runs that wait, in the order in which they were looked at. Those that start have entered.
    pub fn admit<'a>(
        &mut self,
        waiting: impl IntoIterator<Item = &'a RunTicket>,
        limits: &Limits,
    ) -> Vec<(RunId, Admission)> {
        let mut desk = Desk {
            limits,
            open: self,
            told: HashMap::new(),
        };
        let mut levels: BTreeMap<Reverse<i64>, HashMap<&PipelineUuid, Vec<&RunTicket>>> =
            BTreeMap::new();
        for ticket in waiting {
            let level = levels.entry(Reverse(ticket.priority)).or_default();
            level.entry(&ticket.pipeline).or_default().push(ticket);
        }
        let mut decided = Vec::new();
        for (_, mut pipelines) in levels {
            let mut heads = BTreeSet::new();
            for (pipeline, tickets) in &mut pipelines {
                // The next one is taken from the end.
                tickets.sort_by_key(|ticket| Reverse((ticket.date, ticket.run)));
                if let Some(next) = tickets.last() {
                    heads.insert((desk.open_of(pipeline), next.date, next.run, *pipeline));
                }
            }
            while let Some((_, _, _, pipeline)) = heads.pop_first() {
                let Some(tickets) = pipelines.get_mut(pipeline) else {
                    continue;
                };
                let Some(ticket) = tickets.pop() else {
                    continue;
                };
                let admission = desk.decide(ticket);
                decided.push((ticket.run, admission));
                if let Some(next) = tickets.last() {
                    heads.insert((desk.open_of(pipeline), next.date, next.run, pipeline));
                }
            }
        }
        decided
    }
}

fn take_out<K: Eq + Hash>(counted: &mut HashMap<K, BTreeSet<RunId>>, key: &K, run: RunId) {
    if let Some(runs) = counted.get_mut(key) {
        runs.remove(&run);
        if runs.is_empty() {
            counted.remove(key);
        }
    }
}

/// Something that many runs wait for in the same words.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place<'a> {
    Project,
    Pipeline(&'a PipelineUuid),
    Trigger(TriggerId),
    Pool(&'a str, Option<&'a str>, u32),
}

/// A pool, and the key whose places are meant.
type Pool = (String, Option<String>);

fn pool_of(wanted: &PoolUse) -> Pool {
    (wanted.pool.clone(), wanted.key.clone())
}

/// The runs that hold something.
#[derive(Clone, Debug, Default)]
struct Held {
    places: u32,
    by: Vec<RunId>,
}

struct Desk<'a, 'o> {
    limits: &'a Limits,
    open: &'o mut OpenRuns,
    /// Reasons that have been put into words since the last start.
    told: HashMap<Place<'a>, Arc<str>>,
}

impl<'a> Desk<'a, '_> {
    fn open_of(&self, pipeline: &PipelineUuid) -> usize {
        self.open.pipelines.get(pipeline).map_or(0, BTreeSet::len)
    }

    fn take(&mut self, ticket: &'a RunTicket) {
        self.open.enter(ticket);
        self.told.clear();
    }

    fn decide(&mut self, ticket: &'a RunTicket) -> Admission {
        if let Some((reason, on_limit)) = self.in_the_way(ticket) {
            return match on_limit {
                OnLimit::Wait => Admission::Wait { reason },
                OnLimit::Skip => Admission::Skip { reason },
            };
        }
        self.take(ticket);
        Admission::Start
    }

    fn in_the_way(&mut self, ticket: &'a RunTicket) -> Option<(Arc<str>, OnLimit)> {
        let limits = self.limits;
        let own = limits.pipelines.get(&ticket.pipeline);
        let own = own.copied().unwrap_or_default();
        if let Some(reason) = ticket.trigger.and_then(|trigger| limits.held.get(&trigger)) {
            return Some((Arc::from(reason.as_str()), OnLimit::Wait));
        }
        if let Some(trigger) = ticket.trigger {
            let known = limits.triggers.get(&trigger);
            let limit = known.and_then(|known| known.runs).or(own.per_trigger);
            if let Some(limit) =
                limit.filter(|limit| is_full(self.open.triggers.get(&trigger), *limit))
            {
                let reason = self.tell(Place::Trigger(trigger), |desk| {
                    let name =
                        known.map_or_else(|| trigger.to_string(), |known| known.name.clone());
                    let open = desk.open.triggers.get(&trigger);
                    count_open(open, limit, &format!("trigger `{name}`"))
                });
                return Some((reason, own.on_limit));
            }
        }
        let pipeline = &ticket.pipeline;
        let all = own.all_triggers;
        if let Some(limit) = all.filter(|limit| is_full(self.open.pipelines.get(pipeline), *limit))
        {
            let reason = self.tell(Place::Pipeline(pipeline), |desk| {
                let open = desk.open.pipelines.get(pipeline);
                count_open(open, limit, &format!("pipeline `{pipeline}`"))
            });
            return Some((reason, own.on_limit));
        }
        if let Some(limit) = limits.project
            && !ticket.is_child
            && is_full(Some(&self.open.project), limit)
        {
            let reason = self.tell(Place::Project, |desk| {
                count_open(Some(&desk.open.project), limit, "the project")
            });
            return Some((reason, OnLimit::Wait));
        }
        for wanted in &ticket.pools {
            let slots = limits.slots(&wanted.pool);
            let taken = self.open.pools.get(&pool_of(wanted));
            let taken = taken.map_or(0, |held| held.places);
            if taken.saturating_add(wanted.slots) > slots {
                let place = Place::Pool(&wanted.pool, wanted.key.as_deref(), wanted.slots);
                let reason = self.tell(place, |desk| pool_reason(desk, wanted, slots));
                return Some((reason, OnLimit::Wait));
            }
        }
        self.machine_in_the_way(ticket)
    }

    /// What of the machine is short. What it can never have is no reason to wait.
    fn machine_in_the_way(&self, ticket: &RunTicket) -> Option<(Arc<str>, OnLimit)> {
        let Machine { cpu, memory } = self.limits.machine;
        let (wants, taken) = (ticket.reserved, self.open.reserved);
        let cpu = (cpu, wants.cpu, taken.cpu, processors as fn(u64) -> String);
        let of_memory = |bytes| format!("{} of memory", mebibytes(bytes));
        let memory = (
            memory,
            wants.memory,
            taken.memory,
            of_memory as fn(u64) -> String,
        );
        // What takes nothing does not ask what there is.
        let parts = [cpu, memory].map(|(limit, wants, taken, show)| {
            let limit = limit.filter(|_| wants > 0).unwrap_or(u64::MAX);
            (limit, wants, taken, show)
        });
        for (limit, wants, _, show) in parts {
            if wants > limit {
                let (wants, has) = (show(wants), show(limit));
                let reason = format!("it reserves {wants}; this machine has {has}");
                return Some((Arc::from(reason), OnLimit::Skip));
            }
        }
        // What has started it holds what it has and may wait for it.
        if ticket.is_child {
            return None;
        }
        for (limit, wants, taken, show) in parts {
            if taken.saturating_add(wants) > limit {
                let (wants, taken, has) = (show(wants), show(taken), show(limit));
                let reason = format!(
                    "it reserves {wants}; this machine has {has}, and open runs reserve {taken}"
                );
                return Some((Arc::from(reason), OnLimit::Wait));
            }
        }
        None
    }

    fn tell(&mut self, place: Place<'a>, say: impl FnOnce(&Self) -> String) -> Arc<str> {
        if let Some(told) = self.told.get(&place) {
            return Arc::clone(told);
        }
        let reason: Arc<str> = Arc::from(say(self));
        self.told.insert(place, Arc::clone(&reason));
        reason
    }
}

fn is_full(open: Option<&BTreeSet<RunId>>, limit: u32) -> bool {
    open.map_or(0, BTreeSet::len) >= limit as usize
}

/// `2 of 2 runs of trigger `nightly` are open: 14, 15`.
fn count_open(open: Option<&BTreeSet<RunId>>, limit: u32, of: &str) -> String {
    let count = open.map_or(0, BTreeSet::len);
    let are = if count == 1 { "is" } else { "are" };
    let runs = if limit == 1 { "run" } else { "runs" };
    let Some(open) = open.filter(|open| !open.is_empty()) else {
        return format!("the limit on runs of {of} is {limit}");
    };
    format!(
        "{count} of {limit} {runs} of {of} {are} open: {}",
        named(open.iter().copied())
    )
}

/// The first of `runs`, which are sorted, and how many more there are.
fn named(runs: impl ExactSizeIterator<Item = RunId>) -> String {
    let count = runs.len();
    let mut names: Vec<String> = runs.take(NAMED).map(|run| run.to_string()).collect();
    if let Some(more) = count.checked_sub(NAMED).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

fn pool_reason(desk: &Desk<'_, '_>, wanted: &PoolUse, slots: u32) -> String {
    let wants = wanted.slots;
    let pool = match &wanted.key {
        Some(key) => format!("`{}` for {key}", wanted.pool),
        None => format!("`{}`", wanted.pool),
    };
    if wants > slots {
        return format!("it takes {wants} places of pool {pool}, which has {slots}");
    }
    let Some(held) = desk.open.pools.get(&pool_of(wanted)) else {
        return format!("pool {pool} has no place");
    };
    let by: BTreeSet<RunId> = held.by.iter().copied().collect();
    let taken = format!(
        "{} of {slots} places of pool {pool} are taken: {}",
        held.places,
        named(by.into_iter())
    );
    match wants {
        1 => taken,
        wants => format!("{taken}; it takes {wants}"),
    }
}
