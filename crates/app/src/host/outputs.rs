//! Use cases around what blocks produce.

use std::sync::Arc;

use baton_model::{BlockRunKey, BlockUuid, PipelineUuid, Product, RunId};
use baton_products::{ColumnView, View, ViewPage};
use tokio::task::spawn_blocking;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// What a block run produced.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The run.
    pub run: RunId,
    /// The block run.
    pub key: BlockRunKey,
    /// The products, in the order of the outputs.
    pub products: Vec<Product>,
}

impl Host {
    /// What the block run of this number produced.
    pub async fn outputs_of_block_run(&self, actor: &Actor, id: i64) -> Result<Outputs, Failure> {
        let block = self.block_run(actor, id).await?;
        Ok(Outputs {
            products: self.store().products(block.run, &block.key).await?,
            run: block.run,
            key: block.key,
        })
    }

    /// What a block produced in this run, else in the newest in which it completed; nothing where it never did.
    pub async fn outputs_of_block(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        block: &str,
        run: Option<RunId>,
    ) -> Result<Option<Outputs>, Failure> {
        actor.may(Right::Read)?;
        let found = match run {
            Some(id) => {
                let row = self.run_row(actor, id).await?;
                if &row.pipeline != pipeline {
                    return Err(Failure::missing(format!(
                        "run {id} is not one of pipeline `{pipeline}`"
                    )));
                }
                let blocks = self.store().block_runs(id).await?;
                let named = blocks.into_iter().find(|one| one.name == block);
                let declared = || BlockRunKey::declared(BlockUuid::from(block));
                Some((id, named.map_or_else(declared, |one| one.key)))
            }
            None => self.store().newest_output(pipeline, block, None).await?,
        };
        let Some((run, key)) = found else {
            return Ok(None);
        };
        Ok(Some(Outputs {
            products: self.store().products(run, &key).await?,
            run,
            key,
        }))
    }

    /// The product of this name that a block run made; the first one when no name is given.
    pub async fn product(
        &self,
        actor: &Actor,
        block_run: i64,
        name: Option<&str>,
    ) -> Result<Product, Failure> {
        let found = self.outputs_of_block_run(actor, block_run).await?;
        let mut products = found.products.into_iter();
        let found = products.find(|product| name.is_none_or(|name| product.name == name));
        found.ok_or_else(|| {
            Failure::missing(match name {
                Some(name) => format!("block run {block_run} has no output `{name}`"),
                None => format!("block run {block_run} has no output"),
            })
        })
    }

    /// A page of a frame.
    pub async fn page(
        &self,
        actor: &Actor,
        product: &Product,
        view: View,
    ) -> Result<ViewPage, Failure> {
        actor.may(Right::Read)?;
        let (products, product) = (self.products().clone(), product.clone());
        read(move || Ok(products.open_frame(&product)?.view(&view)?)).await
    }

    /// What is known of the columns of a frame, over the rows that the view wants, and their number.
    pub async fn column_statistics(
        &self,
        actor: &Actor,
        product: &Product,
        view: View,
    ) -> Result<(u64, Vec<ColumnView>), Failure> {
        actor.may(Right::Read)?;
        let (products, product) = (self.products().clone(), product.clone());
        read(move || Ok(products.open_frame(&product)?.view_statistics(&view)?)).await
    }

    /// The bytes of a product that is no frame.
    pub async fn product_bytes(
        &self,
        actor: &Actor,
        product: &Product,
    ) -> Result<Arc<[u8]>, Failure> {
        actor.may(Right::Read)?;
        let (products, product) = (self.products().clone(), product.clone());
        read(move || Ok(Arc::from(products.read_bytes(&product)?))).await
    }
}

async fn read<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::bug(format!("the product was not read: {error}"))))
}
