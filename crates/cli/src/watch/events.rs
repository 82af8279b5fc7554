//! A run as JSON: one event per line, the summary last. Complete, whatever a terminal would leave out.

use std::time::Duration;

use baton_base::now;
use baton_model::{BlockRun, BlockStatus, Run};
use baton_scheduler::Notice;
use serde_json::{Value, json};

use crate::terminal::say;

/// How long the run has taken from its first block to its end.
pub(super) fn elapsed(run: &Run) -> Duration {
    match (run.started_at, run.ended_at) {
        (Some(start), Some(end)) => end.since(start),
        _ => Duration::ZERO,
    }
}

/// Prints an event.
pub(super) fn event(name: &str, fields: Value) {
    let mut line = json!({"event": name, "at": baton_base::iso(now())});
    if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
        line.extend(fields);
    }
    say(&line.to_string());
}

/// Prints the event for a piece of news.
pub(super) fn show(notice: &Notice) {
    match notice {
        Notice::Block(block) if block.callbacks.as_ref().is_some_and(|one| one.done) => {
            let callbacks = block.callbacks.as_ref();
            event(
                "callbacks",
                json!({
                    "uuid": block.name,
                    "on": callbacks.map(|one| one.on.name()),
                    "error": callbacks.and_then(|one| one.error.as_ref()),
                }),
            );
        }
        Notice::Block(block) => {
            let mut fields = json!({
                "uuid": block.name, "status": block.status, "attempt": block.attempt,
            });
            if block.status.is_final() {
                fields = block_summary(block);
            } else if let (Some(retry_at), Some(map)) = (block.retry_at, fields.as_object_mut()) {
                map.insert("retry_at".to_owned(), json!(baton_base::iso(retry_at.0)));
                map.insert("error".to_owned(), json!(block.error));
            }
            // News of a block that goes on: what it has yielded so far.
            let yielded = block.items.as_ref().filter(|items| items.yielded);
            if let (Some(items), Some(map)) = (yielded, fields.as_object_mut()) {
                map.insert("items".to_owned(), json!(items.count));
            }
            event("block", fields);
        }
        Notice::Tests {
            block,
            passed,
            total,
            results,
        } => {
            event(
                "tests",
                json!({"uuid": block, "passed": passed, "total": total, "results": results}),
            );
        }
        Notice::Log(record) => event(
            "log",
            json!({
                "uuid": record.block, "attempt": record.attempt, "level": record.level,
                "message": record.message, "tags": record.tags, "at": baton_base::iso(record.at.0),
            }),
        ),
    }
}

/// The last line of `--json`.
pub(super) fn summary(run: &Run) -> Value {
    json!({
        "run_id": run.id,
        "pipeline": run.plan.pipeline,
        "status": run.status,
        "seconds": elapsed(run).as_secs_f64(),
        "blocks": run.blocks.iter().map(block_summary).collect::<Vec<_>>(),
    })
}

fn block_summary(block: &BlockRun) -> Value {
    let seconds = match (block.started_at, block.ended_at) {
        (Some(start), Some(end)) => end.since(start).as_secs_f64(),
        _ => 0.0,
    };
    let products: Vec<Value> = block
        .products
        .iter()
        .map(|product| {
            json!({"name": product.name, "kind": product.kind, "rows": product.rows, "bytes": product.bytes})
        })
        .collect();
    let mut summary = json!({
        "uuid": block.name,
        "status": block.status,
        "attempts": block.attempt,
        "seconds": seconds,
        "products": products,
    });
    if let Some(map) = summary.as_object_mut() {
        if let Some(usage) = &block.usage {
            map.insert("usage".to_owned(), json!(usage));
        }
        if let Some(error) = &block.error
            && block.status == BlockStatus::Failed
        {
            map.insert("error".to_owned(), json!(error));
        }
        if let Some(error) = block.callbacks.as_ref().and_then(|one| one.error.as_ref()) {
            map.insert("callback_error".to_owned(), json!(error));
        }
        if let Some(reason) = &block.reason {
            map.insert("reason".to_owned(), json!(reason));
        }
    }
    summary
}
