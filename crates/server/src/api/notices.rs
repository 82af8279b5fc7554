//! `notices`: messages to people about runs, and what became of them.

use axum::Json;
use axum::extract::{Path, State};
use baton_model::RunId;
use baton_store::Notice;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// Rows of a page when no number is asked for.
const ROWS: u32 = 60;

fn view(notice: &Notice) -> Value {
    let wanted = &notice.wanted;
    json!({
        "id": notice.id,
        "pipeline_run_id": wanted.run,
        "pipeline_uuid": wanted.pipeline,
        "alert": wanted.alert,
        "channel": wanted.channel,
        "status": notice.status.name(),
        "tries": notice.tries,
        "error": notice.error,
        "created_at": times::text(notice.created_at),
        "completed_at": times::some(notice.ended_at),
    })
}

fn views(notices: &[Notice]) -> Json<Value> {
    let notices: Vec<Value> = notices.iter().map(view).collect();
    Json(json!({ "notices": notices }))
}

/// The newest messages of the project.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let limit = params.limit(ROWS)?;
    Ok(views(&shared.host.notices(&actor, None, limit).await?))
}

/// The messages about a run.
pub(crate) async fn list_of_run(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let run = Some(RunId(id));
    Ok(views(&shared.host.notices(&actor, run, u32::MAX).await?))
}
