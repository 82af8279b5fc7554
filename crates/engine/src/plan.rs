//! Freezing a plan: which blocks run, with which code, settings, retries and inputs.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use baton_model::{
    Attached, Block, BlockError, BlockKind, BlockUuid, CodeHash, FailureKind, Language, Machine,
    Map, Occasion, OlderOutput, OnFailure, Pipeline, PipelineKind, Plan, PlannedBlock, Reserved,
    ResourceSettings, RetrySettings, RunTimeout, Timestamp,
};
use serde_json::Value;

use crate::graph::Graph;
use crate::refused::PlanError;
use crate::{reserve, retry};

/// Which blocks of the pipeline are to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All that run.
    All,
    /// Some, perhaps with their neighbourhood.
    Blocks {
        /// The blocks.
        uuids: Vec<BlockUuid>,
        /// With everything above them.
        upstream: bool,
        /// With everything below them.
        downstream: bool,
    },
}

/// What was found on disk for a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Path of its file, relative to the project.
    pub file: String,
    /// Hash of its text; none when there is no text to run.
    pub code: Option<CodeHash>,
    /// Whether it needs the worker that has pandas and Arrow loaded.
    pub needs_frames: bool,
    /// Modules that it needs and that are slow to import.
    pub slow_imports: Vec<String>,
    /// Why it cannot run.
    pub problem: Option<BlockError>,
}

/// Everything a plan is made of.
#[derive(Clone, Debug)]
pub struct PlanInput<'a> {
    /// The pipeline as declared.
    pub pipeline: &'a Pipeline,
    /// What the project says about retries.
    pub project_retry: &'a RetrySettings,
    /// Which of its blocks are to run.
    pub selection: Selection,
    /// Name of the environment.
    pub env: String,
    /// Whether blocks receive the keyword arguments of a triggered run.
    pub triggered: bool,
    /// Name of the trigger, for a triggered run.
    pub trigger: Option<String>,
    /// What a triggered run is started for.
    pub occasion: Occasion,
    /// Variables of the trigger and of this run; they win over the pipeline's.
    pub variables: Map,
    /// Whether all blocks run in one worker process.
    pub one_process: bool,
    /// Longest time the run may take.
    pub timeout: Option<RunTimeout>,
    /// The run's logical date.
    pub execution_date: Timestamp,
    /// What a failed block means for the rest.
    pub on_failure: OnFailure,
    /// Most block runs at a time on this machine; at least one.
    pub workers: u32,
    /// What this machine has for runs to reserve.
    pub machine: Machine,
    /// What blocks with the executor `k8s` reserve and may use, unless they say otherwise.
    pub k8s_resources: ResourceSettings,
    /// What was found on disk for each block that runs, alone or beside another one.
    pub sources: &'a BTreeMap<BlockUuid, Source>,
    /// Older runs that can supply the products of blocks outside the selection.
    pub inputs: &'a BTreeMap<BlockUuid, OlderOutput>,
}

/// Freezes what a run will do.
pub fn plan(input: &PlanInput<'_>) -> Result<Plan, PlanError> {
    let pipeline = input.pipeline;
    if pipeline.kind != PipelineKind::Python {
        return Err(PlanError::PipelineKind {
            pipeline: pipeline.uuid.clone(),
            kind: pipeline.kind.name().to_owned(),
        });
    }
    refuse_duplicates(pipeline)?;
    let graph = Graph::new(
        pipeline
            .blocks
            .iter()
            .map(|block| (&block.uuid, block.upstream.as_slice())),
    );
    refuse_cycles(pipeline, &graph)?;
    let selected = select(input, &graph)?;
    refuse_unsupported(input, &graph, &selected)?;

    let mut blocks = Vec::new();
    let mut inputs = BTreeMap::new();
    for (position, block) in pipeline.blocks.iter().enumerate() {
        if !selected[position] {
            continue;
        }
        let upstream: Vec<&Block> = block
            .upstream
            .iter()
            .filter_map(|name| graph.position(name))
            .map(|above| &pipeline.blocks[above])
            .collect();
        for above in &upstream {
            if !above.kind.runs() {
                return Err(PlanError::NeverStarts {
                    block: block.uuid.clone(),
                    upstream: above.uuid.clone(),
                    kind: above.kind.name().to_owned(),
                });
            }
            if graph.position(&above.uuid).is_some_and(|at| selected[at]) {
                continue;
            }
            let Some(older) = input.inputs.get(&above.uuid) else {
                return Err(PlanError::MissingInput {
                    block: block.uuid.clone(),
                    upstream: above.uuid.clone(),
                });
            };
            inputs.insert(above.uuid.clone(), older.clone());
        }
        let upstream = upstream.iter().map(|above| above.uuid.clone()).collect();
        blocks.push(planned_block(input, block, upstream));
    }

    if let Some((block, reason)) = reserve::too_large(&blocks, input.machine) {
        return Err(PlanError::TooLarge {
            block: block.uuid.clone(),
            reason,
        });
    }
    let mut plan = Plan {
        pipeline: pipeline.uuid.clone(),
        kind: pipeline.kind.clone(),
        blocks,
        inputs,
        variables: pipeline.variables.clone(),
        given: input.variables.clone(),
        env: input.env.clone(),
        triggered: input.triggered,
        trigger: input.trigger.clone(),
        occasion: input.occasion.clone(),
        one_process: input.one_process,
        cache_in_memory: input.one_process && pipeline.cache_in_memory,
        timeout: input.timeout,
        execution_date: input.execution_date,
        on_failure: input.on_failure,
        // As in Mage, a limit of 0 is none.
        block_run_limit: pipeline.block_run_limit.filter(|limit| *limit > 0),
        workers: input.workers.max(1),
        reserved: Reserved::default(),
    };
    plan.reserved = reserve::of_plan(&plan, input.machine);
    Ok(plan)
}

fn refuse_duplicates(pipeline: &Pipeline) -> Result<(), PlanError> {
    let mut seen = HashSet::new();
    let lists = [
        &pipeline.blocks,
        &pipeline.callbacks,
        &pipeline.conditionals,
        &pipeline.extensions,
        &pipeline.widgets,
    ];
    match lists
        .into_iter()
        .flatten()
        .find(|block| !seen.insert(&block.uuid))
    {
        None => Ok(()),
        Some(block) => Err(PlanError::DuplicateBlock {
            pipeline: pipeline.uuid.clone(),
            block: block.uuid.clone(),
        }),
    }
}

fn refuse_cycles(pipeline: &Pipeline, graph: &Graph<'_>) -> Result<(), PlanError> {
    let Some(cycle) = graph.cycle() else {
        return Ok(());
    };
    let path = cycle
        .iter()
        .chain(cycle.first())
        .map(|position| pipeline.blocks[*position].uuid.clone())
        .collect();
    Err(PlanError::Cycle {
        pipeline: pipeline.uuid.clone(),
        path,
    })
}

/// A run of the whole pipeline that cannot come to its end does not begin. Whoever selects a block means it.
fn refuse_unsupported(
    input: &PlanInput<'_>,
    graph: &Graph<'_>,
    selected: &[bool],
) -> Result<(), PlanError> {
    if input.selection != Selection::All {
        return Ok(());
    }
    let mut blocks = Vec::new();
    // Those, and what needs them.
    let mut hindered = vec![false; selected.len()];
    for (position, block) in input.pipeline.blocks.iter().enumerate() {
        if let Some(what) = unsupported(block).filter(|_| selected[position]) {
            blocks.push((block.uuid.clone(), what));
            hindered[position] = true;
            add_reached(&mut hindered, &graph.downstream, position);
        }
    }
    if blocks.is_empty() {
        return Ok(());
    }
    let others = input.pipeline.blocks.iter().enumerate();
    let others = others.filter(|(position, _)| selected[*position] && !hindered[*position]);
    Err(PlanError::NotYet {
        pipeline: input.pipeline.uuid.clone(),
        blocks,
        others: others.map(|(_, block)| block.uuid.clone()).collect(),
    })
}

/// For each block of the pipeline whether it is to run.
fn select(input: &PlanInput<'_>, graph: &Graph<'_>) -> Result<Vec<bool>, PlanError> {
    let blocks = &input.pipeline.blocks;
    let mut selected = match &input.selection {
        Selection::All => vec![true; blocks.len()],
        Selection::Blocks {
            uuids,
            upstream,
            downstream,
        } => {
            let mut chosen = vec![false; blocks.len()];
            for uuid in uuids {
                let position = selected_position(input, graph, uuid)?;
                chosen[position] = true;
                for (wanted, edges) in
                    [(upstream, &graph.upstream), (downstream, &graph.downstream)]
                {
                    if *wanted {
                        add_reached(&mut chosen, edges, position);
                    }
                }
            }
            chosen
        }
    };
    for (one, block) in selected.iter_mut().zip(blocks) {
        *one &= block.kind.runs();
    }
    Ok(selected)
}

/// Where a block that was named stands; it must be one that runs.
fn selected_position(
    input: &PlanInput<'_>,
    graph: &Graph<'_>,
    uuid: &BlockUuid,
) -> Result<usize, PlanError> {
    let blocks = &input.pipeline.blocks;
    let position = graph
        .position(uuid)
        .ok_or_else(|| PlanError::UnknownBlock {
            pipeline: input.pipeline.uuid.clone(),
            block: uuid.clone(),
            nearest: nearest(uuid, blocks),
        })?;
    let kind = &blocks[position].kind;
    if kind.runs() {
        return Ok(position);
    }
    Err(PlanError::NotRunnable {
        block: uuid.clone(),
        kind: kind.name().to_owned(),
    })
}

fn add_reached(chosen: &mut [bool], edges: &[Vec<usize>], position: usize) {
    let reached = Graph::reach(edges, position);
    for (one, too) in chosen.iter_mut().zip(reached) {
        *one |= too;
    }
}

/// The most similar name of a block that runs, if one is similar enough to be a slip of the hand.
fn nearest(name: &BlockUuid, blocks: &[Block]) -> Option<BlockUuid> {
    let most = 1 + name.as_str().chars().count() / 3;
    blocks
        .iter()
        .filter(|block| block.kind.runs())
        .map(|block| {
            let distance = strsim::damerau_levenshtein(name.as_str(), block.uuid.as_str());
            (distance, &block.uuid)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, uuid)| uuid.clone())
}

fn planned_block(input: &PlanInput<'_>, block: &Block, upstream: Vec<BlockUuid>) -> PlannedBlock {
    let source = input.sources.get(&block.uuid);
    let problem = unsupported(block).map(|what| unsupported_error(block, &what));
    let problem = problem.or_else(|| match source {
        Some(source) => source.problem.clone(),
        // It takes what another pipeline has produced, and runs no code of its own.
        None if block.kind == BlockKind::GlobalDataProduct => None,
        None => Some(BlockError::new(
            FailureKind::MissingFile,
            format!("block `{}` has no file", block.uuid),
        )),
    });
    PlannedBlock {
        uuid: block.uuid.clone(),
        kind: block.kind.clone(),
        language: block.language.clone(),
        upstream,
        file: source.map(|source| source.file.clone()).unwrap_or_default(),
        code: source.and_then(|source| source.code.clone()),
        configuration: block.configuration.clone(),
        // Not the pipeline's own `retry_config`: in batch pipelines Mage reads it and passes over it.
        retry: retry::policy([&block.retry, input.project_retry]),
        timeout: block.timeout.and_then(timeout),
        replicated: block.replicated.clone(),
        priority: block.priority,
        dynamic: dynamic(block, "parent")
            || block.configuration.get("dynamic").is_some_and(is_true),
        reduce_output: reduces(block),
        conditions: attached(input, block, &input.pipeline.conditionals),
        callbacks: callbacks(input, block),
        extensions: attached(input, block, &input.pipeline.extensions),
        needs_frames: source.is_some_and(|source| source.needs_frames),
        slow_imports: source.map_or_else(Vec::new, |source| source.slow_imports.clone()),
        resources: if block.executor == "k8s" {
            block.resources.or(input.k8s_resources)
        } else {
            block.resources
        },
        problem,
    }
}

/// Whether the blocks below a block take all of its child runs together as one list.
pub fn reduces(block: &Block) -> bool {
    dynamic(block, "reduce_output")
        || block
            .configuration
            .get("reduce_output")
            .is_some_and(is_true)
}

/// What the map form of `dynamic` says (spec 2.12, version 2): `{parent: true}`, also a list of blocks.
fn dynamic(block: &Block, key: &str) -> bool {
    let map = block
        .configuration
        .get("dynamic")
        .and_then(Value::as_object);
    map.and_then(|map| map.get(key)).is_some_and(|value| {
        is_true(value) || value.as_array().is_some_and(|names| !names.is_empty())
    })
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true)
}

/// The blocks of a list that are attached to `block`.
fn attached(input: &PlanInput<'_>, block: &Block, list: &[Block]) -> Vec<Attached> {
    list.iter()
        .filter(|other| other.upstream.contains(&block.uuid))
        .map(|other| {
            attach(
                input,
                &other.uuid,
                other.configuration.clone(),
                other.extension.clone(),
            )
        })
        .collect()
}

fn callbacks(input: &PlanInput<'_>, block: &Block) -> Vec<Attached> {
    let mut callbacks = attached(input, block, &input.pipeline.callbacks);
    // The older form: a file of its own beside each block (spec 1.7).
    let legacy = BlockUuid::new(format!("{}_callback", block.uuid));
    if block.has_callback
        && input.sources.contains_key(&legacy)
        && callbacks.iter().all(|other| other.uuid != legacy)
    {
        callbacks.push(attach(input, &legacy, Map::new(), None));
    }
    callbacks
}

fn attach(
    input: &PlanInput<'_>,
    uuid: &BlockUuid,
    configuration: Map,
    extension: Option<String>,
) -> Attached {
    let source = input.sources.get(uuid);
    Attached {
        uuid: uuid.clone(),
        file: source.map(|source| source.file.clone()).unwrap_or_default(),
        code: source.and_then(|source| source.code.clone()),
        configuration,
        extension,
    }
}

/// The language or kind of a block that this version cannot run, whatever its file says.
fn unsupported(block: &Block) -> Option<String> {
    match (&block.kind, &block.language) {
        (
            BlockKind::Custom
            | BlockKind::DataLoader
            | BlockKind::DataExporter
            | BlockKind::Sensor
            | BlockKind::Transformer,
            Language::Python,
        )
        | (BlockKind::GlobalDataProduct, _) => None,
        (
            BlockKind::Custom
            | BlockKind::DataLoader
            | BlockKind::DataExporter
            | BlockKind::Sensor
            | BlockKind::Transformer,
            language,
        ) => Some(language.name().to_owned()),
        (kind, _) => Some(kind.name().to_owned()),
    }
}

fn unsupported_error(block: &Block, what: &str) -> BlockError {
    let text = if what == block.kind.name() {
        format!("blocks of type `{what}` are not supported yet")
    } else {
        format!("blocks in `{what}` are not supported yet")
    };
    BlockError::new(FailureKind::Unsupported, text).with_hint(
        "run the blocks that do not depend on it, or replace it by a Python block for now",
    )
}

/// A timeout in seconds; none when it is no positive number, as Mage treats a timeout of 0.
fn timeout(seconds: f64) -> Option<Duration> {
    (seconds > 0.0)
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}
