//! The web pages: who gets them, and what is not one.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::served::Served;

/// What somebody without a session gets from an address.
async fn get(served: &Served, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::HOST, "localhost:6789");
    let (status, body) = served.send(request.body(Body::empty()).unwrap()).await;
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_outside_the_api_is_a_page() {
    let served = Served::idle().await;
    let (status, start) = get(&served, "/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(start.contains("<title>Baton</title>"), "{start}");
    assert!(!start.contains("demo"), "the page names the project");
    for path in [
        "/pipelines/note/runs/1",
        "/runs?status=failed",
        "/a/b/c.html",
    ] {
        assert_eq!(get(&served, path).await, (status, start.clone()), "{path}");
    }
    for path in ["/api", "/api/nothing", "/assets/nothing.js"] {
        let (status, body) = get(&served, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body.contains("\"error\""), "{path}: {body}");
    }
}
