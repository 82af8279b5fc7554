//! `notices`: messages to people about runs, and what became of them.

use axum::extract::State;
use baton_model::RunId;
use baton_store::Notice;
use schemars::JsonSchema;
use serde::Serialize;

use super::By;
use crate::answer::{Many, Named};
use crate::error::ApiError;
use crate::params::{Limit, Path, Query};
use crate::{Shared, times};

/// Rows of a page when no number is asked for.
const ROWS: u32 = 60;

/// A message to people about a run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Notice")]
pub(crate) struct NoticeView {
    id: i64,
    pipeline_run_id: Option<i64>,
    pipeline_uuid: String,
    /// What kind of message it is, in the word of `alert_on`.
    alert: String,
    /// Where it goes: the channel's name, never its address.
    channel: String,
    /// Where it stands.
    status: &'static str,
    /// How often it was tried.
    tries: u32,
    /// Why it was not sent when it was last tried.
    error: Option<String>,
    created_at: String,
    completed_at: Option<String>,
}

impl Named for NoticeView {
    const ONE: &'static str = "notice";
    const MANY: &'static str = "notices";
}

impl From<&Notice> for NoticeView {
    fn from(notice: &Notice) -> Self {
        let wanted = &notice.wanted;
        Self {
            id: notice.id,
            pipeline_run_id: wanted.run.map(|run| run.0),
            pipeline_uuid: wanted.pipeline.to_string(),
            alert: wanted.alert.clone(),
            channel: wanted.channel.clone(),
            status: notice.status.name(),
            tries: notice.tries,
            error: notice.error.clone(),
            created_at: times::text(notice.created_at),
            completed_at: times::some(notice.ended_at),
        }
    }
}

fn views(notices: &[Notice]) -> Many<NoticeView> {
    Many::whole(notices.iter().map(NoticeView::from).collect())
}

/// The newest messages of the project.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Query(wanted): Query<Limit>,
) -> Result<Many<NoticeView>, ApiError> {
    let limit = wanted.limit(ROWS);
    Ok(views(&shared.host.notices(&actor, None, limit).await?))
}

/// The messages about a run.
pub(crate) async fn list_of_run(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Many<NoticeView>, ApiError> {
    let run = Some(RunId(id));
    Ok(views(&shared.host.notices(&actor, run, u32::MAX).await?))
}
