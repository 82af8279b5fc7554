//! What runs and blocks have used, attempt by attempt, what their tests have said, and what is usual for them.

use baton_engine::usual::{Spread, Usual};
use baton_model::{AttemptRun, BlockStatus, TestResult, TestStatus, Timestamp, Usage};
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

/// How people are told where a block run stands.
pub(crate) struct Standing {
    pub(crate) status: BlockStatus,
    pub(crate) reason: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
}

/// Where a block run stands: one whose attempt waits for a place of the server is not at work, and a first one has not
/// started.
pub(crate) fn standing(
    status: BlockStatus,
    reason: Option<&String>,
    started_at: Option<Timestamp>,
    attempts: &[AttemptRun],
) -> Standing {
    match attempts.last() {
        Some(newest) if status == BlockStatus::Running && newest.waits => Standing {
            status: BlockStatus::Queued,
            reason: Some("other runs hold all places that the server has for blocks".to_owned()),
            started_at: started_at.filter(|at| *at < newest.started_at),
        },
        _ => Standing {
            status,
            reason: reason.cloned(),
            started_at,
        },
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
            status: match attempt.status {
                BlockStatus::Running if attempt.waits => BlockStatus::Queued,
                status => status,
            },
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
