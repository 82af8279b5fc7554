//! HTTP over the use cases of `app`: no rules of its own.
//!
//! A request passes the guard (who may call this route, from where) and then a handler that turns it into a call and
//! the result into JSON in the shape that Mage's clients know.

mod access;
mod answer;
mod api;
mod body;
mod connections;
mod contract;
mod error;
mod guard;
mod hooks;
mod openapi;
mod params;
mod stream;
mod times;
mod words;

use std::sync::Arc;

use axum::Router;
use baton_app::Host;
use tokio::net::TcpListener;

use connections::Patience;

pub use access::{Access, ROUTES, Who};
pub use error::{ApiError, Code};
pub use guard::Door;
pub use openapi::openapi;

/// What every handler has at hand.
#[derive(Clone)]
pub struct Shared {
    /// The project that is served.
    pub host: Arc<Host>,
    /// Who may come in.
    pub door: Arc<Door>,
}

/// Everything that is served.
pub fn router(shared: Shared) -> Router {
    api::router()
        // Inside the guard: nobody starts a pipeline who may not come in.
        .layer(axum::middleware::from_fn_with_state(
            shared.clone(),
            hooks::around,
        ))
        .layer(axum::middleware::from_fn_with_state(
            shared.clone(),
            guard::check,
        ))
        .with_state(shared)
}

/// Serves until `stop` comes true, then lets requests under way end.
pub async fn serve(
    listener: TcpListener,
    shared: Shared,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    connections::serve(listener, router(shared), stop, Patience::USUAL).await;
    Ok(())
}
