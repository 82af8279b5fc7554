//! `blocks` of a pipeline, and `block_templates`.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::{BlockText, PipelineFacts};
use baton_model::{Block, BlockUuid, PipelineUuid};
use baton_project::BlockTemplate;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::Params;

/// The keys of a block that clients get as the file has them, with what they get when the file says nothing.
const KEYS: [(&str, &str); 9] = [
    ("all_upstream_blocks_executed", "true"),
    ("executor_config", "null"),
    ("executor_type", "\"local_python\""),
    ("groups", "null"),
    ("has_callback", "false"),
    ("metadata", "null"),
    ("retry_config", "null"),
    ("status", "\"not_executed\""),
    ("timeout", "null"),
];

/// A block as clients see it.
pub(crate) fn view(facts: &PipelineFacts, block: &Block, text: Option<&BlockText>) -> Value {
    let entry = ["blocks", "callbacks", "conditionals", "widgets"]
        .iter()
        .filter_map(|list| facts.keys.get(*list).and_then(Value::as_array))
        .flatten()
        .find(|entry| entry.get("uuid").and_then(Value::as_str) == Some(block.uuid.as_str()));
    let attached = |list: &[Block]| -> Vec<BlockUuid> {
        list.iter()
            .filter(|other| other.upstream.contains(&block.uuid))
            .map(|other| other.uuid.clone())
            .collect()
    };
    let mut view = json!({
        "uuid": block.uuid,
        "name": block.name,
        "type": block.kind.name(),
        "language": block.language.name(),
        "upstream_blocks": block.upstream,
        "downstream_blocks": block.downstream,
        "callback_blocks": attached(&facts.pipeline.callbacks),
        "conditional_blocks": attached(&facts.pipeline.conditionals),
        "configuration": block.configuration,
        "color": block.color,
        "priority": block.priority,
        "replicated_block": block.replicated,
        "documentation": null,
    });
    if let Some(map) = view.as_object_mut() {
        for (key, default) in KEYS {
            let stored = entry.and_then(|entry| entry.get(key)).cloned();
            let value = stored.unwrap_or_else(|| default.parse().unwrap_or_default());
            map.insert(key.to_owned(), value);
        }
        if let Some(text) = text {
            map.insert("content".to_owned(), json!(text.text));
            map.insert("file".to_owned(), json!(text.path));
            map.insert("revision".to_owned(), json!(text.revision));
        }
    }
    view
}

async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: &PipelineUuid,
    uuid: &BlockUuid,
) -> Result<Json<Value>, ApiError> {
    let (facts, _) = shared.host.pipeline(&by.0, pipeline).await?;
    let Some(block) = facts.block(uuid) else {
        return Err(ApiError::not_found(format!(
            "pipeline `{pipeline}` has no block `{uuid}`"
        )));
    };
    let texts = shared.host.block_texts(&by.0, pipeline, Some(uuid)).await?;
    let mut view = view(&facts, block, texts.get(uuid));
    view["pipelines"] = json!([pipeline]);
    view["pipeline_revision"] = json!(facts.revision);
    Ok(Json(json!({"block": view})))
}

/// The blocks of a pipeline, callbacks and the like too.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let (facts, _) = shared.host.pipeline(&by.0, &uuid).await?;
    let texts = shared.host.block_texts(&by.0, &uuid, None).await?;
    let blocks = facts.all_blocks();
    let views: Vec<Value> = blocks
        .map(|block| view(&facts, block, texts.get(&block.uuid)))
        .collect();
    Ok(Json(
        json!({"blocks": views, "metadata": {"count": views.len()}}),
    ))
}

/// One block.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    answer(&shared, &by, &pipeline, &block).await
}

/// Makes a block.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let wanted = payload.inside("block")?;
    let uuid = shared.host.create_block(&by.0, &pipeline, wanted).await?;
    answer(&shared, &by, &pipeline, &uuid).await
}

/// Changes a block; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let mut wanted = payload.inside("block")?;
    if let Some(revision) = if_match.0 {
        // It names what is changed: the file, or else the entry.
        let key = if wanted.contains_key("content") {
            "revision"
        } else {
            "pipeline_revision"
        };
        wanted.insert(key.to_owned(), json!(revision));
    }
    let uuid = shared
        .host
        .update_block(&by.0, &pipeline, &block, wanted)
        .await?;
    answer(&shared, &by, &pipeline, &uuid).await
}

/// Takes a block out of its pipeline.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let before = answer(&shared, &by, &pipeline, &block).await?;
    let kind = params.get("block_type").map(str::to_owned);
    let is_forced = matches!(params.get("force"), Some("1" | "true" | "True"));
    shared
        .host
        .delete_block(&by.0, &pipeline, &block, kind, is_forced)
        .await?;
    Ok(before)
}

/// A template as clients see it.
pub(crate) fn template(template: &BlockTemplate) -> Value {
    let (groups, name) = template
        .title
        .rsplit_once(": ")
        .unwrap_or(("", &template.title));
    json!({
        "id": template.id,
        "block_type": template.kind.name(),
        "language": template.language.name(),
        "name": name,
        "groups": groups.split(", ").filter(|group| !group.is_empty()).collect::<Vec<_>>(),
        "description": template.description,
        "path": format!(
            "{}/{}{}{}",
            template.kind.folder().unwrap_or_default(),
            template.id,
            template.language.extension().map_or("", |_| "."),
            template.language.extension().unwrap_or_default(),
        ),
        "configuration": template.configuration,
        "color": template.color,
        "is_custom": template.is_custom,
        "content": template.preview(),
        "template_variables": null,
    })
}

/// The templates of blocks.
pub(crate) async fn templates(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let templates = shared.host.block_templates(&actor).await?;
    let views: Vec<Value> = templates.iter().map(template).collect();
    Ok(Json(
        json!({"block_templates": views, "metadata": {"count": views.len()}}),
    ))
}
