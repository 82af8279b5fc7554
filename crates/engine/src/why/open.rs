//! Runs that have not ended: what they wait for.

use std::time::Duration;

use baton_model::{BlockRun, BlockStatus, Cause, Reserved, Run, Timestamp};

use crate::reserve;

use super::path::lost;
use super::words::{clock, count, span, span_of};
use super::{Why, WhyFacts, of_callbacks, said, steps, unusual};

/// A waiting run that nobody has looked at for so long is not about to start.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// Why a run has not started.
pub(super) fn waiting(facts: &WhyFacts<'_>) -> Why {
    let WhyFacts { run, now, .. } = *facts;
    let id = run.id;
    let since = now.since(run.created_at);
    let silent = facts.scheduler_seen.map(|seen| now.since(seen));
    if silent.is_none_or(|silent| silent >= FORGOTTEN) {
        let mut why = Why::new(match silent {
            Some(silent) => {
                format!(
                    "Run {id} waits: no scheduler has been at work for {}.",
                    span(silent)
                )
            }
            None => format!("Run {id} waits: no scheduler is at work."),
        });
        why.details.push("`baton start` runs one.".to_owned());
        return why;
    }
    let mut why = Why::new(match facts.waits_for {
        Some(reason) => format!("Run {id} waits: {reason}."),
        None => format!(
            "Run {id} is about to start: it was created {} ago.",
            span(since)
        ),
    });
    if facts.waits_for.is_some() {
        why.details
            .push(format!("It has waited for {}.", span(since)));
    }
    why
}

/// What a run is doing, and what keeps it.
pub(super) fn running(facts: &WhyFacts<'_>) -> Why {
    let WhyFacts { run, now, .. } = *facts;
    let id = run.id;
    let busy = || {
        run.blocks
            .iter()
            .filter(|block| block.status == BlockStatus::Running && !block.waits_for_place())
    };
    if !facts.is_driven {
        let resume = format!("`baton run PROJECT --resume {id}`");
        let mut why = Why::new(match run.plan.occasion.cause {
            // A server leaves alone what somebody runs by hand.
            Cause::Hand => format!(
                "Run {id} is interrupted, since no process drives it: it goes on with {resume}."
            ),
            _ => format!(
                "Run {id} is interrupted, since no process drives it: it goes on when the server starts again, or with {resume}."
            ),
        });
        why.details.extend(
            busy().map(|block| format!("Block `{}` was at work; it will begin anew.", block.name)),
        );
        return why;
    }
    let has_blocks = run.blocks.iter().any(|block| !block.status.is_final());
    if (run.cancel_requested || run.ending.is_some()) && !has_blocks {
        let mut why = Why::new(idle(run));
        if run.cancel_requested {
            let told = "It was asked to stop, and callbacks are no part of that: asked once more, it stops them.";
            why.details.push(told.to_owned());
        }
        why.details.extend(of_callbacks(run));
        return why;
    }
    if run.cancel_requested || run.ending.is_some() {
        let reason = run.reason.as_deref().unwrap_or("somebody asked");
        let mut why = Why::new(format!("Run {id} is being stopped: {reason}."));
        why.details
            .extend(busy().map(|block| format!("Block `{}` has not ended yet.", block.name)));
        return why;
    }
    let slowest = busy()
        .filter_map(|block| {
            let usual = facts.usual_time(&block.key.block)?;
            let took = now.since(began(block)?).as_secs_f64();
            usual
                .is_outlasted_by(took)
                .then_some((block, took, usual.median))
        })
        .max_by(|one, other| (one.1 - one.2).total_cmp(&(other.1 - other.2)));
    let mut why = Why::new(if let Some((block, took, usual)) = slowest {
        format!(
            "Run {id} is slow: block `{}` has been running for {}; it usually takes {}.",
            block.name,
            span_of(took),
            span_of(usual)
        )
    } else if let Some(block) = busy().min_by_key(|block| began(block)) {
        let took = began(block).map_or(Duration::ZERO, |at| now.since(at));
        let others = busy().count() - 1;
        let beside = if others == 0 {
            String::new()
        } else {
            format!(", beside {}", count(others, "other"))
        };
        format!(
            "Run {id} is running: block `{}` has been at work for {}{beside}.",
            block.name,
            span(took)
        )
    } else if let Some(block) = unplaced(run).min_by_key(|block| began(block)) {
        let waited = began(block).map_or(Duration::ZERO, |at| now.since(at));
        format!(
            "Run {id} waits for a place: other runs hold all that the server has for blocks, and block `{}` has waited for {}.",
            block.name,
            span(waited)
        )
    } else {
        idle(run)
    });
    let waiting = unplaced(run).count();
    if waiting > 0 {
        why.details.push(format!(
            "{} for a place: the project's `queue_config: concurrency` says how many the server has.",
            wait(waiting)
        ));
    }
    why.details.extend(interruptions(run));
    why.details.extend(waiting_blocks(run));
    why.details.extend(steps(facts));
    why.details.extend(unusual(facts));
    why.details.extend(of_callbacks(run));
    why
}

/// Block runs that wait for a place among the block processes of the server.
fn unplaced(run: &Run) -> impl Iterator<Item = &BlockRun> {
    run.blocks.iter().filter(|block| block.waits_for_place())
}

/// When the first attempt of a block run began that was not lost with its process.
fn began(block: &BlockRun) -> Option<Timestamp> {
    Some(block.started_at?.after(lost(block)))
}

/// What was lost with a process, and is done anew.
fn interruptions(run: &Run) -> Option<String> {
    let busy = run.blocks.iter();
    let busy = busy.filter(|block| block.status == BlockStatus::Running);
    let (lost, block) = busy
        .map(|block| (lost(block), block))
        .max_by_key(|(lost, _)| *lost)?;
    (!lost.is_zero()).then(|| {
        format!(
            "It was interrupted: block `{}` began anew {} after its first start.",
            block.name,
            span(lost)
        )
    })
}

/// A run none of whose blocks is at work.
fn idle(run: &Run) -> String {
    let id = run.id;
    let retried = run
        .blocks
        .iter()
        .filter(|block| block.status == BlockStatus::Initial);
    let retried = retried.filter_map(|block| Some((block.retry_at?, block)));
    if let Some((at, block)) = retried.min_by_key(|(at, _)| *at) {
        let tried = block.attempt.saturating_sub(block.earlier);
        let error = block.error.as_ref().map_or_else(String::new, said);
        return format!(
            "Run {id} waits to try block `{}` again at {}: {} failed{error}.",
            block.name,
            clock(at),
            count(tried as usize, "attempt"),
        );
    }
    let calls = |block: &&BlockRun| block.callbacks.as_ref().is_some_and(|one| !one.done);
    if let Some(block) = run.blocks.iter().find(calls) {
        return format!(
            "Run {id} is about to end: the callbacks of block `{}` are running.",
            block.name
        );
    }
    format!("Run {id} is running: nothing of it is at work at the moment.")
}

/// `1 block waits`, `2 blocks wait`.
fn wait(blocks: usize) -> String {
    let s = if blocks == 1 { "s" } else { "" };
    format!("{} wait{s}", count(blocks, "block"))
}

/// Why blocks of a running run have not started.
fn waiting_blocks(run: &Run) -> Vec<String> {
    let of = |wanted: BlockStatus| {
        run.blocks
            .iter()
            .filter(move |block| block.status == wanted)
    };
    let queued: Vec<&BlockRun> = of(BlockStatus::Queued).collect();
    let mut found = Vec::new();
    if let Some(first) = queued.first() {
        let running = of(BlockStatus::Running).count();
        let more = match queued.len() {
            1 => String::new(),
            all => format!(" and {}", count(all - 1, "other")),
        };
        let at_work = match running {
            1 => "1 block is".to_owned(),
            many => format!("{many} blocks are"),
        };
        let wants = run.plan.block(&first.key.block);
        let wants = wants.map(|block| block.resources.reserved());
        let wants = wants.unwrap_or_default();
        found.push(if reserve::has_room(&run.plan, reserve::taken(run), wants) {
            format!(
                "Block `{}`{more} could start, but {at_work} at work already: the run may use {}.",
                first.name,
                count(run.plan.workers as usize, "worker")
            )
        } else {
            let Reserved { cpu, memory } = run.plan.reserved;
            let has = [
                (cpu > 0).then(|| reserve::processors(cpu)),
                (memory > 0).then(|| format!("{} of memory", reserve::mebibytes(memory))),
            ];
            let has: Vec<String> = has.into_iter().flatten().collect();
            format!(
                "Block `{}`{more} could start, but {at_work} at work already: the run reserves {}.",
                first.name,
                has.join(" and ")
            )
        });
    }
    let initial = of(BlockStatus::Initial).count();
    if initial > 0 {
        found.push(match run.plan.block_run_limit {
            Some(limit) => format!(
                "{} for blocks above, a retry, or the limit of {limit} blocks at a time.",
                wait(initial)
            ),
            None => format!("{} for blocks above or a retry.", wait(initial)),
        });
    }
    found
}
