//! The routes, one file for each resource.

mod backfills;
mod block_runs;
mod blocks;
mod catalogue;
mod charts;
mod checks;
mod events;
mod files;
mod live;
mod logs;
mod metrics;
mod notebook;
mod notices;
mod outlook;
mod output_pages;
mod outputs;
mod page;
mod pipeline_runs;
mod pipeline_schedules;
mod pipelines;
mod products;
mod projects;
mod retention;
mod run_actions;
mod run_days;
mod runs;
mod search;
mod socket;
mod status;
mod templates;
mod terminal;
mod transfer;
mod usage;
mod variables;
mod versions;
mod why;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use baton_app::Actor;

use crate::Shared;
use crate::contract::{Input, Route, delete, get, post, put};
use crate::error::ApiError;

/// Every route; `access` says who may call it.
pub(crate) fn routes() -> Vec<Route> {
    let parts = [
        run_routes(),
        backfill_routes(),
        seeing_routes(),
        live_routes(),
        project_routes(),
    ];
    parts.into_iter().flatten().collect()
}

/// The router of them.
pub(crate) fn router() -> Router<Shared> {
    routes().into_iter().fold(Router::new(), |router, route| {
        router.route(route.path, route.handler)
    })
}

/// How the server is, what triggers start, and runs.
fn run_routes() -> Vec<Route> {
    vec![
        get("/", page::show),
        get("/{*path}", page::show_at),
        get("/health", status::health),
        get("/ready", status::ready),
        get("/api/status", status::show),
        get("/api/statuses", status::list),
        get("/api/pipeline_schedules", pipeline_schedules::list),
        get("/api/pipeline_schedules/{id}", pipeline_schedules::show),
        put("/api/pipeline_schedules/{id}", pipeline_schedules::update),
        delete("/api/pipeline_schedules/{id}", pipeline_schedules::remove),
        get(
            "/api/pipelines/{pipeline}/pipeline_schedules",
            pipeline_schedules::list_of_pipeline,
        ),
        post(
            "/api/pipelines/{pipeline}/pipeline_schedules",
            pipeline_schedules::create,
        ),
        get(
            "/api/pipeline_schedules/{id}/pipeline_runs",
            pipeline_runs::list_of_schedule,
        ),
        post(
            "/api/pipeline_schedules/{id}/pipeline_runs",
            pipeline_runs::create,
        ),
        post(
            "/api/pipeline_schedules/{id}/pipeline_runs/{token}",
            pipeline_runs::create_by_token,
        ),
        post(
            "/api/pipeline_schedules/{id}/api_trigger",
            pipeline_runs::create_by_bearer,
        ),
        post("/api/events", events::receive),
        get("/api/pipeline_runs", pipeline_runs::list),
        get("/api/pipeline_runs/days", run_days::list),
        get(
            "/api/pipelines/{pipeline}/pipeline_runs",
            pipeline_runs::list_of_pipeline,
        ),
        get("/api/pipeline_runs/{id}", pipeline_runs::show),
        put("/api/pipeline_runs/{id}", pipeline_runs::update),
        delete("/api/pipeline_runs/{id}", pipeline_runs::remove),
        get(
            "/api/pipeline_runs/{id}/block_runs",
            block_runs::list_of_run,
        ),
        get("/api/block_runs/{id}", block_runs::show),
    ]
}

fn backfill_routes() -> Vec<Route> {
    vec![
        get("/api/backfills", backfills::list),
        get("/api/backfills/{id}", backfills::show),
        put("/api/backfills/{id}", backfills::update),
        delete("/api/backfills/{id}", backfills::remove),
        get("/api/backfills/{id}/preview", backfills::preview),
        get(
            "/api/pipelines/{pipeline}/backfills",
            backfills::list_of_pipeline,
        ),
        post("/api/pipelines/{pipeline}/backfills", backfills::create),
        post(
            "/api/pipelines/{pipeline}/backfills/preview",
            backfills::preview_of_new,
        ),
    ]
}

/// What runs print, produce, and why they are as they are.
fn seeing_routes() -> Vec<Route> {
    vec![
        get("/api/pipelines/{pipeline}/logs", logs::list_of_pipeline),
        get("/api/pipeline_runs/{id}/logs", logs::show_of_run),
        get("/api/block_runs/{id}/inputs", block_runs::inputs),
        get("/api/block_runs/{id}/outputs", outputs::list_of_block_run),
        get("/api/block_runs/{id}/outputs/{name}", output_pages::page),
        get(
            "/api/block_runs/{id}/outputs/{name}/statistics",
            outputs::statistics,
        ),
        get(
            "/api/block_runs/{id}/outputs/{name}/chart",
            charts::of_output,
        ),
        get(
            "/api/pipelines/{pipeline}/blocks/{block}/outputs",
            outputs::list_of_block,
        ),
        get(
            "/api/pipelines/{pipeline}/block_outputs/{block}/downloads",
            outputs::download,
        ),
        get("/api/products", catalogue::list),
        get(
            "/api/pipelines/{pipeline}/blocks/{block}/products",
            catalogue::versions,
        ),
        get("/api/notices", notices::list),
        get("/api/pipeline_runs/{id}/notices", notices::list_of_run),
        get("/api/pipelines/{pipeline}/notebook", notebook::show),
        get("/api/block_runs/{id}/code", notebook::code),
        get(
            "/api/pipelines/{pipeline}/blocks/{block}/history",
            notebook::history,
        ),
        get("/api/pipeline_runs/{id}/why", why::of_run),
        get(
            "/api/pipeline_runs/{id}/comparisons/{with}",
            run_actions::compare,
        ),
        post("/api/pipeline_runs/actions", run_actions::act),
        get("/api/forecast", outlook::forecast),
        post(
            "/api/pipelines/{pipeline}/pipeline_schedules/preview",
            outlook::dates_of_new,
        ),
        get("/api/pipeline_schedules/{id}/calls", outlook::calls),
        get("/api/pipeline_schedules/{id}/why", why::of_trigger),
    ]
}

/// What happens, what is run at once, and how the server is.
fn live_routes() -> Vec<Route> {
    vec![
        get("/api/events", live::events),
        get("/websocket", socket::websocket),
        get("/websocket/terminal", terminal::open),
        get("/api/terminals", terminal::show),
        post("/api/runs", runs::create),
        get("/metrics", metrics::show),
        get("/api/retention", retention::show),
        post("/api/retention", retention::clean),
        get("/api/openapi.json", status::openapi),
    ]
}

/// What a project is made of: its pipelines, blocks and files.
fn project_routes() -> Vec<Route> {
    vec![
        get("/api/pipelines", pipelines::list),
        post("/api/pipelines", pipelines::create),
        get("/api/pipelines/{pipeline}", pipelines::show),
        put("/api/pipelines/{pipeline}", pipelines::update),
        delete("/api/pipelines/{pipeline}", pipelines::remove),
        get("/api/pipelines/{pipeline}/archive", transfer::export),
        post("/api/pipeline_imports", transfer::import),
        post("/api/pipeline_imports/preview", transfer::preview),
        get("/api/pipelines/{pipeline}/blocks", blocks::list),
        post("/api/pipelines/{pipeline}/blocks", blocks::create),
        get("/api/pipelines/{pipeline}/blocks/{block}", blocks::show),
        put("/api/pipelines/{pipeline}/blocks/{block}", blocks::update),
        delete("/api/pipelines/{pipeline}/blocks/{block}", blocks::remove),
        get("/api/pipelines/{pipeline}/widgets", charts::list),
        post("/api/pipelines/{pipeline}/widgets", charts::create),
        get("/api/pipelines/{pipeline}/widgets/{block}", charts::show),
        put("/api/pipelines/{pipeline}/widgets/{block}", charts::update),
        delete("/api/pipelines/{pipeline}/widgets/{block}", charts::remove),
        get(
            "/api/pipelines/{pipeline}/widgets/{block}/chart",
            charts::of_widget,
        ),
        get("/api/chart_pages/{name}", charts::page),
        get("/api/block_templates", blocks::templates),
        get("/api/custom_templates", templates::list),
        post("/api/custom_templates", templates::create),
        get("/api/custom_templates/{id}", templates::show),
        delete("/api/custom_templates/{id}", templates::remove),
        get("/api/files", files::list),
        post("/api/files", files::create),
        get("/api/files/{path}", files::show),
        put("/api/files/{path}", files::rename),
        delete("/api/files/{path}", files::remove),
        get("/api/files/{path}/commits", versions::of_file),
        get("/api/files/{path}/commits/{commit}", versions::content),
        get("/api/files/{path}/difference", versions::difference),
        get("/api/pipelines/{pipeline}/commits", versions::of_pipeline),
        get("/api/file_contents/{path}", files::content),
        put("/api/file_contents/{path}", files::write),
        post("/api/folders", files::create_folder),
        get("/api/folders/{path}", files::show_folder),
        put("/api/folders/{path}", files::rename_folder),
        delete("/api/folders/{path}", files::remove_folder),
        get("/api/browser_items", files::browse),
        get("/api/pipelines/{pipeline}/variables", variables::list),
        post("/api/pipelines/{pipeline}/variables", variables::create),
        put(
            "/api/pipelines/{pipeline}/variables/{name}",
            variables::update,
        ),
        delete(
            "/api/pipelines/{pipeline}/variables/{name}",
            variables::remove,
        ),
        get("/api/io_profiles", variables::io_profiles),
        get("/api/secrets", variables::secrets),
        post("/api/secrets", variables::create_secret),
        put("/api/secrets/{name}", variables::update_secret),
        delete("/api/secrets/{name}", variables::remove_secret),
        get("/api/projects", projects::list),
        get("/api/projects/{name}", projects::show),
        put("/api/projects/{name}", projects::update),
        get("/api/tags", projects::tags),
        get("/api/checks", checks::of_project),
        post("/api/checks", checks::of_text),
        get("/api/pipelines/{pipeline}/checks", checks::of_pipeline),
        get("/api/search_results", search::find),
        post("/api/search_results", search::find_wanted),
        get("/api/audits", projects::audits),
        get("/api/global_data_products", products::list),
        post("/api/global_data_products", products::create),
        get("/api/global_data_products/{uuid}", products::show),
        put("/api/global_data_products/{uuid}", products::update),
        delete("/api/global_data_products/{uuid}", products::remove),
        get("/api/interactions", products::forms),
        post("/api/interactions", products::create_form),
        get("/api/interactions/{name}", products::show_form),
        put("/api/interactions/{name}", products::update_form),
        get(
            "/api/pipeline_interactions/{pipeline}",
            products::show_of_pipeline,
        ),
        put(
            "/api/pipeline_interactions/{pipeline}",
            products::update_of_pipeline,
        ),
        get(
            "/api/pipelines/{pipeline}/interactions",
            products::show_of_pipeline,
        ),
    ]
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

impl Input for By {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::access::ROUTES;

    #[test]
    fn the_router_and_the_reviewed_list_agree() {
        let listed: BTreeSet<_> = ROUTES
            .iter()
            .map(|access| (access.method, access.path))
            .collect();
        assert_eq!(listed.len(), ROUTES.len(), "a route is listed twice");
        let routed: BTreeSet<_> = routes()
            .iter()
            .map(|route| (route.method, route.path))
            .collect();
        let missing: Vec<_> = routed.difference(&listed).collect();
        assert!(missing.is_empty(), "not in `access::ROUTES`: {missing:?}");
        let unknown: Vec<_> = listed.difference(&routed).collect();
        assert!(unknown.is_empty(), "not in the router: {unknown:?}");
    }
}
