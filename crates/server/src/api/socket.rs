//! What happens, as it happens, over `/websocket`, where the client says what it wants to hear of.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use baton_app::{Actor, LogQuery, Right};
use baton_model::RunId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::By;
use super::live::{Numbered, Told, WAITING, Wanted, caught_up, pass_files_on, pass_on};
use super::logs::level;
use crate::Shared;
use crate::contract::{Input, Operation, Output};
use crate::error::ApiError;

/// The largest message that a client may send.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// What a client says over a socket: `{"subscribe": {"pipeline_run_id": 1, "logs": true, "text": "..."}}`, as often as it
/// likes; the newest subscription counts.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SocketRequest {
    subscribe: Subscription,
}

/// What a client wants to hear of.
#[derive(Deserialize, JsonSchema)]
struct Subscription {
    /// Only of this run: first where it stands, then what happens.
    pipeline_run_id: Option<i64>,
    /// False leaves out what is printed and logged.
    logs: Option<bool>,
    /// Only records with this text.
    text: Option<String>,
    /// Only records of this level, or one that matters more.
    min_level: Option<String>,
}

/// A connection over which both sides talk.
pub(crate) struct Socket(Response);

impl IntoResponse for Socket {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Output for Socket {
    fn describe(operation: &mut Operation<'_>) {
        operation.messages = Some([
            operation.sent::<SocketRequest>(),
            operation.answered::<Told>(),
        ]);
    }
}

impl Input for WebSocketUpgrade {}

/// The same over a socket.
pub(crate) async fn websocket(
    State(shared): State<Shared>,
    By(actor): By,
    upgrade: WebSocketUpgrade,
) -> Result<Socket, ApiError> {
    actor.may(Right::Read)?;
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE);
    Ok(Socket(
        upgrade.on_upgrade(move |socket| talk(shared, actor, socket)),
    ))
}

async fn talk(shared: Shared, actor: Actor, mut socket: WebSocket) {
    // Nothing comes before the first subscription.
    let (_, mut told) = mpsc::channel::<Numbered>(WAITING);
    loop {
        let answers = tokio::select! {
            Some((one, _)) = told.recv() => vec![one],
            heard = socket.recv() => {
                let text = match heard {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                };
                match subscription(&text) {
                    Ok(wanted) => {
                        let (first, fresh) = subscribe(&shared, &actor, wanted).await;
                        // What the earlier subscription still had to say is dropped with its channel.
                        told = fresh;
                        first
                    }
                    Err(message) => vec![Told::Error { message }],
                }
            }
        };
        for one in answers {
            if socket.send(Message::text(one.text())).await.is_err() {
                return;
            }
        }
    }
}

/// What is to be said first, and what follows.
async fn subscribe(
    shared: &Shared,
    actor: &Actor,
    wanted: Wanted,
) -> (Vec<Told>, mpsc::Receiver<Numbered>) {
    let news = shared.host.service().news();
    let (out, fresh) = mpsc::channel(WAITING);
    let before = match wanted.run {
        Some(run) => caught_up(shared, actor, run, None).await,
        None => Ok(Vec::new()),
    };
    if wanted.run.is_none() {
        tokio::spawn(pass_files_on(shared.host.file_news(), out.clone()));
    }
    tokio::spawn(pass_on(news, wanted, out));
    let first = match before {
        Ok(before) => before.into_iter().map(|(one, _)| one).collect(),
        Err(error) => vec![Told::Error {
            message: error.message,
        }],
    };
    (first, fresh)
}

fn subscription(text: &str) -> Result<Wanted, String> {
    let said: Value = serde_json::from_str(text).map_err(|_| "this is not JSON")?;
    let said: SocketRequest = serde_json::from_value(said)
        .map_err(|_| "say what you want to hear of: {\"subscribe\": {}}")?;
    let wanted = said.subscribe;
    let least = wanted.min_level.map(|name| level("min_level", &name));
    let least = least.transpose().map_err(|error| error.message)?;
    Ok(Wanted {
        run: wanted.pipeline_run_id.map(RunId),
        logs: (wanted.logs != Some(false)).then(|| LogQuery {
            text: wanted.text,
            least,
            ..LogQuery::default()
        }),
    })
}
