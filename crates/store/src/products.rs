//! What runs produced: manifests, newest inputs, objects that must be kept.

use std::collections::{BTreeMap, HashSet};

use baton_model::{BlockRunKey, BlockUuid, ObjectHash, OlderOutput, PipelineUuid, Product, RunId};
use sqlx::Row;

use crate::rows;
use crate::{Store, StoreError};

impl Store {
    /// What a block run produced, in the order of its outputs.
    pub async fn products(
        &self,
        run: RunId,
        key: &BlockRunKey,
    ) -> Result<Vec<Product>, StoreError> {
        let manifests = sqlx::query(
            "select manifest from product where run = ?1 and block = ?2 and child = ?3 order by position",
        )
        .bind(run.0)
        .bind(key.block.as_str())
        .bind(rows::child(key))
        .fetch_all(&self.readers)
        .await
        .map_err(self.sort())?;
        manifests
            .iter()
            .map(|row| {
                let manifest: &str = row.try_get(0).map_err(self.sort())?;
                rows::from_json(&self.path, "a product", manifest)
            })
            .collect()
    }

    /// For each of `blocks` the newest completed run of the pipeline in which it completed, with what blocks
    /// below it need to know of its items and child runs. Blocks that never did are left out.
    pub async fn newest_inputs(
        &self,
        pipeline: &PipelineUuid,
        blocks: &[BlockUuid],
    ) -> Result<BTreeMap<BlockUuid, OlderOutput>, StoreError> {
        let names = rows::to_json(&self.path, "names of blocks", &blocks)?;
        let found = sqlx::query(
            "select wanted.value, (
                 select run.id from run join block_run on block_run.run = run.id
                 where run.pipeline = ?1 and run.status = 'completed'
                     and block_run.block = wanted.value and block_run.child = -1
                     and block_run.status = 'completed'
                 order by run.id desc limit 1
             )
             from json_each(?2) as wanted",
        )
        .bind(pipeline.as_str())
        .bind(names)
        .fetch_all(&self.readers)
        .await
        .map_err(self.sort())?;
        let mut inputs = BTreeMap::new();
        for row in &found {
            let block: &str = row.try_get(0).map_err(self.sort())?;
            let run: Option<i64> = row.try_get(1).map_err(self.sort())?;
            if let Some(run) = run {
                let block = BlockUuid::new(block);
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
        let found = sqlx::query(
            "select child, items from block_run where run = ?1 and block = ?2 order by child",
        )
        .bind(run.0)
        .bind(block.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(self.sort())?;
        let mut output = OlderOutput::single(run);
        for row in &found {
            let child: i64 = row.try_get(0).map_err(self.sort())?;
            let items: Option<&str> = row.try_get(1).map_err(self.sort())?;
            if child >= 0 {
                output.children = Some(output.children.unwrap_or(0) + 1);
            }
            if let Some(items) = items {
                let items = rows::from_json(&self.path, "the items of a block", items)?;
                output.items.push(items);
            }
        }
        Ok(output)
    }

    /// The newest run of the pipeline, however it ended, in which the block run called `name` completed: a block,
    /// or a child run such as `clean:0`.
    pub async fn newest_output(
        &self,
        pipeline: &PipelineUuid,
        name: &str,
    ) -> Result<Option<(RunId, BlockRunKey)>, StoreError> {
        let found = sqlx::query(
            "select run.id, block_run.block, block_run.child
             from run join block_run on block_run.run = run.id
             where run.pipeline = ?1 and block_run.status = 'completed'
                 and (block_run.name = ?2 or block_run.block = ?2 and block_run.child = -1)
             order by run.id desc, block_run.child limit 1",
        )
        .bind(pipeline.as_str())
        .bind(name)
        .fetch_optional(&self.readers)
        .await
        .map_err(self.sort())?;
        let Some(row) = found else { return Ok(None) };
        let run = RunId(row.try_get(0).map_err(self.sort())?);
        let block: &str = row.try_get(1).map_err(self.sort())?;
        let child = row.try_get(2).map_err(self.sort())?;
        Ok(Some((run, rows::key(block, child))))
    }

    /// Every stored object that a manifest names. Objects of attempts under way are not among them yet.
    pub async fn live_objects(&self) -> Result<HashSet<ObjectHash>, StoreError> {
        let found = sqlx::query(
            "select distinct chunk.value ->> 'object'
             from product, json_each(product.manifest, '$.content.chunks') as chunk",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(self.sort())?;
        found
            .iter()
            .map(|row| row.try_get::<&str, _>(0).map(ObjectHash::new))
            .collect::<Result<_, _>>()
            .map_err(self.sort())
    }
}
