//! What a run needs from the project's files: the text of each block, and facts about it.

use std::collections::BTreeMap;

use baton_base::chain;
use baton_engine::{PlanError, Source};
use baton_model::{
    Block, BlockError, BlockUuid, CodeHash, FailureKind, Language, Pipeline, PipelineUuid,
};
use baton_project::{PipelineError, Project, Trigger, TriggerKind};
use serde_json::Value;

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

/// The sources of a pipeline's blocks.
pub(crate) struct Sources {
    /// Per block, what the plan needs to know.
    pub(crate) planned: BTreeMap<BlockUuid, Source>,
    /// The texts, by hash.
    pub(crate) texts: Vec<(CodeHash, String)>,
}

/// Reads the files of the blocks that run. What is wrong with a file becomes that block's problem.
pub(crate) fn read(project: &Project, pipeline: &Pipeline) -> Sources {
    let mut sources = Sources {
        planned: BTreeMap::new(),
        texts: Vec::new(),
    };
    let modules = project.sources();
    for block in pipeline.blocks.iter().filter(|block| block.kind.runs()) {
        let file = project.block_file(pipeline, block).map(|file| file.path);
        let shown = file.clone().unwrap_or_default();
        let mut source = Source {
            file: shown.clone(),
            code: None,
            needs_frames: false,
            problem: None,
        };
        let Some(file) = file else {
            sources.planned.insert(block.uuid.clone(), source);
            continue;
        };
        match project.read(&file) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let hash = CodeHash::new(blake3::hash(text.as_bytes()).to_hex().as_str());
                if block.language == Language::Python {
                    let imports = modules.closure(&file).modules;
                    source.needs_frames = imports.iter().any(|module| needs_frames(module));
                }
                source.code = Some(hash.clone());
                sources.texts.push((hash, text));
            }
            Err(error) => {
                let message = format!(
                    "the block's file `{shown}` cannot be read: {}",
                    chain(&error)
                );
                source.problem = Some(
                    BlockError::new(FailureKind::MissingFile, message)
                        .with_hint("restore the file and start a new run, or remove the block from the pipeline"),
                );
            }
        }
        source.problem = source.problem.or_else(|| not_yet(pipeline, block));
        sources.planned.insert(block.uuid.clone(), source);
    }
    sources
}

/// What a block asks for and this version does not do. Running it as if it had not asked would give other
/// results than Mage's, so it fails and says so.
fn not_yet(pipeline: &Pipeline, block: &Block) -> Option<BlockError> {
    let condition = pipeline
        .conditionals
        .iter()
        .find(|condition| condition.upstream.contains(&block.uuid));
    let is_dynamic = match block.configuration.get("dynamic") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(_) => true,
    };
    let message = match condition {
        Some(condition) => format!(
            "the condition `{}` decides whether it runs, and conditions are not supported yet",
            condition.uuid
        ),
        None if is_dynamic => "dynamic blocks are not supported yet".to_owned(),
        None => return None,
    };
    let hint = "run the blocks that do not depend on it with --block for now";
    Some(BlockError::new(FailureKind::Unsupported, message).with_hint(hint))
}

/// What a pipeline asks for and this version leaves out without harm to the data.
pub(crate) fn left_out(pipeline: &Pipeline) -> Option<String> {
    let names: Vec<&str> = pipeline
        .callbacks
        .iter()
        .map(|block| block.uuid.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("callbacks are not run yet: {}", names.join(", ")))
}

fn needs_frames(module: &str) -> bool {
    let top = module.split('.').next().unwrap_or(module);
    FRAME_MODULES.contains(&top) || module == "mage_ai.io" || module.starts_with("mage_ai.io.")
}

/// The pipeline's first trigger for calls through the API, which a run by hand stands for.
pub(crate) fn api_trigger(project: &Project, pipeline: &PipelineUuid) -> Option<Trigger> {
    project
        .triggers(pipeline)
        .triggers
        .into_iter()
        .find(|trigger| trigger.kind == TriggerKind::Api)
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
            | PlanError::PipelineKind { .. }
    );
    let failure = Failure::from(error.clone());
    if is_projects {
        failure.with_exit(FAILED)
    } else {
        failure
    }
}
