//! Items that a dynamic block yields while it runs: child runs start before it has ended.
//!
//! An attempt that is repeated yields its items again. A child run whose item is the same as before stays as it is; one
//! whose item has changed runs again; one whose item does not come again does not count any more.

use baton_model::{BlockRunKey, BlockStatus, Fence, Items, Product};

use crate::apply::Turn;

impl Turn<'_> {
    /// Takes in what the running attempt of a dynamic block has yielded.
    pub(crate) fn items_yielded(
        &mut self,
        key: &BlockRunKey,
        fence: Fence,
        first: u32,
        products: &[Product],
    ) -> Result<(), String> {
        let position = self.running(key, fence)?;
        if !self.plan.blocks[self.places.owner(position)].dynamic {
            return Err(format!("block `{key}` is not dynamic"));
        }
        let items = self.run.blocks[position].items.as_ref();
        let known = items.map_or(0, |items| items.count);
        if first != known {
            return Err(format!(
                "item {first} of block `{key}` does not follow on {known} items"
            ));
        }
        let block = &mut self.run.blocks[position];
        let mut changed = Vec::new();
        for (product, item) in products.iter().zip(first..) {
            match block.products.get_mut(item as usize) {
                Some(before) if before == product => {}
                Some(before) => {
                    before.clone_from(product);
                    changed.push(item);
                }
                None => block.products.push(product.clone()),
            }
        }
        let items = block.items.get_or_insert_with(|| Items {
            yielded: true,
            ..Items::default()
        });
        items.count = items.count.saturating_add(products.len() as u32);
        self.changed[position] = true;
        self.run_again(position, |item| changed.contains(&item));
        Ok(())
    }

    /// The position of a block run whose newest attempt runs under `fence`.
    pub(crate) fn running(&self, key: &BlockRunKey, fence: Fence) -> Result<usize, String> {
        let position = self.position(key)?;
        let block = &self.run.blocks[position];
        if block.status != BlockStatus::Running {
            let status = block.status.name();
            return Err(format!("block `{key}` is not running but {status}"));
        }
        if block.fence != fence {
            return Err(format!(
                "attempt {} of block `{key}` is not the current one, which is {}",
                fence.0, block.fence.0
            ));
        }
        Ok(position)
    }

    /// Compares the items of an attempt that has completed with those that were yielded before, by it or earlier
    /// attempts.
    pub(crate) fn settle_items(
        &mut self,
        position: usize,
        items: Option<&Items>,
        products: &[Product],
    ) {
        let block = &self.run.blocks[position];
        if block.items.is_none() {
            return;
        }
        let count = items.map_or(0, |items| items.count);
        let yielded = items.is_some_and(|items| items.yielded);
        let changed: Vec<bool> = (0..count as usize)
            .map(|item| !yielded || block.products.get(item) != products.get(item))
            .collect();
        self.run_again(position, |item| changed.get(item as usize) == Some(&true));
        self.leave_out(position, count);
    }

    /// Makes child runs of changed items as good as new.
    fn run_again(&mut self, opener: usize, changed: impl Fn(u32) -> bool) {
        if self.run.cancel_requested || self.run.ending.is_some() {
            return;
        }
        for (position, item) in self.over(opener) {
            if !changed(item) {
                continue;
            }
            // One that is queued takes its item when it starts.
            let status = self.run.blocks[position].status;
            if !matches!(status, BlockStatus::Initial | BlockStatus::Queued) {
                self.renew(position);
            }
        }
    }

    /// Ends child runs of items from `count` on. Those that have ended stay as they are; nobody takes their outputs.
    fn leave_out(&mut self, opener: usize, count: u32) {
        for (position, item) in self.over(opener) {
            if item < count || self.run.blocks[position].status.is_final() {
                continue;
            }
            if self.run.blocks[position].status == BlockStatus::Running {
                self.stop_attempt(position);
            }
            let name = &self.run.blocks[opener].name;
            let reason = format!("block `{name}` did not yield its item again");
            self.run.blocks[position].reason = Some(reason);
            self.end(position, BlockStatus::ConditionFailed);
        }
    }

    /// Ends child runs whose items no completed block has any more.
    pub(crate) fn leave_out_what_is_gone(&mut self) {
        for opener in 0..self.plan.blocks.len() {
            let block = &self.run.blocks[opener];
            let items = block.items.as_ref().filter(|items| items.yielded);
            let count = items.map(|items| items.count);
            if let Some(count) = count.filter(|_| block.status == BlockStatus::Completed) {
                self.leave_out(opener, count);
            }
        }
    }

    /// The child runs that run over the items of a block which runs once, each with its item.
    fn over(&self, opener: usize) -> Vec<(usize, u32)> {
        if opener >= self.plan.blocks.len() {
            return Vec::new();
        }
        let view = self.view();
        (self.plan.blocks.len()..self.run.blocks.len())
            .filter_map(|position| Some((position, view.item_of(position, opener)?)))
            .collect()
    }

    /// Which planned blocks can have further child runs while a block above them still yields.
    pub(crate) fn growing(&self) -> Vec<bool> {
        let mut growing = Vec::new();
        for opener in 0..self.plan.blocks.len() {
            if self.is_yielding(opener) {
                let view = self.view();
                let other = view.growing(opener);
                growing.resize(other.len(), false);
                growing
                    .iter_mut()
                    .zip(other)
                    .for_each(|(one, other)| *one |= other);
            }
        }
        growing
    }

    /// Whether `above` has yielded the item of a child run and goes on.
    pub(crate) fn has_handed_over(&self, above: usize, child: usize) -> bool {
        if !self.is_yielding(above) {
            return false;
        }
        let items = self.run.blocks[above].items.as_ref();
        let count = items.map_or(0, |items| items.count);
        let item = self.view().item_of(child, above);
        item.is_some_and(|item| item < count)
    }

    /// Whether a block that runs once is running and has yielded items.
    fn is_yielding(&self, position: usize) -> bool {
        let block = &self.run.blocks[position];
        position < self.plan.blocks.len()
            && block.status == BlockStatus::Running
            && block.items.as_ref().is_some_and(|items| items.yielded)
    }
}
