//! Two runs beside each other: what each of their blocks took and produced, and what has changed in between.

use std::time::Duration;

use baton_engine::why::changes;
use baton_model::{BlockRun, BlockStatus, Run, RunId};

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Two runs beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Their blocks, in the order of the first run.
    pub blocks: Vec<ComparedBlock>,
    /// What is different in the first run, a sentence each.
    pub changes: Vec<String>,
}

/// One block in two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedBlock {
    /// What people call it.
    pub name: String,
    /// Whether its code is the same in both; none when only one of them has the block.
    pub is_same_code: Option<bool>,
    /// How it is in the first run, where that has it.
    pub one: Option<BlockResult>,
    /// How it is in the other run.
    pub other: Option<BlockResult>,
}

/// What a block came to in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockResult {
    /// Where it stands.
    pub status: BlockStatus,
    /// How long it took, with its retries.
    pub took: Option<Duration>,
    /// Number of its newest attempt.
    pub attempts: u32,
    /// Rows of the frames that it produced.
    pub rows: Option<u64>,
    /// Size of what it produced.
    pub bytes: u64,
}

impl From<&BlockRun> for BlockResult {
    fn from(block: &BlockRun) -> Self {
        let rows = block.products.iter().filter_map(|product| product.rows);
        Self {
            status: block.status,
            took: block
                .started_at
                .zip(block.ended_at)
                .map(|(start, end)| end.since(start)),
            attempts: block.attempt,
            rows: rows.reduce(u64::saturating_add),
            bytes: block.products.iter().map(|product| product.bytes).sum(),
        }
    }
}

impl Host {
    /// Two runs of one pipeline beside each other.
    pub async fn compare_runs(
        &self,
        actor: &Actor,
        id: RunId,
        with: RunId,
    ) -> Result<Comparison, Failure> {
        actor.may(Right::Read)?;
        let (one, other) = (self.run(actor, id).await?, self.run(actor, with).await?);
        if one.plan.pipeline != other.plan.pipeline {
            return Err(Failure::usage(
                format!("run {id} and run {with} are of different pipelines"),
                "compare runs of one pipeline",
            ));
        }
        Ok(compare(&one, &other))
    }
}

fn compare(one: &Run, other: &Run) -> Comparison {
    let code = |run: &Run, block: &BlockRun| {
        let planned = run.plan.block(&block.key.block)?;
        Some(planned.code.clone())
    };
    let found = |run: &Run, name: &str| run.blocks.iter().position(|block| block.name == name);
    let mut blocks = Vec::new();
    for block in &one.blocks {
        let before = found(other, &block.name).and_then(|at| other.blocks.get(at));
        blocks.push(ComparedBlock {
            name: block.name.clone(),
            is_same_code: before.map(|before| code(one, block) == code(other, before)),
            one: Some(BlockResult::from(block)),
            other: before.map(BlockResult::from),
        });
    }
    for block in &other.blocks {
        if found(one, &block.name).is_none() {
            blocks.push(ComparedBlock {
                name: block.name.clone(),
                is_same_code: None,
                one: None,
                other: Some(BlockResult::from(block)),
            });
        }
    }
    Comparison {
        blocks,
        changes: changes(one, other).sentences(),
    }
}
