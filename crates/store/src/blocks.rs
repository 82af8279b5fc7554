//! Block runs as lists show them, each with a number.
//!
//! A block run is named by its run and key. Programs that want one number for it get one that is made of both, so that
//! it never changes and never names another: the run's number times 2^27, plus the place of the block in the plan plus
//! as many plans as there are child runs before it. Numbers stay exact in JSON up to run 2^26.

use std::collections::HashMap;

use baton_model::{
    AttemptRun, BlockError, BlockRunKey, BlockStatus, BlockUuid, CallbackRun, RunId, Timestamp,
    Usage,
};
use sqlx::AssertSqlSafe;

use crate::rows;
use crate::sql::{Row, values};
use crate::{Store, StoreError};

/// Bits of a number that say which block run of its run it is.
const PLACE_BITS: u32 = 27;

/// Stands for a block run beyond what the bits can tell apart: it has no number of its own.
const NOWHERE: i64 = (1 << PLACE_BITS) - 1;

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
    /// Its newest attempts, the oldest of them first.
    pub attempts: Vec<AttemptRun>,
    /// Its callbacks, once it has ended.
    pub callbacks: Option<CallbackRun>,
}

const COLUMNS: &str = "run, position, block, child, name, status, attempt, started_at, ended_at, retry_at, error, reason, usage, attempts, callbacks";

/// The columns of a block run in a statement that reads other tables too.
pub(crate) fn columns_of(table: &str) -> String {
    let columns = COLUMNS.split(", ");
    let columns: Vec<String> = columns.map(|column| format!("{table}.{column}")).collect();
    columns.join(", ")
}

/// The number of a child run, or with -1 of the block itself, which has the `place` among the `count` blocks of the plan.
/// It is made of nothing else, so that one that was retried has the same as before.
fn number(run: i64, place: i64, count: i64, child: i64) -> i64 {
    let place = place.saturating_add(count.saturating_mul(child.saturating_add(1)));
    let place = if (0..NOWHERE).contains(&place) {
        place
    } else {
        NOWHERE
    };
    (run << PLACE_BITS) | place
}

/// The place of the block in the plan and the child run that a number stands for.
fn named(number: i64, count: i64) -> Option<(usize, i64)> {
    let place = number & NOWHERE;
    if place == NOWHERE || count == 0 {
        return None;
    }
    Some((usize::try_from(place % count).ok()?, place / count - 1))
}

impl Store {
    /// The block runs of a run, in its order.
    pub async fn block_runs(&self, run: RunId) -> Result<Vec<BlockRunRow>, StoreError> {
        let sql = format!("select {COLUMNS} from block_run where run = $1 order by position");
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![run])
            .await?;
        let rows = found.iter().map(block_run_row);
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        let declared = rows.iter().filter(|row| row.key.child.is_none());
        let places: HashMap<BlockUuid, i64> = declared
            .map(|row| (row.key.block.clone(), row.id & NOWHERE))
            .collect();
        let count = places.len() as i64;
        for row in &mut rows {
            if let Some(child) = row.key.child {
                let place = places.get(&row.key.block).copied().unwrap_or(NOWHERE);
                row.id = number(run.0, place, count, i64::from(child));
            }
        }
        Ok(rows)
    }

    /// The block run of this number.
    pub async fn block_run(&self, id: i64) -> Result<Option<BlockRunRow>, StoreError> {
        let run = id >> PLACE_BITS;
        let sql = "select block from block_run where run = $1 and child = -1 order by position";
        let blocks = self.database.fetch(sql, values![run]).await?;
        let Some((place, child)) = named(id, blocks.len() as i64) else {
            return Ok(None);
        };
        let Some(block) = blocks.get(place) else {
            return Ok(None);
        };
        let sql =
            format!("select {COLUMNS} from block_run where run = $1 and block = $2 and child = $3");
        let values = values![run, block.text("block")?, child];
        let found = self
            .database
            .fetch_first(AssertSqlSafe(sql), values)
            .await?;
        let found = found.as_ref().map(block_run_row).transpose()?;
        Ok(found.map(|row| BlockRunRow { id, ..row }))
    }
}

/// A row as it is. The number is that of a declared block; the caller numbers child runs.
pub(crate) fn block_run_row(row: &Row) -> Result<BlockRunRow, StoreError> {
    let run = row.integer("run")?;
    Ok(BlockRunRow {
        id: number(run, row.integer("position")?, 0, -1),
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
        attempts: rows::attempts(row)?,
        callbacks: row.some_json("the callbacks of a block", "callbacks")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_one_block_run_whatever_else_there_is() {
        let mut seen = std::collections::HashSet::new();
        for place in 0..3 {
            for child in [-1, 0, 1, 99_999] {
                let number = number(7, place, 3, child);
                assert_eq!(number >> PLACE_BITS, 7);
                assert!(seen.insert(number), "{place}:{child}");
                assert_eq!(named(number, 3), Some((place as usize, child)));
            }
        }
        // Beyond the bits there is no number.
        for (place, child) in [(2, NOWHERE), (NOWHERE, -1), (0, i64::MAX)] {
            let number = number(7, place, 3, child);
            assert_eq!(number >> PLACE_BITS, 7);
            assert_eq!(named(number, 3), None);
        }
    }
}
