//! The graph of a pipeline by position: neighbours, cycles, reachability. Knows nothing of statuses.

use std::collections::HashMap;

use baton_model::{BlockUuid, Plan};

/// Blocks as positions `0..len`, with the edges between them.
pub(crate) struct Graph<'a> {
    positions: HashMap<&'a BlockUuid, usize>,
    /// Positions of each block's upstream blocks.
    pub(crate) upstream: Vec<Vec<usize>>,
    /// Positions of the blocks that name this one as upstream.
    pub(crate) downstream: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    /// The graph of a plan's blocks.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let blocks = plan.blocks.iter();
        Self::new(blocks.map(|block| (&block.uuid, block.upstream.as_slice())))
    }

    /// Builds the graph of blocks given with their upstream lists. Names that are no block are left out.
    pub(crate) fn new(blocks: impl Iterator<Item = (&'a BlockUuid, &'a [BlockUuid])>) -> Self {
        let blocks: Vec<_> = blocks.collect();
        let positions: HashMap<_, _> = blocks
            .iter()
            .enumerate()
            .map(|(position, (uuid, _))| (*uuid, position))
            .collect();
        let mut downstream = vec![Vec::new(); blocks.len()];
        let mut upstream = Vec::with_capacity(blocks.len());
        for (position, (_, names)) in blocks.iter().enumerate() {
            let above: Vec<usize> = names
                .iter()
                .filter_map(|name| positions.get(name).copied())
                .collect();
            for &one in &above {
                downstream[one].push(position);
            }
            upstream.push(above);
        }
        Self {
            positions,
            upstream,
            downstream,
        }
    }

    /// Where `uuid` stands.
    pub(crate) fn position(&self, uuid: &BlockUuid) -> Option<usize> {
        self.positions.get(uuid).copied()
    }

    /// `start` and everything that can be reached from it along `edges`.
    pub(crate) fn reach(edges: &[Vec<usize>], start: usize) -> Vec<bool> {
        let mut seen = vec![false; edges.len()];
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if !seen[at] {
                seen[at] = true;
                open.extend(&edges[at]);
            }
        }
        seen
    }

    /// Positions so that every block comes after those above it; blocks of a cycle are left out.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut waits: Vec<usize> = self.upstream.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..waits.len()).filter(|at| waits[*at] == 0).collect();
        let mut next = 0;
        while let Some(&at) = order.get(next) {
            next += 1;
            for &below in &self.downstream[at] {
                waits[below] -= 1;
                if waits[below] == 0 {
                    order.push(below);
                }
            }
        }
        order
    }

    /// For each block the length of the longest chain of blocks above it.
    pub(crate) fn levels(&self) -> Vec<usize> {
        let mut levels = vec![0; self.upstream.len()];
        for at in self.order() {
            let above = self.upstream[at].iter().map(|above| levels[*above] + 1);
            levels[at] = above.max().unwrap_or(0);
        }
        levels
    }

    /// A cycle, if there is one: its blocks in the direction of the data, each once.
    pub(crate) fn cycle(&self) -> Option<Vec<usize>> {
        let mut done = vec![false; self.downstream.len()];
        let mut on_path = vec![false; self.downstream.len()];
        for start in 0..self.downstream.len() {
            if done[start] {
                continue;
            }
            // An own stack: a chain of a hundred thousand blocks must not overflow the thread's.
            let mut path = vec![(start, 0)];
            on_path[start] = true;
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                if let Some(&below) = self.downstream[at].get(*next) {
                    *next += 1;
                    if on_path[below] {
                        let cycle = path.iter().map(|(one, _)| *one);
                        return Some(cycle.skip_while(|one| *one != below).collect());
                    }
                    if !done[below] {
                        on_path[below] = true;
                        path.push((below, 0));
                    }
                } else {
                    on_path[at] = false;
                    done[at] = true;
                    path.pop();
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(blocks: &[(&str, &[&str])], expected: Option<&str>) {
        let blocks: Vec<(BlockUuid, Vec<BlockUuid>)> = blocks
            .iter()
            .map(|(uuid, upstream)| {
                let upstream = upstream.iter().map(|one| BlockUuid::from(*one)).collect();
                (BlockUuid::from(*uuid), upstream)
            })
            .collect();
        let graph = Graph::new(blocks.iter().map(|(uuid, up)| (uuid, up.as_slice())));
        let found = graph.cycle().map(|cycle| {
            let names: Vec<_> = cycle.iter().map(|one| blocks[*one].0.as_str()).collect();
            names.join(" ")
        });
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn finds_cycles() {
        check(&[], None);
        check(&[("a", &["a"])], Some("a"));
        check(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])], None);
        check(
            &[("a", &[]), ("b", &["a", "d"]), ("c", &["b"]), ("d", &["c"])],
            Some("b c d"),
        );
        check(&[("a", &["unknown"]), ("b", &["a", "a"])], None);
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let names: Vec<BlockUuid> = (0..100_000)
            .map(|n| BlockUuid::new(n.to_string()))
            .collect();
        let graph = Graph::new(names.iter().enumerate().map(|(position, name)| {
            let above = position.saturating_sub(1)..position;
            (name, &names[above])
        }));
        assert_eq!(graph.cycle(), None);
    }
}
