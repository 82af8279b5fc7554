//! `baton start`: the server, until it is told to stop.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use baton_app::{DATABASE_URL, Host, open_project};
use baton_base::files;
use baton_scheduler::{Role, ServiceOptions, Sharing};
use baton_server::{Door, Shared};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::keep_terminal;
use super::request::worker_options;
use super::state::runtime;
use crate::allocator;
use crate::args::{RoleChoice, StartArgs};
use crate::failure::Failure;
use crate::terminal::{Paint, say, tell};

/// So many further ports are tried.
const MORE_PORTS: u16 = 100;

/// Serves a project.
pub(crate) fn run(args: &StartArgs) -> Result<ExitCode, Failure> {
    if let Some(url) = &args.database_url {
        hide(url)?;
    }
    let sharing = sharing(args)?;
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
    let service = ServiceOptions {
        open_runs: args.open_runs.max(1),
        sharing,
        ..ServiceOptions::default()
    };
    runtime()?.block_on(async {
        tokio::spawn(allocator::give_back());
        let root = project.root();
        let host = Host::open(root, worker_options(&args.worker), service).await?;
        if host.role().serves() {
            serve(args, address, host).await
        } else {
            work(host).await
        }
    })
}

/// The words of the command line can be read by everybody on the machine, those of the environment cannot: a URL that was
/// given there is moved, by beginning anew.
fn hide(url: &str) -> Result<(), Failure> {
    const OPTION: &str = "--database-url";
    let mut arguments = Vec::new();
    let mut is_given = false;
    let mut given = std::env::args_os();
    let name = given.next().unwrap_or_default();
    while let Some(argument) = given.next() {
        let text = argument.to_string_lossy();
        if text == OPTION {
            is_given = true;
            given.next();
        } else if text.starts_with(OPTION) {
            is_given = true;
        } else {
            arguments.push(argument);
        }
    }
    if !is_given {
        return Ok(());
    }
    let program = std::env::current_exe();
    let error = program.map(|program| {
        Command::new(program)
            .arg0(name)
            .args(arguments)
            .env(DATABASE_URL, url)
            .exec()
    });
    let (Ok(error) | Err(error)) = error;
    Err(Failure::usage(
        format!("the URL of the database cannot be hidden: {error}"),
        format!("leave {OPTION} out and set {DATABASE_URL}"),
    ))
}

/// How the database is shared with other processes, if it is on a server.
fn sharing(args: &StartArgs) -> Result<Option<Sharing>, Failure> {
    let url = args.database_url.as_deref().filter(|url| !url.is_empty());
    let role = match args.role {
        RoleChoice::All => Role::All,
        RoleChoice::Scheduler => Role::Scheduler,
        RoleChoice::Worker => Role::Worker,
        RoleChoice::Web => Role::Web,
    };
    if url.is_none_or(|url| url.starts_with("sqlite:")) {
        if role != Role::All {
            return Err(Failure::usage(
                format!(
                    "`--role {}` needs a database that several processes can share",
                    role.name()
                ),
                format!(
                    "set {DATABASE_URL} to one on PostgreSQL: postgresql://USER:PASSWORD@HOST/DATABASE"
                ),
            ));
        }
        return Ok(None);
    }
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_string_lossy();
    let owner = format!("{machine}-{}-{}", std::process::id(), baton_base::now());
    Ok(Some(Sharing {
        owner,
        role,
        lease: Duration::from_secs(args.lease),
    }))
}

/// Does its part of the work, unseen.
async fn work(host: Arc<Host>) -> Result<ExitCode, Failure> {
    host.start().await?;
    say(&format!(
        "Baton's {} for {} works on {}; it listens on no port",
        host.role().name(),
        host.root().display(),
        host.store().path().display()
    ));
    told_to_stop().await;
    tell("stopping: other processes go on with the runs under way");
    host.shut_down().await;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &StartArgs, address: IpAddr, host: Arc<Host>) -> Result<ExitCode, Failure> {
    let (listener, address) = listen(address, args.port).await?;
    let token = host.token()?;
    let told = host.state().home.path().join("server.json");
    let url = format!("http://{address}");
    let facts = json!({"url": url, "token": token, "pid": std::process::id()}).to_string();
    files::write_secret(&told, facts.as_bytes())?;
    host.answers_at(&url);
    if !args.no_terminal
        && let Ok(keeper) = keep_terminal::keeper()
    {
        host.offer_terminals(keeper);
    }
    host.start().await?;
    let paint = Paint::stdout();
    say(&format!(
        "Baton serves {} at {}",
        host.root().display(),
        paint.bold(&format!("{url}/?token={token}"))
    ));
    let shared = Shared {
        host: Arc::clone(&host),
        door: Arc::new(Door::new(token)),
    };
    let served = baton_server::serve(listener, shared, told_to_stop()).await;
    tell("stopping: runs under way go on when the server starts again");
    host.shut_down().await;
    // Without the server nobody answers there. Another one of the project may have written its own.
    if files::read_text(&told).is_ok_and(|text| text == facts) {
        let _ = std::fs::remove_file(&told);
    }
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
