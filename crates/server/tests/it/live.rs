//! What happens, as it happens, and how the server is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::served::Served;

/// Reads server-sent events until one is as wanted; gives all of them with their names and ids.
async fn hear(
    served: &Served,
    path: &str,
    last: Option<u64>,
    begun: impl Future<Output = ()>,
    is_wanted: impl Fn(&str, &Value) -> bool,
) -> Vec<(String, Value, Option<u64>)> {
    let mut request = Served::request("GET", path);
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let request = request.body(Body::empty()).unwrap();
    let response = served.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    begun.await;
    let mut body = response.into_body().into_data_stream();
    let mut found = Vec::new();
    let mut text = String::new();
    let listened = async {
        loop {
            let piece = std::future::poll_fn(|context| {
                futures_core::Stream::poll_next(std::pin::Pin::new(&mut body), context)
            });
            text.push_str(std::str::from_utf8(&piece.await.unwrap().unwrap()).unwrap());
            while let Some((event, rest)) = text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                };
                let name = field("event:").unwrap_or_default().to_owned();
                let data: Value = serde_json::from_str(field("data:").unwrap_or("null")).unwrap();
                let id = field("id:").map(|id| id.parse().unwrap());
                text = rest.to_string();
                let is_last = is_wanted(&name, &data);
                found.push((name, data, id));
                if is_last {
                    return;
                }
            }
        }
    };
    timeout(Duration::from_secs(60), listened).await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_run_are_heard_and_heard_again() {
    let served = Served::idle().await;
    let run = served.start_run("broken").await;
    let path = format!("/api/events?pipeline_run_id={run}");
    let is_end = |name: &str, data: &Value| name == "run" && data["status"] == "failed";
    // Whoever listens from before the start hears everything.
    let start = async { served.host.start().await.unwrap() };
    let heard = Box::pin(hear(&served, &path, None, start, is_end)).await;
    let blocks = heard.iter().filter(|(name, ..)| name == "block");
    let statuses: Vec<&str> = blocks
        .map(|(_, data, _)| data["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses.first(), Some(&"initial"));
    assert_eq!(statuses.last(), Some(&"failed"));

    // A client that was away hears what was stored meanwhile, each event once.
    let again = hear(&served, &path, Some(0), async {}, is_end).await;
    let events: Vec<u64> = again
        .iter()
        .filter(|(name, ..)| name == "event")
        .filter_map(|(.., id)| *id)
        .collect();
    assert_eq!(events, [1]);
    let rest = hear(&served, &path, Some(1), async {}, is_end).await;
    assert!(rest.iter().all(|(name, ..)| name != "event"), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_block_is_run_at_once() {
    let served = Served::new().await;
    let body = json!({"run": {"pipeline_uuid": "broken", "block_uuid": "gone"}});
    let done = served.ok("POST", "/api/runs", &body).await;
    assert_eq!(done["run"]["status"], "failed", "{done}");
    assert_eq!(done["run"]["block_status"], "failed");
    let error = done["run"]["error"].as_str().unwrap();
    assert!(error.contains("gone"), "{error}");
    let body = json!({"run": {"pipeline_uuid": "broken", "block_uuid": "other"}});
    let (status, _) = served.call("POST", "/api/runs", &body).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_tells_how_it_is() {
    let served = Served::idle().await;
    let ready = async || {
        let request = Served::request("GET", "/ready").body(Body::empty());
        served.send(request.unwrap()).await.0
    };
    assert_eq!(ready().await, StatusCode::SERVICE_UNAVAILABLE);
    served.host.start().await.unwrap();
    served.ended_run("broken").await;
    assert_eq!(ready().await, StatusCode::OK);
    let request = Served::request("GET", "/metrics").body(Body::empty());
    let (_, text) = served.send(request.unwrap()).await;
    let text = String::from_utf8(text).unwrap();
    for line in [
        "baton_runs{status=\"failed\"} 1",
        "baton_runs{status=\"initial\"} 0",
        "baton_block_duration_seconds_bucket{le=\"+Inf\"}",
        "process_open_fds",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn the_published_description_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let mut text = serde_json::to_string_pretty(&baton_server::openapi()).unwrap();
    text.push('\n');
    if std::env::var_os("BATON_GENERATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "docs/reference/openapi.json is out of date: run `make generate`"
    );
}
