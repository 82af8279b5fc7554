//! `projects`, `tags`, `checks`, `search_results`, `custom_templates` and `audits`: what concerns the whole project.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::{Found, PipelineTemplate};
use baton_model::PipelineUuid;
use baton_project::{Problem, Severity};
use serde_json::{Map, Value, json};

use super::{By, blocks};
use crate::Shared;
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::Params;

/// The keys of a project that clients get. Others, such as keys of services, stay in the file.
const KEYS: [&str; 9] = [
    "features",
    "help_improve_mage",
    "pipelines",
    "project_type",
    "project_uuid",
    "remote_variables_dir",
    "retry_config",
    "variables_dir",
    "variables_retention_period",
];

/// Changes that a page of the audit shows when no number is asked for.
const CHANGES: u32 = 100;

async fn project(shared: &Shared, by: &By) -> Result<Value, ApiError> {
    let facts = shared.host.project_facts(&by.0).await?;
    let mut view = json!({
        "name": facts.name,
        "repo_path": shared.host.root().to_string_lossy(),
        "version": env!("CARGO_PKG_VERSION"),
        "latest_version": env!("CARGO_PKG_VERSION"),
        "pipelines_count": facts.pipelines.len(),
        "revision": facts.revision,
        "openai_api_key": null,
        "emr_config": null,
        "spark_config": null,
        "settings": null,
    });
    for key in KEYS {
        view[key] = facts.keys.get(key).cloned().unwrap_or_default();
    }
    Ok(view)
}

/// The one project.
pub(crate) async fn list(State(shared): State<Shared>, by: By) -> Result<Json<Value>, ApiError> {
    Ok(Json(
        json!({"projects": [project(&shared, &by).await?], "metadata": {"count": 1}}),
    ))
}

/// The project that the address names: there is one.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let view = project(&shared, &by).await?;
    if view["name"] != json!(name) {
        return Err(ApiError::not_found(format!("there is no project `{name}`")));
    }
    Ok(Json(json!({"project": view})))
}

/// Changes what the project says about itself.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(name): Path<String>,
    if_match: IfMatch,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let mut wanted = payload.inside("project")?;
    if let Some(revision) = if_match.or(&wanted)? {
        wanted.insert("revision".to_owned(), json!(revision));
    }
    let before = show(State(shared.clone()), By(by.0.clone()), Path(name.clone()));
    before.await.map(drop)?;
    shared.host.update_project(&by.0, wanted).await?;
    show(State(shared), by, Path(name)).await
}

/// The tags in use.
pub(crate) async fn tags(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<Value>, ApiError> {
    let tags = shared.host.tags(&actor).await?;
    let views: Vec<Value> = tags
        .into_iter()
        .map(|(tag, count)| json!({"uuid": tag, "name": tag, "pipelines_count": count}))
        .collect();
    Ok(Json(
        json!({"tags": views, "metadata": {"count": views.len()}}),
    ))
}

fn checked(problems: &[Problem]) -> Value {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    json!({
        "problems": problems,
        "errors": errors,
        "warnings": problems.len() - errors,
        "ok": errors == 0,
    })
}

/// The check of the project, or of the pipeline `pipeline_uuid`.
pub(crate) async fn checks(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let pipeline = params.get("pipeline_uuid").map(PipelineUuid::from);
    let problems = shared.host.check(&actor, pipeline).await?;
    Ok(Json(json!({"check": checked(&problems)})))
}

/// The check of one pipeline.
pub(crate) async fn checks_of_pipeline(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let problems = shared.host.check(&actor, Some(pipeline)).await?;
    Ok(Json(json!({"check": checked(&problems)})))
}

/// The check of a text as somebody types it: `{"check": {"path": ..., "content": ...}}`, or the two without `check`.
pub(crate) async fn check_text(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = if payload.0.contains_key("check") {
        payload.inside("check")?
    } else {
        payload.0
    };
    let text = |key: &str| match wanted.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(ApiError::invalid(format!("`{key}` must be a text"))),
        None => Err(ApiError::invalid(format!("`{key}` is missing"))),
    };
    let problems = shared
        .host
        .check_text(&actor, text("path")?, text("content")?)
        .await?;
    Ok(Json(json!({"check": checked(&problems)})))
}

fn found(one: &Found) -> Value {
    json!({
        "type": one.kind,
        "uuid": one.name,
        "title": one.name,
        "pipeline_uuid": one.pipeline,
        "path": one.path,
    })
}

/// What has a text in its name: `search` or `query`.
pub(crate) async fn search(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let text = params.get("search").or(params.get("query"));
    let results = shared.host.search(&actor, text.unwrap_or_default()).await?;
    let views: Vec<Value> = results.iter().map(found).collect();
    Ok(Json(
        json!({"search_results": views, "metadata": {"count": views.len()}}),
    ))
}

/// The same as Mage's clients ask: `{"search_result": {"query": ...}}`.
pub(crate) async fn search_for(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("search_result")?;
    let Some(text) = wanted.get("query").and_then(Value::as_str) else {
        return Err(ApiError::invalid("`query` must be a text"));
    };
    let results = shared.host.search(&actor, text).await?;
    let views: Vec<Value> = results.iter().map(found).collect();
    Ok(Json(
        json!({"search_result": {"uuid": text, "results": views}}),
    ))
}

fn pipeline_template(template: &PipelineTemplate, with_pipeline: bool) -> Value {
    let mut view =
        json!({"template_uuid": template.id, "uuid": template.id, "object_type": "pipelines"});
    for key in ["name", "description", "tags"] {
        view[key] = template.keys.get(key).cloned().unwrap_or_default();
    }
    if with_pipeline {
        view["pipeline"] = template.keys.get("pipeline").cloned().unwrap_or_default();
    }
    view
}

async fn templates_of(
    shared: &Shared,
    by: &By,
    kind: &str,
    with_pipeline: bool,
) -> Result<Vec<Value>, ApiError> {
    match kind {
        "blocks" => {
            let mut templates = shared.host.block_templates(&by.0).await?;
            templates.retain(|template| template.is_custom);
            let views = templates.iter().map(|template| {
                let mut view = blocks::template(template);
                view["template_uuid"] = json!(template.id);
                view["uuid"] = json!(template.id);
                view["object_type"] = json!("blocks");
                view
            });
            Ok(views.collect())
        }
        "pipelines" => {
            let templates = shared.host.pipeline_templates(&by.0).await?;
            let views = templates.iter();
            Ok(views
                .map(|template| pipeline_template(template, with_pipeline))
                .collect())
        }
        _ => Err(ApiError::invalid(
            "`object_type` must be blocks or pipelines",
        )),
    }
}

/// The project's own templates of blocks, or with `object_type=pipelines` of pipelines.
pub(crate) async fn templates(
    State(shared): State<Shared>,
    by: By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let kind = params.get("object_type").unwrap_or("blocks");
    let views = templates_of(&shared, &by, kind, false).await?;
    Ok(Json(
        json!({"custom_templates": views, "metadata": {"count": views.len()}}),
    ))
}

async fn template(shared: &Shared, by: &By, kind: &str, id: &str) -> Result<Value, ApiError> {
    let views = templates_of(shared, by, kind, true).await?;
    let found = views.into_iter().find(|view| view["uuid"] == json!(id));
    found.ok_or_else(|| ApiError::not_found(format!("there is no template `{id}`")))
}

/// One of them.
pub(crate) async fn show_template(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let kind = params.get("object_type").unwrap_or("blocks");
    Ok(Json(
        json!({"custom_template": template(&shared, &by, kind, &id).await?}),
    ))
}

/// Makes a template.
pub(crate) async fn create_template(
    State(shared): State<Shared>,
    by: By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted: Map<String, Value> = payload.inside("custom_template")?;
    let kind = wanted.get("object_type").and_then(Value::as_str);
    let kind = kind.unwrap_or("blocks").to_owned();
    let id = shared.host.create_template(&by.0, wanted).await?;
    Ok(Json(
        json!({"custom_template": template(&shared, &by, &kind, &id).await?}),
    ))
}

/// Deletes a template.
pub(crate) async fn remove_template(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let kind = params.get("object_type").unwrap_or("blocks");
    let view = template(&shared, &by, kind, &id).await?;
    let is_pipeline = kind == "pipelines";
    shared.host.delete_template(&by.0, &id, is_pipeline).await?;
    Ok(Json(json!({"custom_template": view})))
}

/// Who changed what, the newest first.
pub(crate) async fn audits(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let limit = params.limit(CHANGES)? as usize;
    let changes = shared.host.audited(&actor, limit).await?;
    Ok(Json(
        json!({"audits": changes, "metadata": {"count": changes.len()}}),
    ))
}
