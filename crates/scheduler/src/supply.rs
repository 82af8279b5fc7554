//! Collects what an attempt needs: planned texts, keyword arguments, and the products that it takes.

use baton_base::chain;
use baton_engine::{Origin, Taken};
use baton_model::{
    BlockError, BlockRun, BlockRunKey, Content, FailureKind, Fence, ObjectHash, PlannedBlock,
    Product, Run,
};
use baton_runner::{Attempt, Input, InputProduct, Work};

use crate::kwargs;
use crate::session::{DriveError, Session};

impl Session {
    /// An attempt without inputs and attached blocks.
    pub(crate) fn attempt(
        &self,
        run: &Run,
        block: &PlannedBlock,
        block_run: &BlockRun,
        number: u32,
        fence: Fence,
        work: Work,
    ) -> Attempt {
        let project = self.project.to_string_lossy();
        Attempt {
            run: run.id,
            pipeline: run.plan.pipeline.to_string(),
            block: block.clone(),
            key: block_run.key.clone(),
            name: block_run.name.clone(),
            number,
            fence,
            code: String::new(),
            work,
            inputs: Vec::new(),
            conditions: Vec::new(),
            callbacks: Vec::new(),
            extensions: Vec::new(),
            one_process: run.plan.one_process,
            cache: run.plan.cache_in_memory,
            kwargs: kwargs::of_attempt(run, block, &block_run.key, number, &project),
            triggered: run.plan.triggered,
            staging: format!("{}-{}", run.id, fence.0),
            run_tests: self.run_tests,
            strict: self.as_mage,
        }
    }

    /// Collects what an attempt needs. The inner error is the block's: its inputs are gone or damaged.
    pub(crate) async fn prepare(
        &self,
        run: &Run,
        block: &PlannedBlock,
        key: &BlockRunKey,
        number: u32,
        fence: Fence,
    ) -> Result<Result<Attempt, BlockError>, DriveError> {
        let Some(block_run) = run.block(key) else {
            return Err(DriveError::Lost);
        };
        let mut attempt = self.attempt(run, block, block_run, number, fence, Work::Block);
        if let Some(hash) = &block.code {
            attempt.code = self.store.code(hash).await?.unwrap_or_default();
        }
        attempt.conditions = self.attached(&block.conditions).await?;
        attempt.extensions = self.attached(&block.extensions).await?;
        for input in baton_engine::inputs(run, key) {
            let mut taken = Input {
                block: input.block.to_string(),
                products: Vec::new(),
                item: None,
                children: None,
                yielded: false,
            };
            let found = match &input.taken {
                Taken::Whole(of) => self.taken(run, of, None).await?,
                // An item that was yielded is a product; it is the only one that is looked at.
                Taken::Item { of, item, yielded } if *yielded => {
                    self.taken(run, of, Some(*item)).await?
                }
                Taken::Item { of, item, .. } => {
                    taken.item = Some(*item);
                    self.taken(run, of, None).await?
                }
                Taken::All(origins) => {
                    taken.yielded = origins.iter().any(|of| has_yielded(run, of));
                    let mut children = Vec::with_capacity(origins.len());
                    for of in origins {
                        match self.taken(run, of, None).await? {
                            Ok(products) => children.push(products),
                            Err(error) => return Ok(Err(error)),
                        }
                    }
                    taken.children = Some(children);
                    Ok(Vec::new())
                }
            };
            taken.products = match found {
                Ok(products) => products,
                Err(error) => return Ok(Err(error)),
            };
            let children = taken.children.iter().flatten().flatten();
            attempt.block.needs_frames |=
                (taken.products.iter().chain(children)).any(InputProduct::is_frame);
            attempt.inputs.push(taken);
        }
        Ok(Ok(attempt))
    }

    /// The products of a block run of this run or an older one, or a single one of them. The inner error is that of the
    /// block that wants them.
    async fn taken(
        &self,
        run: &Run,
        of: &Origin,
        single: Option<u32>,
    ) -> Result<Result<Vec<InputProduct>, BlockError>, DriveError> {
        let older;
        let products = match of.run {
            None => run.block(&of.key).map(|above| above.products.as_slice()),
            Some(run) => {
                older = self.store.products(run, &of.key).await?;
                Some(older.as_slice())
            }
        };
        let products = products.unwrap_or_default();
        let wanted = match single {
            None => products,
            Some(item) => products
                .get(item as usize)
                .map(std::slice::from_ref)
                .unwrap_or_default(),
        };
        Ok(match (wanted, single) {
            ([], Some(item)) => Err(BlockError::new(
                FailureKind::Storage,
                format!("item {item} of block `{}` is not stored", of.key),
            )),
            _ => self.readable(wanted),
        }
        .map_err(|error| {
            error.with_hint(format!("run block `{}` again to produce it anew", of.key))
        }))
    }

    /// Products as a worker reads them, after a look at whether their files are whole.
    pub(crate) fn readable(&self, products: &[Product]) -> Result<Vec<InputProduct>, BlockError> {
        products
            .iter()
            .map(|product| {
                InputProduct::stored(&self.products, product)
                    .map_err(|error| BlockError::new(FailureKind::Storage, chain(&error)))
            })
            .collect()
    }

    /// Attached blocks with their planned texts.
    pub(crate) async fn attached(
        &self,
        blocks: &[baton_model::Attached],
    ) -> Result<Vec<baton_runner::Attached>, DriveError> {
        let mut attached = Vec::with_capacity(blocks.len());
        for block in blocks {
            let code = match &block.code {
                Some(hash) => self.store.code(hash).await?,
                None => None,
            };
            attached.push(baton_runner::Attached {
                uuid: block.uuid.to_string(),
                file: block.file.clone(),
                code,
                configuration: block.configuration.clone(),
                extension: block.extension.clone(),
            });
        }
        Ok(attached)
    }
}

/// Whether each product of a block run is an item that it has yielded.
fn has_yielded(run: &Run, of: &Origin) -> bool {
    let items = if of.run.is_none() {
        run.block(&of.key).and_then(|block| block.items.as_ref())
    } else {
        let older = run.plan.inputs.get(&of.key.block);
        older.and_then(|output| output.items.first())
    };
    items.is_some_and(|items| items.yielded)
}

/// Every object that the run's products name.
pub(crate) fn objects_of(run: &Run) -> Vec<ObjectHash> {
    run.blocks
        .iter()
        .flat_map(|block| &block.products)
        .filter_map(|product| match &product.content {
            Content::Inline(_) => None,
            Content::Chunks(chunks) => Some(chunks),
        })
        .flatten()
        .map(|chunk| chunk.object.clone())
        .collect()
}
