//! `logs`: what runs print and log, in the shape of Mage and as a flat list.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_app::{LogPage, LogQuery};
use baton_model::{PipelineUuid, RunId, Timestamp};
use baton_runner::{Level, LogRecord};
use baton_store::{RunPage, RunRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::By;
use crate::answer::{ManyWith, Named};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::{Path, Query, Window};
use crate::{Shared, times, words};

/// Runs whose logs one answer has, when no number is asked for, and at most.
const RUNS: u32 = 20;
const MOST_RUNS: u32 = 100;

/// Records of a flat answer when no number is asked for.
const RECORDS: u32 = 1_000;

/// What is wanted of a log.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RecordQuery {
    /// Of one of these blocks.
    #[serde(default)]
    block_uuid: Vec<String>,
    /// The same.
    #[serde(default)]
    block: Vec<String>,
    /// Of one of these levels: debug, info, warning, error, exception, critical, in whatever case.
    #[serde(default)]
    level: Vec<String>,
    /// Of this level, or one that matters more.
    min_level: Option<String>,
    /// With this text in it.
    text: Option<String>,
    /// From this moment on: seconds since 1970, or a date.
    start_timestamp: Option<String>,
    /// The same.
    from: Option<String>,
    /// Up to this moment: seconds since 1970, or a date.
    end_timestamp: Option<String>,
    /// The same.
    to: Option<String>,
    /// After this place: what the answer before gave as `next`.
    after: Option<u64>,
    /// Only so many, the last ones.
    tail: Option<u64>,
}

/// Seconds since the epoch, as Mage's clients send them, or a date.
fn at(given: [(&str, Option<String>); 2]) -> Result<Option<Timestamp>, ApiError> {
    for (name, text) in given {
        let Some(text) = text else {
            continue;
        };
        return match text.parse::<f64>() {
            Ok(seconds) => Ok(Some(Timestamp((seconds * 1e6) as i64))),
            Err(_) => times::read(name, Some(&text)),
        };
    }
    Ok(None)
}

/// The level that a request calls so, in whatever case.
pub(super) fn level(field: &str, name: &str) -> Result<Level, ApiError> {
    let name = name.to_uppercase();
    let level = Level::parse(&name);
    // What nobody knows counts as INFO in a log.
    if level == Level::Info && name != "INFO" {
        return Err(ApiError::invalid(format!(
            "`{field}` cannot have this value: write debug, info, warning, error, exception or critical"
        )));
    }
    Ok(level)
}

impl TryFrom<RecordQuery> for LogQuery {
    type Error = ApiError;

    fn try_from(query: RecordQuery) -> Result<Self, ApiError> {
        let levels = query.level.iter().map(|name| level("level", name));
        let mut blocks = query.block_uuid;
        blocks.extend(query.block);
        Ok(Self {
            blocks,
            levels: levels.collect::<Result<_, _>>()?,
            least: (query.min_level.as_ref())
                .map(|name| level("min_level", name))
                .transpose()?,
            text: query.text,
            from: at([
                ("start_timestamp", query.start_timestamp),
                ("from", query.from),
            ])?,
            to: at([("end_timestamp", query.end_timestamp), ("to", query.to)])?,
            after: query.after.unwrap_or(0),
            tail: query
                .tail
                .map(|tail| usize::try_from(tail).unwrap_or(usize::MAX)),
            limit: None,
        })
    }
}

/// A record by itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LogRecord")]
pub(crate) struct RecordView {
    pipeline_run_id: i64,
    /// Seconds since 1970 (UTC).
    timestamp: f64,
    at: String,
    #[schemars(with = "words::LogLevel")]
    level: Level,
    /// The block run; null for records of the run itself.
    block_uuid: Option<String>,
    attempt: Option<u32>,
    message: String,
    tags: Map<String, Value>,
}

impl RecordView {
    pub(crate) fn new(run: RunId, record: &LogRecord) -> Self {
        Self {
            pipeline_run_id: run.0,
            timestamp: record.at.0 as f64 / 1e6,
            at: times::text(record.at),
            level: record.level,
            block_uuid: record.block.clone(),
            attempt: record.attempt,
            message: record.message.clone(),
            tags: record.tags.clone(),
        }
    }
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

/// A file as Mage would have written it.
#[derive(Serialize, JsonSchema)]
struct LogFile {
    name: String,
    path: String,
    file_path: String,
    /// A line of JSON for each record.
    content: String,
    pipeline_run_id: i64,
    block_run_id: Option<i64>,
}

/// The files that Mage would have written: one for the run, one for each block.
#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct LogFiles {
    total_block_run_log_count: usize,
    total_pipeline_run_log_count: usize,
    block_run_logs: Vec<LogFile>,
    pipeline_run_logs: Vec<LogFile>,
}

/// Of how many runs there are logs.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LogMetadata {
    count: u64,
    /// Whether there are more.
    next: bool,
}

impl Named for LogFiles {
    const ONE: &'static str = "log";
    const MANY: &'static str = "logs";
}

type Files = ManyWith<LogFiles, LogMetadata>;

impl LogFiles {
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
            let view = LogFile {
                path: format!("{folder}/{file}"),
                file_path: format!("{folder}/{file}"),
                name: file,
                content: lines.join("\n"),
                pipeline_run_id: run.id.0,
                block_run_id: name.and_then(|name| numbers.get(name)).copied(),
            };
            match name {
                Some(_) => self.block_run_logs.push(view),
                None => self.pipeline_run_logs.push(view),
            }
        }
        self.total_block_run_log_count = self.block_run_logs.len();
        self.total_pipeline_run_log_count = self.pipeline_run_logs.len();
        Ok(())
    }

    fn answer(self, runs: u64, seen: u64) -> Files {
        let metadata = LogMetadata {
            count: runs,
            next: runs > seen,
        };
        ManyWith(vec![self], metadata)
    }
}

/// Of which runs logs are wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RunsQuery {
    /// Only of these block runs.
    #[serde(default)]
    block_run_id: Vec<i64>,
    /// Only of these runs.
    #[serde(default)]
    pipeline_run_id: Vec<i64>,
}

/// The logs of the newest runs of a pipeline, or of those that are named.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    Query(query): Query<RecordQuery>,
    Query(runs): Query<RunsQuery>,
    window: Window,
) -> Result<Files, ApiError> {
    let query = LogQuery::try_from(query)?;
    let pipeline = PipelineUuid::new(pipeline);
    let blocks = runs.block_run_id;
    let mut named = runs.pipeline_run_id;
    for id in &blocks {
        named.push(shared.host.block_run(&by.0, *id).await?.run.0);
    }
    named.sort_unstable();
    named.dedup();
    let mut files = LogFiles::default();
    let (mut runs, mut total, mut seen) = (Vec::new(), named.len() as u64, named.len() as u64);
    if named.is_empty() {
        let page = RunPage {
            pipelines: vec![pipeline.clone()],
            offset: window.offset(),
            limit: window.limit(RUNS).min(MOST_RUNS),
            ..RunPage::default()
        };
        let found = shared.host.runs(&by.0, &page).await?;
        if found.rows.is_empty() {
            shared.host.expect_pipeline(&by.0, &pipeline).await?;
        }
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

/// How far a log was read.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReadMetadata {
    /// Send it as `after` to read on.
    next: u64,
    /// Whether there is more already.
    has_more: bool,
}

impl Named for RecordView {
    const ONE: &'static str = "log";
    const MANY: &'static str = "logs";
}

/// In which form.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FormQuery {
    /// `flat` gives a list of records that can be read on from `next`.
    #[serde(rename = "_format")]
    format: Option<String>,
}

/// The log of a run: as files, or as records.
pub(crate) enum RunLog {
    Files(Files),
    Records(ManyWith<RecordView, ReadMetadata>),
}

impl IntoResponse for RunLog {
    fn into_response(self) -> Response {
        match self {
            Self::Files(files) => files.into_response(),
            Self::Records(records) => records.into_response(),
        }
    }
}

impl Output for RunLog {
    fn describe(operation: &mut Operation<'_>) {
        Files::describe(operation);
        operation.or(ManyWith::<RecordView, ReadMetadata>::describe);
    }
}

/// The log of one run: in the shape of Mage, or with `_format=flat` as a list that can be read on from `next`.
pub(crate) async fn show_of_run(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Query(query): Query<RecordQuery>,
    Query(runs): Query<RunsQuery>,
    Query(form): Query<FormQuery>,
    window: Window,
) -> Result<RunLog, ApiError> {
    let mut query = LogQuery::try_from(query)?;
    let run = shared.host.run_row(&by.0, RunId(id)).await?;
    if form.format.as_deref() != Some("flat") {
        let page = shared.host.log(&by.0, run.id, &query).await?;
        let mut files = LogFiles::default();
        files
            .add(&shared, &by, &run, &page, &runs.block_run_id)
            .await?;
        return Ok(RunLog::Files(files.answer(1, 1)));
    }
    query.limit = Some(window.limit(RECORDS) as usize);
    let page = shared.host.log(&by.0, run.id, &query).await?;
    let records = page.records.iter();
    let records = records.map(|(_, one)| RecordView::new(run.id, one));
    let metadata = ReadMetadata {
        next: page.next,
        has_more: page.has_more,
    };
    Ok(RunLog::Records(ManyWith(records.collect(), metadata)))
}
