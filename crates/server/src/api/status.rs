//! Whether the server works.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;

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

/// The server and its project.
pub(crate) async fn show(State(shared): State<Shared>, By(_): By) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({"status": status(&shared)})))
}

/// The same as a list, as Mage has it.
pub(crate) async fn list(State(shared): State<Shared>, By(_): By) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({"statuses": [status(&shared)]})))
}
