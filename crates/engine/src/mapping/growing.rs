//! Which child runs can come up while a dynamic block still yields items.

use baton_model::BlockStatus;

use super::{Axis, View};

impl View<'_, '_> {
    /// The place of a child run on the first of its axes, if that is the items of the planned block `opener`, which
    /// runs once.
    pub(crate) fn item_of(&self, position: usize, opener: usize) -> Option<u32> {
        let index = self.run.blocks[position].key.child?;
        let planned = self.places.owner(position);
        let first = *self.mapping.axes[planned].first()?;
        let is_it = first == Axis::Items(&self.run.plan.blocks[opener].uuid);
        (is_it && !self.mapping.is_mapped(opener)).then(|| self.coordinates(planned, index)[0])
    }

    /// For each planned block whether its child runs can come up while the planned block `opener` still yields items:
    /// further ones must not change the numbers of those that are there.
    pub(crate) fn growing(&self, opener: usize) -> Vec<bool> {
        let completed = |at: usize| self.run.blocks[at].status == BlockStatus::Completed;
        let mut growing = vec![false; self.run.plan.blocks.len()];
        let items = Axis::Items(&self.run.plan.blocks[opener].uuid);
        for planned in self.graph.order() {
            let axes = &self.mapping.axes[planned];
            growing[planned] = axes.first() == Some(&items)
                && self.openers(planned).all(|other| {
                    let mut children = self.present(other).iter();
                    other == opener || (completed(other) && children.all(|at| completed(*at)))
                })
                && self.graph.upstream[planned].iter().all(|&above| {
                    let block = &self.run.plan.blocks[above];
                    let passes_on = !block.dynamic && !block.reduce_output;
                    !self.mapping.is_mapped(above)
                        || completed(above)
                        || (passes_on && growing[above])
                });
        }
        growing
    }
}
