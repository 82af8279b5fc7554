//! Whether the server works.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use baton_model::RunStatus;
use baton_store::RunPage;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// The process answers.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// The process can do its work: the database answers and the scheduler turns.
pub(crate) async fn ready(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
    match shared.host.trouble().await {
        None => (StatusCode::OK, Json(json!({"status": "ok"}))),
        Some(trouble) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({"status": trouble})),
        ),
    }
}

/// The description of the API.
pub(crate) async fn openapi() -> Json<Value> {
    Json(crate::openapi::openapi())
}

fn status(shared: &Shared) -> Value {
    let root = shared.host.root().to_string_lossy();
    let name = shared
        .host
        .root()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    json!({
        "is_instance_manager": false,
        "max_print_output_lines": 1000,
        "repo_path": root,
        "repo_path_relative": name,
        "repo_path_root": root,
        "scheduler_status": "running",
        "instance_type": "server_and_scheduler",
        "disable_pipeline_edit_access": false,
        "require_user_authentication": true,
        "require_user_permissions": false,
        "project_type": "standalone",
        "project_uuid": null,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// The same, with what is going on when that is asked for.
async fn with_activity(shared: &Shared, by: &By, params: &Params) -> Result<Value, ApiError> {
    let mut view = status(shared);
    if params.get("_format") == Some("with_activity_details") {
        let newest = RunPage {
            limit: 1,
            ..RunPage::default()
        };
        let open = RunPage {
            statuses: vec![RunStatus::Running],
            ..newest.clone()
        };
        let newest = shared.host.runs(&by.0, &newest).await?;
        let last = newest
            .rows
            .first()
            .map(|run| run.ended_at.or(run.started_at).unwrap_or(run.created_at));
        view["active_pipeline_run_count"] = json!(shared.host.runs(&by.0, &open).await?.total);
        view["last_scheduler_activity"] = json!(times::some(last));
        view["last_user_request"] = json!(times::some(shared.door.last_seen()));
    }
    Ok(view)
}

/// The server and its project.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(
        json!({"status": with_activity(&shared, &by, &params).await?}),
    ))
}

/// The same as a list, as Mage has it.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(
        json!({"statuses": [with_activity(&shared, &by, &params).await?]}),
    ))
}
