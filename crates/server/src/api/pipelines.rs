//! `pipelines`: what a pipeline is, made, changed, deleted.

use std::collections::HashMap;

use axum::extract::State;
use baton_app::{BlockText, ChangeOptions, Consequences, PipelineFacts, PipelineQuery};
use baton_model::{BlockUuid, PipelineUuid, Trigger};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::blocks::{self, BlockChange, BlockView};
use super::checks::ProblemView;
use super::usage::UsualView;
use super::{By, pipeline_schedules};
use crate::answer::{Many, Metadata, Named, One, With};
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::{MOST_ROWS, Paging, Path, Query, flag};
use crate::{Shared, times, words};

/// A pipeline.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Pipeline")]
pub(crate) struct PipelineView {
    uuid: String,
    name: String,
    description: Option<String>,
    #[serde(rename = "type")]
    #[schemars(with = "words::PipelineKind")]
    kind: String,
    tags: Vec<String>,
    blocks: Vec<BlockView>,
    callbacks: Vec<BlockView>,
    conditionals: Vec<BlockView>,
    widgets: Vec<BlockView>,
    cache_block_output_in_memory: bool,
    run_pipeline_in_one_process: bool,
    updated_at: String,
    /// Names the content of its file: send it with a change.
    revision: String,
    /// What is wrong with its file.
    problems: Vec<ProblemView>,
    #[serde(flatten)]
    settings: PipelineSettings,
    /// Its triggers; in lists only with `include_schedules=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedules: Option<Vec<ScheduleSummary>>,
    /// What is usual for its runs.
    usual: Option<UsualView>,
}

/// What a pipeline's file says besides, as it is written.
#[derive(Serialize, JsonSchema)]
struct PipelineSettings {
    concurrency_config: Value,
    created_at: Value,
    data_integration: Value,
    executor_config: Value,
    executor_count: Value,
    executor_type: Value,
    extensions: Value,
    notification_config: Value,
    remote_variables_dir: Value,
    retry_config: Value,
    settings: Value,
    spark_config: Value,
    /// Its global variables.
    variables: Value,
    variables_dir: Value,
    execution_framework: Value,
}

/// A trigger of a pipeline, in short.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ScheduleSummary {
    id: i64,
    name: String,
    pipeline_uuid: String,
    #[schemars(with = "words::TriggerKind")]
    schedule_type: String,
    schedule_interval: Option<String>,
    #[schemars(with = "words::TriggerStatus")]
    status: &'static str,
    created_at: String,
    updated_at: String,
}

/// What a pipeline is to be; what is not named stays.
#[derive(Deserialize, JsonSchema)]
#[expect(
    dead_code,
    reason = "the use case reads what was sent, where null differs from nothing"
)]
pub(crate) struct PipelineChange {
    name: Option<String>,
    uuid: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    #[schemars(with = "Option<words::PipelineKind>")]
    kind: Option<String>,
    tags: Option<Vec<String>>,
    /// Global variables.
    variables: Option<Map<String, Value>>,
    executor_type: Option<String>,
    executor_config: Option<Map<String, Value>>,
    executor_count: Option<f64>,
    retry_config: Option<Map<String, Value>>,
    concurrency_config: Option<Map<String, Value>>,
    notification_config: Option<Map<String, Value>>,
    settings: Option<Map<String, Value>>,
    spark_config: Option<Map<String, Value>>,
    data_integration: Option<Map<String, Value>>,
    cache_block_output_in_memory: Option<bool>,
    run_pipeline_in_one_process: Option<bool>,
    remote_variables_dir: Option<String>,
    variables_dir: Option<String>,
    /// Changes of its blocks, each with its `uuid`.
    blocks: Option<Vec<BlockChange>>,
    callbacks: Option<Vec<BlockChange>>,
    conditionals: Option<Vec<BlockChange>>,
    widgets: Option<Vec<BlockChange>>,
    /// Makes it a copy of this pipeline.
    clone_pipeline_uuid: Option<String>,
    /// Makes it of a template of the project.
    custom_template_uuid: Option<String>,
    /// `active` or `inactive` switches all its triggers; `cancelled` stops its runs, `retry` or
    /// `retry_incomplete_block_runs` runs those that failed again: those of `pipeline_runs`, else all.
    status: Option<String>,
    /// The runs that `status` is for, each its number or a map with `id`.
    pipeline_runs: Option<Vec<Value>>,
    /// The revision that the change was made to.
    revision: Option<String>,
}

impl Named for PipelineView {
    const ONE: &'static str = "pipeline";
    const MANY: &'static str = "pipelines";
}

impl Named for PipelineChange {
    const ONE: &'static str = "pipeline";
}

fn settings(keys: &Map<String, Value>) -> PipelineSettings {
    let or = |key: &str, default: Value| keys.get(key).cloned().unwrap_or(default);
    let map = |key: &str| or(key, Value::Object(Map::new()));
    let key = |key: &str| or(key, Value::Null);
    PipelineSettings {
        concurrency_config: map("concurrency_config"),
        created_at: key("created_at"),
        data_integration: key("data_integration"),
        executor_config: map("executor_config"),
        executor_count: or("executor_count", 1.into()),
        executor_type: key("executor_type"),
        extensions: map("extensions"),
        notification_config: map("notification_config"),
        remote_variables_dir: key("remote_variables_dir"),
        retry_config: map("retry_config"),
        settings: map("settings"),
        spark_config: map("spark_config"),
        variables: key("variables"),
        variables_dir: key("variables_dir"),
        execution_framework: key("execution_framework"),
    }
}

/// A pipeline as clients see it.
fn view(
    facts: &PipelineFacts,
    texts: Option<&HashMap<BlockUuid, BlockText>>,
    triggers: Option<&[Trigger]>,
) -> PipelineView {
    let pipeline = &facts.pipeline;
    let all = |list: &[baton_model::Block]| -> Vec<BlockView> {
        list.iter()
            .map(|block| blocks::view(facts, block, texts.and_then(|texts| texts.get(&block.uuid))))
            .collect()
    };
    PipelineView {
        uuid: pipeline.uuid.to_string(),
        name: pipeline.name.clone(),
        description: pipeline.description.clone(),
        kind: pipeline.kind.name().to_owned(),
        tags: pipeline.tags.clone(),
        blocks: all(&pipeline.blocks),
        callbacks: all(&pipeline.callbacks),
        conditionals: all(&pipeline.conditionals),
        widgets: all(&pipeline.widgets),
        cache_block_output_in_memory: pipeline.cache_in_memory,
        run_pipeline_in_one_process: pipeline.one_process,
        updated_at: times::text(facts.updated_at),
        revision: facts.revision.clone(),
        problems: facts.problems.iter().map(ProblemView::from).collect(),
        settings: settings(&facts.keys),
        schedules: triggers.map(|triggers| triggers.iter().map(schedule).collect()),
        usual: None,
    }
}

fn schedule(trigger: &Trigger) -> ScheduleSummary {
    ScheduleSummary {
        id: trigger.id.0,
        name: trigger.name.clone(),
        pipeline_uuid: trigger.pipeline.to_string(),
        schedule_type: trigger.kind.name().to_owned(),
        schedule_interval: trigger.interval.clone(),
        status: pipeline_schedules::status(trigger),
        created_at: times::text(trigger.created_at),
        updated_at: times::text(trigger.updated_at),
    }
}

/// Which pipelines are wanted; every condition that is given must hold.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListQuery {
    /// Of one of these types.
    #[serde(default, rename = "type")]
    kind: Vec<String>,
    /// `active` (with a trigger that is on), `inactive` (with triggers, none of them on), `no_schedules`.
    #[serde(default)]
    status: Vec<String>,
    /// With one of these tags.
    #[serde(default)]
    tag: Vec<String>,
    /// The same.
    #[serde(default)]
    tags: Vec<String>,
    /// With this text in the name, the id or the description.
    search: Option<String>,
    /// Whether their triggers are told, too.
    #[serde(default, deserialize_with = "flag")]
    include_schedules: Option<bool>,
}

/// Pipelines by id.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<ListQuery>,
    paging: Paging,
) -> Result<Many<PipelineView>, ApiError> {
    let mut tags = query.tag;
    tags.extend(query.tags);
    let limit = paging.limit(MOST_ROWS) as usize;
    let wanted = PipelineQuery {
        kinds: query.kind,
        statuses: query.status,
        tags,
        search: query.search,
        after: paging.after::<String>()?.map(PipelineUuid::new),
        offset: paging.offset() as usize,
        // One more than is shown says whether more follow.
        limit: limit.saturating_add(1),
    };
    let with_schedules = query.include_schedules == Some(true);
    let mut page = shared.host.pipelines(&actor, wanted).await?;
    let has_more = page.rows.len() > limit;
    page.rows.truncate(limit);
    let uuids: Vec<_> = (page.rows.iter())
        .map(|(facts, _)| facts.pipeline.uuid.clone())
        .collect();
    let usual = shared.host.usual_of_pipelines(&actor, &uuids).await?;
    let views = page.rows.iter().map(|(facts, triggers)| PipelineView {
        usual: usual.get(&facts.pipeline.uuid).map(UsualView::from),
        ..view(facts, None, with_schedules.then_some(triggers.as_slice()))
    });
    Ok(Many {
        rows: views.collect(),
        metadata: Metadata::of(&page.rows, page.total as u64, has_more, |(facts, _)| {
            facts.pipeline.uuid.clone()
        }),
    })
}

async fn answer(
    shared: &Shared,
    by: &By,
    uuid: &PipelineUuid,
    with_content: bool,
) -> Result<PipelineView, ApiError> {
    let (facts, triggers) = shared.host.pipeline(&by.0, uuid).await?;
    let texts = if with_content {
        Some(shared.host.block_texts(&by.0, uuid, None).await?)
    } else {
        None
    };
    let mut view = view(&facts, texts.as_ref(), Some(&triggers));
    let usual = shared
        .host
        .usual_of_pipelines(&by.0, std::slice::from_ref(uuid));
    view.usual = usual.await?.get(uuid).map(UsualView::from);
    let usual = shared.host.usual_of_blocks(&by.0, uuid).await?;
    for (block, view) in facts.pipeline.blocks.iter().zip(&mut view.blocks) {
        view.usual = usual.get(&block.uuid).map(UsualView::from);
    }
    Ok(view)
}

/// What is told of a pipeline.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ShowQuery {
    /// Whether the texts of its blocks are told, too.
    #[serde(default, deserialize_with = "flag")]
    includes_content: Option<bool>,
    /// The same.
    #[serde(default, deserialize_with = "flag")]
    include_content: Option<bool>,
}

/// One pipeline.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<One<PipelineView>, ApiError> {
    let with_content = query.includes_content.or(query.include_content) == Some(true);
    let uuid = PipelineUuid::new(uuid);
    Ok(One(answer(&shared, &by, &uuid, with_content).await?))
}

/// Makes a pipeline.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    payload: Payload<PipelineChange>,
) -> Result<One<PipelineView>, ApiError> {
    let uuid = shared.host.create_pipeline(&by.0, payload.map).await?;
    Ok(One(answer(&shared, &by, &uuid, false).await?))
}

/// How a pipeline is changed.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ChangeQuery {
    /// Whether the contents of blocks are stored, too.
    #[serde(default, deserialize_with = "flag")]
    update_content: Option<bool>,
}

/// Changes a pipeline; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    Query(query): Query<ChangeQuery>,
    if_match: IfMatch,
    payload: Payload<PipelineChange>,
) -> Result<One<PipelineView>, ApiError> {
    let with_content = query.update_content == Some(true);
    let options = ChangeOptions {
        revision: if_match.or(payload.wanted.revision.as_deref()),
        update_content: with_content,
    };
    let uuid = PipelineUuid::new(uuid);
    let uuid = shared
        .host
        .update_pipeline(&by.0, &uuid, payload.map, options)
        .await?;
    Ok(One(answer(&shared, &by, &uuid, with_content).await?))
}

/// What a deletion leads to.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Deletion {
    consequences: ConsequencesView,
}

/// What goes with a pipeline.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Consequences")]
struct ConsequencesView {
    /// Names of the triggers that go.
    triggers: Vec<String>,
    /// Runs that stay in the history.
    pipeline_runs: u64,
    /// Runs under way, which stand in the way.
    open_pipeline_runs: u64,
    /// Global data products that have it as their pipeline.
    global_data_products: Vec<String>,
}

impl From<Consequences> for Deletion {
    fn from(consequences: Consequences) -> Self {
        Self {
            consequences: ConsequencesView {
                triggers: consequences.triggers,
                pipeline_runs: consequences.runs,
                open_pipeline_runs: consequences.open_runs,
                global_data_products: consequences.products,
            },
        }
    }
}

/// How a pipeline is deleted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DeleteQuery {
    /// Only tells what would go.
    #[serde(default, deserialize_with = "flag")]
    dry_run: Option<bool>,
}

/// Deletes a pipeline; with `dry_run=1` only tells what would go.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    Query(query): Query<DeleteQuery>,
    if_match: IfMatch,
) -> Result<With<PipelineView, Deletion>, ApiError> {
    let uuid = PipelineUuid::new(uuid);
    let view = answer(&shared, &by, &uuid, false).await?;
    let consequences = if query.dry_run == Some(true) {
        shared.host.consequences(&by.0, &uuid).await?
    } else {
        shared
            .host
            .delete_pipeline(&by.0, &uuid, if_match.0)
            .await?
    };
    Ok(With(view, consequences.into()))
}
