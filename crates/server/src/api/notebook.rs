//! `notebook`: how the blocks of a pipeline stand, beside their code; and the code that a block run had.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::NotebookBlock;
use baton_engine::stale::Stale;
use baton_model::{BlockUuid, PipelineUuid, Product};
use baton_store::BlockRunRow;
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// Runs of a block when no number is asked for.
const RUNS: u32 = 40;

/// What is known of a product without opening it.
pub(crate) fn product(product: &Product) -> Value {
    json!({
        "name": product.name,
        "kind": product.kind.name(),
        "rows": product.rows,
        "columns": product.columns,
        "statistics": product.statistics,
        "bytes": product.bytes,
    })
}

fn ran(block: &BlockRunRow) -> Value {
    json!({
        "id": block.id,
        "pipeline_run_id": block.run,
        "status": block.status.name(),
        "attempt": block.attempt,
        "started_at": times::some(block.started_at),
        "completed_at": times::some(block.ended_at),
        "failure": block.error,
        "reason": block.reason,
    })
}

fn stale(reason: &Stale) -> Value {
    match reason {
        Stale::Code => json!({"reason": "code"}),
        Stale::Settings => json!({"reason": "settings"}),
        Stale::Inputs => json!({"reason": "inputs"}),
        Stale::Variable { name } => json!({"reason": "variable", "name": name}),
        Stale::Upstream { block } => json!({"reason": "upstream", "name": block}),
        Stale::UpstreamFailed { block } => json!({"reason": "upstream_failed", "name": block}),
        Stale::UpstreamStale { block } => json!({"reason": "upstream_stale", "name": block}),
    }
}

fn view(block: &NotebookBlock) -> Value {
    json!({
        "block_uuid": block.block,
        "block_run": ran(&block.newest),
        "output": block.output.as_ref().map(|(good, products)| json!({
            "block_run": ran(good),
            "products": products.iter().map(product).collect::<Vec<_>>(),
        })),
        "stale": block.stale.iter().map(stale).collect::<Vec<_>>(),
    })
}

/// How the blocks of a pipeline last ran, what they last produced, and why that is stale. Blocks that never ran are
/// left out.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let blocks = shared.host.notebook(&actor, &pipeline).await?;
    let views: Vec<Value> = blocks.iter().map(view).collect();
    Ok(Json(
        json!({"notebook": {"pipeline_uuid": pipeline, "blocks": views}}),
    ))
}

/// The newest runs of a block, with the hash of the code that each had.
pub(crate) async fn history(
    State(shared): State<Shared>,
    By(actor): By,
    Path((pipeline, block)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let limit = params.limit(RUNS)?;
    let found = shared
        .host
        .block_versions(&actor, &pipeline, &block, limit)
        .await?;
    let views = found.iter().map(|(block, code)| {
        let mut view = ran(block);
        view["code"] = json!(code);
        view
    });
    let views: Vec<Value> = views.collect();
    Ok(Json(
        json!({"block_runs": views, "metadata": {"count": views.len()}}),
    ))
}

/// The code that a block run was planned with.
pub(crate) async fn code(
    State(shared): State<Shared>,
    By(actor): By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let code = shared.host.code_of_block_run(&actor, id).await?;
    Ok(Json(json!({"code": {"block_run_id": id, "content": code}})))
}
