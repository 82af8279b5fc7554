//! Block runs as lists show them, each with a number.
//!
//! A block run is named by its run and key. Programs that want one number for it get the run's number times 2^20 plus
//! its place in the run, which never changes: no run may have more block runs than 2^20, and numbers stay exact in
//! JSON up to run 2^33.

use baton_model::{BlockError, BlockRunKey, BlockStatus, RunId, Timestamp, Usage};
use sqlx::AssertSqlSafe;

use crate::rows;
use crate::sql::{Row, values};
use crate::{Store, StoreError};

/// Bits of a number that say the place in the run.
const PLACE_BITS: u32 = 20;

/// A block run in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockRunRow {
    /// One number for it inside the project.
    pub id: i64,
    /// The run.
    pub run: RunId,
    /// Which block run.
    pub key: BlockRunKey,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub status: BlockStatus,
    /// Number of the newest attempt.
    pub attempt: u32,
    /// When the first attempt started.
    pub started_at: Option<Timestamp>,
    /// When it reached its final status.
    pub ended_at: Option<Timestamp>,
    /// When a failed attempt is repeated.
    pub retry_at: Option<Timestamp>,
    /// Why it failed, or how its newest attempt failed.
    pub error: Option<BlockError>,
    /// Why it did not run.
    pub reason: Option<String>,
    /// What its newest attempt used, once that has ended.
    pub usage: Option<Usage>,
}

const COLUMNS: &str = "run, position, block, child, name, status, attempt, started_at, ended_at, retry_at, error, reason, usage";

/// The columns of a block run in a statement that reads other tables too.
pub(crate) fn columns_of(table: &str) -> String {
    let columns = COLUMNS.split(", ");
    let columns: Vec<String> = columns.map(|column| format!("{table}.{column}")).collect();
    columns.join(", ")
}

impl Store {
    /// The block runs of a run, in its order.
    pub async fn block_runs(&self, run: RunId) -> Result<Vec<BlockRunRow>, StoreError> {
        let sql = format!("select {COLUMNS} from block_run where run = $1 order by position");
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![run])
            .await?;
        found.iter().map(block_run_row).collect()
    }

    /// The block run of this number.
    pub async fn block_run(&self, id: i64) -> Result<Option<BlockRunRow>, StoreError> {
        let place = id & ((1 << PLACE_BITS) - 1);
        let sql = format!("select {COLUMNS} from block_run where run = $1 and position = $2");
        let values = values![id >> PLACE_BITS, place];
        let found = self
            .database
            .fetch_first(AssertSqlSafe(sql), values)
            .await?;
        found.as_ref().map(block_run_row).transpose()
    }
}

pub(crate) fn block_run_row(row: &Row) -> Result<BlockRunRow, StoreError> {
    let run = row.integer("run")?;
    Ok(BlockRunRow {
        id: (run << PLACE_BITS) | row.integer("position")?,
        run: RunId(run),
        key: rows::key(&row.text("block")?, row.integer("child")?),
        name: row.text("name")?,
        status: row.word("the status of a block run", "status")?,
        attempt: row.count("attempt")?,
        started_at: row.some_moment("started_at")?,
        ended_at: row.some_moment("ended_at")?,
        retry_at: row.some_moment("retry_at")?,
        error: row.some_json("an error", "error")?,
        reason: row.some_text("reason")?,
        usage: row.some_json("what a block used", "usage")?,
    })
}
