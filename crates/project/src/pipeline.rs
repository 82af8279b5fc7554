//! `pipelines/<uuid>/metadata.yaml` → [`Pipeline`] (spec 1.7).
//!
//! The file's text is not a template, only its `executor_type` values are. Unknown upstream names are dropped, as
//! Mage drops them; where they stood is kept for the checks.

use std::collections::{HashMap, HashSet};

use baton_model::{
    Block, BlockKind, BlockUuid, Language, LimitReached, Map, Pipeline, PipelineKind, PipelineUuid,
    RetrySettings, RunLimits,
};

use crate::notifications;
use crate::problem::{Problem, Rule};
use crate::reading::{self, Reader};
use crate::resources;
use crate::settings;
use crate::template::{self, Lookup};
use crate::yaml::{Mark, Node};

/// The pipeline types that Mage knows.
const KINDS: [&str; 6] = [
    "python",
    "integration",
    "streaming",
    "pyspark",
    "databricks",
    "execution_framework",
];

/// A pipeline's file: the value that could be read, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct PipelineFile {
    /// The pipeline, as far as it could be read.
    pub pipeline: Pipeline,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
    /// Where the blocks stand: those of `blocks`, `callbacks`, `conditionals` and `widgets`, in this order.
    pub(crate) places: Vec<Places>,
}

/// Where the parts of a block's entry stand.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) entry: Mark,
    pub(crate) kind: Mark,
    pub(crate) language: Mark,
    pub(crate) original: Mark,
    pub(crate) profile: Mark,
    /// The upstream names as they are written.
    pub(crate) upstream: Vec<(String, Mark)>,
}

impl PipelineFile {
    /// Every block with the place of its entry, in the order of the file's groups.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Block, &Places)> {
        let pipeline = &self.pipeline;
        [
            &pipeline.blocks,
            &pipeline.callbacks,
            &pipeline.conditionals,
            &pipeline.widgets,
            &pipeline.extensions,
        ]
        .into_iter()
        .flatten()
        .zip(&self.places)
    }

    /// Whether a run of the pipeline cannot even be planned.
    pub fn is_broken(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

/// Reads a pipeline. `file` is its path in the project, for problems.
pub(crate) fn read(uuid: &PipelineUuid, file: &str, text: &str, lookup: &Lookup) -> PipelineFile {
    let mut reader = Reader::new(file, Some(uuid));
    let mut result = PipelineFile {
        pipeline: empty(uuid),
        problems: Vec::new(),
        places: Vec::new(),
    };
    if let Some(document) = reader.parse(text) {
        let root = &document.root;
        if !root.is_null() && reader.is_mapping(root, "the file") {
            fill(&mut result, root, &mut reader, lookup);
        }
    }
    result.problems = reader.problems;
    result
}

/// A pipeline of which nothing could be read.
pub(crate) fn empty(uuid: &PipelineUuid) -> Pipeline {
    Pipeline {
        uuid: uuid.clone(),
        name: uuid.as_str().to_owned(),
        description: None,
        kind: PipelineKind::Python,
        blocks: Vec::new(),
        callbacks: Vec::new(),
        conditionals: Vec::new(),
        extensions: Vec::new(),
        widgets: Vec::new(),
        variables: Map::new(),
        tags: Vec::new(),
        retry: RetrySettings::default(),
        block_run_limit: None,
        run_limits: RunLimits::default(),
        notifications: Map::new(),
        saves_triggers: false,
        one_process: false,
        cache_in_memory: false,
    }
}

fn fill(result: &mut PipelineFile, root: &Node, reader: &mut Reader<'_>, lookup: &Lookup) {
    let pipeline = &mut result.pipeline;
    if let Some(name) = reading::text(root, "name") {
        pipeline.name = name;
    }
    pipeline.description = reading::text(root, "description");
    pipeline.kind = kind(root, reader);
    pipeline.variables = reader.variables(root, "variables");
    pipeline.tags = reader
        .names(root, "tags")
        .into_iter()
        .map(|(tag, _)| tag)
        .collect();
    pipeline.retry = reader.retry(root);
    pipeline.one_process = reading::flag(root, "run_pipeline_in_one_process").unwrap_or(false);
    pipeline.cache_in_memory = reading::flag(root, "cache_block_output_in_memory").unwrap_or(false);
    if let Some(limits) = root.get("concurrency_config") {
        pipeline.block_run_limit = reader.count(limits, "block_run_limit");
        pipeline.run_limits = reader.leniently(|reader| run_limits(limits, reader));
    }
    pipeline.notifications = notifications::map(root, reader);
    pipeline.saves_triggers = settings::saves_triggers(root.get("settings"));
    let above = executor(root, reader, lookup);
    let resources = resources::read(root, "executor_config", above.as_deref(), reader);

    let places = &mut result.places;
    let mut group =
        |node: &Node, key: &str, default: Option<BlockKind>, reader: &mut Reader<'_>| {
            let mut blocks = Vec::new();
            for item in reader.list(node, key) {
                if let Some((block, place)) = block(item, default.as_ref(), reader, lookup) {
                    blocks.push(block);
                    places.push(place);
                }
            }
            blocks
        };
    pipeline.blocks = group(root, "blocks", None, reader);
    pipeline.callbacks = group(root, "callbacks", Some(BlockKind::Callback), reader);
    pipeline.conditionals = group(root, "conditionals", Some(BlockKind::Conditional), reader);
    pipeline.widgets = group(root, "widgets", Some(BlockKind::Chart), reader);
    // `extensions: {great_expectations: {blocks: [...]}}`
    for extension in root
        .get("extensions")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let kind = Some(BlockKind::Extension);
        let mut blocks = group(&extension.value, "blocks", kind, reader);
        for block in &mut blocks {
            block.extension = Some(extension.key.clone());
        }
        pipeline.extensions.extend(blocks);
    }

    reader.enter(None);
    for block in &mut pipeline.blocks {
        block.resources = block.resources.or(resources);
    }
    refuse_duplicates(result, reader);
    drop_unknown_upstream(&mut result.pipeline);
    refuse_cycle(result, reader);
}

fn run_limits(limits: &Node, reader: &mut Reader<'_>) -> RunLimits {
    let mut limit = |key: &str| reader.count(limits, key).filter(|limit| *limit > 0);
    RunLimits {
        per_trigger: limit("pipeline_run_limit"),
        all_triggers: limit("pipeline_run_limit_all_triggers"),
        when_reached: reader
            .word(
                limits,
                "on_pipeline_run_limit_reached",
                &[(LimitReached::Wait, "wait"), (LimitReached::Skip, "skip")],
            )
            .unwrap_or_default(),
    }
}

fn kind(root: &Node, reader: &mut Reader<'_>) -> PipelineKind {
    // The oldest files have no type.
    let Some(node) = root.get("type").filter(|node| !node.is_null()) else {
        return PipelineKind::Python;
    };
    let name = node.text().unwrap_or_default();
    if !KINDS.contains(&name.as_str()) {
        reader
            .problem(
                Rule::UnknownPipelineType,
                node.mark,
                format!("there is no pipeline type `{name}`"),
            )
            .hint = Some("use `python`, `integration` or `streaming`".to_owned());
    }
    PipelineKind::parse(&name)
}

/// The executor of a block, or the pipeline's own.
fn executor(node: &Node, reader: &mut Reader<'_>, lookup: &Lookup) -> Option<String> {
    let value = node.get("executor_type")?;
    let text = value.text()?;
    match template::render(&text, lookup) {
        Ok(rendered) => {
            for name in &rendered.unset {
                reader
                    .problem(
                        Rule::UnsetVariable,
                        value.mark,
                        format!("the environment variable `{name}` is not set"),
                    )
                    .hint = Some(format!(
                    "set it, or give a default: env_var('{name}', '...')"
                ));
            }
            for name in &rendered.unknown_secrets {
                reader.problem(
                    Rule::UnknownSecret,
                    value.mark,
                    format!("there is no secret `{name}`"),
                );
            }
            Some(rendered.text).filter(|text| !text.is_empty() && text != "None")
        }
        Err(error) => {
            reader.problem(Rule::BadTemplate, value.mark, error.message);
            None
        }
    }
}

fn block(
    node: &Node,
    default: Option<&BlockKind>,
    reader: &mut Reader<'_>,
    lookup: &Lookup,
) -> Option<(Block, Places)> {
    if !reader.is_mapping(node, "a block") {
        return None;
    }
    let Some(uuid) = reading::text(node, "uuid").filter(|uuid| !uuid.is_empty()) else {
        reader.problem(Rule::YamlShape, node.mark, "the block has no `uuid`");
        return None;
    };
    let uuid = BlockUuid::new(uuid);
    reader.enter(Some(uuid.clone()));
    let mark = |key: &str| node.get(key).map_or(node.mark, |value| value.mark);
    let kind = match (reading::text(node, "type"), default) {
        (Some(name), _) => BlockKind::parse(&name),
        (None, Some(default)) => default.clone(),
        (None, None) => {
            reader.problem(Rule::YamlShape, node.mark, "the block has no `type`");
            BlockKind::Other(String::new())
        }
    };
    let language = reading::text(node, "language").filter(|name| !name.is_empty());
    let upstream = reader.names(node, "upstream_blocks");
    let uuids = |names: &[(String, Mark)]| {
        names
            .iter()
            .map(|(name, _)| BlockUuid::new(name.as_str()))
            .collect::<Vec<_>>()
    };
    let configuration = reader.map(node, "configuration");
    let places = Places {
        entry: node.mark,
        kind: mark("type"),
        language: mark("language"),
        original: mark("replicated_block"),
        profile: node
            .get("configuration")
            .and_then(|configuration| configuration.get("data_provider_profile"))
            .map_or(node.mark, |value| value.mark),
        upstream,
    };
    let retry = reader.retry(node);
    let timeout = reader.number(node, "timeout");
    let executor = executor(node, reader, lookup).unwrap_or_else(|| "local_python".to_owned());
    let block = Block {
        name: reading::text(node, "name").unwrap_or_else(|| uuid.as_str().to_owned()),
        kind,
        language: language.map_or(Language::Python, |name| Language::parse(&name)),
        upstream: uuids(&places.upstream),
        downstream: uuids(&reader.names(node, "downstream_blocks")),
        configuration,
        retry,
        timeout: timeout.filter(|seconds| *seconds > 0.0),
        replicated: reading::text(node, "replicated_block").map(BlockUuid::new),
        resources: resources::read(node, "executor_config", Some(&executor), reader),
        executor,
        color: reading::text(node, "color"),
        priority: reader.number(node, "priority").unwrap_or(0.0) as i64,
        extension: None,
        has_callback: reading::flag(node, "has_callback").unwrap_or(false),
        uuid,
    };
    reader.enter(None);
    Some((block, places))
}

fn refuse_duplicates(result: &PipelineFile, reader: &mut Reader<'_>) {
    let blocks = result
        .entries()
        .map(|(block, places)| (block.uuid.as_str(), places.entry));
    let mut seen: HashMap<&str, Mark> = HashMap::new();
    for (name, mark) in blocks {
        let Some(first) = seen.get(name) else {
            seen.insert(name, mark);
            continue;
        };
        let line = first.line;
        reader.enter(Some(BlockUuid::new(name)));
        reader
            .problem(
                Rule::DuplicateBlock,
                mark,
                format!("the pipeline has two blocks `{name}`; the first is in line {line}"),
            )
            .hint = Some("give one of them another `uuid`, and its file the same name".to_owned());
    }
    reader.enter(None);
}

fn drop_unknown_upstream(pipeline: &mut Pipeline) {
    let known: HashSet<BlockUuid> = pipeline
        .blocks
        .iter()
        .map(|block| block.uuid.clone())
        .collect();
    let groups = [
        &mut pipeline.blocks,
        &mut pipeline.callbacks,
        &mut pipeline.conditionals,
        &mut pipeline.widgets,
        &mut pipeline.extensions,
    ];
    for block in groups.into_iter().flatten() {
        block.upstream.retain(|uuid| known.contains(uuid));
    }
}

fn refuse_cycle(result: &PipelineFile, reader: &mut Reader<'_>) {
    let Some(cycle) = cycle(&result.pipeline) else {
        return;
    };
    let first = cycle[0];
    let names: Vec<&str> = cycle
        .iter()
        .chain([&first])
        .map(|&index| result.pipeline.blocks[index].uuid.as_str())
        .collect();
    reader.enter(Some(result.pipeline.blocks[first].uuid.clone()));
    reader
        .problem(
            Rule::DependencyCycle,
            result.places[first].entry,
            format!("blocks wait for each other: {}", names.join(" → ")),
        )
        .hint = Some("remove one of these connections from `upstream_blocks`".to_owned());
    reader.enter(None);
}

/// Positions of blocks that wait for each other, each upstream of the next, the earliest of the file first.
fn cycle(pipeline: &Pipeline) -> Option<Vec<usize>> {
    let blocks = &pipeline.blocks;
    let position: HashMap<&BlockUuid, usize> = blocks
        .iter()
        .enumerate()
        .map(|(index, block)| (&block.uuid, index))
        .collect();
    let upstream: Vec<Vec<usize>> = blocks
        .iter()
        .map(|block| {
            block
                .upstream
                .iter()
                .filter_map(|uuid| position.get(uuid).copied())
                .collect()
        })
        .collect();
    // Blocks from which every path upstream ends are done; a path that meets itself is a cycle.
    let mut done = vec![false; blocks.len()];
    for start in 0..blocks.len() {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        let mut on_path = vec![false; blocks.len()];
        on_path[start] = true;
        while let Some((block, next)) = path.last_mut() {
            let block = *block;
            if done[block] {
                on_path[block] = false;
                path.pop();
                continue;
            }
            let Some(&above) = upstream[block].get(*next) else {
                done[block] = true;
                continue;
            };
            *next += 1;
            if on_path[above] {
                let from = path.iter().position(|(block, _)| *block == above)?;
                let mut cycle: Vec<usize> =
                    path[from..].iter().rev().map(|(block, _)| *block).collect();
                let earliest = (0..cycle.len()).min_by_key(|&index| cycle[index])?;
                cycle.rotate_left(earliest);
                return Some(cycle);
            }
            on_path[above] = true;
            path.push((above, 0));
        }
    }
    None
}

#[cfg(test)]
mod tests;
