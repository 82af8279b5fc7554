//! What a run reserves on its machine, and what of that is free for its next block.
//!
//! A run reserves what its blocks need at a time, and keeps it until it ends; its blocks share it. So what is let in
//! together always has room, and no run stops half-way to wait for another one.

use baton_model::{BlockStatus, Machine, Plan, PlannedBlock, Reserved, Run};

use crate::graph::Graph;
use crate::mapping::Mapping;

/// The block whose request this machine can never meet, with what it wants and what there is.
pub(crate) fn too_large(
    blocks: &[PlannedBlock],
    machine: Machine,
) -> Option<(&PlannedBlock, String)> {
    blocks.iter().find_map(|block| {
        let wants = block.resources.reserved();
        let processors = machine.cpu.filter(|has| wants.cpu > *has).map(|has| {
            let (wants, has) = (processors(wants.cpu), processors(has));
            format!("it reserves {wants}; this machine has {has}")
        });
        let memory = || {
            let has = machine.memory.filter(|has| wants.memory > *has)?;
            let (wants, has) = (mebibytes(wants.memory), mebibytes(has));
            Some(format!(
                "it reserves {wants} of memory; this machine has {has}"
            ))
        };
        Some((block, processors.or_else(memory)?))
    })
}

/// What a run of this plan reserves: what the blocks of one level of its graph need together, as many of them as may run
/// at a time; never more than the machine has, and never less than its largest block.
pub(crate) fn of_plan(plan: &Plan, machine: Machine) -> Reserved {
    if plan.blocks.iter().all(|block| block.resources.is_empty()) {
        return Reserved::default();
    }
    let most = if plan.one_process {
        1
    } else {
        let limit = plan.block_run_limit.unwrap_or(u32::MAX);
        plan.workers.min(limit).max(1) as usize
    };
    let graph = Graph::of(plan);
    let mapping = Mapping::new(plan, &graph);
    let levels = graph.levels();
    let mut whole = Reserved::default();
    for level in 0..=levels.iter().copied().max().unwrap_or(0) {
        let mut needs: Vec<Reserved> = Vec::new();
        for (position, block) in plan.blocks.iter().enumerate() {
            let wants = block.resources.reserved();
            if levels.get(position) != Some(&level) || wants.is_nothing() {
                continue;
            }
            // How many child runs it will have is not known yet.
            let runs = if mapping.is_mapped(position) { most } else { 1 };
            needs.extend(std::iter::repeat_n(wants, runs));
        }
        let most_of = |part: fn(&Reserved) -> u64| {
            let mut parts: Vec<u64> = needs.iter().map(part).collect();
            parts.sort_unstable();
            let largest = parts.into_iter().rev().take(most);
            largest.fold(0, u64::saturating_add)
        };
        whole.cpu = whole.cpu.max(most_of(|needs| needs.cpu));
        whole.memory = whole.memory.max(most_of(|needs| needs.memory));
    }
    Reserved {
        cpu: whole.cpu.min(machine.cpu.unwrap_or(u64::MAX)),
        memory: whole.memory.min(machine.memory.unwrap_or(u64::MAX)),
    }
}

/// What the blocks of a run that are at work have of what it reserves.
pub(crate) fn taken(run: &Run) -> Reserved {
    if run.plan.reserved.is_nothing() {
        return Reserved::default();
    }
    let busy = run.blocks.iter();
    let busy = busy.filter(|block| block.status == BlockStatus::Running);
    busy.filter_map(|block| run.plan.block(&block.key.block))
        .fold(Reserved::default(), |sum, block| {
            sum.plus(block.resources.reserved())
        })
}

/// Whether a block may start beside those that have `taken` so much. Alone it always may: a plan is made for its largest
/// block.
pub(crate) fn has_room(plan: &Plan, taken: Reserved, wants: Reserved) -> bool {
    plan.reserved.is_nothing()
        || wants.is_nothing()
        || taken.is_nothing()
        || taken.plus(wants).fits(plan.reserved)
}

/// `1 processor`, `0.5 processors`.
pub(crate) fn processors(thousandths: u64) -> String {
    match thousandths {
        1000 => "1 processor".to_owned(),
        other => format!("{} processors", other as f64 / 1000.0),
    }
}

/// `512 MiB`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
