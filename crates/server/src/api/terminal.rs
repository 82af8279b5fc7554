//! `terminals`: a shell of the project over a WebSocket. The guard before it is that of every other route.

use std::collections::VecDeque;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use baton_app::{Actor, MOST_TERMINALS, OpenTerminal, TerminalPlace, TerminalSize};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::Shared;
use crate::answer::{Named, One};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::Query;

/// The largest message that a client may send.
const LARGEST_MESSAGE: usize = 256 * 1024;

/// Bytes that are shown at a time.
const PIECE: usize = 32 * 1024;

/// What was typed and no program has taken yet; more ends the terminal.
const MOST_TYPED: usize = 4 << 20;

/// Bytes that a client which says what it has seen may be behind.
const MOST_UNSEEN: u64 = 1 << 20;

/// The terminals of the server.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Terminals")]
pub(crate) struct TerminalsView {
    /// Whether there are any: not with `--no-terminal`.
    is_offered: bool,
    /// How many are open.
    open: usize,
    /// How many may be.
    most: usize,
    /// What a new one runs.
    shell: String,
}

impl Named for TerminalsView {
    const ONE: &'static str = "terminals";
}

/// Whether there are terminals, and how many are open.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<One<TerminalsView>, ApiError> {
    let facts = shared.host.terminals(&actor)?;
    Ok(One(TerminalsView {
        is_offered: facts.is_offered,
        open: facts.open,
        most: MOST_TERMINALS,
        shell: facts.shell.to_string_lossy().into_owned(),
    }))
}

/// How large the terminal is at first.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SizeQuery {
    /// Columns; 80 when it is not said.
    columns: Option<u16>,
    /// Lines; 24 when it is not said.
    rows: Option<u16>,
}

/// What a client says. What is typed may also come as it is, in binary messages.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TerminalRequest {
    /// Something was typed.
    Input { data: String },
    /// The terminal has another size.
    Resize { columns: u16, rows: u16 },
    /// So many bytes more were shown. A client that has said so once is sent at most 1 MiB that it has not seen.
    Seen { bytes: u64 },
}

/// What a client hears. What is to be shown comes as it is, in binary messages.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum TerminalTold {
    /// The shell runs.
    Opened {
        shell: String,
        /// What is to be known, for people.
        note: Option<String>,
    },
    /// What was said makes no sense.
    Error { message: String },
    /// The shell and everything that it has started have ended.
    Ended {
        /// Why, for people.
        reason: String,
        /// What the shell ended with; null when a signal ended it.
        exit_code: Option<i32>,
    },
}

/// A connection over which both sides talk.
pub(crate) struct TerminalSocket(Response);

impl IntoResponse for TerminalSocket {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Output for TerminalSocket {
    fn describe(operation: &mut Operation<'_>) {
        operation.messages = Some([
            operation.sent::<TerminalRequest>(),
            operation.answered::<TerminalTold>(),
        ]);
    }
}

/// A shell in the folder of the project. It ends, with all that it has started, when the connection does.
pub(crate) async fn open(
    State(shared): State<Shared>,
    By(actor): By,
    Query(size): Query<SizeQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<TerminalSocket, ApiError> {
    let place = shared.host.terminal_place(&actor)?;
    let size = TerminalSize {
        columns: size.columns.unwrap_or(80).max(1),
        rows: size.rows.unwrap_or(24).max(1),
    };
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE);
    Ok(TerminalSocket(upgrade.on_upgrade(move |socket| {
        serve(shared, actor, place, size, socket)
    })))
}

async fn serve(
    shared: Shared,
    actor: Actor,
    place: TerminalPlace,
    size: TerminalSize,
    mut socket: WebSocket,
) {
    let open = match shared.host.open_terminal(&actor, place, size).await {
        Ok(open) => open,
        Err(failure) => {
            let reason = failure.message;
            tell(
                &mut socket,
                &TerminalTold::Ended {
                    reason,
                    exit_code: None,
                },
            )
            .await;
            return;
        }
    };
    let opened = TerminalTold::Opened {
        shell: open.shell.to_string_lossy().into_owned(),
        note: open.note.clone(),
    };
    tell(&mut socket, &opened).await;
    let reason = talk(&open, &mut socket).await;
    let end = shared.host.close_terminal(&actor, open, reason).await;
    let ended = TerminalTold::Ended {
        reason: reason.to_owned(),
        exit_code: end.code,
    };
    tell(&mut socket, &ended).await;
    // A client that has gone does not need to be told.
    let _ = socket.send(Message::Close(None)).await;
}

async fn tell(socket: &mut WebSocket, told: &TerminalTold) {
    let text = serde_json::to_string(told).unwrap_or_default();
    // That nobody listens any more shows when it is listened to.
    let _ = socket.send(Message::text(text)).await;
}

/// Passes on what is typed and shown until one side ends; says why. Nothing is read that could not be passed on, so a
/// program that prints faster than the client reads has to wait.
async fn talk(open: &OpenTerminal, socket: &mut WebSocket) -> &'static str {
    let mut typed = VecDeque::new();
    let mut shown = vec![0; PIECE];
    // Bytes that a client has not seen yet which says what it has seen.
    let (mut sent, mut unseen) = (0_u64, None::<u64>);
    loop {
        let heard = tokio::select! {
            heard = socket.recv() => heard,
            written = open.terminal.write(typed.as_slices().0), if !typed.is_empty() => {
                let Ok(written) = written else {
                    return "the shell has ended";
                };
                typed.drain(..written);
                continue;
            }
            read = open.terminal.read(&mut shown), if unseen.is_none_or(|unseen| unseen < MOST_UNSEEN) => {
                let Some(piece) = read.ok().and_then(|read| shown.get(..read)).filter(|piece| !piece.is_empty()) else {
                    return "the shell has ended";
                };
                sent += piece.len() as u64;
                unseen = unseen.map(|unseen| unseen + piece.len() as u64);
                let message = Message::Binary(Bytes::copy_from_slice(piece));
                let done = tokio::select! {
                    done = socket.send(message) => done,
                    () = open.closing() => return "the server stops",
                };
                if done.is_err() {
                    return "the client has gone";
                }
                continue;
            }
            () = open.closing() => return "the server stops",
        };
        let said = match heard {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text),
            Some(Ok(Message::Binary(bytes))) => {
                typed.extend(bytes);
                continue;
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return "the client has gone",
            Some(Ok(_)) => continue,
        };
        match said {
            Ok(TerminalRequest::Input { data }) => typed.extend(data.into_bytes()),
            Ok(TerminalRequest::Resize { columns, rows }) => {
                let size = TerminalSize {
                    columns: columns.max(1),
                    rows: rows.max(1),
                };
                // A shell that is gone shows when it is read.
                let _ = open.terminal.resize(size);
            }
            Ok(TerminalRequest::Seen { bytes }) => {
                unseen = Some(unseen.unwrap_or(sent).saturating_sub(bytes));
            }
            Err(error) => {
                let message = format!("this makes no sense here: {error}");
                tell(socket, &TerminalTold::Error { message }).await;
            }
        }
        if typed.len() > MOST_TYPED {
            return "no program takes what is typed";
        }
    }
}
