//! `variables` of pipelines, and `secrets`.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::scope_name;
use baton_model::PipelineUuid;
use baton_store::{SecretName, SecretScope};
use serde_json::{Map, Value, json};

use super::By;
use crate::Shared;
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// The variables of a pipeline: the global ones first, then what its blocks have produced.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let (facts, _) = shared.host.pipeline(&actor, &uuid).await?;
    let globals: Vec<Value> = facts
        .pipeline
        .variables
        .iter()
        .map(|(name, value)| json!({"uuid": name, "type": kind(value), "value": value}))
        .collect();
    let mut views = vec![json!({
        "block": {"uuid": "global"},
        "pipeline": {"uuid": uuid},
        "variables": globals,
        "revision": facts.revision,
    })];
    let only_global = matches!(params.get("global_only"), Some("1" | "true"));
    if !only_global {
        for (block, run, products) in shared.host.newest_outputs(&actor, &uuid).await? {
            let outputs = products.iter().map(|product| {
                json!({
                    "uuid": product.name,
                    "type": product.kind,
                    "rows": product.rows,
                    "bytes": product.bytes,
                })
            });
            views.push(json!({
                "block": {"uuid": block},
                "pipeline": {"uuid": uuid},
                "pipeline_run_id": run,
                "variables": outputs.collect::<Vec<_>>(),
            }));
        }
    }
    Ok(Json(
        json!({"variables": views, "metadata": {"count": views.len()}}),
    ))
}

async fn set(
    shared: &Shared,
    by: &By,
    pipeline: String,
    name: &str,
    wanted: &Map<String, Value>,
    if_match: IfMatch,
) -> Result<Json<Value>, ApiError> {
    let Some(value) = wanted.get("value") else {
        return Err(ApiError::invalid("`value` is missing"));
    };
    let uuid = PipelineUuid::new(pipeline);
    let revision = if_match.or(wanted)?;
    shared
        .host
        .set_variable(&by.0, &uuid, name, Some(value.clone()), revision)
        .await?;
    Ok(Json(json!({"variable": {
        "block": {"uuid": "global"}, "pipeline": {"uuid": uuid}, "name": name, "uuid": name, "value": value,
    }})))
}

/// Sets a global variable.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("variable")?;
    let name = match wanted.get("name") {
        Some(Value::String(name)) => name.clone(),
        Some(_) => return Err(ApiError::invalid("`name` must be a text")),
        None => return Err(ApiError::invalid("`name` is missing")),
    };
    set(&shared, &by, pipeline, &name, &wanted, if_match).await
}

/// Sets the global variable that the address names.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, name)): Path<(String, String)>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("variable")?;
    set(&shared, &by, pipeline, &name, &wanted, if_match).await
}

/// Removes a global variable.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, name)): Path<(String, String)>,
    if_match: IfMatch,
) -> Result<Json<Value>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    shared
        .host
        .set_variable(&by.0, &uuid, &name, None, if_match.0)
        .await?;
    Ok(Json(
        json!({"variable": {"name": name, "pipeline": {"uuid": uuid}}}),
    ))
}

fn secret(secret: &SecretName) -> Value {
    let pipeline = match &secret.scope {
        SecretScope::Pipeline(uuid) => Some(uuid),
        _ => None,
    };
    json!({
        "name": secret.name,
        "scope": scope_name(&secret.scope),
        "pipeline_uuid": pipeline,
        "updated_at": times::text(secret.updated_at),
    })
}

/// The secrets by name; never a value.
pub(crate) async fn secrets(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let secrets = shared.host.secrets(&actor).await?;
    let views: Vec<Value> = secrets.iter().map(secret).collect();
    Ok(Json(
        json!({"secrets": views, "metadata": {"count": views.len()}}),
    ))
}

/// Makes a secret.
pub(crate) async fn create_secret(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("secret")?;
    let made = shared.host.put_secret(&actor, &wanted, true).await?;
    Ok(Json(json!({"secret": secret(&made)})))
}

/// Gives a secret another value.
pub(crate) async fn update_secret(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let mut wanted = payload.inside("secret")?;
    wanted.insert("name".to_owned(), json!(name));
    let changed = shared.host.put_secret(&actor, &wanted, false).await?;
    Ok(Json(json!({"secret": secret(&changed)})))
}

/// Removes a secret.
pub(crate) async fn remove_secret(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let mut wanted = Map::from_iter([("name".to_owned(), json!(name))]);
    for key in ["scope", "pipeline_uuid"] {
        wanted.extend(params.get(key).map(|text| (key.to_owned(), json!(text))));
    }
    shared.host.delete_secret(&actor, &wanted).await?;
    Ok(Json(json!({"secret": {"name": name}})))
}
