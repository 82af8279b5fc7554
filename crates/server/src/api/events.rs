//! `events`: what other systems tell, for triggers of type `event`.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::By;
use crate::Shared;
use crate::answer::{Named, One};
use crate::body::Sent;
use crate::error::ApiError;

/// What an event has started.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EventReceipt {
    /// The runs of the triggers that it fits.
    pipeline_run_ids: Vec<i64>,
}

impl Named for EventReceipt {
    const ONE: &'static str = "event";
}

/// Takes an event as it is and starts the runs of every trigger that it fits.
pub(crate) async fn receive(
    State(shared): State<Shared>,
    By(actor): By,
    Sent(event): Sent<Map<String, Value>>,
) -> Result<One<EventReceipt>, ApiError> {
    let runs = shared.host.receive_event(&actor, event).await?;
    Ok(One(EventReceipt {
        pipeline_run_ids: runs.into_iter().map(|run| run.0).collect(),
    }))
}
