//! The routes, one file for each resource.

mod backfills;
mod block_runs;
mod blocks;
mod events;
mod files;
mod live;
mod logs;
mod metrics;
mod notebook;
mod notices;
mod outputs;
mod page;
mod pipeline_runs;
mod pipeline_schedules;
mod pipelines;
mod products;
mod projects;
mod retention;
mod runs;
mod status;
mod variables;
mod why;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, post, put};
use baton_app::Actor;
use serde_json::Value;

use crate::Shared;
use crate::error::ApiError;

/// Every route; `access` says who may call it.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(page::show))
        .route("/{*path}", get(page::show_at))
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .route("/api/status", get(status::show))
        .route("/api/statuses", get(status::list))
        .route("/api/pipeline_schedules", get(pipeline_schedules::list))
        .route(
            "/api/pipeline_schedules/{id}",
            get(pipeline_schedules::show)
                .put(pipeline_schedules::update)
                .delete(pipeline_schedules::remove),
        )
        .route(
            "/api/pipelines/{pipeline}/pipeline_schedules",
            get(pipeline_schedules::list_of_pipeline).post(pipeline_schedules::create),
        )
        .route(
            "/api/pipeline_schedules/{id}/pipeline_runs",
            get(pipeline_runs::list_of_schedule).post(pipeline_runs::create),
        )
        .route(
            "/api/pipeline_schedules/{id}/pipeline_runs/{token}",
            post(pipeline_runs::create_by_token),
        )
        .route(
            "/api/pipeline_schedules/{id}/api_trigger",
            post(pipeline_runs::create_by_bearer),
        )
        .route("/api/events", post(events::receive))
        .route("/api/pipeline_runs", get(pipeline_runs::list))
        .route(
            "/api/pipelines/{pipeline}/pipeline_runs",
            get(pipeline_runs::list_of_pipeline),
        )
        .route(
            "/api/pipeline_runs/{id}",
            get(pipeline_runs::show)
                .put(pipeline_runs::update)
                .delete(pipeline_runs::remove),
        )
        .route(
            "/api/pipeline_runs/{id}/block_runs",
            get(block_runs::list_of_run),
        )
        .route("/api/block_runs/{id}", get(block_runs::show))
        .merge(backfill_routes())
        .merge(project_routes())
        .merge(seeing_routes())
        .merge(live_routes())
}

fn backfill_routes() -> Router<Shared> {
    Router::new()
        .route("/api/backfills", get(backfills::list))
        .route(
            "/api/backfills/{id}",
            get(backfills::show)
                .put(backfills::update)
                .delete(backfills::remove),
        )
        .route("/api/backfills/{id}/preview", get(backfills::preview))
        .route(
            "/api/pipelines/{pipeline}/backfills",
            get(backfills::list_of_pipeline).post(backfills::create),
        )
        .route(
            "/api/pipelines/{pipeline}/backfills/preview",
            post(backfills::preview_of_new),
        )
}

/// What runs print, produce, and why they are as they are.
fn seeing_routes() -> Router<Shared> {
    Router::new()
        .route(
            "/api/pipelines/{pipeline}/logs",
            get(logs::list_of_pipeline),
        )
        .route("/api/pipeline_runs/{id}/logs", get(logs::show_of_run))
        .route(
            "/api/block_runs/{id}/outputs",
            get(outputs::list_of_block_run),
        )
        .route("/api/block_runs/{id}/outputs/{name}", get(outputs::page))
        .route(
            "/api/block_runs/{id}/outputs/{name}/statistics",
            get(outputs::statistics),
        )
        .route(
            "/api/pipelines/{pipeline}/blocks/{block}/outputs",
            get(outputs::list_of_block),
        )
        .route(
            "/api/pipelines/{pipeline}/block_outputs/{block}/downloads",
            get(outputs::download),
        )
        .route("/api/notices", get(notices::list))
        .route("/api/pipeline_runs/{id}/notices", get(notices::list_of_run))
        .route("/api/pipelines/{pipeline}/notebook", get(notebook::show))
        .route("/api/block_runs/{id}/code", get(notebook::code))
        .route(
            "/api/pipelines/{pipeline}/blocks/{block}/history",
            get(notebook::history),
        )
        .route("/api/pipeline_runs/{id}/why", get(why::of_run))
        .route("/api/pipeline_schedules/{id}/why", get(why::of_trigger))
}

/// What happens, what is run at once, and how the server is.
fn live_routes() -> Router<Shared> {
    Router::new()
        .route("/api/events", get(live::events))
        .route("/websocket", get(live::websocket))
        .route("/api/runs", post(runs::create))
        .route("/metrics", get(metrics::show))
        .route(
            "/api/retention",
            get(retention::show).post(retention::clean),
        )
        .route("/api/openapi.json", get(status::openapi))
}

/// The routes of what a project is made of: its pipelines, blocks and files.
fn project_routes() -> Router<Shared> {
    Router::new()
        .route(
            "/api/pipelines",
            get(pipelines::list).post(pipelines::create),
        )
        .route(
            "/api/pipelines/{pipeline}",
            get(pipelines::show)
                .put(pipelines::update)
                .delete(pipelines::remove),
        )
        .route(
            "/api/pipelines/{pipeline}/blocks",
            get(blocks::list).post(blocks::create),
        )
        .route(
            "/api/pipelines/{pipeline}/blocks/{block}",
            get(blocks::show).put(blocks::update).delete(blocks::remove),
        )
        .route("/api/block_templates", get(blocks::templates))
        .route(
            "/api/custom_templates",
            get(projects::templates).post(projects::create_template),
        )
        .route(
            "/api/custom_templates/{id}",
            get(projects::show_template).delete(projects::remove_template),
        )
        .route("/api/files", get(files::list).post(files::create))
        .route(
            "/api/files/{path}",
            get(files::show).put(files::rename).delete(files::remove),
        )
        .route(
            "/api/file_contents/{path}",
            get(files::content).put(files::write),
        )
        .route("/api/folders", post(files::create_folder))
        .route(
            "/api/folders/{path}",
            get(files::show_folder)
                .put(files::rename_folder)
                .delete(files::remove_folder),
        )
        .route("/api/browser_items", get(files::browse))
        .route(
            "/api/pipelines/{pipeline}/variables",
            get(variables::list).post(variables::create),
        )
        .route(
            "/api/pipelines/{pipeline}/variables/{name}",
            put(variables::update).delete(variables::remove),
        )
        .route(
            "/api/secrets",
            get(variables::secrets).post(variables::create_secret),
        )
        .route(
            "/api/secrets/{name}",
            put(variables::update_secret).delete(variables::remove_secret),
        )
        .route("/api/projects", get(projects::list))
        .route(
            "/api/projects/{name}",
            get(projects::show).put(projects::update),
        )
        .route("/api/tags", get(projects::tags))
        .route(
            "/api/checks",
            get(projects::checks).post(projects::check_text),
        )
        .route(
            "/api/pipelines/{pipeline}/checks",
            get(projects::checks_of_pipeline),
        )
        .route(
            "/api/search_results",
            get(projects::search).post(projects::search_for),
        )
        .route("/api/audits", get(projects::audits))
        .route(
            "/api/global_data_products",
            get(products::list).post(products::create),
        )
        .route(
            "/api/global_data_products/{uuid}",
            get(products::show)
                .put(products::update)
                .delete(products::remove),
        )
        .route(
            "/api/interactions",
            get(products::forms).post(products::create_form),
        )
        .route(
            "/api/interactions/{name}",
            get(products::show_form).put(products::update_form),
        )
        .route(
            "/api/pipeline_interactions/{pipeline}",
            get(products::show_of_pipeline).put(products::update_of_pipeline),
        )
        .route(
            "/api/pipelines/{pipeline}/interactions",
            get(products::show_of_pipeline),
        )
}

/// Who makes the request, as the guard found out.
pub(crate) struct By(pub(crate) Actor);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(
            parts
                .extensions
                .get::<Actor>()
                .cloned()
                .unwrap_or(Actor::Nobody),
        ))
    }
}

/// A JSON body. `{"<name>": {...}}` gives what is inside; a body without it, and none at all, an empty map.
pub(crate) fn inside(body: &Value, name: &str) -> serde_json::Map<String, Value> {
    body.get(name)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}
