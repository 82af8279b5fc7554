//! The critical path of a run: the chain of block runs that decided when it ended.

use std::time::Duration;

use baton_model::{BlockRun, Run, Timestamp};

use crate::graph::Graph;
use crate::mapping::{Mapping, Places, View};

/// A block run of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Position of the block run in the run.
    pub position: usize,
    /// What Mage calls it.
    pub name: String,
    /// Time between the end of what it needs, or the start of the run, and its own start.
    pub waited: Duration,
    /// Time between its start and its end, or now; without what was lost with a process that went away.
    pub took: Duration,
    /// Time between its first start and the one that counts, where its process went away with what it had done.
    pub lost: Duration,
}

/// How long after its first start a block run began anew, since its process had gone away. The attempt that was lost is
/// repeated under its number, and only the time of the first start tells of it.
pub(super) fn lost(block: &BlockRun) -> Duration {
    let mut attempts = block.attempts.iter();
    let first = attempts.find(|attempt| attempt.number == block.earlier + 1);
    let times = first.zip(block.started_at);
    times.map_or(Duration::ZERO, |(first, began)| {
        first.started_at.since(began)
    })
}

/// The chain of block runs that ends with the one that ended last or still runs, from the beginning on: shortening
/// anything else makes the run no shorter.
pub fn critical_path(run: &Run, now: Timestamp) -> Vec<Link> {
    let graph = Graph::of(&run.plan);
    let places = Places::new(&graph, run);
    if !places.fits(run.plan.blocks.len()) {
        return Vec::new();
    }
    let mapping = Mapping::new(&run.plan, &graph);
    let view = View {
        run,
        graph: &graph,
        mapping: &mapping,
        places: &places,
    };
    let end = |position: usize| {
        let block = &run.blocks[position];
        block.started_at.map(|_| block.ended_at.unwrap_or(now))
    };
    let latest = |positions: &mut dyn Iterator<Item = usize>| {
        positions
            .filter_map(|position| Some((end(position)?, position)))
            .max()
            .map(|(_, position)| position)
    };
    let mut chain = Vec::new();
    // What stands for child runs has done nothing itself.
    let is_work = |position: usize| {
        let child = run.blocks[position].key.child;
        child.is_some() || !mapping.is_mapped(places.owner(position))
    };
    let mut at = latest(&mut (0..run.blocks.len()).filter(|position| is_work(*position)));
    while let Some(position) = at {
        let mut needs = Vec::new();
        view.needs(position, |above| needs.push(above));
        let above = latest(&mut needs.into_iter().filter(|above| is_work(*above)));
        let block = &run.blocks[position];
        let Some(start) = block.started_at else { break };
        let needed = above.and_then(end);
        // The time between the end of a run and its retry is nobody's waiting; the run counts from the retry on.
        let ready = match run.started_at.filter(|run| *run <= start) {
            Some(run) => needed.map_or(run, |needed| needed.max(run)),
            None => needed.unwrap_or(start),
        };
        let lost = lost(block);
        let began = start.after(lost);
        let (waited, took) = if block.waits_for_place() {
            (now.since(ready), Duration::ZERO)
        } else {
            (
                start.since(ready),
                block.ended_at.unwrap_or(now).since(began),
            )
        };
        chain.push(Link {
            position,
            name: block.name.clone(),
            waited,
            took,
            lost,
        });
        at = above.filter(|_| chain.len() <= run.blocks.len());
    }
    chain.reverse();
    chain
}
