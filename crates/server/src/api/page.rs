//! The page at the root, until there is more to see.

use axum::extract::State;
use axum::response::Html;
use baton_app::Actor;

use super::By;
use crate::Shared;

/// Says what this is, and to whoever has a session where things are.
pub(crate) async fn show(State(shared): State<Shared>, By(actor): By) -> Html<String> {
    let body = if actor == Actor::Owner {
        let name = shared
            .host
            .root()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let name = name.replace('&', "&amp;").replace('<', "&lt;");
        format!(
            "<h1>{name}</h1><p>The scheduler is running.</p><ul>\
             <li><a href=\"/api/pipeline_schedules\">Triggers</a></li>\
             <li><a href=\"/api/pipeline_runs?_limit=50\">Runs</a></li></ul>"
        )
    } else {
        "<h1>Baton</h1><p>Open the address that <code>baton start</code> printed.</p>".to_owned()
    };
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Baton</title><body>{body}</body></html>"
    ))
}
