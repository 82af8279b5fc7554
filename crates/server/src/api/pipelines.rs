//! `pipelines`: what a pipeline is, made, changed, deleted.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use baton_app::{BlockText, ChangeOptions, Consequences, PipelineFacts, PipelineQuery};
use baton_model::{BlockUuid, PipelineUuid, Trigger};
use serde_json::{Map, Value, json};

use super::{By, blocks};
use crate::Shared;
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::{MOST_ROWS, Params};
use crate::times;

/// The keys of a pipeline that clients get as the file has them, with what they get when the file says nothing.
const KEYS: [(&str, &str); 15] = [
    ("concurrency_config", "{}"),
    ("created_at", "null"),
    ("data_integration", "null"),
    ("executor_config", "{}"),
    ("executor_count", "1"),
    ("executor_type", "null"),
    ("extensions", "{}"),
    ("notification_config", "{}"),
    ("remote_variables_dir", "null"),
    ("retry_config", "{}"),
    ("settings", "{}"),
    ("spark_config", "{}"),
    ("variables", "null"),
    ("variables_dir", "null"),
    ("execution_framework", "null"),
];

/// A pipeline as clients see it.
pub(crate) fn view(facts: &PipelineFacts, texts: Option<&HashMap<BlockUuid, BlockText>>) -> Value {
    let pipeline = &facts.pipeline;
    let all = |list: &[baton_model::Block]| -> Vec<Value> {
        list.iter()
            .map(|block| blocks::view(facts, block, texts.and_then(|texts| texts.get(&block.uuid))))
            .collect()
    };
    let mut view = json!({
        "uuid": pipeline.uuid,
        "name": pipeline.name,
        "description": pipeline.description,
        "type": pipeline.kind.name(),
        "tags": pipeline.tags,
        "blocks": all(&pipeline.blocks),
        "callbacks": all(&pipeline.callbacks),
        "conditionals": all(&pipeline.conditionals),
        "widgets": all(&pipeline.widgets),
        "cache_block_output_in_memory": pipeline.cache_in_memory,
        "run_pipeline_in_one_process": pipeline.one_process,
        "updated_at": times::text(facts.updated_at),
        "revision": facts.revision,
        "problems": facts.problems,
    });
    if let Some(map) = view.as_object_mut() {
        for (key, default) in KEYS {
            let stored = facts.keys.get(key).cloned();
            let value = stored.unwrap_or_else(|| default.parse().unwrap_or_default());
            map.insert(key.to_owned(), value);
        }
    }
    view
}

fn is_on(params: &Params, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| matches!(params.get(name), Some("1" | "true" | "True")))
}

fn schedule(trigger: &Trigger) -> Value {
    json!({
        "id": trigger.id,
        "name": trigger.name,
        "pipeline_uuid": trigger.pipeline,
        "schedule_type": trigger.kind.name(),
        "schedule_interval": trigger.interval,
        "status": if trigger.is_active { "active" } else { "inactive" },
        "created_at": times::text(trigger.created_at),
        "updated_at": times::text(trigger.updated_at),
    })
}

/// Pipelines by id.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let all = |name| params.all(name).map(str::to_owned).collect::<Vec<_>>();
    let mut tags = all("tag");
    tags.extend(all("tags"));
    let query = PipelineQuery {
        kinds: all("type"),
        statuses: all("status"),
        tags,
        search: params.get("search").map(str::to_owned),
        offset: params.offset()? as usize,
        limit: params.limit(MOST_ROWS)? as usize,
    };
    let offset = query.offset;
    let with_schedules = is_on(&params, &["include_schedules"]);
    let page = shared.host.pipelines(&actor, query).await?;
    let seen = offset + page.rows.len();
    let uuids: Vec<_> = (page.rows.iter())
        .map(|(facts, _)| facts.pipeline.uuid.clone())
        .collect();
    let usual = shared.host.usual_of_pipelines(&actor, &uuids).await?;
    let views: Vec<Value> = page
        .rows
        .iter()
        .map(|(facts, triggers)| {
            let mut view = view(facts, None);
            view["usual"] = json!(usual.get(&facts.pipeline.uuid));
            if with_schedules {
                view["schedules"] = triggers.iter().map(schedule).collect();
            }
            view
        })
        .collect();
    Ok(Json(json!({
        "pipelines": views,
        "metadata": {"count": page.total, "results": {"next": seen < page.total}, "next": seen < page.total},
    })))
}

async fn answer(
    shared: &Shared,
    by: &By,
    uuid: &PipelineUuid,
    with_content: bool,
) -> Result<Value, ApiError> {
    let (facts, triggers) = shared.host.pipeline(&by.0, uuid).await?;
    let texts = if with_content {
        Some(shared.host.block_texts(&by.0, uuid, None).await?)
    } else {
        None
    };
    let mut view = view(&facts, texts.as_ref());
    view["schedules"] = triggers.iter().map(schedule).collect();
    let usual = shared
        .host
        .usual_of_pipelines(&by.0, std::slice::from_ref(uuid));
    view["usual"] = json!(usual.await?.get(uuid));
    let usual = shared.host.usual_of_blocks(&by.0, uuid).await?;
    for (block, view) in
        (facts.pipeline.blocks.iter()).zip(view["blocks"].as_array_mut().into_iter().flatten())
    {
        view["usual"] = json!(usual.get(&block.uuid));
    }
    Ok(view)
}

/// One pipeline.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let names = ["includes_content", "include_content"];
    let view = answer(
        &shared,
        &by,
        &PipelineUuid::new(uuid),
        is_on(&params, &names),
    )
    .await?;
    Ok(Json(json!({"pipeline": view})))
}

/// Makes a pipeline.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("pipeline")?;
    let uuid = shared.host.create_pipeline(&by.0, wanted).await?;
    Ok(Json(
        json!({"pipeline": answer(&shared, &by, &uuid, false).await?}),
    ))
}

/// Changes a pipeline; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    params: Params,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted: Map<String, Value> = payload.inside("pipeline")?;
    let options = ChangeOptions {
        revision: if_match.or(&wanted)?,
        update_content: is_on(&params, &["update_content"]),
    };
    let with_content = options.update_content;
    let uuid = PipelineUuid::new(uuid);
    let uuid = shared
        .host
        .update_pipeline(&by.0, &uuid, wanted, options)
        .await?;
    Ok(Json(
        json!({"pipeline": answer(&shared, &by, &uuid, with_content).await?}),
    ))
}

fn told(consequences: &Consequences) -> Value {
    json!({
        "triggers": consequences.triggers,
        "pipeline_runs": consequences.runs,
        "open_pipeline_runs": consequences.open_runs,
        "global_data_products": consequences.products,
    })
}

/// Deletes a pipeline; with `dry_run=1` only tells what would go.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    params: Params,
    if_match: IfMatch,
) -> Result<Json<Value>, ApiError> {
    let uuid = PipelineUuid::new(uuid);
    let view = answer(&shared, &by, &uuid, false).await?;
    let consequences = if is_on(&params, &["dry_run"]) {
        shared.host.consequences(&by.0, &uuid).await?
    } else {
        shared
            .host
            .delete_pipeline(&by.0, &uuid, if_match.0)
            .await?
    };
    Ok(Json(
        json!({"pipeline": view, "metadata": {"consequences": told(&consequences)}}),
    ))
}
