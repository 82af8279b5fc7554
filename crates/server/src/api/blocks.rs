//! `blocks` of a pipeline, and `block_templates`.

use axum::extract::State;
use baton_app::{BlockText, PipelineFacts};
use baton_model::{Block, BlockUuid, PipelineUuid};
use baton_project::BlockTemplate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::By;
use super::usage::UsualView;
use crate::answer::{Many, Named, One};
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::{Path, Query, flag};
use crate::{Shared, words};

/// A block.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Block")]
pub(crate) struct BlockView {
    uuid: String,
    name: String,
    #[serde(rename = "type")]
    #[schemars(with = "words::BlockKind")]
    kind: String,
    #[schemars(with = "words::Language")]
    language: String,
    upstream_blocks: Vec<String>,
    downstream_blocks: Vec<String>,
    /// Callbacks that are attached to it.
    callback_blocks: Vec<String>,
    /// Conditionals that are attached to it.
    conditional_blocks: Vec<String>,
    configuration: Map<String, Value>,
    color: Option<String>,
    priority: i64,
    /// The block whose code it runs.
    replicated_block: Option<String>,
    documentation: Option<String>,
    /// What is usual for it; told with one pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usual: Option<UsualView>,
    #[serde(flatten)]
    settings: BlockSettings,
    #[serde(flatten)]
    file: Option<BlockFile>,
}

/// What the pipeline's file says of a block besides, as it is written.
#[derive(Serialize, JsonSchema)]
struct BlockSettings {
    all_upstream_blocks_executed: Value,
    executor_config: Value,
    executor_type: Value,
    groups: Value,
    has_callback: Value,
    metadata: Value,
    retry_config: Value,
    status: Value,
    timeout: Value,
}

/// The file of a block, where its text is asked for.
#[derive(Serialize, JsonSchema)]
struct BlockFile {
    /// What it holds; none when it is no text, too large, or not there.
    content: Option<String>,
    /// Its path, relative to the project.
    file: String,
    /// Names the content: send it with a change of it.
    revision: Option<String>,
}

/// A block of a pipeline, with what a change of it needs.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BlockDetail {
    #[serde(flatten)]
    block: BlockView,
    /// The pipelines that were looked at for it.
    pipelines: Vec<String>,
    /// Names the content of the pipeline's file.
    pipeline_revision: String,
}

/// What a block is to be; what is not named stays.
#[derive(Deserialize, JsonSchema)]
#[expect(
    dead_code,
    reason = "the use case reads what was sent, where null differs from nothing"
)]
pub(crate) struct BlockChange {
    uuid: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    #[schemars(with = "Option<words::BlockKind>")]
    kind: Option<String>,
    #[schemars(with = "Option<words::Language>")]
    language: Option<String>,
    /// The text of its file.
    content: Option<String>,
    upstream_blocks: Option<Vec<String>>,
    downstream_blocks: Option<Vec<String>>,
    callback_blocks: Option<Vec<String>>,
    conditional_blocks: Option<Vec<String>>,
    configuration: Option<Map<String, Value>>,
    executor_type: Option<String>,
    executor_config: Option<Map<String, Value>>,
    retry_config: Option<Map<String, Value>>,
    timeout: Option<f64>,
    color: Option<String>,
    groups: Option<Vec<String>>,
    has_callback: Option<bool>,
    /// For a new block, its place in the list.
    priority: Option<f64>,
    /// For a new block, whether the blocks below run once for each item.
    dynamic: Option<bool>,
    /// For a new block, the block whose code it runs.
    replicated_block: Option<String>,
    /// For a new block, `{"template_path": ...}` or `{"custom_template_uuid": ...}`.
    config: Option<Map<String, Value>>,
    /// The revision of the block's file that a change of `content` was made to.
    revision: Option<String>,
    /// The revision of the pipeline that any other change was made to.
    pipeline_revision: Option<String>,
}

impl Named for BlockView {
    const ONE: &'static str = "block";
    const MANY: &'static str = "blocks";
}

impl Named for BlockDetail {
    const ONE: &'static str = "block";
}

impl Named for BlockChange {
    const ONE: &'static str = "block";
}

fn settings(entry: Option<&Value>) -> BlockSettings {
    let or = |key: &str, default: Value| {
        let stored = entry.and_then(|entry| entry.get(key)).cloned();
        stored.unwrap_or(default)
    };
    BlockSettings {
        all_upstream_blocks_executed: or("all_upstream_blocks_executed", true.into()),
        executor_config: or("executor_config", Value::Null),
        executor_type: or("executor_type", "local_python".into()),
        groups: or("groups", Value::Null),
        has_callback: or("has_callback", false.into()),
        metadata: or("metadata", Value::Null),
        retry_config: or("retry_config", Value::Null),
        status: or("status", "not_executed".into()),
        timeout: or("timeout", Value::Null),
    }
}

/// A block as clients see it.
pub(crate) fn view(facts: &PipelineFacts, block: &Block, text: Option<&BlockText>) -> BlockView {
    let entry = ["blocks", "callbacks", "conditionals", "widgets"]
        .iter()
        .filter_map(|list| facts.keys.get(*list).and_then(Value::as_array))
        .flatten()
        .find(|entry| entry.get("uuid").and_then(Value::as_str) == Some(block.uuid.as_str()));
    let names = |uuids: &[BlockUuid]| uuids.iter().map(ToString::to_string).collect();
    let attached = |list: &[Block]| -> Vec<String> {
        list.iter()
            .filter(|other| other.upstream.contains(&block.uuid))
            .map(|other| other.uuid.to_string())
            .collect()
    };
    BlockView {
        uuid: block.uuid.to_string(),
        name: block.name.clone(),
        kind: block.kind.name().to_owned(),
        language: block.language.name().to_owned(),
        upstream_blocks: names(&block.upstream),
        downstream_blocks: names(&block.downstream),
        callback_blocks: attached(&facts.pipeline.callbacks),
        conditional_blocks: attached(&facts.pipeline.conditionals),
        configuration: block.configuration.clone(),
        color: block.color.clone(),
        priority: block.priority,
        replicated_block: block.replicated.as_ref().map(ToString::to_string),
        documentation: None,
        usual: None,
        settings: settings(entry),
        file: text.map(|text| BlockFile {
            content: text.text.clone(),
            file: text.path.clone(),
            revision: text.revision.clone(),
        }),
    }
}

pub(super) async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: &PipelineUuid,
    uuid: &BlockUuid,
) -> Result<One<BlockDetail>, ApiError> {
    let (facts, _) = shared.host.pipeline(&by.0, pipeline).await?;
    let Some(block) = facts.block(uuid) else {
        return Err(ApiError::not_found(format!(
            "pipeline `{pipeline}` has no block `{uuid}`"
        )));
    };
    let texts = shared.host.block_texts(&by.0, pipeline, Some(uuid)).await?;
    Ok(One(BlockDetail {
        block: view(&facts, block, texts.get(uuid)),
        pipelines: vec![pipeline.to_string()],
        pipeline_revision: facts.revision.clone(),
    }))
}

/// The blocks of a pipeline, callbacks and the like too.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
) -> Result<Many<BlockView>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let (facts, _) = shared.host.pipeline(&by.0, &uuid).await?;
    let texts = shared.host.block_texts(&by.0, &uuid, None).await?;
    let blocks = facts.all_blocks();
    let views = blocks.map(|block| view(&facts, block, texts.get(&block.uuid)));
    Ok(Many::whole(views.collect()))
}

/// One block.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
) -> Result<One<BlockDetail>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    answer(&shared, &by, &pipeline, &block).await
}

/// Makes a block.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    payload: Payload<BlockChange>,
) -> Result<One<BlockDetail>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let made = shared.host.create_block(&by.0, &pipeline, payload.map);
    let uuid = made.await?;
    answer(&shared, &by, &pipeline, &uuid).await
}

/// What is wanted of a block, with the revision of the header.
pub(super) fn with_revision(
    mut wanted: Map<String, Value>,
    if_match: IfMatch,
) -> Map<String, Value> {
    if let Some(revision) = if_match.0 {
        // It names what is changed: the file, or else the entry.
        let key = if wanted.contains_key("content") {
            "revision"
        } else {
            "pipeline_revision"
        };
        wanted.insert(key.to_owned(), json!(revision));
    }
    wanted
}

/// Changes a block; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    if_match: IfMatch,
    payload: Payload<BlockChange>,
) -> Result<One<BlockDetail>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let wanted = with_revision(payload.map, if_match);
    let uuid = shared
        .host
        .update_block(&by.0, &pipeline, &block, wanted)
        .await?;
    answer(&shared, &by, &pipeline, &uuid).await
}

/// How a block is taken out.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DeleteQuery {
    /// Only if it is of this type.
    block_type: Option<String>,
    /// Even when others need it.
    #[serde(default, deserialize_with = "flag")]
    force: Option<bool>,
}

/// Takes a block out of its pipeline.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    Query(query): Query<DeleteQuery>,
) -> Result<One<BlockDetail>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let before = answer(&shared, &by, &pipeline, &block).await?;
    let is_forced = query.force == Some(true);
    shared
        .host
        .delete_block(&by.0, &pipeline, &block, query.block_type, is_forced)
        .await?;
    Ok(before)
}

/// A template of a block.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockTemplate")]
pub(crate) struct TemplateView {
    id: String,
    #[schemars(with = "words::BlockKind")]
    block_type: String,
    #[schemars(with = "words::Language")]
    language: String,
    name: String,
    groups: Vec<String>,
    description: String,
    path: String,
    configuration: Map<String, Value>,
    color: Option<String>,
    /// Whether it belongs to the project.
    is_custom: bool,
    /// The text of a new block.
    content: Option<String>,
    template_variables: Option<Value>,
}

impl Named for TemplateView {
    const ONE: &'static str = "block_template";
    const MANY: &'static str = "block_templates";
}

impl From<&BlockTemplate> for TemplateView {
    fn from(template: &BlockTemplate) -> Self {
        let (groups, name) = template
            .title
            .rsplit_once(": ")
            .unwrap_or(("", &template.title));
        let groups = groups.split(", ").filter(|group| !group.is_empty());
        let extension = template.language.extension();
        Self {
            id: template.id.clone(),
            block_type: template.kind.name().to_owned(),
            language: template.language.name().to_owned(),
            name: name.to_owned(),
            groups: groups.map(str::to_owned).collect(),
            description: template.description.clone(),
            path: format!(
                "{}/{}{}{}",
                template.kind.folder().unwrap_or_default(),
                template.id,
                extension.map_or("", |_| "."),
                extension.unwrap_or_default(),
            ),
            configuration: template.configuration.clone(),
            color: template.color.clone(),
            is_custom: template.is_custom,
            content: template.preview(),
            template_variables: None,
        }
    }
}

/// The templates of blocks.
pub(crate) async fn templates(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Many<TemplateView>, ApiError> {
    let templates = shared.host.block_templates(&actor).await?;
    Ok(Many::whole(
        templates.iter().map(TemplateView::from).collect(),
    ))
}
