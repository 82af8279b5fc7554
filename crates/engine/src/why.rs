//! Why a run has not started, waits, was skipped, failed, or is slow, in sentences for people.
//!
//! Pure: facts in, words out. `docs/reference/why.md` has a table of situations with their first sentences, and the
//! tests read it.

mod changes;
mod open;
mod path;
pub(crate) mod words;

use std::collections::BTreeMap;

use baton_model::{BlockError, BlockStatus, BlockUuid, Run, RunId, RunStatus, Timestamp, Trigger};

use crate::triggers::Decision;
use crate::usual::{Spread, Usual};

pub use changes::{Changes, changes};
pub use path::{Link, critical_path};
pub use words::span;

use words::{clock, count, number, span_of};

/// Most callbacks whose errors are told.
const MOST_CALLBACKS: usize = 3;

/// Most links of a critical path that are shown.
const MOST_LINKS: usize = 5;

/// An explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The answer in one sentence.
    pub headline: String,
    /// What else there is to know, one sentence each.
    pub details: Vec<String>,
}

impl Why {
    fn new(headline: String) -> Self {
        Self {
            headline,
            details: Vec::new(),
        }
    }
}

/// What is known of a run that is to be explained.
#[derive(Clone, Copy)]
pub struct WhyFacts<'a> {
    /// The run.
    pub run: &'a Run,
    /// The time.
    pub now: Timestamp,
    /// Why it was not let in when it was last looked at.
    pub waits_for: Option<&'a str>,
    /// When a scheduler last showed that it lives; none where none is known.
    pub scheduler_seen: Option<Timestamp>,
    /// Whether a process drives it, where it has begun and not ended.
    pub is_driven: bool,
    /// Seconds that runs of the pipeline usually take.
    pub usual: Option<Spread>,
    /// What its blocks usually take, produce and use.
    pub usual_blocks: &'a BTreeMap<BlockUuid, Usual>,
    /// The newest run of the pipeline that completed before this one.
    pub last_good: Option<&'a Run>,
}

impl WhyFacts<'_> {
    /// Seconds that a block usually takes.
    fn usual_time(&self, block: &BlockUuid) -> Option<Spread> {
        self.usual_blocks.get(block)?.seconds
    }
}

/// Why a trigger has not made the run that somebody misses. `refused` is why the newest date could not become a run.
pub fn why_no_run(trigger: &Trigger, decision: &Decision, refused: Option<&str>) -> Why {
    let name = &trigger.name;
    if let Some(reason) = refused {
        return Why::new(format!(
            "Trigger `{name}` could not make its newest run: {reason}."
        ));
    }
    let mut why = if decision.waits {
        Why::new(format!(
            "Trigger `{name}` waits for its next date: {}.",
            decision.reason
        ))
    } else if decision.due.is_empty() {
        Why::new(format!(
            "Trigger `{name}` makes no run now: {}.",
            decision.reason
        ))
    } else {
        Why::new(format!(
            "Trigger `{name}` is about to make {}: {}.",
            count(decision.due.len(), "run"),
            decision.reason
        ))
    };
    why.details.push(match decision.next {
        Some(next) => format!("It looks again at {}.", clock(next)),
        None => "It looks again when the trigger or one of its runs changes.".to_owned(),
    });
    why
}

/// Why a run is as it is.
pub fn why(facts: &WhyFacts<'_>) -> Why {
    let run = facts.run;
    match run.status {
        RunStatus::Initial => open::waiting(facts),
        RunStatus::Running => open::running(facts),
        RunStatus::Completed => completed(facts),
        RunStatus::Failed => failed(facts),
        RunStatus::Cancelled => cancelled(facts),
    }
}

fn completed(facts: &WhyFacts<'_>) -> Why {
    let run = facts.run;
    let id = run.id;
    let took = took(run, facts.now);
    let blamed = slowest_link(facts);
    let mut why = Why::new(match facts.usual {
        Some(usual) if usual.is_outlasted_by(took) => {
            let blame = blamed.as_ref();
            let blame = blame.map_or_else(String::new, |blame| format!(": {}", blame.text));
            format!(
                "Run {id} took {} instead of the usual {}{blame}.",
                span_of(took),
                span_of(usual.median)
            )
        }
        _ => match left_out(run) {
            Some((blocks, reason)) => format!(
                "Run {id} completed in {}; {} left out: {reason}.",
                span_of(took),
                match blocks {
                    1 => "1 block was".to_owned(),
                    many => format!("{many} blocks were"),
                }
            ),
            None => format!("Run {id} completed in {}.", span_of(took)),
        },
    });
    why.details.extend(steps(facts));
    why.details.extend(unusual(facts));
    why.details.extend(of_callbacks(run));
    // A process that went away has nothing to do with what has changed.
    if let (Some(usual), Some(good)) = (facts.usual, facts.last_good)
        && usual.is_outlasted_by(took)
        && !blamed.is_some_and(|blame| blame.is_interruption)
    {
        why.details.extend(since(run, good));
    }
    why
}

/// Blocks that a condition kept from running, and the first reason.
fn left_out(run: &Run) -> Option<(usize, &str)> {
    let blocks = || {
        let blocks = run.blocks.iter();
        blocks.filter(|block| block.status == BlockStatus::ConditionFailed)
    };
    let reason = blocks().find_map(|block| block.reason.as_deref())?;
    Some((blocks().count(), reason))
}

fn failed(facts: &WhyFacts<'_>) -> Why {
    let run = facts.run;
    let id = run.id;
    // The first one that failed; those that follow from it are not the reason.
    let broken = run
        .blocks
        .iter()
        .filter(|block| block.status == BlockStatus::Failed);
    let Some(block) = broken.clone().min_by_key(|block| block.ended_at) else {
        let reason = run.reason.as_deref().unwrap_or("nothing says why");
        let mut why = Why::new(format!("Run {id} failed: {reason}."));
        why.details.extend(steps(facts));
        why.details.extend(of_callbacks(run));
        return why;
    };
    let differing = facts.last_good.map(|good| (good.id, changes(run, good)));
    let is_new = |changes: &Changes| changes.code.contains(&block.key.block);
    let blame = match &differing {
        Some((good, changes)) if is_new(changes) => {
            format!("; its code has changed since run {good}, which completed")
        }
        _ => String::new(),
    };
    let error = block.error.as_ref().map_or_else(String::new, said);
    let mut why = Why::new(format!(
        "Run {id} failed: block `{}` failed{error}{blame}.",
        block.name
    ));
    if let Some(error) = &block.error {
        if let Some(frame) = error.frames.last() {
            let (file, line) = (&frame.file, frame.line);
            why.details
                .push(format!("It happened in `{file}`, line {line}."));
        }
        why.details.extend(
            error
                .hint
                .as_ref()
                .map(|hint| format!("What can be done: {hint}.")),
        );
    }
    let tried = block.attempt.saturating_sub(block.earlier);
    if tried > 1 {
        why.details.push(format!("It was tried {tried} times."));
    }
    let others = broken.count() - 1;
    if others > 0 {
        why.details
            .push(format!("{} failed too.", count(others, "other block")));
    }
    let kept = run.blocks.iter().filter(|block| {
        matches!(
            block.status,
            BlockStatus::UpstreamFailed | BlockStatus::Cancelled
        )
    });
    let kept = kept.count();
    if kept > 0 {
        why.details.push(format!(
            "{} did not run because of it.",
            count(kept, "block")
        ));
    }
    why.details.extend(of_callbacks(run));
    match differing {
        Some((good, changes)) => why.details.extend(told(good, &changes)),
        None => why
            .details
            .push("No earlier run of the pipeline completed.".to_owned()),
    }
    why
}

fn cancelled(facts: &WhyFacts<'_>) -> Why {
    let run = facts.run;
    let id = run.id;
    let reason = run.reason.as_deref().or_else(|| {
        let mut blocks = run.blocks.iter();
        blocks.find_map(|block| block.reason.as_deref())
    });
    let reason = reason.unwrap_or("nothing says why");
    if run.started_at.is_none() {
        return Why::new(format!("Run {id} was not started: {reason}."));
    }
    let mut why = Why::new(format!("Run {id} was cancelled: {reason}."));
    let done = run
        .blocks
        .iter()
        .filter(|block| block.status == BlockStatus::Completed);
    let (done, all) = (done.count(), run.blocks.len());
    why.details
        .push(format!("{done} of {} had completed.", count(all, "block")));
    why.details.extend(of_callbacks(run));
    why
}

/// What went wrong in callbacks, which changes no status: nothing else tells of it.
fn of_callbacks(run: &Run) -> Vec<String> {
    let errors = run.blocks.iter().filter_map(|block| {
        let error = block.callbacks.as_ref()?.error.as_ref()?;
        Some(format!(
            "A callback of block `{}` failed{}.",
            block.name,
            said(error)
        ))
    });
    let mut found: Vec<String> = errors.collect();
    let all = found.len();
    if all > MOST_CALLBACKS {
        found.truncate(MOST_CALLBACKS);
        let more = count(all - MOST_CALLBACKS, "more block");
        found.push(format!("So did callbacks of {more}."));
    }
    found
}

/// What an error says, after the word `failed`.
fn said(error: &BlockError) -> String {
    let message = error.message.lines().next().unwrap_or_default();
    // The sentence that it is put into has a stop of its own.
    let message = message.trim_end_matches(['.', '?', '!']);
    match &error.exception {
        Some(exception) if !message.starts_with(exception.as_str()) => {
            format!(" with {exception}: {message}")
        }
        _ => format!(": {message}"),
    }
}

fn took(run: &Run, now: Timestamp) -> f64 {
    let start = run.started_at.unwrap_or(run.created_at);
    run.ended_at.unwrap_or(now).since(start).as_secs_f64()
}

/// What made a run slow.
struct Blame {
    /// In words, behind a colon.
    text: String,
    /// Whether a process went away.
    is_interruption: bool,
}

/// The link of the critical path that took most beyond what is usual.
fn slowest_link(facts: &WhyFacts<'_>) -> Option<Blame> {
    let own = |text: String| Blame {
        text,
        is_interruption: false,
    };
    let chain = critical_path(facts.run, facts.now);
    let beyond = chain.iter().filter_map(|link| {
        let block = facts.run.blocks.get(link.position)?;
        let usual = facts.usual_time(&block.key.block)?;
        let more = link.took.as_secs_f64() - usual.median;
        (more > 0.0).then_some((more, link, usual.median))
    });
    let slow = beyond.max_by(|one, other| one.0.total_cmp(&other.0));
    let waited = chain.iter().max_by_key(|link| link.waited);
    let lost = chain.iter().max_by_key(|link| link.lost);
    if let Some(link) = lost.filter(|link| {
        let more = slow.map_or(0.0, |(more, ..)| more);
        let waited = waited.map_or(0.0, |link| link.waited.as_secs_f64());
        link.lost.as_secs() > 0 && link.lost.as_secs_f64() > more.max(waited)
    }) {
        return Some(Blame {
            text: format!(
                "no process drove it for a time, and block `{}` began anew {} after its first start",
                link.name,
                span(link.lost)
            ),
            is_interruption: true,
        });
    }
    if let Some(link) = waited.filter(|link| {
        link.waited.as_secs_f64() > slow.map_or(0.0, |(more, ..)| more) && link.waited.as_secs() > 0
    }) {
        return Some(own(format!(
            "block `{}` waited {} for a free worker",
            link.name,
            span(link.waited)
        )));
    }
    let (_, link, usual) = slow?;
    Some(own(format!(
        "block `{}` took {}, usually {}",
        link.name,
        span(link.took),
        span_of(usual)
    )))
}

/// The critical path, its longest links, in order.
fn steps(facts: &WhyFacts<'_>) -> Vec<String> {
    let mut chain = critical_path(facts.run, facts.now);
    let all = chain.len();
    if all == 0 {
        return Vec::new();
    }
    let mut longest: Vec<usize> = (0..all).collect();
    longest.sort_by_key(|at| {
        std::cmp::Reverse(
            chain
                .get(*at)
                .map(|link| link.took + link.waited + link.lost),
        )
    });
    longest.truncate(MOST_LINKS);
    let mut at = 0;
    chain.retain(|_| {
        at += 1;
        longest.contains(&(at - 1))
    });
    let links: Vec<String> = chain
        .iter()
        .map(|link| {
            let usual = facts.run.blocks.get(link.position);
            let usual = usual.and_then(|block| facts.usual_time(&block.key.block));
            let usual = usual.map_or_else(String::new, |usual| {
                format!(", usually {}", span_of(usual.median))
            });
            let waited = if link.waited.as_secs() > 0 {
                format!(", after waiting {}", span(link.waited))
            } else {
                String::new()
            };
            let lost = if link.lost.as_secs() > 0 {
                format!(", begun anew {} after its first start", span(link.lost))
            } else {
                String::new()
            };
            let took = span(link.took);
            format!("`{}` {took}{usual}{waited}{lost}", link.name)
        })
        .collect();
    vec![format!(
        "The longest way through it, {}: {}.",
        if all == links.len() {
            "all of it".to_owned()
        } else {
            format!("its {} longest of {}", links.len(), count(all, "step"))
        },
        links.join("; ")
    )]
}

/// Blocks that produced or used more than they usually do.
fn unusual(facts: &WhyFacts<'_>) -> Vec<String> {
    let declared = facts.run.blocks.iter();
    let declared = declared.filter(|block| block.key.child.is_none());
    let mut found = Vec::new();
    for block in declared {
        let (Some(usage), Some(usual)) = (block.usage, facts.usual_blocks.get(&block.key.block))
        else {
            continue;
        };
        let beyond = |spread: Option<Spread>, now: Option<u64>| {
            let (spread, now) = (spread?, now? as f64);
            spread.is_exceeded_by(now).then_some((now, spread.median))
        };
        if let Some((now, median)) = beyond(usual.rows, usage.rows) {
            found.push(format!(
                "Block `{}` produced {} rows, usually {}.",
                block.name,
                number(now),
                number(median)
            ));
        }
        if let Some((now, median)) = beyond(usual.memory, usage.peak_memory) {
            found.push(format!(
                "Block `{}` used {} MB of memory, usually {}.",
                block.name,
                number(now / 1e6),
                number(median / 1e6)
            ));
        }
    }
    found
}

/// What is different since the last good run.
fn since(run: &Run, good: &Run) -> Vec<String> {
    told(good.id, &changes(run, good))
}

fn told(good: RunId, changes: &Changes) -> Vec<String> {
    if changes.is_empty() {
        return vec![format!(
            "Nothing that Baton knows of has changed since run {good}, the last good one."
        )];
    }
    let mut found = vec![format!("Since run {good}, the last good one:")];
    found.extend(changes.sentences());
    found
}
