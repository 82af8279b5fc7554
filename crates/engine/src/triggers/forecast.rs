//! What the schedules bring: runs of the coming hours, and where they would want more of a pool than there is.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_model::{PipelineUuid, Schedule, Timestamp, Trigger, TriggerId, TriggerSettings};

use super::{Followed, dates_from};

/// Most runs of one trigger that a forecast lists: one that runs every second would drown the others.
const MOST_PER_TRIGGER: usize = 2_000;

/// How long a run takes of which nobody knows: one that took no time would want no place in a pool.
const ASSUMED: Duration = Duration::from_secs(60);

/// A trigger and how long its runs usually take.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The trigger.
    pub trigger: &'a Trigger,
    /// Usual time of its own runs, where some have completed.
    pub own: Option<Duration>,
    /// Usual time of the runs of its pipeline, whoever started them, where some have completed.
    pub of_pipeline: Option<Duration>,
}

impl Expected<'_> {
    /// How long its next run will take, as far as anybody can tell.
    fn length(&self) -> Duration {
        self.own.or(self.of_pipeline).unwrap_or(ASSUMED)
    }
}

/// A run that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its trigger.
    pub trigger: TriggerId,
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// Its logical date.
    pub date: Timestamp,
    /// When it starts.
    pub at: Timestamp,
    /// When it usually will have ended: by the runs of its trigger, else by those of its pipeline, else after a minute.
    pub ends: Timestamp,
}

/// The runs of active triggers that start from `from` on and before `to`, in the order in which they start.
pub fn forecast(triggers: &[Expected<'_>], from: Timestamp, to: Timestamp) -> Vec<Planned> {
    let mut planned = Vec::new();
    for expected in triggers {
        let trigger = expected.trigger;
        let Some(followed) = Followed::new(trigger).ok().filter(|_| trigger.is_active) else {
            continue;
        };
        if matches!(followed.schedule, Schedule::Once | Schedule::AlwaysOn) {
            continue;
        }
        // Only runs of the trigger itself let it start before its landing time.
        let lead = expected.own.filter(|own| !own.is_zero());
        let length = expected.length();
        let starts = |date: Timestamp| match followed.landing {
            Some(_) => followed.opens(date, lead),
            None => date,
        };
        planned.extend(
            dates_from(&followed, Timestamp(from.0.saturating_sub(1)))
                .map(|date| (date, starts(date)))
                .take_while(|(_, at)| *at < to)
                .take(MOST_PER_TRIGGER)
                .filter(|(_, at)| *at >= from)
                .map(|(date, at)| Planned {
                    trigger: trigger.id,
                    pipeline: trigger.pipeline.clone(),
                    date,
                    at,
                    ends: at.after(length),
                }),
        );
    }
    planned.sort_by_key(|one| (one.at, one.trigger));
    planned
}

/// A time in which runs want more places of a pool than it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The pool.
    pub pool: String,
    /// When it begins.
    pub from: Timestamp,
    /// When there is room for all again.
    pub until: Timestamp,
    /// Most places that are wanted at one moment of it.
    pub wanted: u32,
    /// Places of the pool.
    pub slots: u32,
    /// The triggers whose runs want them.
    pub triggers: Vec<TriggerId>,
}

/// How many places of a pool the runs of a forecast want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLoad {
    /// The pool.
    pub pool: String,
    /// Its places.
    pub slots: u32,
    /// From when on how many places are wanted, by time; none before the first moment.
    pub load: Vec<(Timestamp, u32)>,
}

/// When so many places of a pool are taken, or given back where they are less than none; by which trigger's run.
type Moment = (Timestamp, i64, TriggerId);

/// What the runs of a forecast do to each pool, by time. Runs that take no time want no places, and of pools with a key
/// nobody knows whose places a run will take.
fn moments(triggers: &[Expected<'_>], planned: &[Planned]) -> BTreeMap<String, Vec<Moment>> {
    let mut wants: BTreeMap<TriggerId, Vec<(String, u32)>> = BTreeMap::new();
    for expected in triggers {
        let settings = TriggerSettings::of(&expected.trigger.settings);
        let uses = settings.pools.into_iter().filter(|one| one.key.is_none());
        let uses = uses.map(|one| (one.pool, one.slots)).collect();
        wants.insert(expected.trigger.id, uses);
    }
    let mut found: BTreeMap<String, Vec<Moment>> = BTreeMap::new();
    for run in planned.iter().filter(|run| run.at < run.ends) {
        for (pool, places) in wants.get(&run.trigger).into_iter().flatten() {
            let places = i64::from(*places);
            found.entry(pool.clone()).or_default().extend([
                (run.at, places, run.trigger),
                (run.ends, -places, run.trigger),
            ]);
        }
    }
    for moments in found.values_mut() {
        // Ends before beginnings, so that a run that ends makes room for the one that begins.
        moments.sort_unstable();
    }
    found
}

/// Where the runs of a forecast want more places of a pool than it has.
pub fn collisions(
    triggers: &[Expected<'_>],
    planned: &[Planned],
    pools: &BTreeMap<String, u32>,
) -> Vec<Collision> {
    let moments = moments(triggers, planned);
    let mut found = Vec::new();
    for (pool, slots) in pools {
        let moments = moments.get(pool).map_or(&[][..], Vec::as_slice);
        found.extend(crowded(pool, *slots, moments));
    }
    found.sort_by(|one, other| (one.from, &one.pool).cmp(&(other.from, &other.pool)));
    found
}

/// How many places of each pool the runs of a forecast want over the time, also of pools of which they want none.
pub fn pool_loads(
    triggers: &[Expected<'_>],
    planned: &[Planned],
    pools: &BTreeMap<String, u32>,
) -> Vec<PoolLoad> {
    let moments = moments(triggers, planned);
    let load = |(pool, slots): (&String, &u32)| PoolLoad {
        pool: pool.clone(),
        slots: *slots,
        load: moments
            .get(pool)
            .map(|moments| steps(moments))
            .unwrap_or_default(),
    };
    pools.iter().map(load).collect()
}

/// The load at each moment at which it becomes another one.
fn steps(moments: &[Moment]) -> Vec<(Timestamp, u32)> {
    let mut found: Vec<(Timestamp, u32)> = Vec::new();
    let mut used: i64 = 0;
    for (at, places, _) in moments {
        used += places;
        let wanted = u32::try_from(used.max(0)).unwrap_or(u32::MAX);
        match found.last_mut() {
            Some((last, before)) if last == at => *before = wanted,
            _ => found.push((*at, wanted)),
        }
    }
    found.dedup_by_key(|(_, wanted)| *wanted);
    found
}

fn crowded(pool: &str, slots: u32, moments: &[Moment]) -> Vec<Collision> {
    let mut found = Vec::new();
    let mut used: i64 = 0;
    let mut inside: BTreeMap<TriggerId, i64> = BTreeMap::new();
    let mut open: Option<Collision> = None;
    for (at, places, trigger) in moments {
        used += places;
        let own = inside.entry(*trigger).or_default();
        *own += places;
        if *own <= 0 {
            inside.remove(trigger);
        }
        if used > i64::from(slots) {
            let collision = open.get_or_insert_with(|| Collision {
                pool: pool.to_owned(),
                from: *at,
                until: *at,
                wanted: 0,
                slots,
                triggers: Vec::new(),
            });
            collision.wanted = collision
                .wanted
                .max(u32::try_from(used).unwrap_or(u32::MAX));
            for trigger in inside.keys() {
                if !collision.triggers.contains(trigger) {
                    collision.triggers.push(*trigger);
                }
            }
        } else if let Some(mut collision) = open.take() {
            collision.until = *at;
            found.push(collision);
        }
    }
    found
}
