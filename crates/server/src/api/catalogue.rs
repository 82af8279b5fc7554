//! `products`: what data there is, and its versions.

use axum::extract::State;
use baton_model::{BlockUuid, PipelineUuid, ProductKind};
use baton_store::{MadeProduct, MadeProducts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use super::notebook::ProductFacts;
use crate::answer::{ManyWith, Named};
use crate::error::ApiError;
use crate::params::{Path, Query, Window};
use crate::{Shared, times, words};

/// Products of an answer when no number is asked for.
const PRODUCTS: u32 = 1_000;

/// Versions of an answer when no number is asked for.
const VERSIONS: u32 = 100;

/// An output of a block, as its newest run has left it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CatalogueProduct {
    pipeline_uuid: String,
    block_uuid: String,
    name: String,
    #[schemars(with = "words::ProductKind")]
    kind: ProductKind,
    /// What wrote it and reads it back: `pandas`, `polars`, `json`, …
    codec: String,
    /// Rows, for a frame.
    rows: Option<u64>,
    /// How many columns a frame has.
    columns: usize,
    bytes: u64,
    pipeline_run_id: i64,
    block_run_id: i64,
    /// When the block run that made it ended.
    completed_at: Option<String>,
    /// Child runs that made a part of it; what else is told is that of the first one.
    parts: u32,
    /// Runs that made it and are still there.
    versions: u32,
}

/// What a run left of an output.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProductVersion {
    #[serde(flatten)]
    facts: ProductFacts,
    pipeline_run_id: i64,
    block_run_id: i64,
    /// When the block run that made it ended.
    completed_at: Option<String>,
    /// Child runs that made a part of it; what else is told is that of the first one.
    parts: u32,
}

/// How many there are.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CatalogueMetadata {
    /// On all pages.
    count: u64,
    /// Whether there are more behind this page.
    next: bool,
}

impl Named for CatalogueProduct {
    const ONE: &'static str = "product";
    const MANY: &'static str = "products";
}

impl Named for ProductVersion {
    const ONE: &'static str = "version";
    const MANY: &'static str = "versions";
}

impl From<&MadeProduct> for CatalogueProduct {
    fn from(made: &MadeProduct) -> Self {
        let product = &made.product;
        Self {
            pipeline_uuid: made.pipeline.to_string(),
            block_uuid: made.made_by.key.block.to_string(),
            name: product.name.clone(),
            kind: product.kind,
            codec: product.codec.clone(),
            rows: product.rows,
            columns: product.columns.len(),
            bytes: product.bytes,
            pipeline_run_id: made.made_by.run.0,
            block_run_id: made.made_by.id,
            completed_at: times::some(made.made_by.ended_at),
            parts: made.parts,
            versions: made.versions,
        }
    }
}

impl From<&MadeProduct> for ProductVersion {
    fn from(made: &MadeProduct) -> Self {
        Self {
            facts: ProductFacts::from(&made.product),
            pipeline_run_id: made.made_by.run.0,
            block_run_id: made.made_by.id,
            completed_at: times::some(made.made_by.ended_at),
            parts: made.parts,
        }
    }
}

fn answer<T: for<'a> From<&'a MadeProduct>>(
    found: &MadeProducts,
    offset: u32,
) -> ManyWith<T, CatalogueMetadata> {
    let seen = u64::from(offset) + found.rows.len() as u64;
    let metadata = CatalogueMetadata {
        count: found.total,
        next: found.total > seen,
    };
    ManyWith(found.rows.iter().map(T::from).collect(), metadata)
}

/// Of which pipeline.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CatalogueQuery {
    /// Only of this pipeline.
    pipeline_uuid: Option<String>,
}

/// Every output that blocks have made, as the newest run has left it; what was made last comes first.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<CatalogueQuery>,
    window: Window,
) -> Result<ManyWith<CatalogueProduct, CatalogueMetadata>, ApiError> {
    let pipeline = query.pipeline_uuid.map(PipelineUuid::new);
    let (offset, limit) = (window.offset(), window.limit(PRODUCTS));
    let found = shared
        .host
        .catalogue(&actor, pipeline.as_ref(), offset, limit)
        .await?;
    Ok(answer(&found, offset))
}

/// What a block has made in each of its runs that are still there, the newest first.
pub(crate) async fn versions(
    State(shared): State<Shared>,
    By(actor): By,
    Path((pipeline, block)): Path<(String, String)>,
    window: Window,
) -> Result<ManyWith<ProductVersion, CatalogueMetadata>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let (offset, limit) = (window.offset(), window.limit(VERSIONS));
    let found = shared
        .host
        .product_versions(&actor, &pipeline, &block, offset, limit)
        .await?;
    if found.rows.is_empty() {
        shared.host.expect_block(&actor, &pipeline, &block).await?;
    }
    Ok(answer(&found, offset))
}
