//! What runs and blocks have used, and what is usual for them.

use baton_engine::usual::{Spread, Usual};
use baton_model::Usage;
use schemars::JsonSchema;
use serde::Serialize;

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
