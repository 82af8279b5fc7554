//! How an attempt that did not complete ended, in the words of the person who has to act.

use std::io;

use baton_base::chain;
use baton_model::{BlockError, BlockKind, FailureKind};

use crate::launch::Exit;
use crate::runner::{Attempt, MemoryLimit};

/// The block met its timeout.
pub(crate) fn timed_out(attempt: &Attempt) -> BlockError {
    let seconds = attempt.block.timeout.unwrap_or_default().as_secs_f64();
    let raise = "raise `timeout` of the block in the pipeline's metadata.yaml";
    let (message, hint) = if attempt.block.kind == BlockKind::Sensor {
        (
            format!("the sensor was not satisfied within its timeout of {seconds} s"),
            format!("look at what it waits for, or {raise}"),
        )
    } else {
        (
            format!("the block took longer than its timeout of {seconds} s"),
            format!("{raise}, or make it faster"),
        )
    };
    BlockError::new(FailureKind::Timeout, message).with_hint(hint)
}

/// The block used more memory than it may.
pub(crate) fn out_of_memory(used: u64, limit: MemoryLimit) -> BlockError {
    let MemoryLimit {
        bytes: limit,
        is_own,
    } = limit;
    let message = if used > limit {
        format!(
            "the block used {} of private memory; it may use {}",
            megabytes(used),
            megabytes(limit)
        )
    } else {
        // The kernel stops a block before it is beyond its limit.
        format!(
            "the block used up the {} of memory that it may use",
            megabytes(limit)
        )
    };
    BlockError::new(FailureKind::OutOfMemory, message)
        .with_hint(if is_own {
            "process the data in smaller parts, or raise `resource_limits` in the block's `executor_config`"
        } else {
            "process the data in smaller parts, or raise the limit with `--memory`"
        })
}

/// The worker went away before it had its job.
pub(crate) fn job_error(error: &io::Error) -> BlockError {
    BlockError::new(
        FailureKind::Worker,
        format!("the worker did not take its job: {error}"),
    )
}

/// What a process that ended without a word must have met.
pub(crate) fn ended_early(exit: Option<&Exit>) -> BlockError {
    match exit {
        Some(Exit {
            signal: Some(9), ..
        }) => BlockError::new(
            FailureKind::OutOfMemory,
            "the block's process was killed by the system (SIGKILL)",
        )
        .with_hint("the machine most likely ran out of memory: process the data in smaller parts"),
        Some(Exit {
            signal: Some(signal),
            ..
        }) => {
            let message = format!(
                "the block's process died from signal {signal}{}",
                signal_name(*signal)
            );
            BlockError::new(FailureKind::Crash, message)
                .with_hint("a native library crashed; look at the last lines of the log and at recent upgrades")
        }
        Some(Exit {
            code: Some(code), ..
        }) => {
            let message = format!(
                "the block's process ended with exit code {code} before the block had finished"
            );
            BlockError::new(FailureKind::Exit, message)
                .with_hint("return from the function instead of ending the process")
        }
        _ => BlockError::new(FailureKind::Worker, "the block's process vanished"),
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL, illegal instruction)",
        6 => " (SIGABRT, abort)",
        7 => " (SIGBUS, bus error)",
        8 => " (SIGFPE, arithmetic error)",
        11 => " (SIGSEGV, segmentation fault)",
        15 => " (SIGTERM)",
        25 => " (SIGXFSZ, file too large)",
        _ => "",
    }
}

/// An error of the product store as the block's failure.
pub(crate) fn storage_error(error: &(impl baton_base::Diagnose + 'static)) -> BlockError {
    let text = chain(error);
    let failure = BlockError::new(FailureKind::Storage, format!("failed to {text}"));
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// `512 MB`.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: Option<i32>, signal: Option<i32>) -> Exit {
        Exit {
            code,
            signal,
            cpu_seconds: None,
            orphans: Vec::new(),
        }
    }

    #[test]
    fn memory_beyond_the_limit_and_memory_used_up() {
        const LIMIT: MemoryLimit = MemoryLimit {
            bytes: 200_000_000,
            is_own: false,
        };
        let looked_at = out_of_memory(204_000_000, LIMIT);
        assert_eq!(
            looked_at.message,
            "the block used 204 MB of private memory; it may use 200 MB"
        );
        let held = out_of_memory(200_000_000, LIMIT);
        assert_eq!(
            held.message,
            "the block used up the 200 MB of memory that it may use"
        );
        assert_eq!(held.kind, FailureKind::OutOfMemory);
        assert_eq!(held.hint, looked_at.hint);
        let own = out_of_memory(
            1,
            MemoryLimit {
                is_own: true,
                ..LIMIT
            },
        );
        assert!(own.hint.unwrap().contains("resource_limits"));
    }

    #[test]
    fn every_silent_end_has_a_kind_and_says_why() {
        for (ended, kind, part) in [
            (
                Some(exit(None, Some(11))),
                FailureKind::Crash,
                "segmentation fault",
            ),
            (
                Some(exit(None, Some(9))),
                FailureKind::OutOfMemory,
                "killed by the system",
            ),
            (Some(exit(Some(3), None)), FailureKind::Exit, "exit code 3"),
            (None, FailureKind::Worker, "vanished"),
        ] {
            let error = ended_early(ended.as_ref());
            assert_eq!(error.kind, kind);
            assert!(error.message.contains(part), "{}", error.message);
        }
    }
}
