//! `why`: an answer in sentences.

use axum::extract::State;
use baton_engine::why::Why;
use baton_model::{RunId, TriggerId};
use schemars::JsonSchema;
use serde::Serialize;

use super::By;
use crate::Shared;
use crate::answer::{Named, One};
use crate::error::ApiError;
use crate::params::Path;

/// An explanation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Why")]
pub(crate) struct WhyView {
    /// The answer in one sentence.
    headline: String,
    /// What else there is to know, one sentence each.
    details: Vec<String>,
}

impl Named for WhyView {
    const ONE: &'static str = "why";
}

fn view(why: Why) -> One<WhyView> {
    One(WhyView {
        headline: why.headline,
        details: why.details,
    })
}

/// Why a run is as it is.
pub(crate) async fn of_run(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<One<WhyView>, ApiError> {
    Ok(view(shared.host.why_run(&actor, RunId(id)).await?))
}

/// Why a trigger makes no run.
pub(crate) async fn of_trigger(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<One<WhyView>, ApiError> {
    Ok(view(shared.host.why_trigger(&actor, TriggerId(id)).await?))
}
