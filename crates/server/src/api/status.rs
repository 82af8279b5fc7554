//! Whether the server works.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_model::RunStatus;
use baton_project::Project;
use baton_scheduler::Role;
use baton_store::RunPage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::By;
use crate::Shared;
use crate::answer::{Many, Named, One};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::Query;
use crate::times;

/// Whether something works.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub(crate) struct HealthView {
    /// `ok`, or what is wrong.
    status: &'static str,
}

/// The process answers.
pub(crate) async fn health() -> Json<HealthView> {
    Json(HealthView { status: "ok" })
}

/// Whether the process can do its work; 503 when it cannot.
pub(crate) struct Readiness(Option<&'static str>);

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        let code = match self.0 {
            None => StatusCode::OK,
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let status = self.0.unwrap_or("ok");
        (code, Json(HealthView { status })).into_response()
    }
}

impl Output for Readiness {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives::<HealthView>();
    }
}

/// The process can do its work: the database answers and the scheduler turns.
pub(crate) async fn ready(State(shared): State<Shared>) -> Readiness {
    Readiness(shared.host.trouble().await)
}

/// The description of the API.
pub(crate) async fn openapi() -> Json<Value> {
    Json(crate::openapi::openapi())
}

/// The server and its project.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Status")]
#[expect(clippy::struct_excessive_bools, reason = "Mage's clients read them so")]
pub(crate) struct StatusView {
    is_instance_manager: bool,
    max_print_output_lines: u32,
    /// The project's folder.
    repo_path: String,
    /// Its name.
    repo_path_relative: String,
    repo_path_root: String,
    /// `running`, or `stopped` where no process makes runs of triggers.
    scheduler_status: &'static str,
    /// What this process does: `server_and_scheduler`, or `web_server` where others schedule and drive runs.
    instance_type: &'static str,
    disable_pipeline_edit_access: bool,
    require_user_authentication: bool,
    require_user_permissions: bool,
    project_type: String,
    project_uuid: Option<String>,
    /// The version of Baton.
    version: &'static str,
    #[serde(flatten)]
    activity: Option<GoingOn>,
}

/// What is going on.
#[derive(Serialize, JsonSchema)]
struct GoingOn {
    /// Runs under way.
    active_pipeline_run_count: u64,
    /// When a run last began, ended, or was made.
    last_scheduler_activity: Option<String>,
    /// When somebody last used the server.
    last_user_request: Option<String>,
}

impl Named for StatusView {
    const ONE: &'static str = "status";
    const MANY: &'static str = "statuses";
}

/// What of the status is wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct StatusQuery {
    /// `with_activity_details` for what is going on.
    #[serde(rename = "_format")]
    format: Option<String>,
}

async fn view(shared: &Shared, by: &By, query: &StatusQuery) -> Result<StatusView, ApiError> {
    let root = shared.host.root().to_string_lossy();
    let name = shared.host.root().file_name().unwrap_or_default();
    // Also a project whose file is broken has a status.
    let project = shared.host.project().await.ok();
    let settings = project.as_ref().map(Project::settings);
    let kind = settings.and_then(|settings| settings.project_type.clone());
    let is_wanted = query.format.as_deref() == Some("with_activity_details");
    Ok(StatusView {
        is_instance_manager: false,
        max_print_output_lines: 1000,
        repo_path: root.to_string(),
        repo_path_relative: name.to_string_lossy().into_owned(),
        repo_path_root: root.to_string(),
        scheduler_status: if shared.host.is_scheduled().await {
            "running"
        } else {
            "stopped"
        },
        instance_type: match shared.host.role() {
            Role::All => "server_and_scheduler",
            Role::Scheduler => "scheduler",
            Role::Worker => "worker",
            Role::Web => "web_server",
        },
        disable_pipeline_edit_access: false,
        require_user_authentication: true,
        require_user_permissions: false,
        project_type: kind.unwrap_or_else(|| "standalone".to_owned()),
        project_uuid: settings.and_then(|settings| settings.project_uuid.clone()),
        version: env!("CARGO_PKG_VERSION"),
        activity: if is_wanted {
            Some(activity(shared, by).await?)
        } else {
            None
        },
    })
}

async fn activity(shared: &Shared, by: &By) -> Result<GoingOn, ApiError> {
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
    Ok(GoingOn {
        active_pipeline_run_count: shared.host.runs(&by.0, &open).await?.total,
        last_scheduler_activity: times::some(last),
        last_user_request: times::some(shared.door.last_seen()),
    })
}

/// The server and its project.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<StatusQuery>,
) -> Result<One<StatusView>, ApiError> {
    Ok(One(view(&shared, &by, &query).await?))
}

/// The same as a list, as Mage has it.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<StatusQuery>,
) -> Result<Many<StatusView>, ApiError> {
    Ok(Many::whole(vec![view(&shared, &by, &query).await?]))
}
