//! Items that a dynamic block yields: each is stored as a product, in order, while the block goes on.

use baton_model::{BlockError, BlockRunKey, FailureKind, Fence, Product, ProductKind};
use baton_products::Staging;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::ending::storage_error;
use crate::protocol::Output;
use crate::runner::Attempt;
use crate::watched::commit;

/// Items that wait to be stored. A block that yields faster waits.
const WAITING: usize = 16;

/// An item that is stored, of an attempt that goes on.
#[derive(Clone, Debug)]
pub struct YieldedItem {
    /// Which block run.
    pub key: BlockRunKey,
    /// The fence of its attempt.
    pub fence: Fence,
    /// Its number, from 0.
    pub number: u32,
    /// The item.
    pub product: Product,
}

/// What an attempt has yielded so far.
pub(crate) struct Yielding {
    waiting: mpsc::Sender<Output>,
    stored: JoinHandle<Result<Vec<Product>, BlockError>>,
}

impl Yielding {
    pub(crate) fn new(
        attempt: &Attempt,
        staging: &Staging,
        told: &mpsc::UnboundedSender<YieldedItem>,
    ) -> Self {
        let (waiting, outputs) = mpsc::channel(WAITING);
        let item = (attempt.key.clone(), attempt.fence);
        let stored = tokio::spawn(store(outputs, staging.clone(), item, told.clone()));
        Self { waiting, stored }
    }

    /// Stores an item, after those before it.
    pub(crate) async fn store(&self, output: Output) {
        // After an error nothing is stored any more, and `finish` says why.
        drop(self.waiting.send(output).await);
    }

    /// All items, when the last one is stored.
    pub(crate) async fn finish(&mut self) -> Result<Vec<Product>, BlockError> {
        self.waiting = mpsc::channel(1).0;
        (&mut self.stored).await.unwrap_or_else(|error| {
            let message = format!("storing the items failed: {error}");
            Err(BlockError::new(FailureKind::Worker, message))
        })
    }
}

async fn store(
    mut outputs: mpsc::Receiver<Output>,
    staging: Staging,
    (key, fence): (BlockRunKey, Fence),
    told: mpsc::UnboundedSender<YieldedItem>,
) -> Result<Vec<Product>, BlockError> {
    let mut products = Vec::new();
    while let Some(output) = outputs.recv().await {
        let staging = staging.clone();
        let stored = spawn_blocking(move || {
            let is_frame = output.kind == ProductKind::Frame;
            let digests = output.files.iter().map(|file| {
                let digest = staging.digest(file, is_frame);
                digest.map_err(|error| storage_error(&error))
            });
            let digests = digests.collect::<Result<_, _>>()?;
            commit(&staging, output, digests)
        });
        let product = stored.await.map_err(|error| {
            let message = format!("storing an item failed: {error}");
            BlockError::new(FailureKind::Worker, message)
        })??;
        // Nobody hears it when the run is being torn down.
        drop(told.send(YieldedItem {
            key: key.clone(),
            fence,
            number: products.len() as u32,
            product: product.clone(),
        }));
        products.push(product);
    }
    Ok(products)
}
