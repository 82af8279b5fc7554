//! What happens, as it happens: server-sent events at `/api/events`, and the same over `/websocket`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use baton_app::{Actor, FileNews, LogQuery, Right};
use baton_model::{BlockRun, RunId};
use baton_project::watch::Changed;
use baton_scheduler::{News, Notice};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::logs::{query_of, record};
use super::{By, notebook};
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::stream::Pipe;
use crate::times;

/// Events that wait for a slow client; then it loses some and is told so.
const WAITING: usize = 256;

/// Events of a run that are given again after a break.
const REPLAYED: u32 = 10_000;

/// How often an idle connection says that it lives.
const BEAT: Duration = Duration::from_secs(15);

/// Something that happened, ready to be sent.
#[derive(Clone, Debug)]
struct Told {
    name: &'static str,
    data: Value,
    /// Where the run is after it, for one run.
    id: Option<u64>,
}

impl Told {
    fn new(name: &'static str, data: Value) -> Self {
        Self {
            name,
            data,
            id: None,
        }
    }
}

/// What somebody wants to hear of.
#[derive(Clone, Debug, Default)]
struct Wanted {
    run: Option<RunId>,
    /// Which records of logs; none at all when not given.
    logs: Option<LogQuery>,
}

fn block_view(run: RunId, block: &BlockRun) -> Value {
    json!({
        "pipeline_run_id": run, "block_uuid": block.name, "status": block.status.name(), "attempt": block.attempt,
        "started_at": times::some(block.started_at), "completed_at": times::some(block.ended_at),
        "error": block.error.as_ref().map(|error| &error.message), "reason": block.reason,
        "failure": block.error, "outputs": block.products.iter().map(notebook::product).collect::<Vec<_>>(),
        "usage": block.usage,
    })
}

/// Files that changed, for clients that listen to the whole project.
fn files_view(changes: &FileNews) -> Value {
    let files = changes.iter().map(|change| match change {
        Changed::Project => json!({"type": "project"}),
        Changed::Pipeline(uuid) => json!({"type": "pipeline", "pipeline_uuid": uuid}),
        Changed::Triggers(uuid) => json!({"type": "triggers", "pipeline_uuid": uuid}),
        Changed::BlockFile(path) => json!({"type": "file", "path": path}),
    });
    json!({"changes": files.collect::<Vec<_>>()})
}

/// Passes changes of files on until the client has gone.
async fn pass_files_on(mut news: Receiver<FileNews>, out: mpsc::Sender<Told>) {
    loop {
        let told = tokio::select! {
            heard = news.recv() => match heard {
                Ok(changes) => Told::new("files", files_view(&changes)),
                Err(RecvError::Lagged(_)) => Told::new("lagged", json!({"missed": null})),
                Err(RecvError::Closed) => return,
            },
            () = out.closed() => return,
        };
        if out.send(told).await.is_err() {
            return;
        }
    }
}

impl Wanted {
    /// What is to be sent of a piece of news.
    fn of(&self, news: &News) -> Option<Told> {
        let is_wanted = |id: &RunId| self.run.is_none_or(|run| run == *id);
        let status = |id: &RunId, status: &str| {
            Told::new("run", json!({"pipeline_run_id": id, "status": status}))
        };
        match news {
            News::Created(id) if is_wanted(id) => Some(status(id, "initial")),
            News::Opened(id) if is_wanted(id) => Some(status(id, "running")),
            News::Ended(id, ended) if is_wanted(id) => Some(status(id, ended.name())),
            News::Trigger(id) if self.run.is_none() => {
                Some(Told::new("trigger", json!({"pipeline_schedule_id": id})))
            }
            News::Inside(id, notice) if is_wanted(id) => match notice.as_ref() {
                Notice::Block(block) => Some(Told::new("block", block_view(*id, block))),
                Notice::Tests {
                    block,
                    passed,
                    total,
                } => Some(Told::new(
                    "tests",
                    json!({"pipeline_run_id": id, "block_uuid": block, "passed": passed, "total": total}),
                )),
                Notice::Log(one) => {
                    let is_wanted = self.logs.as_ref().is_some_and(|logs| logs.wants(one));
                    is_wanted.then(|| Told::new("log", record(*id, one)))
                }
            },
            _ => None,
        }
    }
}

/// Passes news on until the client has gone. A client that is too slow is told that it has missed some.
async fn pass_on(mut news: Receiver<News>, wanted: Wanted, out: mpsc::Sender<Told>) {
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
            let note = Told::new("lagged", json!({"missed": missed}));
            match out.try_send(note) {
                Ok(()) => missed = 0,
                Err(mpsc::error::TrySendError::Closed(_)) => return,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    missed += 1;
                    continue;
                }
            }
        }
        match out.try_send(told) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return,
            Err(mpsc::error::TrySendError::Full(_)) => missed += 1,
        }
    }
}

/// What a client that was away has missed of a run: its events since, and where its blocks stand.
async fn caught_up(
    shared: &Shared,
    by: &Actor,
    run: RunId,
    after: Option<u64>,
) -> Result<Vec<Told>, ApiError> {
    let whole = shared.host.run(by, run).await?;
    let mut told = Vec::new();
    if let Some(after) = after {
        for event in shared.host.events(by, run, after, REPLAYED).await? {
            let data =
                json!({"pipeline_run_id": run, "at": times::text(event.at), "event": event.event});
            told.push(Told {
                id: Some(event.version),
                ..Told::new("event", data)
            });
        }
    }
    told.extend(
        whole
            .blocks
            .iter()
            .map(|block| Told::new("block", block_view(run, block))),
    );
    let status = json!({"pipeline_run_id": run, "status": whole.status.name()});
    told.push(Told {
        id: Some(whole.version),
        ..Told::new("run", status)
    });
    Ok(told)
}

fn wanted_of(params: &Params) -> Result<Wanted, ApiError> {
    let run = params.number("pipeline_run_id")?.map(RunId);
    let silent = params.get("logs") == Some("0");
    Ok(Wanted {
        run,
        logs: if silent {
            None
        } else {
            Some(query_of(params)?)
        },
    })
}

/// What happens, as server-sent events; of one run with `pipeline_run_id`.
pub(crate) async fn events(
    State(shared): State<Shared>,
    By(actor): By,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    actor.may(Right::Read)?;
    let wanted = wanted_of(&params)?;
    // Heard from here on, so that nothing lies between what is caught up with and what follows.
    let news = shared.host.service().news();
    let last = headers.get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
    let before = match wanted.run {
        Some(run) => caught_up(&shared, &actor, run, last).await?,
        None if last.is_some() => vec![Told::new("lagged", json!({"missed": null}))],
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
    let stream = Sse::new(Pipe::new(sent)).keep_alive(KeepAlive::new().interval(BEAT));
    Ok(stream.into_response())
}

async fn write_events(
    mut told: mpsc::Receiver<Told>,
    lines: mpsc::Sender<Result<Event, Infallible>>,
) {
    while let Some(one) = told.recv().await {
        let mut event = Event::default().event(one.name).data(one.data.to_string());
        if let Some(id) = one.id {
            event = event.id(id.to_string());
        }
        if lines.send(Ok(event)).await.is_err() {
            return;
        }
    }
}

/// The same over a socket: the client says `{"subscribe": {"pipeline_run_id": 1, "logs": true, "text": "..."}}`, as often as
/// it likes; the newest subscription counts.
pub(crate) async fn websocket(
    State(shared): State<Shared>,
    By(actor): By,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    actor.may(Right::Read)?;
    Ok(upgrade
        .max_message_size(64 * 1024)
        .on_upgrade(move |socket| talk(shared, actor, socket)))
}

fn line(told: &Told) -> Message {
    let mut data = told.data.clone();
    if let Value::Object(map) = &mut data {
        map.insert("type".to_owned(), json!(told.name));
    }
    Message::text(data.to_string())
}

async fn talk(shared: Shared, actor: Actor, mut socket: WebSocket) {
    // Nothing comes before the first subscription.
    let (_, mut told) = mpsc::channel::<Told>(WAITING);
    loop {
        tokio::select! {
            Some(one) = told.recv() => {
                if socket.send(line(&one)).await.is_err() {
                    return;
                }
            }
            heard = socket.recv() => {
                let text = match heard {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                };
                match subscription(&text) {
                    Ok(wanted) => {
                        let news = shared.host.service().news();
                        // What the earlier subscription still had to say is dropped with its channel.
                        let (out, fresh) = mpsc::channel(WAITING);
                        told = fresh;
                        let before = match wanted.run {
                            Some(run) => caught_up(&shared, &actor, run, None).await,
                            None => Ok(Vec::new()),
                        };
                        let first = match before {
                            Ok(before) => before,
                            Err(error) => vec![Told::new("error", json!({"message": error.message}))],
                        };
                        for one in &first {
                            if socket.send(line(one)).await.is_err() {
                                return;
                            }
                        }
                        if wanted.run.is_none() {
                            let files = shared.host.file_news();
                            tokio::spawn(pass_files_on(files, out.clone()));
                        }
                        tokio::spawn(pass_on(news, wanted, out));
                    }
                    Err(message) => {
                        let error = Told::new("error", json!({"message": message}));
                        if socket.send(line(&error)).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}

fn subscription(text: &str) -> Result<Wanted, &'static str> {
    let said: Value = serde_json::from_str(text).map_err(|_| "this is not JSON")?;
    let wanted = said.get("subscribe").and_then(Value::as_object);
    let wanted = wanted.ok_or("say what you want to hear of: {\"subscribe\": {}}")?;
    let text = wanted.get("text").and_then(Value::as_str);
    let level = wanted.get("min_level").and_then(Value::as_str);
    Ok(Wanted {
        run: wanted
            .get("pipeline_run_id")
            .and_then(Value::as_i64)
            .map(RunId),
        logs: (wanted.get("logs") != Some(&Value::Bool(false))).then(|| LogQuery {
            text: text.map(str::to_owned),
            least: level.map(|name| baton_runner::Level::parse(&name.to_uppercase())),
            ..LogQuery::default()
        }),
    })
}
