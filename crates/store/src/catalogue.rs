//! What there is of data products: the newest of each output of a block, and the versions before it.

use baton_model::{BlockUuid, PipelineUuid, Product};
use sqlx::AssertSqlSafe;

use crate::blocks::{BlockRunRow, block_run_row, columns_of};
use crate::sql::{Row, Value, values};
use crate::{Store, StoreError};

/// A data product, and the block run that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeProduct {
    /// The pipeline of the run.
    pub pipeline: PipelineUuid,
    /// The block run; of a block with child runs the first of those that made one.
    pub made_by: BlockRunRow,
    /// The product.
    pub product: Product,
    /// Child runs that made a part of it; 1 where there are none.
    pub parts: u32,
    /// Runs that made it and are still there.
    pub versions: u32,
}

/// A page of products, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MadeProducts {
    /// Those of the page.
    pub rows: Vec<MadeProduct>,
    /// How many there are, on all pages.
    pub total: u64,
}

/// The first of the parts that the block run of `found` made in that run, with all that is told of them.
const TOLD: &str = "found.pipeline, found.versions, product.manifest, count(*) over () as total, (
         select count(*) from product as part
         where part.run = found.run and part.block = found.block and part.position = found.place
     ) as parts
     from found join product on product.run = found.run and product.block = found.block
         and product.position = found.place and product.child = (
             select min(part.child) from product as part
             where part.run = found.run and part.block = found.block and part.position = found.place
         )
     join block_run on block_run.run = product.run and block_run.block = product.block
         and block_run.child = product.child
     order by found.run desc, block_run.position, found.place";

impl Store {
    /// Every output that a block of the project, or of this pipeline, has made, as its newest run has left it.
    pub async fn newest_products(
        &self,
        pipeline: Option<&PipelineUuid>,
        offset: u32,
        limit: u32,
    ) -> Result<MadeProducts, StoreError> {
        let sql = format!(
            "with found as (
                 select pipeline, block, position as place, max(run) as run, count(distinct run) as versions
                 from product {} group by pipeline, block, position
             )
             select {}, {TOLD} limit $1 offset $2",
            // The index gives the groups one after the other, and all that is counted of them.
            if pipeline.is_some() {
                "where pipeline = $3"
            } else {
                ""
            },
            columns_of("block_run")
        );
        let mut values = values![limit, offset];
        values.extend(pipeline.map(Value::from));
        let found = self.database.fetch(AssertSqlSafe(sql), values).await?;
        self.made(&found).await
    }

    /// What a block has made in each of its runs that are still there.
    pub async fn versions_of_products(
        &self,
        pipeline: &PipelineUuid,
        block: &BlockUuid,
        offset: u32,
        limit: u32,
    ) -> Result<MadeProducts, StoreError> {
        let sql = format!(
            "with found as (
                 select distinct pipeline, block, position as place, run, cast(1 as bigint) as versions
                 from product where pipeline = $1 and block = $2
             )
             select {}, {TOLD} limit $3 offset $4",
            columns_of("block_run")
        );
        let values = values![pipeline, block.as_str(), limit, offset];
        let found = self.database.fetch(AssertSqlSafe(sql), values).await?;
        self.made(&found).await
    }

    async fn made(&self, found: &[Row]) -> Result<MadeProducts, StoreError> {
        let mut made = MadeProducts::default();
        for row in found {
            made.total = u64::from(row.count("total")?);
            let mut made_by = block_run_row(row)?;
            if made_by.key.child.is_some() {
                // Only the whole run says which number a child run has.
                let all = self.block_runs(made_by.run).await?;
                let numbered = all.into_iter().find(|one| one.key == made_by.key);
                made_by = numbered.unwrap_or(made_by);
            }
            made.rows.push(MadeProduct {
                pipeline: PipelineUuid::new(row.text("pipeline")?),
                product: row.json("a product", "manifest")?,
                parts: row.count("parts")?,
                versions: row.count("versions")?,
                made_by,
            });
        }
        Ok(made)
    }
}
