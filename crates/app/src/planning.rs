//! From what was asked for to a frozen plan: variables, trigger, inputs from older runs.

use std::collections::BTreeMap;

use baton_engine::{PlanInput, Selection};
use baton_model::{
    BlockUuid, CodeHash, Machine, OlderOutput, OnFailure, Pipeline, PipelineUuid, Plan, RunId,
    TriggerSettings,
};
use baton_project::Project;
use baton_scheduler::Wanted;
use baton_store::Store;

use crate::failure::Failure;
use crate::nested::StartedBy;
use crate::occasion::{self, Circumstances};
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

/// Plans a new run that a person or a block starts.
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
    let circumstances = occasion::circumstances(project, &name, args, started)?;
    let selection = if args.blocks.is_empty() {
        Selection::All
    } else {
        Selection::Blocks {
            uuids: args
                .blocks
                .iter()
                .map(|uuid| uuid.as_str().into())
                .collect(),
            upstream: args.upstream,
            downstream: args.downstream,
        }
    };
    let inputs = inputs(store, &pipeline, args).await?;
    let way = Way {
        selection,
        inputs,
        one_process: args.one_process || args.as_mage,
        as_mage: args.as_mage,
        workers: args.workers.unwrap_or_else(processors),
        machine: args.machine,
    };
    freeze(project, &pipeline, circumstances, way)
}

/// Plans a run that the service makes.
pub fn plan_wanted(
    project: &Project,
    wanted: &Wanted,
    workers: u32,
    machine: Machine,
) -> Result<Planned, Failure> {
    let pipeline = project
        .pipeline(&wanted.pipeline)
        .map_err(|error| sources::broken(project, error))?;
    let way = Way {
        selection: Selection::All,
        inputs: BTreeMap::new(),
        one_process: false,
        as_mage: false,
        workers,
        machine,
    };
    freeze(project, &pipeline, occasion::of_wanted(wanted), way)
}

/// Which part of a pipeline runs, and how.
struct Way {
    selection: Selection,
    inputs: BTreeMap<BlockUuid, OlderOutput>,
    one_process: bool,
    as_mage: bool,
    workers: u32,
    machine: Machine,
}

/// From everything that is known to the plan.
fn freeze(
    project: &Project,
    pipeline: &Pipeline,
    circumstances: Circumstances,
    way: Way,
) -> Result<Planned, Failure> {
    let Sources { planned, texts } = sources::read(project, pipeline);
    let settings = TriggerSettings::of(&circumstances.settings);
    let plan = baton_engine::plan(&PlanInput {
        pipeline,
        project_retry: &project.settings().retry,
        selection: way.selection,
        env: circumstances.env,
        triggered: circumstances.is_triggered,
        trigger: circumstances.trigger,
        occasion: circumstances.occasion,
        variables: circumstances.variables,
        one_process: way.one_process || pipeline.one_process,
        timeout: settings.timeout,
        execution_date: circumstances.date,
        on_failure: if way.as_mage {
            OnFailure::UntilNeeded
        } else if circumstances.is_triggered && !settings.allow_blocks_to_fail {
            OnFailure::Stop
        } else {
            OnFailure::Continue
        },
        workers: way.workers.max(1),
        machine: way.machine,
        k8s_resources: project.settings().resources,
        sources: &planned,
        inputs: &way.inputs,
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
    if args.blocks.is_empty() {
        return Ok(BTreeMap::new());
    }
    let blocks: Vec<BlockUuid> = pipeline
        .blocks
        .iter()
        .map(|block| block.uuid.clone())
        .collect();
    let Some(from) = args.from_run else {
        let newest = if args.committed {
            store.newest_committed(&pipeline.uuid, &blocks).await?
        } else {
            store.newest_inputs(&pipeline.uuid, &blocks).await?
        };
        return Ok(reduced(newest, pipeline));
    };
    let run = store.load_run(RunId(from)).await?.ok_or_else(|| {
        Failure::missing(format!("this project has no run {from}"))
            .or_hint("`baton runs PROJECT` lists the runs".to_owned())
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
