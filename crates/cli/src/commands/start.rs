//! `baton start`: the server, until it is told to stop.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use baton_app::{Host, open_project};
use baton_base::files;
use baton_scheduler::ServiceOptions;
use baton_server::{Door, Shared};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::request::worker_options;
use super::state::runtime;
use crate::args::StartArgs;
use crate::failure::Failure;
use crate::terminal::{Paint, say, tell};

/// So many further ports are tried.
const MORE_PORTS: u16 = 100;

/// Serves a project.
pub(crate) fn run(args: &StartArgs) -> Result<ExitCode, Failure> {
    let address = loopback(&args.host)?;
    let project = open_project(&args.project, None)?;
    let filter =
        EnvFilter::try_from_env("BATON_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=error"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(Paint::stderr().is_on())
        .with_writer(std::io::stderr);
    // Somebody else may have taken the place already; then theirs is used.
    let _ = if std::env::var_os("BATON_LOG_FORMAT").is_some_and(|format| format == "json") {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_target(false).try_init()
    };
    runtime()?.block_on(serve(args, address, project.root().to_owned()))
}

async fn serve(args: &StartArgs, address: IpAddr, root: PathBuf) -> Result<ExitCode, Failure> {
    let service = ServiceOptions {
        open_runs: args.open_runs.max(1),
        ..ServiceOptions::default()
    };
    let host = Host::open(&root, worker_options(&args.worker), service).await?;
    let (listener, address) = listen(address, args.port).await?;
    let token = host.token()?;
    let told = host.state().home.path().join("server.json");
    let url = format!("http://{address}");
    let facts = json!({"url": url, "token": token, "pid": std::process::id()});
    files::write_secret(&told, facts.to_string().as_bytes())?;
    host.answers_at(&url);
    host.start().await?;
    let paint = Paint::stdout();
    say(&format!(
        "Baton serves {} at {}",
        root.display(),
        paint.bold(&format!("{url}/?token={token}"))
    ));
    let shared = Shared {
        host: Arc::clone(&host),
        door: Arc::new(Door::new(token)),
    };
    let served = baton_server::serve(listener, shared, told_to_stop()).await;
    tell("stopping: runs under way go on when the server starts again");
    host.shut_down().await;
    // Without the server nobody answers there.
    let _ = std::fs::remove_file(&told);
    served
        .map_err(|error| Failure::usage(format!("the server ended: {error}"), "start it again"))?;
    Ok(ExitCode::SUCCESS)
}

/// The address to listen on. Without accounts only this machine may come in.
fn loopback(host: &str) -> Result<IpAddr, Failure> {
    let address = match host {
        "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
        other => other.parse().ok(),
    };
    match address {
        Some(address) if address.is_loopback() => Ok(address),
        _ => Err(Failure::usage(
            format!("`--host {host}` is not an address of this machine alone"),
            "there are no accounts yet, so the server listens on 127.0.0.1 only; reach it through SSH: \
             ssh -L 6789:127.0.0.1:6789 …",
        )),
    }
}

/// Takes the port, or the next free one.
async fn listen(address: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    for port in port..=port.saturating_add(MORE_PORTS) {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => {
                let at = listener
                    .local_addr()
                    .unwrap_or(SocketAddr::new(address, port));
                return Ok((listener, at));
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(Failure::usage(
                    format!("port {port} cannot be used: {error}"),
                    "choose another one with --port",
                ));
            }
        }
    }
    Err(Failure::usage(
        format!("port {port} and the {MORE_PORTS} after it are taken"),
        "choose another one with --port",
    ))
}

/// Waits for Ctrl-C or a polite kill.
async fn told_to_stop() {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}
