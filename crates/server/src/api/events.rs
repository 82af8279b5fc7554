//! `events`: what other systems tell, for triggers of type `event`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;

/// Takes an event as it is and starts the runs of every trigger that it fits.
pub(crate) async fn receive(
    State(shared): State<Shared>,
    By(actor): By,
    Json(event): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let Value::Object(event) = event else {
        return Err(ApiError::invalid("an event is a JSON object"));
    };
    let runs = shared.host.receive_event(&actor, event).await?;
    Ok(Json(json!({"event": {"pipeline_run_ids": runs}})))
}
