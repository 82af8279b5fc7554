//! From what was asked for to a frozen plan: variables, trigger, inputs from older runs.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_engine::{PlanInput, Selection};
use baton_model::{
    BlockUuid, CodeHash, OlderOutput, OnFailure, Pipeline, PipelineUuid, Plan, RunId, RunStatus,
    RunTimeout,
};
use baton_project::Project;
use serde_json::Value;

use baton_store::Store;

use crate::failure::Failure;
use crate::nested::StartedBy;
use crate::occasion;
use crate::request::RunRequest;
use crate::sources::{self, Sources};
use crate::workers::processors;

/// A plan with the texts it names.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The texts, by hash.
    pub texts: Vec<(CodeHash, String)>,
}

/// Plans a new run.
pub async fn plan(
    store: &Store,
    project: &Project,
    args: &RunRequest,
    started: Option<&StartedBy>,
) -> Result<Planned, Failure> {
    let name = PipelineUuid::from(args.pipeline.as_str());
    let mut pipeline = project
        .pipeline(&name)
        .map_err(|error| sources::broken(project, error))?;
    if args.as_mage {
        pipeline.conditionals.clear();
        pipeline.callbacks.clear();
    }
    let cause = occasion::cause(project, &name, args, started)?;
    let Sources { planned, texts } = sources::read(project, &pipeline);
    let selection = match &args.block {
        None => Selection::All,
        Some(uuid) => Selection::Block {
            uuid: BlockUuid::from(uuid.as_str()),
            upstream: args.upstream,
            downstream: args.downstream,
        },
    };
    let inputs = inputs(store, &pipeline, args).await?;
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
        workers: args.workers.unwrap_or_else(processors).max(1),
        sources: &planned,
        inputs: &inputs,
    })
    .map_err(|error| sources::unplannable(&error))?;
    Ok(Planned { plan, texts })
}

/// Runs that can supply what blocks outside the selection would produce.
async fn inputs(
    store: &Store,
    pipeline: &Pipeline,
    args: &RunRequest,
) -> Result<BTreeMap<BlockUuid, OlderOutput>, Failure> {
    if args.block.is_none() {
        return Ok(BTreeMap::new());
    }
    let blocks: Vec<BlockUuid> = pipeline
        .blocks
        .iter()
        .map(|block| block.uuid.clone())
        .collect();
    let Some(from) = args.from_run else {
        let newest = store.newest_inputs(&pipeline.uuid, &blocks).await?;
        return Ok(reduced(newest, pipeline));
    };
    let run = store.load_run(RunId(from)).await?.ok_or_else(|| {
        Failure::usage(
            format!("this project has no run {from}"),
            "`baton runs PROJECT` lists the runs",
        )
    })?;
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
        let output = store.older_output(run.id, uuid).await?;
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
