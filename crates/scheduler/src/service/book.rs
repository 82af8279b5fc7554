//! What the loops know without asking the database: triggers with the facts that decide when they are due, runs that
//! wait, and runs that are open. A view of the database, made from it at the start and kept up with every change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use baton_engine::admission::{Admission, Limits, OpenRuns, RunTicket};
use baton_engine::triggers::{Decision, TriggerHistory, decide};
use baton_model::{
    Cause, Run, RunId, RunStatus, Timestamp, Trigger, TriggerId, TriggerKind, TriggerSettings,
};
use baton_store::{Claims, RunRow, TriggerFacts};

use super::settling::End;

/// Most new runs that are kept at hand until they are driven.
const FRESH: usize = 4096;

/// Runtimes that say how long a run usually takes.
const RUNTIMES: usize = 7;

/// A trigger with what has become of it so far.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) trigger: Trigger,
    pub(crate) settings: TriggerSettings,
    pub(crate) facts: TriggerFacts,
    /// When the newest run of its schedule was made, by this process.
    pub(crate) made: Option<Timestamp>,
}

impl Entry {
    /// What it does now.
    pub(crate) fn decide(&self, now: Timestamp) -> Decision {
        let facts = &self.facts;
        let history = TriggerHistory {
            newest_date: facts.newest_date,
            // An older date that has a run is refused by the database.
            has_run_at: &|date| facts.newest_date == Some(date),
            newest_made: self.made,
            runs: facts.runs,
            newest_is_open: facts.newest_status.is_some_and(|status| !status.is_final()),
            open: u32::try_from(facts.open).unwrap_or(u32::MAX),
            runtimes: &facts.recent_runtimes,
            copies: 1,
        };
        decide(&self.trigger, &history, now)
    }
}

/// The ticket of a run that an earlier process has made.
pub(crate) fn ticket_of_row(row: &RunRow, claims: Claims) -> RunTicket {
    RunTicket {
        run: row.id,
        pipeline: row.pipeline.clone(),
        trigger: row.trigger_id,
        is_child: row.cause == Cause::Code,
        priority: row.priority,
        date: row.execution_date,
        created_at: row.created_at,
        pools: claims.pools,
        reserved: claims.reserved,
    }
}

/// The ticket of a new run.
fn ticket_of_run(run: &Run, priority: i64) -> RunTicket {
    RunTicket {
        run: run.id,
        pipeline: run.plan.pipeline.clone(),
        trigger: run.plan.occasion.trigger,
        is_child: run.plan.occasion.cause == Cause::Code,
        priority,
        date: run.plan.execution_date,
        created_at: run.created_at,
        pools: run.plan.occasion.pools.clone(),
        reserved: run.plan.reserved,
    }
}

/// What may have changed in the database.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unread {
    /// Any trigger.
    pub(crate) triggers: bool,
    /// Which runs wait, and which are open: other processes make some, and leave some.
    pub(crate) runs: bool,
    /// Ends of runs that other processes have left.
    pub(crate) ends: bool,
}

impl Unread {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self {
            triggers: true,
            runs: true,
            ends: true,
        }
    }
}

/// The view. Nothing in it waits; it is locked for moments.
#[derive(Debug, Default)]
pub(crate) struct Book {
    triggers: BTreeMap<TriggerId, Entry>,
    /// When to look at each trigger, the next one first.
    order: BTreeSet<(Timestamp, TriggerId)>,
    looks: HashMap<TriggerId, Timestamp>,
    /// Runs that wait, by number.
    pub(crate) waiting: BTreeMap<RunId, RunTicket>,
    /// Those of them that nobody has looked at yet.
    new: BTreeSet<RunId>,
    /// Runs that were let in and have not ended.
    open: BTreeMap<RunId, RunTicket>,
    /// The same, counted by what limits them.
    counted: OpenRuns,
    /// New runs as they are stored: whoever drives one need not read it.
    fresh: HashMap<RunId, Run>,
    /// What each waiting run was last told.
    pub(crate) notes: HashMap<RunId, Arc<str>>,
    /// What the database does not yet say about waiting runs; none where there is nothing to say any more.
    pub(crate) untold: BTreeMap<RunId, Option<Arc<str>>>,
    /// When it was last told.
    pub(crate) noted_at: Option<Timestamp>,
    /// Triggers that have changed in the database.
    pub(crate) changed: BTreeSet<TriggerId>,
    /// Whether there may be room for runs that were told to wait.
    pub(crate) has_moved: bool,
    /// What is to be read from the database.
    pub(crate) unread: Unread,
    /// Ends of runs that were driven here and whose consequences are to be drawn.
    pub(crate) ends: Vec<End>,
}

impl Book {
    /// An empty book, into which everything is to be read.
    pub(crate) fn unread() -> Self {
        Self {
            unread: Unread::all(),
            ..Self::default()
        }
    }

    /// Takes in what other processes have made of the runs: `rows` are the open ones, read after `before` was what
    /// stands here.
    pub(crate) fn reconcile(
        &mut self,
        rows: Vec<RunRow>,
        mut claims: HashMap<RunId, Claims>,
        before: &[RunId],
    ) {
        let stored: BTreeSet<RunId> = rows.iter().map(|row| row.id).collect();
        for id in before.iter().filter(|id| !stored.contains(id)) {
            self.waits_no_more(*id);
            let ticket = self.leaves(*id).or_else(|| self.waiting.remove(id));
            if let Some(ticket) = ticket {
                self.has_moved = true;
                self.changed.extend(ticket.trigger);
            }
        }
        for row in rows {
            // What a person runs by hand is theirs to resume.
            if self.open.contains_key(&row.id) || row.cause == Cause::Hand && !row.is_admitted {
                continue;
            }
            let is_waiting = row.status == RunStatus::Initial && !row.is_admitted;
            if is_waiting && self.waiting.contains_key(&row.id) {
                continue;
            }
            self.has_moved = true;
            if let Some(ticket) = self.waiting.get(&row.id) {
                self.counted.enter(ticket);
                self.opened(row.id);
                continue;
            }
            self.changed.extend(row.trigger_id);
            let ticket = ticket_of_row(&row, claims.remove(&row.id).unwrap_or_default());
            if is_waiting {
                if let Some(note) = row.note {
                    self.notes.insert(row.id, note.into());
                }
                self.waiting.insert(row.id, ticket);
            } else {
                self.enters(ticket);
            }
        }
    }

    /// Numbers of the runs that wait or are open.
    pub(crate) fn runs(&self) -> Vec<RunId> {
        self.waiting
            .keys()
            .chain(self.open.keys())
            .copied()
            .collect()
    }

    /// Takes in a trigger, new or changed; it is looked at next.
    pub(crate) fn put(&mut self, trigger: Trigger, facts: TriggerFacts) {
        let id = trigger.id;
        let settings = TriggerSettings::of(&trigger.settings);
        // Its limits may let more runs in than before.
        self.has_moved = true;
        self.look_at(id, trigger.is_active.then_some(Timestamp(i64::MIN)));
        self.triggers.insert(
            id,
            Entry {
                trigger,
                settings,
                facts,
                made: None,
            },
        );
    }

    pub(crate) fn remove(&mut self, id: TriggerId) {
        self.look_at(id, None);
        self.triggers.remove(&id);
    }

    pub(crate) fn entry(&self, id: TriggerId) -> Option<&Entry> {
        self.triggers.get(&id)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.triggers.values()
    }

    /// Says when to look at a trigger again.
    pub(crate) fn look_at(&mut self, id: TriggerId, at: Option<Timestamp>) {
        if let Some(before) = self.looks.remove(&id) {
            self.order.remove(&(before, id));
        }
        if let Some(at) = at {
            self.looks.insert(id, at);
            self.order.insert((at, id));
        }
    }

    /// Takes out the triggers that are to be looked at by `now`, `most` at a time.
    pub(crate) fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<TriggerId> {
        let mut due = Vec::new();
        while due.len() < most
            && let Some((at, id)) = self.order.first().copied()
            && at <= now
        {
            self.look_at(id, None);
            due.push(id);
        }
        due
    }

    /// When the next trigger is to be looked at.
    pub(crate) fn next_look(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Decides about the runs that nobody has looked at yet, or about all that wait when there may be room. Those that
    /// start are open.
    pub(crate) fn admit(
        &mut self,
        limits: impl FnOnce(&Self, &[&RunTicket]) -> Limits,
    ) -> Vec<(RunId, Admission)> {
        let new = std::mem::take(&mut self.new);
        let looked_at: Vec<&RunTicket> = if std::mem::take(&mut self.has_moved) {
            self.waiting.values().collect()
        } else {
            new.iter().filter_map(|id| self.waiting.get(id)).collect()
        };
        if looked_at.is_empty() {
            return Vec::new();
        }
        let limits = limits(self, &looked_at);
        let decided = self.counted.admit(looked_at, &limits);
        for (id, admission) in &decided {
            if *admission == Admission::Start {
                self.opened(*id);
            }
        }
        decided
    }

    /// Whether somebody waits who has to be looked at.
    pub(crate) fn has_to_admit(&self) -> bool {
        !self.new.is_empty() || self.has_moved && !self.waiting.is_empty()
    }

    /// Notes a run that waits, and was made by an earlier process.
    pub(crate) fn waits_again(&mut self, ticket: RunTicket, note: Option<String>) {
        if let Some(note) = note {
            self.notes.insert(ticket.run, note.into());
        }
        self.waiting.insert(ticket.run, ticket);
        self.has_moved = true;
    }

    /// Notes that a run is driven here.
    pub(crate) fn enters(&mut self, ticket: RunTicket) {
        self.leaves(ticket.run);
        self.counted.enter(&ticket);
        self.open.insert(ticket.run, ticket);
    }

    /// Notes that a run is driven here no more.
    pub(crate) fn leaves(&mut self, id: RunId) -> Option<RunTicket> {
        let ticket = self.open.remove(&id)?;
        self.counted.leave(&ticket);
        self.has_moved = true;
        Some(ticket)
    }

    /// The run as it was made, if it is at hand and nobody has asked before.
    pub(crate) fn take_fresh(&mut self, id: RunId) -> Option<Run> {
        self.fresh.remove(&id)
    }

    /// Keeps a new run for whoever will drive it.
    pub(crate) fn keep_fresh(&mut self, run: Run) {
        if self.fresh.len() < FRESH {
            self.fresh.insert(run.id, run);
        }
    }

    /// Notes a run that was created.
    pub(crate) fn created(&mut self, run: &Run, priority: i64) {
        self.new.insert(run.id);
        self.waiting.insert(run.id, ticket_of_run(run, priority));
        let Some(entry) = run
            .plan
            .occasion
            .trigger
            .and_then(|id| self.triggers.get_mut(&id))
        else {
            return;
        };
        let facts = &mut entry.facts;
        facts.runs += 1;
        facts.open += 1;
        if facts.newest_run.is_none_or(|newest| newest < run.id) {
            facts.newest_run = Some(run.id);
            facts.newest_status = Some(run.status);
        }
        if run.plan.occasion.cause == Cause::Schedule {
            facts.newest_date = facts.newest_date.max(Some(run.plan.execution_date));
            entry.made = Some(run.created_at);
        }
    }

    /// Notes that a run that had ended is driven here once more.
    pub(crate) fn reopened(&mut self, run: &Run) {
        let ticket = ticket_of_run(run, 0);
        let entry = ticket.trigger.and_then(|id| self.triggers.get_mut(&id));
        if let Some(entry) = entry {
            entry.facts.open += 1;
            if entry.facts.newest_run == Some(run.id) {
                entry.facts.newest_status = Some(RunStatus::Running);
            }
        }
        self.enters(ticket);
    }

    /// Notes what a waiting run waits for.
    pub(crate) fn waits(&mut self, id: RunId, reason: Arc<str>) {
        if self.waiting.contains_key(&id) && self.notes.get(&id) != Some(&reason) {
            self.notes.insert(id, Arc::clone(&reason));
            self.untold.insert(id, Some(reason));
        }
    }

    /// Notes that a run waits for nothing any more.
    fn waits_no_more(&mut self, id: RunId) {
        if self.notes.remove(&id).is_some() {
            self.untold.insert(id, None);
        }
    }

    /// Notes that a run waits no longer and is driven here; it is counted already.
    fn opened(&mut self, id: RunId) {
        self.waits_no_more(id);
        if let Some(ticket) = self.waiting.remove(&id) {
            if let Some(entry) = ticket.trigger.and_then(|id| self.triggers.get_mut(&id))
                && entry.facts.newest_run == Some(id)
            {
                entry.facts.newest_status = Some(RunStatus::Running);
            }
            self.open.insert(id, ticket);
        }
    }

    /// Notes that a run has ended, or is driven by nobody here any more.
    pub(crate) fn ended(&mut self, id: RunId, status: RunStatus, took: Option<Duration>) {
        self.has_moved = true;
        self.waits_no_more(id);
        self.fresh.remove(&id);
        let ticket = self.leaves(id).or_else(|| self.waiting.remove(&id));
        let Some(trigger) = ticket.and_then(|ticket| ticket.trigger) else {
            return;
        };
        let Some(entry) = self.triggers.get_mut(&trigger) else {
            return;
        };
        let facts = &mut entry.facts;
        facts.open = facts.open.saturating_sub(1);
        if facts.newest_run == Some(id) {
            facts.newest_status = Some(status);
        }
        if let Some(took) = took.filter(|_| status == RunStatus::Completed) {
            facts.recent_runtimes.insert(0, took);
            facts.recent_runtimes.truncate(RUNTIMES);
        }
        // What depends on the end of a run is `@always_on`, and whatever waits for its turn.
        if entry.trigger.is_active && entry.trigger.kind == TriggerKind::Time {
            self.look_at(trigger, Some(Timestamp(i64::MIN)));
        }
    }
}
