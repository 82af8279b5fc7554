//! Who may call what. A route that is not listed here is refused, whatever it would do.

use axum::http::Method;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody: it says nothing about the project and changes nothing.
    Anyone,
    /// Whoever knows the token of the trigger; the use case checks it.
    TokenHolder,
    /// Whoever has a session: the cookie, or the token as bearer.
    Session,
}

/// A route, by its pattern.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The method.
    pub method: &'static str,
    /// The pattern, as the router has it.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
}

const fn to(method: &'static str, path: &'static str, who: Who) -> Access {
    Access { method, path, who }
}

/// Every route of the server. Review a change of this list as what it is: a change of who may do what.
pub const ROUTES: &[Access] = &[
    to("GET", "/", Who::Anyone),
    to("GET", "/health", Who::Anyone),
    to("GET", "/ready", Who::Anyone),
    to("GET", "/api/status", Who::Session),
    to("GET", "/api/statuses", Who::Session),
    to("GET", "/api/pipeline_schedules", Who::Session),
    to("GET", "/api/pipeline_schedules/{id}", Who::Session),
    to("PUT", "/api/pipeline_schedules/{id}", Who::Session),
    to("DELETE", "/api/pipeline_schedules/{id}", Who::Session),
    to(
        "GET",
        "/api/pipelines/{pipeline}/pipeline_schedules",
        Who::Session,
    ),
    to(
        "POST",
        "/api/pipelines/{pipeline}/pipeline_schedules",
        Who::Session,
    ),
    to(
        "GET",
        "/api/pipeline_schedules/{id}/pipeline_runs",
        Who::Session,
    ),
    to(
        "POST",
        "/api/pipeline_schedules/{id}/pipeline_runs",
        Who::Session,
    ),
    to(
        "POST",
        "/api/pipeline_schedules/{id}/pipeline_runs/{token}",
        Who::TokenHolder,
    ),
    to(
        "POST",
        "/api/pipeline_schedules/{id}/api_trigger",
        Who::TokenHolder,
    ),
    to("POST", "/api/events", Who::Session),
    to("GET", "/api/pipeline_runs", Who::Session),
    to(
        "GET",
        "/api/pipelines/{pipeline}/pipeline_runs",
        Who::Session,
    ),
    to("GET", "/api/pipeline_runs/{id}", Who::Session),
    to("PUT", "/api/pipeline_runs/{id}", Who::Session),
    to("DELETE", "/api/pipeline_runs/{id}", Who::Session),
    to("GET", "/api/pipeline_runs/{id}/block_runs", Who::Session),
    to("GET", "/api/block_runs/{id}", Who::Session),
    to("GET", "/api/backfills", Who::Session),
    to("GET", "/api/backfills/{id}", Who::Session),
    to("PUT", "/api/backfills/{id}", Who::Session),
    to("DELETE", "/api/backfills/{id}", Who::Session),
    to("GET", "/api/backfills/{id}/preview", Who::Session),
    to("GET", "/api/pipelines/{pipeline}/backfills", Who::Session),
    to("POST", "/api/pipelines/{pipeline}/backfills", Who::Session),
    to(
        "POST",
        "/api/pipelines/{pipeline}/backfills/preview",
        Who::Session,
    ),
    to("GET", "/api/pipelines/{pipeline}/logs", Who::Session),
    to("GET", "/api/pipeline_runs/{id}/logs", Who::Session),
    to("GET", "/api/block_runs/{id}/outputs", Who::Session),
    to("GET", "/api/block_runs/{id}/outputs/{name}", Who::Session),
    to(
        "GET",
        "/api/block_runs/{id}/outputs/{name}/statistics",
        Who::Session,
    ),
    to(
        "GET",
        "/api/pipelines/{pipeline}/blocks/{block}/outputs",
        Who::Session,
    ),
    to(
        "GET",
        "/api/pipelines/{pipeline}/block_outputs/{block}/downloads",
        Who::Session,
    ),
    to("GET", "/api/pipeline_runs/{id}/why", Who::Session),
    to("GET", "/api/pipeline_schedules/{id}/why", Who::Session),
    to("GET", "/api/events", Who::Session),
    to("GET", "/websocket", Who::Session),
    to("POST", "/api/runs", Who::Session),
    to("GET", "/metrics", Who::Session),
    to("GET", "/api/openapi.json", Who::Anyone),
];

/// Who may call the route with this pattern.
pub(crate) fn who(method: &Method, pattern: &str) -> Option<Who> {
    // What may be read may be asked for without its body.
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    ROUTES
        .iter()
        .find(|access| access.method == method && access.path == pattern)
        .map(|access| access.who)
}
