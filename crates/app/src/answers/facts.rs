//! Pipelines, triggers and runs as JSON, in the words that Mage's own attributes use (spec 11.5).

use std::collections::{BTreeMap, BTreeSet};

use baton_model::{Block, BlockUuid, Pipeline, PipelineUuid, Run};
use baton_project::Project;
use baton_scheduler::partition;
use serde_json::{Value, json};

/// A pipeline with its blocks.
pub(super) fn pipeline(project: &Project, pipeline: &Pipeline) -> Value {
    let list = |blocks: &[Block]| -> Vec<Value> {
        blocks
            .iter()
            .map(|block| self::block(project, pipeline, block))
            .collect()
    };
    json!({
        "uuid": pipeline.uuid, "name": pipeline.name, "description": pipeline.description,
        "type": pipeline.kind.name(), "blocks": list(&pipeline.blocks),
        "callbacks": list(&pipeline.callbacks), "conditionals": list(&pipeline.conditionals),
        "widgets": list(&pipeline.widgets), "variables": pipeline.variables, "tags": pipeline.tags,
        "retry_config": pipeline.retry, "run_pipeline_in_one_process": pipeline.one_process,
        "cache_block_output_in_memory": pipeline.cache_in_memory,
        "concurrency_config": {"block_run_limit": pipeline.block_run_limit},
    })
}

fn block(project: &Project, pipeline: &Pipeline, block: &Block) -> Value {
    // Not what the file lists as downstream, which may be old, but who names this block as upstream.
    let downstream: Vec<&BlockUuid> = pipeline
        .blocks
        .iter()
        .filter(|other| other.upstream.contains(&block.uuid))
        .map(|other| &other.uuid)
        .collect();
    json!({
        "uuid": block.uuid, "name": block.name, "type": block.kind.name(),
        "language": block.language.name(), "upstream_blocks": block.upstream,
        "downstream_blocks": downstream, "configuration": block.configuration,
        "executor_type": block.executor, "color": block.color, "timeout": block.timeout,
        "retry_config": block.retry, "replicated_block": block.replicated,
        "has_callback": block.has_callback,
        "file_path": project.block_file(pipeline, block).map(|file| file.path),
    })
}

/// The triggers of a pipeline's files; nothing for a pipeline that does not exist.
pub(super) fn triggers(project: &Project, pipeline: &PipelineUuid) -> Value {
    let describe = |(trigger, id): (baton_project::Trigger, usize)| {
        let kind = trigger.kind.name();
        json!({
            "id": id, "name": trigger.name, "pipeline_uuid": pipeline, "schedule_type": kind,
            "schedule_interval": trigger.interval, "start_time": trigger.start_time,
            "status": if trigger.is_active { "active" } else { "inactive" },
            "last_enabled_at": trigger.last_enabled_at, "variables": trigger.variables,
            "sla": trigger.sla, "settings": trigger.settings, "description": trigger.description,
        })
    };
    if project.pipeline_file(pipeline).is_err() {
        return json!([]);
    }
    let triggers = project.triggers(pipeline).triggers;
    triggers.into_iter().zip(1_usize..).map(describe).collect()
}

/// The blocks that pipelines declare today, read once each.
pub(super) struct Declared<'p> {
    project: &'p Project,
    known: BTreeMap<PipelineUuid, BTreeSet<BlockUuid>>,
}

impl<'p> Declared<'p> {
    pub(super) fn new(project: &'p Project) -> Self {
        Self {
            project,
            known: BTreeMap::new(),
        }
    }

    fn blocks(&mut self, uuid: &PipelineUuid) -> &BTreeSet<BlockUuid> {
        let project = self.project;
        self.known.entry(uuid.clone()).or_insert_with(|| {
            let blocks = project.pipeline(uuid).map(|pipeline| pipeline.blocks);
            let blocks = blocks.unwrap_or_default().into_iter();
            blocks
                .filter(|block| block.kind.runs())
                .map(|block| block.uuid)
                .collect()
        })
    }
}

/// A run with its block runs. Times are microseconds since 1970 in UTC.
pub(super) fn run(run: &Run, declared: &mut Declared<'_>) -> Value {
    let plan = &run.plan;
    let planned: BTreeSet<&BlockUuid> = plan.blocks.iter().map(|block| &block.uuid).collect();
    // A person may run some blocks only; such a run does not stand for the pipeline. A triggered one is always whole,
    // whatever the pipeline has gained since.
    let is_partial = !plan.triggered
        && (!plan.inputs.is_empty()
            || !declared
                .blocks(&plan.pipeline)
                .iter()
                .all(|block| planned.contains(block)));
    let blocks: Vec<Value> = run
        .blocks
        .iter()
        .zip(0_i64..)
        .map(|(block, position)| {
            json!({
                "id": run.id.0 * 1_000_000 + position, "block_uuid": block.name,
                "declared": block.key.child.is_none().then_some(&block.key.block),
                "status": block.status.name(), "started_at": block.started_at,
                "completed_at": block.ended_at, "attempt": block.attempt,
                "error": block.error.as_ref().map(|error| json!({
                    "exception": error.exception, "message": error.message,
                })),
            })
        })
        .collect();
    json!({
        "id": run.id, "pipeline_uuid": plan.pipeline, "status": run.status.name(),
        "execution_date": plan.execution_date, "created_at": run.created_at,
        "started_at": run.started_at, "completed_at": run.ended_at, "env": plan.env,
        "triggered": plan.triggered, "partial": is_partial,
        "trigger_name": plan.trigger,
        "execution_partition": plan.triggered.then(|| {
            plan.occasion.partition.clone().unwrap_or_else(|| partition(plan.execution_date))
        }),
        "variables": run.known_variables(), "event": plan.occasion.event, "parent": plan.occasion.parent,
        "block_runs": blocks,
    })
}
