//! What runs and blocks have used, attempt by attempt, what their tests have said, and what is usual for them.

use baton_engine::usual::{Spread, Usual};
use baton_model::{AttemptRun, BlockStatus, TestResult, TestStatus, Usage};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{times, words};

/// What an attempt, or a run, has used. What was not measured is left out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Usage")]
pub(crate) struct UsageView {
    /// Rows of the frames that it took from the blocks above.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_in: Option<u64>,
    /// Rows that it produced.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// Bytes of its products.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_seconds: Option<f64>,
    /// Most bytes of memory at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory: Option<u64>,
}

/// An attempt of a block run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub(crate) struct AttemptView {
    /// Its number, from 1.
    number: u32,
    /// Whether it runs, or how it ended.
    #[schemars(with = "words::BlockStatus")]
    status: BlockStatus,
    started_at: String,
    completed_at: Option<String>,
    /// Why it failed.
    error: Option<String>,
    /// What it has used, once it has ended.
    usage: Option<UsageView>,
    /// What the tests of the block have said, in their order; of very many the first.
    tests: Vec<TestView>,
}

/// What a `@test` function of a block has said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "TestResult")]
pub(crate) struct TestView {
    name: String,
    #[schemars(with = "words::TestStatus")]
    status: TestStatus,
    /// The words of its assertion, or of what it raised.
    message: Option<String>,
    /// Where in the file of the block, from 1.
    line: Option<u32>,
}

/// What the tests have said in the newest of these attempts.
pub(crate) fn newest_tests(attempts: &[AttemptRun]) -> Vec<TestView> {
    let newest = attempts.last().map(|attempt| attempt.tests.as_slice());
    newest
        .unwrap_or_default()
        .iter()
        .map(TestView::from)
        .collect()
}

/// The status of a block run that people are shown, and its reason: one whose attempt waits for a place of the server
/// is not at work.
pub(crate) fn shown(
    status: BlockStatus,
    reason: Option<&String>,
    attempts: &[AttemptRun],
) -> (BlockStatus, Option<String>) {
    let waits = attempts.last().is_some_and(|attempt| attempt.waits);
    if status == BlockStatus::Running && waits {
        let reason = "other runs hold all places that the server has for blocks";
        (BlockStatus::Queued, Some(reason.to_owned()))
    } else {
        (status, reason.cloned())
    }
}

/// What is usual, from the newest runs that completed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Usual")]
pub(crate) struct UsualView {
    /// Seconds that it takes.
    seconds: Option<SpreadView>,
    /// Rows that it produces.
    rows: Option<SpreadView>,
    /// Bytes of memory that it uses.
    memory: Option<SpreadView>,
}

/// How far numbers lie apart.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Spread")]
struct SpreadView {
    /// Half of them are not greater.
    median: f64,
    /// A quarter of them is not greater.
    low: f64,
    /// A quarter of them is not smaller.
    high: f64,
    /// How many there are.
    count: usize,
}

impl From<&Usage> for UsageView {
    fn from(usage: &Usage) -> Self {
        Self {
            rows_in: usage.rows_in,
            rows: usage.rows,
            bytes: usage.bytes,
            cpu_seconds: usage.cpu_seconds,
            peak_memory: usage.peak_memory,
        }
    }
}

impl From<&AttemptRun> for AttemptView {
    fn from(attempt: &AttemptRun) -> Self {
        Self {
            number: attempt.number,
            status: shown(attempt.status, None, std::slice::from_ref(attempt)).0,
            started_at: times::text(attempt.started_at),
            completed_at: times::some(attempt.ended_at),
            error: attempt.error.clone(),
            usage: attempt.usage.as_ref().map(UsageView::from),
            tests: attempt.tests.iter().map(TestView::from).collect(),
        }
    }
}

impl From<&TestResult> for TestView {
    fn from(test: &TestResult) -> Self {
        Self {
            name: test.name.clone(),
            status: test.status,
            message: test.message.clone(),
            line: test.line,
        }
    }
}

impl From<&Usual> for UsualView {
    fn from(usual: &Usual) -> Self {
        Self {
            seconds: usual.seconds.map(SpreadView::from),
            rows: usual.rows.map(SpreadView::from),
            memory: usual.memory.map(SpreadView::from),
        }
    }
}

impl From<Spread> for SpreadView {
    fn from(spread: Spread) -> Self {
        Self {
            median: spread.median,
            low: spread.low,
            high: spread.high,
            count: spread.count,
        }
    }
}
