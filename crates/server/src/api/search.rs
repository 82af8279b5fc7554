//! `search_results`: pipelines, blocks and files by a part of their name.

use axum::extract::State;
use baton_app::Found;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::Shared;
use crate::answer::{Many, Named, One};
use crate::body::Payload;
use crate::error::ApiError;
use crate::params::Query;

/// Something that a search has found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SearchResult")]
pub(crate) struct FoundView {
    /// `pipeline`, `block` or `file`.
    #[serde(rename = "type")]
    kind: &'static str,
    uuid: String,
    title: String,
    /// The pipeline of a block.
    pipeline_uuid: Option<String>,
    /// The path of a file.
    path: Option<String>,
}

impl Named for FoundView {
    const ONE: &'static str = "search_result";
    const MANY: &'static str = "search_results";
}

impl From<&Found> for FoundView {
    fn from(one: &Found) -> Self {
        Self {
            kind: one.kind,
            uuid: one.name.clone(),
            title: one.name.clone(),
            pipeline_uuid: one.pipeline.as_ref().map(ToString::to_string),
            path: one.path.clone(),
        }
    }
}

/// What is searched for.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchQuery {
    /// A part of a name.
    search: Option<String>,
    /// The same.
    query: Option<String>,
}

/// What has a text in its name: `search` or `query`.
pub(crate) async fn find(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<SearchQuery>,
) -> Result<Many<FoundView>, ApiError> {
    let text = query.search.or(query.query).unwrap_or_default();
    let results = shared.host.search(&actor, &text).await?;
    Ok(Many::whole(results.iter().map(FoundView::from).collect()))
}

/// What is searched for.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchWish {
    /// A part of a name.
    query: String,
}

/// What a search has found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchAnswer {
    /// What was searched for.
    uuid: String,
    results: Vec<FoundView>,
}

impl Named for SearchWish {
    const ONE: &'static str = "search_result";
}

impl Named for SearchAnswer {
    const ONE: &'static str = "search_result";
}

/// The same as Mage's clients ask: `{"search_result": {"query": ...}}`.
pub(crate) async fn find_wanted(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload<SearchWish>,
) -> Result<One<SearchAnswer>, ApiError> {
    let text = payload.wanted.query;
    let results = shared.host.search(&actor, &text).await?;
    Ok(One(SearchAnswer {
        uuid: text,
        results: results.iter().map(FoundView::from).collect(),
    }))
}
