//! When the runs of a trigger are made (spec 7.3): which logical dates are due now, and when to look again.
//!
//! What a caller of a trigger may say is in `calls`, what the next day brings in `forecast`.

mod calls;
mod circles;
mod forecast;

use std::time::Duration;

use baton_model::{
    After, Map, Misfire, RunStatus, Schedule, Timestamp, Trigger, TriggerKind, TriggerSettings,
};

use crate::schedule::{current_date, date_after};
use crate::zones::Zone;

pub use calls::{Complaint, accept, accept_chosen, matches};
pub use circles::{Waiting, circle, told};
pub use forecast::{Collision, Expected, Planned, PoolLoad, collisions, forecast, pool_loads};

/// Most runs that one decision makes. Where more dates were missed, the next decision makes the next ones.
pub const MOST_AT_ONCE: usize = 100;

const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

/// A date that is first looked at so long after it came has been missed: who is at work looks when it comes.
const IN_TIME: i64 = MINUTE;

/// What is known of the runs of a trigger.
#[derive(Clone, Copy)]
pub struct TriggerHistory<'a> {
    /// Newest logical date of its schedule that has a run. Runs that somebody called for do not count.
    pub newest_date: Option<Timestamp>,
    /// Whether a run of the trigger has exactly this logical date.
    pub has_run_at: &'a dyn Fn(Timestamp) -> bool,
    /// When the newest run of its schedule was made.
    pub newest_made: Option<Timestamp>,
    /// How many runs it has had.
    pub runs: u64,
    /// Whether the newest of them has not ended.
    pub newest_is_open: bool,
    /// How many have not ended.
    pub open: u32,
    /// How long the last seven completed runs took.
    pub runtimes: &'a [Duration],
    /// How many runs `@once` makes: the `executor_count` of a streaming pipeline, else 1.
    pub copies: u64,
}

/// What a trigger does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Logical dates whose runs are made now, oldest first.
    pub due: Vec<Timestamp>,
    /// Why the runs that are made are cancelled at once.
    pub skip: Option<String>,
    /// When to look again, which may be at once, when the due runs have been stored; none when only a change of the
    /// trigger or of its runs can make a difference.
    pub next: Option<Timestamp>,
    /// Why there is nothing due, or why there is, for people.
    pub reason: String,
    /// Whether it does what it should, and its next date is still to come.
    pub waits: bool,
}

impl Decision {
    fn nothing(reason: impl Into<String>, next: Option<Timestamp>) -> Self {
        Self {
            due: Vec::new(),
            skip: None,
            next,
            reason: reason.into(),
            waits: false,
        }
    }

    fn due(due: Vec<Timestamp>, reason: impl Into<String>, next: Option<Timestamp>) -> Self {
        Self {
            due,
            next,
            ..Self::nothing(reason, None)
        }
    }
}

/// A trigger whose schedule can be followed.
struct Followed<'a> {
    trigger: &'a Trigger,
    settings: TriggerSettings,
    schedule: Schedule,
    zone: Zone,
    landing: Option<Timestamp>,
}

impl<'a> Followed<'a> {
    fn new(trigger: &'a Trigger) -> Result<Self, String> {
        if trigger.kind != TriggerKind::Time {
            return Err(awaited(trigger));
        }
        let interval = trigger.interval.as_deref();
        let Some(interval) = interval.filter(|text| !text.trim().is_empty()) else {
            return Err("it has no schedule".to_owned());
        };
        let schedule = Schedule::parse(interval)
            .map_err(|bad| format!("its schedule `{interval}` cannot be followed: {}", bad.0))?;
        let settings = TriggerSettings::of(&trigger.settings);
        let zone =
            Zone::parse(settings.timezone.as_deref()).map_err(|unknown| unknown.to_string())?;
        let lands = settings.is_landing
            && matches!(
                schedule,
                Schedule::Hourly | Schedule::Daily | Schedule::Weekly | Schedule::Monthly
            );
        Ok(Self {
            landing: trigger.start_time.filter(|_| lands),
            trigger,
            settings,
            schedule,
            zone,
        })
    }

    fn current(&self, now: Timestamp) -> Option<Timestamp> {
        current_date(&self.schedule, self.zone, now, self.landing)
    }

    fn after(&self, date: Timestamp) -> Option<Timestamp> {
        date_after(&self.schedule, self.zone, date, self.landing)
    }

    /// The first moment at which the run of a date can be made, if runs take so long.
    fn opens(&self, date: Timestamp, lead: Option<Duration>) -> Timestamp {
        match (&self.schedule, self.landing) {
            // The newest date of an expression lies before now.
            (Schedule::Cron(_), _) => Timestamp(date.0.saturating_add(1)),
            (_, None) => date,
            (schedule, Some(_)) => {
                let period = current_date(schedule, self.zone, date, None).unwrap_or(date);
                lead.map_or(period, |lead| period.max(before(date, lead)))
            }
        }
    }

    /// The least that a date must be, and why.
    fn floor(&self) -> Option<(Timestamp, &'static str)> {
        let enabled = self.trigger.last_enabled_at;
        let enabled = enabled
            .filter(|_| !self.settings.create_initial_run)
            .map(|at| (at, "the trigger was switched on after its newest date"));
        let start = self.trigger.start_time;
        let start = start.map(|at| (at, "its newest date is before its start time"));
        enabled.into_iter().chain(start).max_by_key(|floor| floor.0)
    }
}

/// Decides which runs of a trigger are made now.
pub fn decide(trigger: &Trigger, history: &TriggerHistory<'_>, now: Timestamp) -> Decision {
    if !trigger.is_active {
        return Decision::nothing(off(trigger), None);
    }
    let followed = match Followed::new(trigger) {
        Ok(followed) => followed,
        Err(reason) => return Decision::nothing(reason, None),
    };
    if let Some(start) = trigger.start_time
        && followed.landing.is_none()
        && now < start
    {
        return Decision::nothing("its start time has not come", Some(start));
    }
    match followed.schedule {
        Schedule::Once if history.runs < history.copies.max(1) => {
            Decision::due(vec![whole_second(now)], "it runs once", None)
        }
        Schedule::Once => Decision::nothing("it runs once and has run", None),
        Schedule::AlwaysOn if history.runs > 0 && history.newest_is_open => {
            Decision::nothing("its run has not ended; the next one follows at once", None)
        }
        Schedule::AlwaysOn => Decision::due(vec![now], "it always runs", None),
        _ => decide_dates(&followed, history, now),
    }
}

/// Why a trigger is switched off, as far as that is known.
fn off(trigger: &Trigger) -> &'static str {
    if trigger.taken_out_at.is_some() {
        "it was taken out of `triggers.yaml` and is switched off"
    } else {
        "the trigger is switched off"
    }
}

/// What a trigger without a schedule waits for.
fn awaited(trigger: &Trigger) -> String {
    match &trigger.kind {
        TriggerKind::Pipeline => {
            let after = TriggerSettings::of(&trigger.settings).after;
            let ends: Vec<String> = after.iter().map(end_of).collect();
            match ends.as_slice() {
                [] => {
                    "it waits for the end of a pipeline, and `settings.after` names none".to_owned()
                }
                ends => format!("it waits for the end of {}", ends.join(" or ")),
            }
        }
        TriggerKind::Event if trigger.matchers.is_empty() => {
            "it waits for an event, and `event_matchers` has no pattern that one could fit"
                .to_owned()
        }
        TriggerKind::Event => {
            let patterns: Vec<String> = trigger.matchers.iter().map(pattern).collect();
            format!("it waits for an event that fits {}", patterns.join(" or "))
        }
        TriggerKind::Api => "it waits for a call; it has no schedule".to_owned(),
        kind => format!("a trigger of type {} has no schedule", kind.name()),
    }
}

/// The end of a run, as a trigger waits for it.
fn end_of(after: &After) -> String {
    let trigger = match &after.trigger {
        Some(name) => format!(" by trigger `{name}`"),
        None => String::new(),
    };
    let status = match after.status {
        Some(RunStatus::Completed) => String::new(),
        Some(status) => format!(" ({})", status.name()),
        None => " (any end)".to_owned(),
    };
    format!("pipeline `{}`{trigger}{status}", after.pipeline)
}

/// A pattern of events, cut where it is long.
fn pattern(pattern: &Map) -> String {
    const MOST: usize = 120;
    let text = serde_json::Value::Object(pattern.clone()).to_string();
    let cut: String = text.chars().take(MOST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{cut}{more}`")
}

fn decide_dates(followed: &Followed<'_>, history: &TriggerHistory<'_>, now: Timestamp) -> Decision {
    let lead = lead(history.runtimes);
    let Some(current) = followed.current(now) else {
        return Decision::nothing("its schedule never comes true", None);
    };
    let next = followed
        .after(current)
        .map(|date| followed.opens(date, lead));
    let missing = match followed.settings.misfire {
        Misfire::Skip => Vec::new(),
        Misfire::Latest => landed_before(followed, history, current),
        Misfire::All => missed(followed, history, current),
    };
    let judged = judge(followed, history, current, lead, now);
    let mut due = missing;
    if judged.is_ok() && due.len() < MOST_AT_ONCE && due.last() != Some(&current) {
        due.push(current);
    }
    let (reason, later) = judged.err().unwrap_or_default();
    let next = later.or(next);
    let Some(first) = due.first().copied() else {
        return Decision {
            waits: next.is_some(),
            ..Decision::nothing(reason, next)
        };
    };
    if due.len() > 1
        || first < current
        || was_missed(followed, history, followed.opens(current, lead), now)
    {
        return catch_up(followed, history, due, next, now);
    }
    let mut decision = Decision::due(due, "its date has come", next);
    if followed.settings.skip_if_running && history.open > 0 {
        decision.skip = Some(still_open(history.open));
    }
    decision
}

/// Whether the current date, the only one left, is one of those that are made up for: nobody could have skipped it when
/// it came at `opens`, since nobody looked, or since dates before it had not had their turn.
fn was_missed(
    followed: &Followed<'_>,
    history: &TriggerHistory<'_>,
    opens: Timestamp,
    now: Timestamp,
) -> bool {
    let nobody_looked = now.0.saturating_sub(opens.0) > IN_TIME;
    let stood_behind = history.newest_made.is_some_and(|made| made >= opens);
    followed.settings.skip_if_running
        && history.open > 0
        && followed.settings.misfire == Misfire::All
        && (nobody_looked || stood_behind)
}

/// Dates of schedules have no fractions.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(SECOND) * SECOND)
}

/// Whether the run of the current date is to be made; if not, why, and when it is if that is before the next date.
fn judge(
    followed: &Followed<'_>,
    history: &TriggerHistory<'_>,
    current: Timestamp,
    lead: Option<Duration>,
    now: Timestamp,
) -> Result<(), (String, Option<Timestamp>)> {
    if let Some((_, why)) = followed.floor().filter(|floor| current < floor.0) {
        return Err((why.to_owned(), None));
    }
    if (history.has_run_at)(current) {
        return Err(("its newest date has its run".to_owned(), None));
    }
    if followed.landing.is_some() {
        let opens = followed.opens(current, lead);
        if now < opens {
            let reason = "its run starts when it would just end at the landing time".to_owned();
            return Err((reason, Some(opens)));
        }
    }
    Ok(())
}

/// Missed dates, oldest first, up to the current one if that belongs to them. At most [`MOST_AT_ONCE`].
fn missed(
    followed: &Followed<'_>,
    history: &TriggerHistory<'_>,
    current: Timestamp,
) -> Vec<Timestamp> {
    let floor = followed.floor().map(|floor| floor.0);
    // Nothing was missed before the trigger was first seen to work: its newest run, or when it was switched on.
    let enabled = followed.trigger.last_enabled_at;
    let from = match (history.newest_date, floor.max(enabled)) {
        (Some(newest), floor) => newest.max(Timestamp(
            floor.map_or(i64::MIN, |at| at.0.saturating_sub(1)),
        )),
        (None, Some(floor)) => Timestamp(floor.0.saturating_sub(1)),
        (None, None) => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut date = followed.current(from);
    while let Some(at) = date.filter(|at| *at < current && found.len() < MOST_AT_ONCE) {
        if at > from && !(history.has_run_at)(at) {
            found.push(at);
        }
        date = followed.after(at).filter(|next| *next > at);
    }
    found
}

/// The date before the current one, where its period went by without its run: only where runs have a landing time can
/// a newer date be the current one before that one's run is due.
fn landed_before(
    followed: &Followed<'_>,
    history: &TriggerHistory<'_>,
    current: Timestamp,
) -> Vec<Timestamp> {
    let Some(newest) = history.newest_date.filter(|_| followed.landing.is_some()) else {
        return Vec::new();
    };
    let previous = current_date(&followed.schedule, followed.zone, current, None)
        .and_then(|period| followed.current(Timestamp(period.0 - 1)));
    let is_missing = |date: &Timestamp| {
        *date > newest
            && !(history.has_run_at)(*date)
            && followed.floor().is_none_or(|floor| *date >= floor.0)
    };
    previous.filter(is_missing).into_iter().collect()
}

/// Makes up for missed dates, as fast as the trigger allows.
fn catch_up(
    followed: &Followed<'_>,
    history: &TriggerHistory<'_>,
    mut due: Vec<Timestamp>,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Decision {
    let settings = &followed.settings;
    if settings.skip_if_running && history.open > 0 {
        // A date that nobody could have skipped in time is not lost: it waits.
        let reason = format!("missed dates wait: {}", still_open(history.open));
        return Decision::nothing(reason, next);
    }
    let mut at_once = if settings.skip_if_running {
        1
    } else {
        MOST_AT_ONCE
    };
    let mut look = now;
    if let Some(rate) = settings.catch_up_rate.filter(|rate| *rate > 0) {
        let rate = i64::from(rate);
        let pause = (MINUTE / rate).max(SECOND);
        let earliest = history.newest_made.map(|made| Timestamp(made.0 + pause));
        if let Some(earliest) = earliest.filter(|earliest| *earliest > now) {
            let reason = format!("missed dates are made up for with {rate} runs a minute at most");
            return Decision::nothing(reason, Some(earliest));
        }
        at_once = at_once.min((rate / 60).max(1) as usize);
        look = Timestamp(now.0 + pause);
    }
    let is_all = due.len() <= at_once && due.len() < MOST_AT_ONCE;
    due.truncate(at_once);
    let reason = if is_all {
        "dates that were missed are made up for".to_owned()
    } else {
        let made = due.len();
        format!(
            "dates that were missed are made up for; {made} at once is the most for now, the rest follows"
        )
    };
    let next = if is_all { next } else { Some(look) };
    Decision::due(due, reason, next)
}

fn still_open(open: u32) -> String {
    match open {
        1 => "a run of the trigger has not ended".to_owned(),
        count => format!("{count} runs of the trigger have not ended"),
    }
}

/// Whether a trigger that makes one run is to be switched off, now that a run of it has ended: after a hard failure it
/// stays on, for people to see, and makes no other run all the same.
pub fn has_served(trigger: &Trigger, ended: RunStatus) -> bool {
    let interval = trigger.interval.as_deref().unwrap_or_default();
    if trigger.kind != TriggerKind::Time || interval.trim() != "@once" {
        return false;
    }
    match ended {
        RunStatus::Completed => true,
        RunStatus::Failed => TriggerSettings::of(&trigger.settings).allow_blocks_to_fail,
        RunStatus::Initial | RunStatus::Running | RunStatus::Cancelled => false,
    }
}

/// How long before its landing time a run starts: what the last runs took on average, and half of what they differ.
/// None without a completed run: then it starts as soon as it can.
fn lead(runtimes: &[Duration]) -> Option<Duration> {
    let count = runtimes.len() as f64;
    if runtimes.is_empty() {
        return None;
    }
    let seconds = || runtimes.iter().map(Duration::as_secs_f64);
    let mean = seconds().sum::<f64>() / count;
    let squares: f64 = seconds().map(|one| (one - mean).powi(2)).sum();
    let deviation = if runtimes.len() > 1 {
        (squares / (count - 1.0)).sqrt()
    } else {
        0.0
    };
    Duration::try_from_secs_f64(mean.ceil() + (deviation / 2.0).ceil()).ok()
}

fn before(at: Timestamp, time: Duration) -> Timestamp {
    Timestamp(at.0.saturating_sub(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
}

/// The next logical dates of a trigger after `now`, for people. Empty for one that has no schedule with dates, or is
/// switched off.
pub fn next_dates(trigger: &Trigger, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let Some(followed) = Followed::new(trigger).ok().filter(|_| trigger.is_active) else {
        return Vec::new();
    };
    dates_from(&followed, now).take(count).collect()
}

/// Why a trigger has no dates; none when its schedule can be followed.
pub fn refusal(trigger: &Trigger) -> Option<String> {
    Followed::new(trigger).err()
}

/// The logical dates after `now`, one after the other.
fn dates_from<'f>(
    followed: &'f Followed<'_>,
    now: Timestamp,
) -> impl Iterator<Item = Timestamp> + use<'f> {
    // A landing time may still come in the current period, and a start time after many of them.
    let start = followed.trigger.start_time;
    let start = start.filter(|start| followed.landing.is_none() && *start > now);
    let from = start.map_or(now, |start| Timestamp(start.0 - 1));
    let first = followed.current(from);
    std::iter::successors(first, |date| {
        followed.after(*date).filter(|next| next > date)
    })
    .filter(move |date| *date > from)
}
