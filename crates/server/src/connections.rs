//! Connections: taken, served as HTTP/1 or HTTP/2, and closed when the other side leaves something half said.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tower::ServiceExt;
use tower_http::timeout::TimeoutBody;

/// How long a client is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// For the whole head of a request. On a connection that is kept open it begins with the end of the answer before, so
    /// it is also how long an idle one is kept.
    pub(crate) head: Duration,
    /// For the next piece of a body.
    pub(crate) body: Duration,
    /// Between two looks at whether the other end of HTTP/2 is still there.
    pub(crate) ping: Duration,
}

impl Patience {
    /// A head is one packet, and even a poor line brings the next piece of a body within seconds; browsers and clients keep
    /// idle connections for about a minute. Each connection costs one of the files that the process may have open.
    pub(crate) const USUAL: Self = Self {
        head: Duration::from_secs(60),
        body: Duration::from_secs(30),
        ping: Duration::from_secs(30),
    };
}

/// Serves until `stop` comes true, then lets requests under way end.
pub(crate) async fn serve(
    mut listener: TcpListener,
    app: Router,
    stop: impl Future<Output = ()>,
    patience: Patience,
) {
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            // Waits and goes on when no more files can be opened.
            (stream, _) = Listener::accept(&mut listener) => stream,
            () = &mut stop => break,
        };
        tokio::spawn(connection(stream, app.clone(), patience, open.watcher()));
    }
    drop(listener);
    open.shutdown().await;
}

async fn connection(stream: TcpStream, app: Router, patience: Patience, watcher: Watcher) {
    let begun = Arc::new(Notify::new());
    let heard = Arc::clone(&begun);
    let app = app.map_request(move |request: Request<Incoming>| {
        heard.notify_one();
        request.map(|body| Body::new(TimeoutBody::new(patience.body, body)))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.ping);
    let served =
        builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(app));
    // The builder's own limit begins when it is known which HTTP the client speaks.
    let silence = async {
        if timeout(patience.head, begun.notified()).await.is_ok() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        result = watcher.watch(served) => {
            if let Err(error) = result {
                tracing::debug!(error, "a connection broke off");
            }
        }
        () = silence => tracing::debug!("a connection without a request was closed"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::Request;
    use axum::response::{IntoResponse, Response};
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::body;

    /// What the tests wait at most.
    const LONG: Duration = Duration::from_secs(60);

    /// Long enough for what has been sent to be read.
    const SHORT: Duration = Duration::from_millis(200);

    async fn echo(request: Request) -> Response {
        match body::read(request.into_body(), 1000).await {
            Ok(bytes) => bytes.into_response(),
            Err(error) => error.into_response(),
        }
    }

    /// A server, what stops it, and its end.
    async fn served(
        app: Router,
        head: Duration,
        body: Duration,
    ) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ping = LONG;
        let patience = Patience { head, body, ping };
        let stopped = async { drop(stopped.await) };
        let end = tokio::spawn(serve(listener, app, stopped, patience));
        (address, stop, end)
    }

    /// Sends pieces, each in a packet of its own; gives all that comes back until the connection is closed.
    async fn answer(address: SocketAddr, pieces: &[&str]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in pieces {
            stream.write_all(piece.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = Vec::new();
        let read = timeout(LONG, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{pieces:?}: the connection stays open");
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn a_connection_without_a_whole_head_is_closed() {
        let app = Router::new().route("/", get(|| async { "here" }));
        let (address, _stop, _) = served(app, SHORT, LONG).await;
        // The third begins as HTTP/2 does.
        for half in ["", "GET / HTTP/1.1\r\nHost: a", "PRI * HTTP/2"] {
            let answer = answer(address, &[half]).await;
            assert!(!answer.contains("here"), "{half}: {answer}");
        }
        let whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for next in ["", "GET / HT"] {
            let answer = answer(address, &[whole, next]).await;
            assert_eq!(answer.matches("here").count(), 1, "{next}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_answered() {
        let (address, _stop, _) = served(Router::new().route("/", post(echo)), LONG, SHORT).await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
        let answer = answer(address, &[head, "half"]).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("\"type\":\"request_timeout\""), "{answer}");
    }

    #[tokio::test]
    async fn a_request_in_many_pieces_is_served() {
        let (address, _stop, _) = served(Router::new().route("/", post(echo)), LONG, LONG).await;
        let request =
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nwell";
        let pieces: Vec<&str> = request.split_inclusive(|_| true).collect();
        let answer = answer(address, &pieces).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nwell"), "{answer}");
    }

    #[tokio::test]
    async fn requests_under_way_end_before_the_server_does() {
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tells, waits) = (Arc::clone(&begun), Arc::clone(&go));
        let work = move || {
            let (tells, waits) = (Arc::clone(&tells), Arc::clone(&waits));
            async move {
                tells.notify_one();
                waits.notified().await;
                "done"
            }
        };
        let (address, stop, end) = served(Router::new().route("/", get(work)), LONG, LONG).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        let asked =
            tokio::spawn(
                async move { answer(address, &["GET / HTTP/1.1\r\nHost: a\r\n\r\n"]).await },
            );
        begun.notified().await;
        stop.send(()).unwrap();
        // Nobody waits for the connection that says nothing.
        assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
        assert!(!end.is_finished());
        go.notify_one();
        assert!(asked.await.unwrap().ends_with("\r\n\r\ndone"));
        timeout(LONG, end).await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
