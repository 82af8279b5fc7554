//! `logs`: what runs print and log, in the shape of Mage and as a flat list.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use baton_app::{LogPage, LogQuery, moment};
use baton_model::{PipelineUuid, RunId, Timestamp};
use baton_runner::{Level, LogRecord};
use baton_store::{RunPage, RunRow};
use serde_json::{Map, Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// Runs whose logs one answer has, when no number is asked for, and at most.
const RUNS: u32 = 20;
const MOST_RUNS: u32 = 100;

/// Records of a flat answer when no number is asked for.
const RECORDS: u32 = 1_000;

/// Seconds since the epoch, as Mage's clients send them, or a date.
fn at(params: &Params, names: [&str; 2]) -> Result<Option<Timestamp>, ApiError> {
    for name in names {
        let Some(text) = params.get(name) else {
            continue;
        };
        let seconds = text.parse::<f64>().ok();
        let found = seconds.map(|seconds| Timestamp((seconds * 1e6) as i64));
        return match found.or_else(|| moment(text)) {
            Some(at) => Ok(Some(at)),
            None => Err(ApiError::invalid(format!("`{name}` is not a moment"))),
        };
    }
    Ok(None)
}

/// What a request wants of a log.
pub(crate) fn query_of(params: &Params) -> Result<LogQuery, ApiError> {
    let count = |name: &str| -> Result<Option<usize>, ApiError> {
        let given = params.number(name)?;
        Ok(given.map(|number| usize::try_from(number).unwrap_or(0)))
    };
    let least = params.get("min_level").map(str::to_uppercase);
    Ok(LogQuery {
        blocks: params
            .all("block_uuid")
            .chain(params.all("block"))
            .map(str::to_owned)
            .collect(),
        levels: params
            .all("level")
            .map(|name| Level::parse(&name.to_uppercase()))
            .collect(),
        least: least.map(|name| Level::parse(&name)),
        text: params.get("text").map(str::to_owned),
        from: at(params, ["start_timestamp", "from"])?,
        to: at(params, ["end_timestamp", "to"])?,
        after: params
            .number("after")?
            .map_or(0, |after| u64::try_from(after).unwrap_or(0)),
        tail: count("tail")?,
        limit: None,
    })
}

/// A record by itself.
pub(crate) fn record(run: RunId, record: &LogRecord) -> Value {
    json!({
        "pipeline_run_id": run,
        "timestamp": record.at.0 as f64 / 1e6,
        "at": times::text(record.at),
        "level": record.level.name(),
        "block_uuid": record.block,
        "attempt": record.attempt,
        "message": record.message,
        "tags": record.tags,
    })
}

/// A line of a file as Mage writes them.
fn line(run: &RunRow, record: &LogRecord, block: Option<i64>) -> String {
    let mut line = Map::new();
    let mut set = |name: &str, value: Value| line.insert(name.to_owned(), value);
    set("level", json!(record.level.name()));
    set("message", json!(record.message));
    set("timestamp", json!(record.at.0 as f64 / 1e6));
    set("pipeline_uuid", json!(run.pipeline));
    set("pipeline_run_id", json!(run.id));
    set("pipeline_schedule_id", json!(run.trigger_id));
    set("block_uuid", json!(record.block));
    set("block_run_id", json!(block));
    for (name, value) in &record.tags {
        line.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(line).to_string()
}

/// The files that Mage would have written: one for the run, one for each block.
struct Files {
    of_run: Vec<Value>,
    of_blocks: Vec<Value>,
}

impl Files {
    async fn add(
        &mut self,
        shared: &Shared,
        by: &By,
        run: &RunRow,
        page: &LogPage,
        wanted: &[i64],
    ) -> Result<(), ApiError> {
        let blocks = shared.host.block_runs(&by.0, run.id).await?;
        let numbers: BTreeMap<&str, i64> = blocks
            .iter()
            .map(|block| (block.name.as_str(), block.id))
            .collect();
        let mut texts: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
        for (_, record) in &page.records {
            let name = record.block.as_deref();
            let number = name.and_then(|name| numbers.get(name)).copied();
            if !wanted.is_empty() && !number.is_some_and(|id| wanted.contains(&id)) {
                continue;
            }
            let lines = texts.entry(name).or_default();
            lines.push(line(run, record, number));
        }
        let folder = format!(
            "{}/{}/{}",
            run.pipeline,
            run.trigger_id.map_or(0, |trigger| trigger.0),
            times::text(run.execution_date)
                .replace(['-', ':'], "")
                .replace(' ', "T"),
        );
        for (name, lines) in texts {
            let file = format!("{}.log", name.unwrap_or("pipeline"));
            let view = json!({
                "name": file, "path": format!("{folder}/{file}"), "file_path": format!("{folder}/{file}"),
                "content": lines.join("\n"), "pipeline_run_id": run.id,
                "block_run_id": name.and_then(|name| numbers.get(name)),
            });
            match name {
                Some(_) => self.of_blocks.push(view),
                None => self.of_run.push(view),
            }
        }
        Ok(())
    }

    fn answer(self, runs: u64, seen: u64) -> Json<Value> {
        Json(json!({
            "logs": [{
                "total_block_run_log_count": self.of_blocks.len(),
                "total_pipeline_run_log_count": self.of_run.len(),
                "block_run_logs": self.of_blocks,
                "pipeline_run_logs": self.of_run,
            }],
            "metadata": {"count": runs, "next": runs > seen},
        }))
    }
}

fn numbers(params: &Params, name: &str) -> Vec<i64> {
    params
        .all(name)
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// The logs of the newest runs of a pipeline, or of those that are named.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let query = query_of(&params)?;
    let pipeline = PipelineUuid::new(pipeline);
    let blocks = numbers(&params, "block_run_id");
    let mut named = numbers(&params, "pipeline_run_id");
    for id in &blocks {
        named.push(shared.host.block_run(&by.0, *id).await?.run.0);
    }
    named.sort_unstable();
    named.dedup();
    let mut files = Files {
        of_run: Vec::new(),
        of_blocks: Vec::new(),
    };
    let (mut runs, mut total, mut seen) = (Vec::new(), named.len() as u64, named.len() as u64);
    if named.is_empty() {
        let page = RunPage {
            pipelines: vec![pipeline.clone()],
            offset: params.offset()?,
            limit: params.limit(RUNS)?.min(MOST_RUNS),
            ..RunPage::default()
        };
        let found = shared.host.runs(&by.0, &page).await?;
        total = found.total;
        seen = u64::from(page.offset) + found.rows.len() as u64;
        runs = found.rows;
    }
    for id in named.into_iter().take(MOST_RUNS as usize) {
        runs.push(shared.host.run_row(&by.0, RunId(id)).await?);
    }
    for run in runs.iter().filter(|run| run.pipeline == pipeline) {
        let page = shared.host.log(&by.0, run.id, &query).await?;
        files.add(&shared, &by, run, &page, &blocks).await?;
    }
    Ok(files.answer(total, seen))
}

/// The log of one run: in the shape of Mage, or with `_format=flat` as a list that can be read on from `next`.
pub(crate) async fn show_of_run(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let mut query = query_of(&params)?;
    let run = shared.host.run_row(&by.0, RunId(id)).await?;
    if params.get("_format") != Some("flat") {
        let page = shared.host.log(&by.0, run.id, &query).await?;
        let mut files = Files {
            of_run: Vec::new(),
            of_blocks: Vec::new(),
        };
        let blocks = numbers(&params, "block_run_id");
        files.add(&shared, &by, &run, &page, &blocks).await?;
        return Ok(files.answer(1, 1));
    }
    query.limit = Some(params.limit(RECORDS)? as usize);
    let page = shared.host.log(&by.0, run.id, &query).await?;
    let records = page.records.iter();
    let records: Vec<Value> = records.map(|(_, one)| record(run.id, one)).collect();
    Ok(Json(json!({
        "logs": records,
        "metadata": {"next": page.next, "has_more": page.has_more},
    })))
}
