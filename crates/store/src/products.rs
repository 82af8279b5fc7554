//! What runs produced: manifests, newest inputs, objects that must be kept.

use std::collections::{BTreeMap, HashSet};

use baton_model::{BlockRunKey, BlockUuid, ObjectHash, OlderOutput, PipelineUuid, Product, RunId};
use sqlx::AssertSqlSafe;

use crate::rows;
use crate::sql::values;
use crate::{Store, StoreError};

impl Store {
    /// What a block run produced, in the order of its outputs.
    pub async fn products(
        &self,
        run: RunId,
        key: &BlockRunKey,
    ) -> Result<Vec<Product>, StoreError> {
        let sql = "select manifest from product where run = $1 and block = $2 and child = $3 order by position";
        let values = values![run, key.block.as_str(), rows::child(key)];
        let found = self.database.fetch(sql, values).await?;
        found
            .iter()
            .map(|row| row.json("a product", "manifest"))
            .collect()
    }

    /// For each of `blocks` the newest completed run of the pipeline in which it completed, with what blocks
    /// below it need to know of its items and child runs. Blocks that never did are left out.
    pub async fn newest_inputs(
        &self,
        pipeline: &PipelineUuid,
        blocks: &[BlockUuid],
    ) -> Result<BTreeMap<BlockUuid, OlderOutput>, StoreError> {
        self.inputs_where("and run.status = 'completed'", pipeline, blocks)
            .await
    }

    /// The same of the newest run in which each block completed, whatever became of the rest of that run: a notebook
    /// goes on from the blocks that are done when one below them fails.
    pub async fn newest_committed(
        &self,
        pipeline: &PipelineUuid,
        blocks: &[BlockUuid],
    ) -> Result<BTreeMap<BlockUuid, OlderOutput>, StoreError> {
        self.inputs_where("", pipeline, blocks).await
    }

    async fn inputs_where(
        &self,
        condition: &str,
        pipeline: &PipelineUuid,
        blocks: &[BlockUuid],
    ) -> Result<BTreeMap<BlockUuid, OlderOutput>, StoreError> {
        let names: Vec<[&str; 1]> = blocks.iter().map(|block| [block.as_str()]).collect();
        let names = rows::to_rows(&self.database.place, "names of blocks", &names)?;
        let sql = format!(
            "select wanted.value ->> 0 as block, (
                 select run.id from run join block_run on block_run.run = run.id
                 where run.pipeline = $1 {condition}
                     and block_run.block = wanted.value ->> 0 and block_run.child = -1
                     and block_run.status = 'completed'
                 order by run.id desc limit 1
             ) as run
             from json_each($2) as wanted"
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![pipeline, names])
            .await?;
        let mut inputs = BTreeMap::new();
        for row in &found {
            if let Some(run) = row.some_integer("run")? {
                let block = BlockUuid::new(row.text("block")?);
                let output = self.older_output(RunId(run), &block).await?;
                inputs.insert(block, output);
            }
        }
        Ok(inputs)
    }

    /// What blocks below need to know of a block's output in a run: its items and its child runs.
    pub async fn older_output(
        &self,
        run: RunId,
        block: &BlockUuid,
    ) -> Result<OlderOutput, StoreError> {
        let sql = "select child, items from block_run where run = $1 and block = $2 order by child";
        let found = self
            .database
            .fetch(sql, values![run, block.as_str()])
            .await?;
        let mut output = OlderOutput::single(run);
        for row in &found {
            if row.integer("child")? >= 0 {
                output.children = Some(output.children.unwrap_or(0) + 1);
            }
            let items = row.some_json("the items of a block", "items")?;
            output.items.extend(items);
        }
        Ok(output)
    }

    /// Every stored object that a manifest names. Objects of attempts under way are not among them yet.
    pub async fn live_objects(&self) -> Result<HashSet<ObjectHash>, StoreError> {
        let sql = "select distinct chunk.value ->> 'object' as object
             from product cross join json_each(product.manifest, '$.content.chunks') as chunk";
        let found = self.database.fetch(sql, values![]).await?;
        found
            .iter()
            .map(|row| row.text("object").map(ObjectHash::new))
            .collect()
    }
}
