//! Which blocks run once for each item of a dynamic block, how often, and what each of these child runs takes.
//!
//! Every block runs over a list of *axes*. A dynamic block opens an axis of its items; blocks below it run over
//! that axis; `reduce_output` closes what a block runs over. Over several axes a block runs for every
//! combination, the last axis counting fastest, so a child run's index is a number in a mixed base.
//! Knows nothing of statuses; `advance` decides when child runs come up.

use baton_model::{BlockRunKey, BlockUuid, Items, OlderOutput, Plan, Run, RunId};

use crate::graph::Graph;

mod growing;

/// Most child runs of one block: more is a mistake in most cases, and every one is a process.
pub(crate) const MOST_CHILDREN: u64 = 100_000;

/// Something that a block runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis<'a> {
    /// The items of a dynamic block, of all its runs one after the other.
    Items(&'a BlockUuid),
    /// The child runs that a block outside the plan had in its older run.
    Children(&'a BlockUuid),
}

/// For each planned block what it runs over.
pub(crate) struct Mapping<'a> {
    axes: Vec<Vec<Axis<'a>>>,
}

/// Where the products of an input come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// An older run; none for the run itself.
    pub run: Option<RunId>,
    /// The block run.
    pub key: BlockRunKey,
}

/// What a block run takes from one of its upstream blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Everything that a run of it produced.
    Whole(Origin),
    /// One item of what a run of a dynamic block produced.
    Item {
        /// The run.
        of: Origin,
        /// Which item, from 0.
        item: u32,
        /// Whether that is a product of its own.
        yielded: bool,
    },
    /// The outputs of all its child runs as one list.
    All(Vec<Origin>),
}

/// One input of a block run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The upstream block.
    pub block: BlockUuid,
    /// What is taken from it.
    pub taken: Taken,
}

/// What the block run `key` takes from each of its upstream blocks, in the order of its arguments. Empty for a key
/// that is not part of the run.
pub fn inputs(run: &Run, key: &BlockRunKey) -> Vec<Input> {
    let graph = Graph::of(&run.plan);
    let mapping = Mapping::new(&run.plan, &graph);
    let places = Places::new(&graph, run);
    let Some(planned) = graph.position(&key.block) else {
        return Vec::new();
    };
    let view = View {
        run,
        graph: &graph,
        mapping: &mapping,
        places: &places,
    };
    let block = &run.plan.blocks[planned];
    block
        .upstream
        .iter()
        .map(|upstream| Input {
            block: upstream.clone(),
            taken: view.taken(planned, key.child, upstream),
        })
        .collect()
}

impl<'a> Mapping<'a> {
    pub(crate) fn new(plan: &'a Plan, graph: &Graph<'a>) -> Self {
        let mut axes: Vec<Vec<Axis<'a>>> = vec![Vec::new(); plan.blocks.len()];
        let older = |older: &OlderOutput| older.children.is_some() || !older.items.is_empty();
        if plan.blocks.iter().any(|block| block.dynamic) || plan.inputs.values().any(older) {
            for position in graph.order() {
                let mut own: Vec<Axis<'a>> = Vec::new();
                for upstream in &plan.blocks[position].upstream {
                    let above: Vec<Axis<'a>> = match graph.position(upstream) {
                        Some(above) => below(plan, above, &axes[above]),
                        None => plan
                            .inputs
                            .get(upstream)
                            .and_then(|output| older_axis(upstream, output))
                            .into_iter()
                            .collect(),
                    };
                    for axis in above {
                        if !own.contains(&axis) {
                            own.push(axis);
                        }
                    }
                }
                axes[position] = own;
            }
        }
        Self { axes }
    }

    /// Whether the planned block runs once per child instead of once.
    pub(crate) fn is_mapped(&self, planned: usize) -> bool {
        !self.axes[planned].is_empty()
    }
}

/// What blocks below a planned block run over because of it.
fn below<'a>(plan: &'a Plan, planned: usize, own: &[Axis<'a>]) -> Vec<Axis<'a>> {
    let block = &plan.blocks[planned];
    if block.reduce_output && !own.is_empty() {
        Vec::new()
    } else if block.dynamic {
        vec![Axis::Items(&block.uuid)]
    } else {
        own.to_vec()
    }
}

/// What blocks below a block outside the plan run over.
fn older_axis<'a>(uuid: &'a BlockUuid, output: &OlderOutput) -> Option<Axis<'a>> {
    if output.reduced && output.children.is_some() {
        None
    } else if !output.items.is_empty() {
        Some(Axis::Items(uuid))
    } else {
        output.children.map(|_| Axis::Children(uuid))
    }
}

/// Where the block runs of a run stand.
pub(crate) struct Places {
    /// Position of the planned block of each block run.
    owners: Vec<usize>,
    /// Positions of the child runs of each planned block, by index.
    children: Vec<Vec<usize>>,
    known: bool,
}

impl Places {
    pub(crate) fn new(graph: &Graph<'_>, run: &Run) -> Self {
        let planned = run.plan.blocks.len();
        let mut places = Self {
            owners: (0..planned).collect(),
            children: vec![Vec::new(); planned],
            known: run.blocks.len() >= planned,
        };
        // Child runs of a block stand together, so that the name is looked up once.
        let mut newest: Option<(&BlockUuid, usize)> = None;
        for block in run.blocks.iter().skip(planned) {
            let owner = match newest {
                Some((uuid, owner)) if *uuid == block.key.block => Some(owner),
                _ => graph.position(&block.key.block),
            };
            let Some(owner) = owner else {
                places.known = false;
                return places;
            };
            newest = Some((&block.key.block, owner));
            places.add(owner);
        }
        places
    }

    /// Whether the block runs are those of a plan with so many blocks.
    pub(crate) fn fits(&self, planned: usize) -> bool {
        self.known && self.owners.len() >= planned
    }

    /// Notes another child run at the end.
    pub(crate) fn add(&mut self, owner: usize) {
        self.children[owner].push(self.owners.len());
        self.owners.push(owner);
    }

    /// The planned block of a block run.
    pub(crate) fn owner(&self, position: usize) -> usize {
        self.owners[position]
    }

    /// Positions of the child runs of a planned block.
    pub(crate) fn children(&self, planned: usize) -> &[usize] {
        &self.children[planned]
    }

    /// Where a run of a planned block stands.
    pub(crate) fn of(&self, planned: usize, child: Option<u32>) -> Option<usize> {
        match child {
            None => Some(planned),
            Some(index) => self.children[planned].get(index as usize).copied(),
        }
    }
}

/// A run seen through its mapping.
pub(crate) struct View<'v, 'a> {
    pub(crate) run: &'v Run,
    pub(crate) graph: &'v Graph<'a>,
    pub(crate) mapping: &'v Mapping<'a>,
    pub(crate) places: &'v Places,
}

impl<'v> View<'v, '_> {
    /// How many child runs a mapped block has, as far as its items are known.
    pub(crate) fn child_count(&self, planned: usize) -> u64 {
        self.mapping.axes[planned]
            .iter()
            .map(|axis| u64::from(self.length(*axis)))
            .fold(1, u64::saturating_mul)
    }

    /// The planned dynamic blocks whose items a mapped block runs over.
    pub(crate) fn openers(&self, planned: usize) -> impl Iterator<Item = usize> {
        self.mapping.axes[planned]
            .iter()
            .filter_map(|axis| match axis {
                Axis::Items(uuid) => self.graph.position(uuid),
                Axis::Children(_) => None,
            })
    }

    /// Items of the runs of a dynamic block, with the index of each run. Runs without items are left out.
    fn items(&self, uuid: &BlockUuid) -> Vec<(Option<u32>, &'v Items)> {
        if let Some(planned) = self.graph.position(uuid) {
            let of_run = |at: usize| {
                let block = &self.run.blocks[at];
                Some((block.key.child, block.items.as_ref()?))
            };
            if self.mapping.is_mapped(planned) {
                let children = self.present(planned).iter();
                return children.filter_map(|at| of_run(*at)).collect();
            }
            return of_run(planned).into_iter().collect();
        }
        let Some(output) = self.run.plan.inputs.get(uuid) else {
            return Vec::new();
        };
        let items = output.items.iter().enumerate();
        items
            .map(|(index, items)| (output.children.map(|_| index as u32), items))
            .collect()
    }

    fn length(&self, axis: Axis<'_>) -> u32 {
        match axis {
            Axis::Items(uuid) => self
                .items(uuid)
                .iter()
                .fold(0, |sum, (_, items)| sum.saturating_add(items.count)),
            Axis::Children(uuid) => self
                .run
                .plan
                .inputs
                .get(uuid)
                .and_then(|output| output.children)
                .unwrap_or(0),
        }
    }

    /// The place on each of its axes of child run `index` of a planned block.
    fn coordinates(&self, planned: usize, index: u32) -> Vec<u32> {
        let axes = &self.mapping.axes[planned];
        let mut rest = index;
        let mut coordinates = vec![0; axes.len()];
        for (at, axis) in axes.iter().enumerate().rev() {
            if at == 0 {
                // Its length may still grow.
                coordinates[at] = rest;
                break;
            }
            let length = self.length(*axis).max(1);
            coordinates[at] = rest % length;
            rest /= length;
        }
        coordinates
    }

    /// Positions of the child runs of a planned block that stand for something: an earlier attempt of a dynamic block
    /// may have yielded more items than the newest.
    fn present(&self, planned: usize) -> &'v [usize] {
        let children = self.places.children(planned);
        if !self.mapping.is_mapped(planned) {
            return children;
        }
        let count = usize::try_from(self.child_count(planned)).unwrap_or(usize::MAX);
        &children[..count.min(children.len())]
    }

    /// Which run of a dynamic block an axis place belongs to, and which item of it.
    fn item_at(&self, uuid: &BlockUuid, place: u32) -> (Option<u32>, u32) {
        let mut rest = place;
        for (run, items) in self.items(uuid) {
            if rest < items.count {
                return (run, rest);
            }
            rest -= items.count;
        }
        (None, place)
    }

    /// Whether each item of a run of a dynamic block is a product of its own.
    fn has_yielded(&self, uuid: &BlockUuid, run: Option<u32>) -> bool {
        let items = self.items(uuid);
        let of_run = items.iter().find(|(other, _)| *other == run);
        of_run.is_some_and(|(_, items)| items.yielded)
    }

    /// What a run of a planned block takes from one of its upstream blocks.
    pub(crate) fn taken(&self, planned: usize, child: Option<u32>, upstream: &BlockUuid) -> Taken {
        let coordinates = child.map(|index| self.coordinates(planned, index));
        let place = |wanted: Axis<'_>| {
            let at = self.mapping.axes[planned]
                .iter()
                .position(|axis| *axis == wanted)?;
            coordinates.as_ref().map(|places| places[at])
        };
        let older = self.run.plan.inputs.get(upstream);
        let origin = |child: Option<u32>| Origin {
            run: older.map(|output| output.run),
            key: BlockRunKey {
                block: upstream.clone(),
                child,
            },
        };
        if let Some(place) = place(Axis::Items(upstream)) {
            let (run, item) = self.item_at(upstream, place);
            return Taken::Item {
                of: origin(run),
                item,
                yielded: self.has_yielded(upstream, run),
            };
        }
        if let Some(place) = place(Axis::Children(upstream)) {
            return Taken::Whole(origin(Some(place)));
        }
        let children = match self.graph.position(upstream) {
            Some(above) if self.mapping.is_mapped(above) => {
                if !self.run.plan.blocks[above].reduce_output
                    && let Some(index) = self.project(planned, coordinates.as_deref(), above)
                {
                    return Taken::Whole(origin(Some(index)));
                }
                self.present(above).len()
            }
            Some(_) => return Taken::Whole(origin(None)),
            None => match older.and_then(|output| output.children) {
                Some(children) => children as usize,
                None => return Taken::Whole(origin(None)),
            },
        };
        Taken::All(
            (0..children as u32)
                .map(|index| origin(Some(index)))
                .collect(),
        )
    }

    /// The child run of the block `above` that stands at the same places as a child run of `planned`.
    fn project(&self, planned: usize, coordinates: Option<&[u32]>, above: usize) -> Option<u32> {
        let coordinates = coordinates?;
        let mut index: u32 = 0;
        for axis in &self.mapping.axes[above] {
            let at = self.mapping.axes[planned]
                .iter()
                .position(|own| own == axis)?;
            index = index
                .checked_mul(self.length(*axis))?
                .checked_add(coordinates[at])?;
        }
        Some(index)
    }

    /// The name of child run `index`: that of its item, where the item has one.
    pub(crate) fn child_name(&self, planned: usize, index: u32) -> String {
        let uuid = &self.run.plan.blocks[planned].uuid;
        match self.label(planned, index) {
            Some(label) => format!("{uuid}:{label}"),
            None => format!("{uuid}:{index}"),
        }
    }

    /// Only a block directly below a single dynamic one is named after items; a chain counts.
    fn label(&self, planned: usize, index: u32) -> Option<String> {
        let [Axis::Items(opener)] = self.mapping.axes[planned].as_slice() else {
            return None;
        };
        if !self.run.plan.blocks[planned].upstream.contains(opener) {
            return None;
        }
        let (run, item) = self.item_at(opener, index);
        let items = self.items(opener);
        let (_, items) = items.iter().find(|(other, _)| *other == run)?;
        items.names.get(item as usize)?.clone()
    }

    /// Further block runs that a child run waits for: the metadata of its items names them (spec 2.12).
    /// Names that are no block run are left out.
    fn waits_for(&self, planned: usize, index: u32, mut each: impl FnMut(usize)) {
        let upstream = &self.run.plan.blocks[planned].upstream;
        let mut coordinates = None;
        for (at, axis) in self.mapping.axes[planned].iter().enumerate() {
            let Axis::Items(opener) = axis else { continue };
            let items = self.items(opener);
            if !upstream.contains(opener) || items.iter().all(|(_, one)| one.after.is_empty()) {
                continue;
            }
            let places = coordinates.get_or_insert_with(|| self.coordinates(planned, index));
            let (run, item) = self.item_at(opener, places[at]);
            let names = items
                .iter()
                .find(|(other, _)| *other == run)
                .and_then(|(_, items)| items.after.get(item as usize));
            for name in names.into_iter().flatten() {
                let mut blocks = self.run.blocks.iter();
                if let Some(other) = blocks.position(|block| block.name == *name) {
                    each(other);
                }
            }
        }
    }

    /// Calls `each` with the position of every block run that the one at `position` needs completed.
    ///
    /// Asked of every waiting block run after every event, so that the usual relations are told apart first:
    /// a block that runs once, the child run of the same index.
    pub(crate) fn needs(&self, position: usize, mut each: impl FnMut(usize)) {
        let planned = self.places.owner(position);
        let child = self.run.blocks[position].key.child;
        for &above in &self.graph.upstream[planned] {
            if !self.mapping.is_mapped(above) {
                each(above);
                continue;
            }
            let reduced = self.run.plan.blocks[above].reduce_output;
            let dynamic = self.run.plan.blocks[above].dynamic && !reduced;
            if let Some(index) = child
                && !reduced
                && !dynamic
                && self.mapping.axes[above] == self.mapping.axes[planned]
            {
                if let Some(same) = self.places.of(above, Some(index)) {
                    each(same);
                }
                continue;
            }
            let at = |of: &Origin| self.places.of(above, of.key.child);
            match self.taken(planned, child, &self.run.plan.blocks[above].uuid) {
                Taken::Whole(of) | Taken::Item { of, .. } => {
                    at(&of).into_iter().for_each(&mut each);
                }
                Taken::All(of) => {
                    each(above);
                    of.iter().filter_map(at).for_each(&mut each);
                }
            }
        }
        if let Some(index) = child {
            self.waits_for(planned, index, each);
        }
    }

    /// Calls `each` with the position of every block run that must have completed before a mapped block's child
    /// runs can be counted.
    pub(crate) fn needs_before_unfolding(&self, planned: usize, mut each: impl FnMut(usize)) {
        for &above in &self.graph.upstream[planned] {
            if self.mapping.is_mapped(above) {
                each(above);
            }
        }
        for opener in self.openers(planned) {
            each(opener);
            self.present(opener).iter().copied().for_each(&mut each);
        }
    }
}
