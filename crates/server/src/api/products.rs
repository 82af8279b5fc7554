//! `global_data_products`, `interactions` and `pipeline_interactions`.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::KeysOfFile;
use baton_model::PipelineUuid;
use serde_json::{Map, Value, json};

use super::By;
use crate::Shared;
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;

fn product(uuid: &str, keys: &Value, revision: &str) -> Value {
    let mut view = json!({"uuid": uuid, "revision": revision});
    for key in [
        "object_type",
        "object_uuid",
        "outdated_after",
        "outdated_starting_at",
        "project",
        "settings",
    ] {
        view[key] = keys.get(key).cloned().unwrap_or_default();
    }
    view
}

/// The global data products.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let file = shared.host.global_data_products(&actor).await?;
    let views: Vec<Value> = file
        .keys
        .iter()
        .map(|(uuid, keys)| product(uuid, keys, &file.revision))
        .collect();
    Ok(Json(
        json!({"global_data_products": views, "metadata": {"count": views.len()}}),
    ))
}

async fn answer(shared: &Shared, by: &By, uuid: &str) -> Result<Json<Value>, ApiError> {
    let file = shared.host.global_data_products(&by.0).await?;
    let Some(keys) = file.keys.get(uuid) else {
        return Err(ApiError::not_found(format!(
            "there is no global data product `{uuid}`"
        )));
    };
    Ok(Json(
        json!({"global_data_product": product(uuid, keys, &file.revision)}),
    ))
}

/// One of them.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
) -> Result<Json<Value>, ApiError> {
    answer(&shared, &by, &uuid).await
}

/// Makes one.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("global_data_product")?;
    let uuid = match wanted.get("uuid") {
        Some(Value::String(uuid)) if !uuid.trim().is_empty() => uuid.clone(),
        Some(Value::String(_)) | None => return Err(ApiError::invalid("`uuid` is missing")),
        Some(_) => return Err(ApiError::invalid("`uuid` must be a text")),
    };
    shared
        .host
        .put_global_data_product(&by.0, &uuid, wanted, true)
        .await?;
    answer(&shared, &by, &uuid).await
}

fn with_revision(
    mut wanted: Map<String, Value>,
    if_match: IfMatch,
) -> Result<Map<String, Value>, ApiError> {
    if let Some(revision) = if_match.or(&wanted)? {
        wanted.insert("revision".to_owned(), json!(revision));
    }
    Ok(wanted)
}

/// Changes one.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = with_revision(payload.inside("global_data_product")?, if_match)?;
    shared
        .host
        .put_global_data_product(&by.0, &uuid, wanted, false)
        .await?;
    answer(&shared, &by, &uuid).await
}

/// Deletes one.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let before = answer(&shared, &by, &uuid).await?;
    shared.host.delete_global_data_product(&by.0, &uuid).await?;
    Ok(before)
}

fn form(file: &KeysOfFile) -> Value {
    let key = |key: &str| file.keys.get(key).cloned().unwrap_or_default();
    json!({
        "uuid": file.name,
        "inputs": key("inputs"),
        "variables": key("variables"),
        "layout": key("layout"),
        "content": file.text,
        "revision": file.revision,
    })
}

/// The forms of the project.
pub(crate) async fn forms(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let forms = shared.host.interactions(&actor).await?;
    let views: Vec<Value> = forms.iter().map(form).collect();
    Ok(Json(
        json!({"interactions": views, "metadata": {"count": views.len()}}),
    ))
}

/// One form.
pub(crate) async fn show_form(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let file = shared.host.interaction(&actor, &name).await?;
    Ok(Json(json!({"interaction": form(&file)})))
}

/// Makes a form.
pub(crate) async fn create_form(
    State(shared): State<Shared>,
    by: By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("interaction")?;
    let name = wanted.get("uuid").or(wanted.get("name"));
    let Some(name) = name.and_then(Value::as_str).map(str::to_owned) else {
        return Err(ApiError::invalid("`uuid` must be a text"));
    };
    shared
        .host
        .put_interaction(&by.0, &name, wanted, true)
        .await?;
    show_form(State(shared), by, Path(name)).await
}

/// Changes a form.
pub(crate) async fn update_form(
    State(shared): State<Shared>,
    by: By,
    Path(name): Path<String>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = with_revision(payload.inside("interaction")?, if_match)?;
    let known = shared.host.interaction(&by.0, &name).await?.name;
    shared
        .host
        .put_interaction(&by.0, &known, wanted, false)
        .await?;
    show_form(State(shared), by, Path(name)).await
}

/// The forms that the blocks of a pipeline use.
pub(crate) async fn show_of_pipeline(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let file = shared.host.pipeline_interactions(&actor, &uuid).await?;
    let key = |key: &str| file.keys.get(key).cloned().unwrap_or_default();
    Ok(Json(json!({"pipeline_interaction": {
        "uuid": uuid,
        "pipeline": {"uuid": uuid},
        "blocks": key("blocks"),
        "layout": key("layout"),
        "permissions": key("permissions"),
        "content": file.text,
        "revision": file.revision,
    }})))
}

/// Changes them.
pub(crate) async fn update_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = with_revision(payload.inside("pipeline_interaction")?, if_match)?;
    let uuid = PipelineUuid::new(pipeline.clone());
    shared
        .host
        .put_pipeline_interactions(&by.0, &uuid, wanted)
        .await?;
    show_of_pipeline(State(shared), by, Path(pipeline)).await
}
