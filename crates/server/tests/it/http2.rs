//! HTTP/2 over a socket, by a client that knows beforehand that the server speaks it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, Version, header};
use baton_server::{Door, Shared, serve};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::served::{Served, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn requests_share_a_connection_of_http2() {
    let served = Served::idle().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Shared {
        host: Arc::clone(&served.host),
        door: Arc::new(Door::new(TOKEN.to_owned())),
    };
    tokio::spawn(serve(listener, shared, std::future::pending()));
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (client, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let ask = async |name: &str, path: &str, token: &str| {
        let mut client = client.clone();
        let request = Request::builder()
            .uri(format!("http://{name}{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        let status = response.status();
        let body = Body::new(response.into_body());
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        (status, body)
    };
    let own = address.to_string();
    let (found, pipelines, wrong, foreign) = tokio::join!(
        ask(&own, "/api/status", TOKEN),
        ask(&own, "/api/pipelines", TOKEN),
        ask(&own, "/api/pipelines", "another"),
        ask("evil.example", "/api/status", TOKEN),
    );
    assert_eq!(found.0, StatusCode::OK);
    assert_eq!(found.1["status"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(pipelines.1["pipelines"].as_array().unwrap().len(), 2);
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    assert_eq!(foreign.0, StatusCode::FORBIDDEN);
}
