//! What a run needs from the project's files: the text of each block, and facts about it.

use std::collections::{BTreeMap, BTreeSet};

use baton_base::chain;
use baton_engine::{PlanError, Source};
use baton_model::{
    Block, BlockError, BlockKind, BlockUuid, CodeHash, FailureKind, Language, Pipeline,
    PipelineUuid, TriggerKind,
};
use baton_project::{PipelineError, Project, Sources as ProjectSources, Trigger};

use crate::failure::{FAILED, Failure};

/// Modules whose import means that a block works with frames, so that it is worth starting it in a worker
/// that has them loaded.
const FRAME_MODULES: [&str; 11] = [
    "pandas",
    "numpy",
    "pyarrow",
    "polars",
    "geopandas",
    "sklearn",
    "scipy",
    "seaborn",
    "statsmodels",
    "xgboost",
    "duckdb",
];

/// Modules that take long to import and may be imported before a fork; `zygote.py` knows their parts, and why others
/// are not here.
const SLOW_MODULES: [&str; 2] = ["scipy", "sklearn"];

/// The sources of a pipeline's blocks.
pub(crate) struct Sources {
    /// Per block, what the plan needs to know.
    pub(crate) planned: BTreeMap<BlockUuid, Source>,
    /// The texts, by hash.
    pub(crate) texts: Vec<(CodeHash, String)>,
}

/// Reads the files of the blocks that run, alone or beside another one. What is wrong with a file becomes that
/// block's problem.
pub(crate) fn read(project: &Project, pipeline: &Pipeline) -> Sources {
    let mut sources = Sources {
        planned: BTreeMap::new(),
        texts: Vec::new(),
    };
    let modules = project.sources();
    for block in pipeline.blocks.iter().filter(|block| block.kind.runs()) {
        let source = source_of(project, pipeline, block, &modules, &mut sources.texts);
        sources.planned.insert(block.uuid.clone(), source);
        if block.has_callback {
            let legacy = legacy_callback(block);
            let source = source_of(project, pipeline, &legacy, &modules, &mut sources.texts);
            if source.code.is_some() {
                sources.planned.insert(legacy.uuid, source);
            }
        }
    }
    let attached = [
        &pipeline.conditionals,
        &pipeline.callbacks,
        &pipeline.extensions,
    ];
    for block in attached.into_iter().flatten() {
        let source = source_of(project, pipeline, block, &modules, &mut sources.texts);
        sources.planned.insert(block.uuid.clone(), source);
    }
    // A conditional runs in the process of its block, and so do extensions: what they import counts there.
    for block in &pipeline.blocks {
        let beside = pipeline.conditionals.iter().chain(&pipeline.extensions);
        let needs = beside
            .filter(|other| other.upstream.contains(&block.uuid))
            .filter_map(|other| sources.planned.get(&other.uuid))
            .any(|source| source.needs_frames);
        if let Some(source) = sources.planned.get_mut(&block.uuid) {
            source.needs_frames |= needs;
        }
    }
    sources
}

/// The callback block that an older file stands for (spec 1.7).
fn legacy_callback(block: &Block) -> Block {
    Block {
        uuid: BlockUuid::new(format!("{}_callback", block.uuid)),
        kind: BlockKind::Callback,
        language: Language::Python,
        replicated: None,
        ..block.clone()
    }
}

fn source_of(
    project: &Project,
    pipeline: &Pipeline,
    block: &Block,
    modules: &ProjectSources,
    texts: &mut Vec<(CodeHash, String)>,
) -> Source {
    // What hands out the outputs of another pipeline runs no code of its own.
    let has_code = block.kind != BlockKind::GlobalDataProduct;
    let file = project.block_file(pipeline, block).map(|file| file.path);
    let file = file.filter(|_| has_code);
    let shown = file.clone().unwrap_or_default();
    let mut source = Source {
        file: shown.clone(),
        code: None,
        needs_frames: !has_code,
        slow_imports: Vec::new(),
        problem: None,
    };
    let Some(file) = file else {
        return source;
    };
    match project.read(&file) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let hash = CodeHash::new(blake3::hash(text.as_bytes()).to_hex().as_str());
            if block.language == Language::Python {
                let imports = modules.closure(&file).modules;
                source.needs_frames = imports.iter().any(|module| needs_frames(module));
                let tops = imports.iter().map(|module| top_of(module).to_owned());
                let slow = tops.filter(|top| SLOW_MODULES.contains(&top.as_str()));
                source.slow_imports = slow.collect::<BTreeSet<_>>().into_iter().collect();
            }
            source.code = Some(hash.clone());
            texts.push((hash, text));
        }
        Err(error) => {
            let message = if error.kind() == std::io::ErrorKind::NotFound {
                format!("the block's file `{shown}` is missing")
            } else {
                let cause = chain(&error);
                format!("the block's file `{shown}` cannot be read: {cause}")
            };
            source.problem = Some(
                BlockError::new(FailureKind::MissingFile, message).with_hint(
                    "restore the file and start a new run, or remove the block from the pipeline",
                ),
            );
        }
    }
    source
}

fn top_of(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

fn needs_frames(module: &str) -> bool {
    FRAME_MODULES.contains(&top_of(module))
        || module == "mage_ai.io"
        || module.starts_with("mage_ai.io.")
}

/// The trigger called `name` with its number, or the pipeline's first one for calls through the API, which a run by hand
/// stands for.
pub(crate) fn trigger(
    project: &Project,
    pipeline: &PipelineUuid,
    name: Option<&str>,
) -> Result<Option<(usize, Trigger)>, Failure> {
    let triggers = project.triggers(pipeline).triggers;
    let found = (1..).zip(&triggers).find(|(_, trigger)| match name {
        Some(name) => trigger.name == name,
        None => trigger.kind == TriggerKind::Api,
    });
    if let Some((number, trigger)) = found {
        return Ok(Some((number, trigger.clone())));
    }
    let Some(name) = name else {
        return Ok(None);
    };
    let names: Vec<&str> = triggers
        .iter()
        .map(|trigger| trigger.name.as_str())
        .collect();
    let hint = match names.as_slice() {
        [] => format!("`pipelines/{pipeline}/triggers.yaml` declares none"),
        names => format!("it has: {}", names.join(", ")),
    };
    Err(Failure::usage(
        format!("pipeline `{pipeline}` has no trigger `{name}`"),
        hint,
    ))
}

/// The pipeline's trigger for calls through the API that has this name.
pub(crate) fn api_trigger(
    project: &Project,
    pipeline: &PipelineUuid,
    name: &str,
) -> Option<(usize, Trigger)> {
    let triggers = project.triggers(pipeline).triggers;
    (1..)
        .zip(triggers)
        .find(|(_, trigger)| trigger.kind == TriggerKind::Api && trigger.name == name)
}

/// A pipeline that cannot be read: its problems, as `baton check` shows them.
pub(crate) fn broken(project: &Project, error: PipelineError) -> Failure {
    match error {
        PipelineError::Unknown { .. } => Failure::from(error),
        error @ PipelineError::Broken { .. } => {
            let hint = format!(
                "`baton check {}` lists every problem of the project",
                project.root().display()
            );
            Failure::from(error).with_exit(FAILED).or_hint(hint)
        }
    }
}

/// A pipeline that cannot be planned. Problems of the project count as a failed run, a wrong selection as wrong use.
pub(crate) fn unplannable(error: &PlanError) -> Failure {
    let is_projects = matches!(
        error,
        PlanError::Cycle { .. }
            | PlanError::DuplicateBlock { .. }
            | PlanError::NeverStarts { .. }
            | PlanError::NotYet { .. }
            | PlanError::PipelineKind { .. }
    );
    let failure = Failure::from(error.clone());
    if is_projects {
        failure.with_exit(FAILED)
    } else {
        failure
    }
}
