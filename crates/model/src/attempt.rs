//! What is remembered of the attempts of a block run.

use serde::{Deserialize, Serialize};

use crate::{BlockStatus, Timestamp, Usage};

/// So many attempts of a block run are remembered, the newest ones.
pub const REMEMBERED_ATTEMPTS: usize = 20;

/// How a `@test` function of a block ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// It ran through.
    Passed,
    /// One of its assertions did not hold.
    Failed,
    /// It raised something else, which ends the attempt.
    Error,
    /// One before it has ended the attempt.
    NotRun,
}

/// What a `@test` function of a block has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The name of the function.
    pub name: String,
    /// How it ended.
    pub status: TestStatus,
    /// The words of its assertion, or of what it raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where in the file of the block, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// An attempt of a block run. One that was lost with its process is told until it starts again under the same number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRun {
    /// Its number, from 1.
    pub number: u32,
    /// Whether it runs, or how it ended.
    pub status: BlockStatus,
    /// When it started; while it waits for a place among the block processes of the server, when it began to wait.
    pub started_at: Timestamp,
    /// When one of this number first started that was lost with its process: what that began may go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_since: Option<Timestamp>,
    /// Whether it waits for such a place.
    #[serde(default, skip_serializing_if = "is_false")]
    pub waits: bool,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it used, as far as it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What the tests of the block have said, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestResult>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}
