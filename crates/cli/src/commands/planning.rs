//! From what was asked for to a frozen plan: variables, trigger, inputs from older runs.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_engine::{PlanInput, Selection};
use baton_model::{
    BlockUuid, CodeHash, Map, OlderOutput, OnFailure, Pipeline, PipelineUuid, Plan, RunId,
    RunStatus, RunTimeout,
};
use baton_project::Project;
use serde_json::Value;

use super::nested::StartedBy;
use super::occasion;
use super::sources::{self, Sources};
use super::state::State;
use super::workers::processors;
use crate::args::RunArgs;
use crate::failure::Failure;

/// A plan with the texts it names.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) texts: Vec<(CodeHash, String)>,
}

/// Plans a new run.
pub(crate) fn plan(
    state: &State,
    project: &Project,
    args: &RunArgs,
    started: Option<&StartedBy>,
) -> Result<Planned, Failure> {
    let name = PipelineUuid::from(args.pipeline.as_deref().unwrap_or_default());
    let mut pipeline = project
        .pipeline(&name)
        .map_err(|error| sources::broken(project, error))?;
    if args.as_mage {
        pipeline.conditionals.clear();
        pipeline.callbacks.clear();
    }
    let cause = occasion::cause(project, &name, args, started, given_variables(args)?)?;
    let Sources { planned, texts } = sources::read(project, &pipeline);
    let selection = match &args.block {
        None => Selection::All,
        Some(uuid) => Selection::Block {
            uuid: BlockUuid::from(uuid.as_str()),
            upstream: args.upstream,
            downstream: args.downstream,
        },
    };
    let inputs = inputs(state, &pipeline, args)?;
    let setting = |key: &str| cause.settings.get(key);
    let may_fail = setting("allow_blocks_to_fail").and_then(Value::as_bool) == Some(true);
    let timeout = setting("timeout")
        .and_then(Value::as_f64)
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map(|after| RunTimeout {
            after,
            status: match setting("timeout_status").and_then(Value::as_str) {
                Some("cancelled") => RunStatus::Cancelled,
                _ => RunStatus::Failed,
            },
        });
    let plan = baton_engine::plan(&PlanInput {
        pipeline: &pipeline,
        project_retry: &project.settings().retry,
        selection,
        env: cause.env,
        triggered: cause.is_triggered,
        trigger: cause.trigger,
        occasion: cause.occasion,
        variables: cause.variables,
        one_process: args.one_process || args.as_mage || pipeline.one_process,
        timeout,
        execution_date: cause.date,
        on_failure: if args.as_mage {
            OnFailure::UntilNeeded
        } else if cause.is_triggered && !may_fail {
            OnFailure::Stop
        } else {
            OnFailure::Continue
        },
        workers: args.worker.workers.unwrap_or_else(processors).max(1),
        sources: &planned,
        inputs: &inputs,
    })
    .map_err(|error| sources::unplannable(&error))?;
    Ok(Planned { plan, texts })
}

/// Runs that can supply what blocks outside the selection would produce.
fn inputs(
    state: &State,
    pipeline: &Pipeline,
    args: &RunArgs,
) -> Result<BTreeMap<BlockUuid, OlderOutput>, Failure> {
    if args.block.is_none() {
        return Ok(BTreeMap::new());
    }
    let blocks: Vec<BlockUuid> = pipeline
        .blocks
        .iter()
        .map(|block| block.uuid.clone())
        .collect();
    let newest =
        |names: &[BlockUuid]| state.block_on(state.store.newest_inputs(&pipeline.uuid, names));
    let Some(from) = args.from_run else {
        return Ok(reduced(newest(&blocks)?, pipeline));
    };
    let run = state.block_on(state.run(RunId(from)))?;
    if run.plan.pipeline != pipeline.uuid {
        return Err(Failure::usage(
            format!(
                "run {from} is a run of `{}`, not of `{}`",
                run.plan.pipeline, pipeline.uuid
            ),
            format!(
                "`baton runs PROJECT --pipeline {}` lists its runs",
                pipeline.uuid
            ),
        ));
    }
    // What that run itself took from an older one is good for this one too.
    let mut inputs = run.plan.inputs.clone();
    for block in run.blocks.iter().filter(|block| {
        block.key.child.is_none() && block.status == baton_model::BlockStatus::Completed
    }) {
        let uuid = &block.key.block;
        let output = state.block_on(state.store.older_output(run.id, uuid))?;
        inputs.insert(uuid.clone(), output);
    }
    Ok(reduced(inputs, pipeline))
}

/// Notes which outputs are taken as one list.
fn reduced(
    mut inputs: BTreeMap<BlockUuid, OlderOutput>,
    pipeline: &Pipeline,
) -> BTreeMap<BlockUuid, OlderOutput> {
    for (uuid, output) in &mut inputs {
        output.reduced = pipeline.block(uuid).is_some_and(baton_engine::reduces);
    }
    inputs
}

/// The JSON object that `option` was given as `text`; `example` is one for the hint.
pub(super) fn json_object(option: &str, text: &str, example: &str) -> Result<Map, Failure> {
    let complaint = match serde_json::from_str(text) {
        Ok(Value::Object(map)) => return Ok(map),
        Ok(_) => format!("{option} is not a JSON object"),
        Err(error) => format!("{option} is not valid JSON: {error}"),
    };
    Err(Failure::usage(
        complaint,
        format!("write {option} '{example}'"),
    ))
}

/// `--vars` and `--var`, the latter winning.
fn given_variables(args: &RunArgs) -> Result<Map, Failure> {
    let mut variables = match &args.variables_json {
        Some(text) => json_object("--vars", text, r#"{"region": "eu"}"#)?,
        None => Map::new(),
    };
    for given in &args.variables {
        let Some((name, value)) = given.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::usage(
                format!("--var `{given}` has no `=`"),
                "write --var NAME=VALUE",
            ));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}
