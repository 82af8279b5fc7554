//! Use cases around what there is of data products.

use baton_model::{BlockUuid, PipelineUuid};
use baton_store::MadeProducts;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

impl Host {
    /// Every output that blocks of the project, or of one pipeline, have made, as the newest run has left it.
    pub async fn catalogue(
        &self,
        actor: &Actor,
        pipeline: Option<&PipelineUuid>,
        offset: u32,
        limit: u32,
    ) -> Result<MadeProducts, Failure> {
        actor.may(Right::Read)?;
        let found = self.store().newest_products(pipeline, offset, limit);
        Ok(found.await?)
    }

    /// What a block has made in each of its runs, the newest first.
    pub async fn product_versions(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        block: &BlockUuid,
        offset: u32,
        limit: u32,
    ) -> Result<MadeProducts, Failure> {
        actor.may(Right::Read)?;
        let found = self
            .store()
            .versions_of_products(pipeline, block, offset, limit);
        Ok(found.await?)
    }
}
