//! The legal changes of status, declared once: `apply` asserts them and the reference page is drawn from them.

use std::fmt::Write;

use baton_model::{BlockStatus, RunStatus};

/// A legal change of status and when it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition<S> {
    /// Status before.
    pub from: S,
    /// Status after.
    pub to: S,
    /// When it happens.
    pub when: &'static str,
}

const fn from<S: Copy>(from: S, to: S, when: &'static str) -> Transition<S> {
    Transition { from, to, when }
}

/// Every change of a run's status that can happen.
pub const RUN_TRANSITIONS: &[Transition<RunStatus>] = &[
    from(
        RunStatus::Initial,
        RunStatus::Running,
        "the run was started",
    ),
    from(
        RunStatus::Initial,
        RunStatus::Cancelled,
        "it was cancelled or refused before it started",
    ),
    from(
        RunStatus::Running,
        RunStatus::Completed,
        "every block ended and none failed",
    ),
    from(
        RunStatus::Running,
        RunStatus::Failed,
        "a block failed: at once, or, where failures are allowed, when everything else has ended",
    ),
    from(
        RunStatus::Running,
        RunStatus::Cancelled,
        "it was cancelled and its last attempt ended",
    ),
    from(
        RunStatus::Failed,
        RunStatus::Running,
        "it was resumed or retried: what did not complete runs again",
    ),
    from(
        RunStatus::Cancelled,
        RunStatus::Running,
        "it was resumed or retried: what did not complete runs again",
    ),
    from(
        RunStatus::Completed,
        RunStatus::Running,
        "it was retried from a block: that block and those below it run again",
    ),
];

/// Every change of a block run's status that can happen.
pub const BLOCK_TRANSITIONS: &[Transition<BlockStatus>] = &[
    from(
        BlockStatus::Initial,
        BlockStatus::Queued,
        "its upstream blocks completed, its retry is due, and the pipeline's limit on block runs has room",
    ),
    from(
        BlockStatus::Initial,
        BlockStatus::Failed,
        "it is its turn, but it cannot run: its file is missing or its kind is not supported",
    ),
    from(
        BlockStatus::Initial,
        BlockStatus::Completed,
        "it stands for child runs of a dynamic block's items, and these have been made",
    ),
    from(
        BlockStatus::Initial,
        BlockStatus::UpstreamFailed,
        "a block above it failed",
    ),
    from(
        BlockStatus::Initial,
        BlockStatus::ConditionFailed,
        "the condition of a block above it said no",
    ),
    from(
        BlockStatus::Initial,
        BlockStatus::Cancelled,
        "the run was cancelled, or failed at once, or a block above it was cancelled",
    ),
    from(
        BlockStatus::Queued,
        BlockStatus::UpstreamFailed,
        "the block that yielded its item failed in the end",
    ),
    from(
        BlockStatus::Queued,
        BlockStatus::ConditionFailed,
        "the block that yielded its item was tried again and did not yield it",
    ),
    from(
        BlockStatus::Queued,
        BlockStatus::Running,
        "a worker is free",
    ),
    from(
        BlockStatus::Queued,
        BlockStatus::Initial,
        "the run was retried",
    ),
    from(
        BlockStatus::Completed,
        BlockStatus::Initial,
        "the run was retried from this block or from one above it",
    ),
    from(
        BlockStatus::Queued,
        BlockStatus::Cancelled,
        "the run was cancelled or failed at once",
    ),
    from(
        BlockStatus::Running,
        BlockStatus::Completed,
        "the attempt ran through; its products are committed with this change",
    ),
    from(
        BlockStatus::Running,
        BlockStatus::Initial,
        "the attempt failed and is retried later, it was lost with the process that drove it, or the run was retried",
    ),
    from(
        BlockStatus::Running,
        BlockStatus::Failed,
        "the attempt failed and no retry is left or can help",
    ),
    from(
        BlockStatus::Running,
        BlockStatus::ConditionFailed,
        "a condition attached to it said no",
    ),
    from(
        BlockStatus::Running,
        BlockStatus::Cancelled,
        "the attempt was stopped, or the run failed at once",
    ),
    from(
        BlockStatus::Completed,
        BlockStatus::Initial,
        "the block that yielded its item was tried again and yielded another one",
    ),
    from(
        BlockStatus::Failed,
        BlockStatus::Initial,
        "the ended run was resumed, or retried, or the block that yielded its item yielded another one",
    ),
    from(
        BlockStatus::UpstreamFailed,
        BlockStatus::Initial,
        "the ended run was resumed, or retried, or the block that yielded its item yielded another one",
    ),
    from(
        BlockStatus::ConditionFailed,
        BlockStatus::Initial,
        "the ended run was resumed, or retried, or the block that yielded its item yielded another one",
    ),
    from(
        BlockStatus::Cancelled,
        BlockStatus::Initial,
        "the ended run was resumed, or retried, or the block that yielded its item yielded another one",
    ),
];

/// Whether the table allows a change.
pub(crate) fn allows<S: Copy + PartialEq>(table: &[Transition<S>], before: S, after: S) -> bool {
    table
        .iter()
        .any(|legal| legal.from == before && legal.to == after)
}

/// The reference page of statuses, `docs/reference/run-states.md`.
pub fn states_page() -> String {
    let mut page = String::from(
        "# States of runs and block runs\n\n\
         <!-- Generated from crates/engine/src/states.rs: \
         UPDATE=1 cargo test -p baton-engine --test it states -->\n\n\
         A run ends as `completed`, `failed` or `cancelled`. Only resuming or retrying it leaves one of these: a failed\n\
         or cancelled run as a whole, a completed one from a block on.\n\n\
         Retrying makes block runs as good as new: a block with all below it, or whatever did not complete. Their\n\
         attempts are counted on, so that logs stay apart, but retries begin anew, and so does the timeout of the run.\n\
         Child runs whose items are made anew are dropped with their records.\n",
    );
    section(&mut page, "Runs", RUN_TRANSITIONS, RunStatus::name);
    page.push_str(
        "\nA block run that is `initial` waits for its upstream blocks or for its retry; `queued`, it waits for\n\
         one of the workers of its run. One that is `running` can find that other runs hold all places of the server for\n\
         block processes: its time counts from the moment at which it has one. An attempt that was lost with its process starts again under the same number, since it\n\
         does not count as a retry, and under a new fence, so that a late result of the lost one is refused.\n",
    );
    section(
        &mut page,
        "Block runs",
        BLOCK_TRANSITIONS,
        BlockStatus::name,
    );
    page
}

fn section<S: Copy>(
    page: &mut String,
    title: &str,
    table: &[Transition<S>],
    name: fn(S) -> &'static str,
) {
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n## {title}\n\n```mermaid\nstateDiagram-v2\n    [*] --> initial\n"
    );
    for legal in table {
        let _ = writeln!(page, "    {} --> {}", name(legal.from), name(legal.to));
    }
    page.push_str("```\n\n| From | To | When |\n|---|---|---|\n");
    for legal in table {
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {} |",
            name(legal.from),
            name(legal.to),
            legal.when
        );
    }
}
