//! What a notebook shows of a pipeline's blocks besides their code: how each last ran, what it last produced, and why
//! that is out of date.

use std::collections::{BTreeMap, HashMap};

use baton_engine::stale::{Known, Stale, stale};
use baton_model::{BlockStatus, BlockUuid, CodeHash, PipelineUuid, Plan, Product, RunId};
use baton_store::BlockRunRow;
use tokio::sync::broadcast::Receiver;

use super::{FileNews, Host};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Most blocks that are looked at.
const MOST_BLOCKS: usize = 1_000;

/// How a block stands.
#[derive(Clone, Debug)]
pub struct NotebookBlock {
    /// The block.
    pub block: BlockUuid,
    /// Its newest block run.
    pub newest: BlockRunRow,
    /// The newest block run that completed, and what it produced.
    pub output: Option<(BlockRunRow, Vec<Product>)>,
    /// Why its output is not what it would produce now; empty when nothing speaks against it.
    pub stale: Vec<Stale>,
}

impl Host {
    /// How the blocks of a pipeline stand; those that have never run are left out.
    pub async fn notebook(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
    ) -> Result<Vec<NotebookBlock>, Failure> {
        let (facts, _) = self.pipeline(actor, uuid).await?;
        let blocks = facts.pipeline.blocks.iter().take(MOST_BLOCKS);
        let blocks: Vec<BlockUuid> = blocks.map(|block| block.uuid.clone()).collect();
        let newest = self.store().newest_of_blocks(uuid, &blocks).await?;
        let mut plans: HashMap<RunId, Plan> = HashMap::new();
        for run in newest.iter().filter_map(|(_, of)| of.completed) {
            if !plans.contains_key(&run)
                && let Some(run) = self.store().load_run(run).await?
            {
                plans.insert(run.id, (*run.plan).clone());
            }
        }
        let texts = self.block_texts(actor, uuid, None).await?;
        let mut known: BTreeMap<BlockUuid, Known<'_>> = BTreeMap::new();
        for (block, of) in &newest {
            let text = texts.get(block).and_then(|text| text.text.as_deref());
            let failed = of.newest.status == BlockStatus::Failed;
            let hash = |text: &str| CodeHash::new(blake3::hash(text.as_bytes()).to_hex().as_str());
            known.insert(
                block.clone(),
                Known {
                    code: text.map(hash),
                    text: text.unwrap_or_default(),
                    completed: of.completed.and_then(|run| Some((run, plans.get(&run)?))),
                    failed: failed.then_some(of.newest.run),
                },
            );
        }
        let mut reasons = stale(&facts.pipeline, &known);
        let mut found = Vec::new();
        for (block, of) in newest {
            let good = match of.completed {
                Some(run) if run == of.newest.run => Some(of.newest.clone()),
                Some(run) => self.store().block_run_in(run, &block).await?,
                None => None,
            };
            let output = match good {
                Some(good) => {
                    let products = self.store().products(good.run, &good.key).await?;
                    Some((good, products))
                }
                None => None,
            };
            found.push(NotebookBlock {
                stale: reasons.remove(&block).unwrap_or_default(),
                newest: of.newest,
                output,
                block,
            });
        }
        Ok(found)
    }

    /// The code that a block run was planned with; none for a block without code.
    pub async fn code_of_block_run(
        &self,
        actor: &Actor,
        id: i64,
    ) -> Result<Option<String>, Failure> {
        let block = self.block_run(actor, id).await?;
        let run = self.run(actor, block.run).await?;
        let planned = run.plan.block(&block.key.block);
        let Some(hash) = planned.and_then(|planned| planned.code.as_ref()) else {
            return Ok(None);
        };
        Ok(self.store().code(hash).await?)
    }

    /// The newest runs of a block, with the hash of the code that each had: equal hashes are equal code.
    pub async fn block_versions(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        block: &BlockUuid,
        limit: u32,
    ) -> Result<Vec<(BlockRunRow, Option<CodeHash>)>, Failure> {
        actor.may(Right::Read)?;
        let found = self.store().versions_of_block(pipeline, block, limit);
        Ok(found.await?)
    }

    /// Changes of files, as they are found.
    pub fn file_news(&self) -> Receiver<FileNews> {
        self.file_news.subscribe()
    }
}
