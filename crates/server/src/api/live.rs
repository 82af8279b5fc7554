//! What happens, as it happens: server-sent events at `/api/events`. socket.rs gives the same over `/websocket`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use baton_app::{Actor, FileNews, LogQuery, Right};
use baton_model::{BlockRun, BlockStatus, RunId, RunStatus};
use baton_project::watch::Changed;
use baton_scheduler::{News, Notice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::By;
use super::logs::{RecordQuery, RecordView};
use super::notebook::{ProductFacts, RunFailure};
use super::usage::{TestView, UsageView, standing};
use crate::contract::{Input, Operation, Output};
use crate::error::ApiError;
use crate::params::{Query, flag};
use crate::stream::Pipe;
use crate::{Shared, times, words};

/// Events that wait for a slow client; then it loses some and is told so.
pub(super) const WAITING: usize = 256;

/// Events of a run that are given again after a break.
const REPLAYED: u32 = 10_000;

/// How often an idle connection says that it lives.
const BEAT: Duration = Duration::from_secs(15);

/// Something that happened. Server-sent events have the type as their name, too.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "LiveEvent")]
pub(crate) enum Told {
    /// Where a run stands now.
    Run {
        pipeline_run_id: i64,
        #[schemars(with = "words::RunStatus")]
        status: RunStatus,
    },
    /// Where a block of a run stands now.
    Block(BlockNews),
    /// What the tests of a block have said.
    Tests {
        pipeline_run_id: i64,
        block_uuid: String,
        passed: u32,
        total: u32,
        /// Each by its name, in their order; of very many the first.
        results: Vec<TestView>,
    },
    /// Something was printed or logged.
    Log(RecordView),
    /// A trigger was made, changed or deleted.
    Trigger { pipeline_schedule_id: i64 },
    /// Files of the project have changed.
    Files { changes: Vec<FileChanged> },
    /// Something that was stored of a run while the client was away.
    Event {
        pipeline_run_id: i64,
        at: String,
        /// What happened, as it is stored.
        event: Value,
    },
    /// The client was too slow, or away: look again at what it shows.
    Lagged {
        /// How many events are missing, where that is known.
        missed: Option<u64>,
    },
    /// What was asked for cannot be given.
    Error { message: String },
}

/// What has changed of the project's files.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum FileChanged {
    /// What the project says about itself.
    Project,
    /// A pipeline.
    Pipeline { pipeline_uuid: String },
    /// The triggers of a pipeline.
    Triggers { pipeline_uuid: String },
    /// Another file.
    File { path: String },
}

/// Where a block of a run stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct BlockNews {
    pipeline_run_id: i64,
    block_uuid: String,
    #[schemars(with = "words::BlockStatus")]
    status: BlockStatus,
    attempt: u32,
    started_at: Option<String>,
    completed_at: Option<String>,
    /// Why it failed.
    error: Option<String>,
    /// Why it did not run.
    reason: Option<String>,
    failure: Option<RunFailure>,
    /// What it has produced.
    outputs: Vec<ProductFacts>,
    /// What its newest attempt has used, once that has ended.
    usage: Option<UsageView>,
}

impl From<&Changed> for FileChanged {
    fn from(change: &Changed) -> Self {
        match change {
            Changed::Project => Self::Project,
            Changed::Pipeline(uuid) => Self::Pipeline {
                pipeline_uuid: uuid.to_string(),
            },
            Changed::Triggers(uuid) => Self::Triggers {
                pipeline_uuid: uuid.to_string(),
            },
            Changed::BlockFile(path) => Self::File { path: path.clone() },
        }
    }
}

impl Told {
    fn name(&self) -> &'static str {
        match self {
            Self::Run { .. } => "run",
            Self::Block(_) => "block",
            Self::Tests { .. } => "tests",
            Self::Log(_) => "log",
            Self::Trigger { .. } => "trigger",
            Self::Files { .. } => "files",
            Self::Event { .. } => "event",
            Self::Lagged { .. } => "lagged",
            Self::Error { .. } => "error",
        }
    }

    fn block(run: RunId, block: &BlockRun) -> Self {
        let standing = standing(
            block.status,
            block.reason.as_ref(),
            block.started_at,
            &block.attempts,
        );
        Self::Block(BlockNews {
            pipeline_run_id: run.0,
            block_uuid: block.name.clone(),
            status: standing.status,
            attempt: block.attempt,
            started_at: times::some(standing.started_at),
            completed_at: times::some(block.ended_at),
            error: block.error.as_ref().map(|error| error.message.clone()),
            reason: standing.reason,
            failure: block.error.as_ref().map(RunFailure::from),
            outputs: block.products.iter().map(ProductFacts::from).collect(),
            usage: block.usage.as_ref().map(UsageView::from),
        })
    }

    fn run(run: RunId, status: RunStatus) -> Self {
        Self::Run {
            pipeline_run_id: run.0,
            status,
        }
    }

    pub(super) fn text(&self) -> String {
        // Maps of texts and numbers are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Something that happened, with the version of its run.
pub(super) type Numbered = (Told, Option<u64>);

/// What somebody wants to hear of.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) run: Option<RunId>,
    /// Which records of logs; none at all when not given.
    pub(super) logs: Option<LogQuery>,
}

/// Passes changes of files on until the client has gone.
pub(super) async fn pass_files_on(mut news: Receiver<FileNews>, out: mpsc::Sender<Numbered>) {
    loop {
        let told = tokio::select! {
            heard = news.recv() => match heard {
                Ok(changes) => Told::Files { changes: changes.iter().map(FileChanged::from).collect() },
                Err(RecvError::Lagged(_)) => Told::Lagged { missed: None },
                Err(RecvError::Closed) => return,
            },
            () = out.closed() => return,
        };
        if out.send((told, None)).await.is_err() {
            return;
        }
    }
}

impl Wanted {
    /// What is to be sent of a piece of news.
    fn of(&self, news: &News) -> Option<Told> {
        let is_wanted = |id: &RunId| self.run.is_none_or(|run| run == *id);
        match news {
            News::Created(id) if is_wanted(id) => Some(Told::run(*id, RunStatus::Initial)),
            News::Opened(id) if is_wanted(id) => Some(Told::run(*id, RunStatus::Running)),
            News::Ended(id, ended) if is_wanted(id) => Some(Told::run(*id, *ended)),
            News::Trigger(id) if self.run.is_none() => Some(Told::Trigger {
                pipeline_schedule_id: id.0,
            }),
            News::Inside(id, notice) if is_wanted(id) => match notice.as_ref() {
                Notice::Block(block) => Some(Told::block(*id, block)),
                Notice::Tests {
                    block,
                    passed,
                    total,
                    results,
                } => Some(Told::Tests {
                    pipeline_run_id: id.0,
                    block_uuid: block.clone(),
                    passed: *passed,
                    total: *total,
                    results: results.iter().map(TestView::from).collect(),
                }),
                Notice::Log(one) => {
                    let is_wanted = self.logs.as_ref().is_some_and(|logs| logs.wants(one));
                    is_wanted.then(|| Told::Log(RecordView::new(*id, one)))
                }
            },
            _ => None,
        }
    }
}

/// Passes news on until the client has gone. A client that is too slow is told that it has missed some.
pub(super) async fn pass_on(mut news: Receiver<News>, wanted: Wanted, out: mpsc::Sender<Numbered>) {
    let mut missed = 0;
    loop {
        let told = tokio::select! {
            heard = news.recv() => match heard {
                Ok(one) => match wanted.of(&one) {
                    Some(told) => told,
                    None => continue,
                },
                Err(RecvError::Lagged(count)) => {
                    missed += count;
                    continue;
                }
                Err(RecvError::Closed) => return,
            },
            () = out.closed() => return,
        };
        if missed > 0 {
            let note = Told::Lagged {
                missed: Some(missed),
            };
            match out.try_send((note, None)) {
                Ok(()) => missed = 0,
                Err(mpsc::error::TrySendError::Closed(_)) => return,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    missed += 1;
                    continue;
                }
            }
        }
        match out.try_send((told, None)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return,
            Err(mpsc::error::TrySendError::Full(_)) => missed += 1,
        }
    }
}

/// What a client that was away has missed of a run: its events since, and where its blocks stand.
pub(super) async fn caught_up(
    shared: &Shared,
    by: &Actor,
    run: RunId,
    after: Option<u64>,
) -> Result<Vec<Numbered>, ApiError> {
    let whole = shared.host.run(by, run).await?;
    let mut told = Vec::new();
    if let Some(after) = after {
        for event in shared.host.events(by, run, after, REPLAYED).await? {
            let stored = Told::Event {
                pipeline_run_id: run.0,
                at: times::text(event.at),
                event: serde_json::to_value(event.event).unwrap_or_default(),
            };
            told.push((stored, Some(event.version)));
        }
    }
    let blocks = whole.blocks.iter();
    told.extend(blocks.map(|block| (Told::block(run, block), None)));
    told.push((Told::run(run, whole.status), Some(whole.version)));
    Ok(told)
}

/// What is to be heard.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EventQuery {
    /// Only of this run: first where it stands, then what happens.
    pipeline_run_id: Option<i64>,
    /// 0 leaves out what is printed and logged.
    #[serde(default, deserialize_with = "flag")]
    logs: Option<bool>,
}

/// Events, one after the other.
pub(crate) struct EventStream(mpsc::Receiver<Result<Event, Infallible>>);

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        let stream = Sse::new(Pipe::new(self.0));
        let stream = stream.keep_alive(KeepAlive::new().interval(BEAT));
        stream.into_response()
    }
}

impl Output for EventStream {
    fn describe(operation: &mut Operation<'_>) {
        let event = operation.answered::<Told>();
        operation.answers.insert("text/event-stream", event);
    }
}

/// The number of the last event that a client has heard, where it was away for a while.
pub(crate) struct LastEvent(Option<u64>);

impl<S: Sync> FromRequestParts<S> for LastEvent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let last = parts.headers.get("last-event-id");
        Ok(Self(last.and_then(|id| id.to_str().ok()?.parse().ok())))
    }
}

impl Input for LastEvent {
    fn describe(operation: &mut Operation<'_>) {
        operation.header(
            "Last-Event-ID",
            "The number of the last event of the run that was heard: what was stored since is told first.",
        );
    }
}

/// What happens, as server-sent events; of one run with `pipeline_run_id`.
pub(crate) async fn events(
    State(shared): State<Shared>,
    By(actor): By,
    LastEvent(last): LastEvent,
    Query(query): Query<EventQuery>,
    Query(records): Query<RecordQuery>,
) -> Result<EventStream, ApiError> {
    actor.may(Right::Read)?;
    let wanted = Wanted {
        run: query.pipeline_run_id.map(RunId),
        logs: match query.logs {
            Some(false) => None,
            _ => Some(records.try_into()?),
        },
    };
    // Heard from here on, so that nothing lies between what is caught up with and what follows.
    let news = shared.host.service().news();
    let before = match wanted.run {
        Some(run) => caught_up(&shared, &actor, run, last).await?,
        None if last.is_some() => vec![(Told::Lagged { missed: None }, None)],
        None => Vec::new(),
    };
    let (out, told) = mpsc::channel(WAITING.max(before.len()));
    for one in before {
        // There is room for all of it.
        let _ = out.try_send(one);
    }
    if wanted.run.is_none() {
        tokio::spawn(pass_files_on(shared.host.file_news(), out.clone()));
    }
    tokio::spawn(pass_on(news, wanted, out));
    let (lines, sent) = mpsc::channel(1);
    tokio::spawn(write_events(told, lines));
    Ok(EventStream(sent))
}

async fn write_events(
    mut told: mpsc::Receiver<Numbered>,
    lines: mpsc::Sender<Result<Event, Infallible>>,
) {
    while let Some((one, id)) = told.recv().await {
        let mut event = Event::default().event(one.name()).data(one.text());
        if let Some(id) = id {
            event = event.id(id.to_string());
        }
        if lines.send(Ok(event)).await.is_err() {
            return;
        }
    }
}
