//! Who may call what: every route, without credentials, under a wrong name, from a foreign page.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use baton_server::{Access, ROUTES, Who};

use crate::served::Served;

/// The path of a route with something in every place.
fn path(access: &Access) -> String {
    let parts = access.path.split('/').map(|part| match part {
        "{token}" => "f00",
        part if part.starts_with('{') => "1",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn request(access: &Access, headers: &[(header::HeaderName, &str)]) -> Request<Body> {
    let mut request = Request::builder()
        .method(access.method)
        .uri(path(access))
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(Body::from("{}")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_credentials() {
    let served = Served::idle().await;
    for access in ROUTES {
        let host = (header::HOST, "localhost:6789");
        let (status, body) = served
            .send(request(access, std::slice::from_ref(&host)))
            .await;
        let what = format!("{} {}: {status}", access.method, access.path);
        match access.who {
            // A server whose scheduler has not started is not ready, and says so to anybody.
            Who::Anyone if access.path == "/ready" => assert_eq!(status.as_u16(), 503, "{what}"),
            Who::Anyone => assert!(status.is_success(), "{what}"),
            Who::Session => assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}"),
            Who::TokenHolder => assert_eq!(status, StatusCode::FORBIDDEN, "{what}"),
        }
        if access.who != Who::Anyone {
            let body = String::from_utf8(body).unwrap();
            assert!(body.contains("\"error\""), "{what}: {body}");
        }
        let wrong = (header::AUTHORIZATION, "Bearer 0123456789abcdee");
        let (status, _) = served.send(request(access, &[host, wrong])).await;
        if access.who != Who::Anyone {
            assert!(
                status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN,
                "{what}, with a wrong token: {status}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_or_a_page_of_another_site_is_refused() {
    let served = Served::idle().await;
    let token = format!("Bearer {}", crate::served::TOKEN);
    for access in ROUTES {
        let key = (header::AUTHORIZATION, token.as_str());
        let foreign = (header::HOST, "evil.example");
        let (status, _) = served.send(request(access, &[foreign, key.clone()])).await;
        let what = format!("{} {}", access.method, access.path);
        assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
        let origin = (header::ORIGIN, "http://evil.example");
        let host = (header::HOST, "localhost:6789");
        let upgrade = (header::UPGRADE, "websocket");
        let headers = if access.method == "GET" {
            vec![host, key, origin, upgrade]
        } else {
            vec![host, key, origin]
        };
        let (status, _) = served.send(request(access, &headers)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{what}, from another site");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_listed_is_refused_to_everybody() {
    let served = Served::idle().await;
    let request = Served::request("PATCH", "/api/pipeline_runs").body(Body::empty());
    let (status, body) = served.send(request.unwrap()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["type"], "method_not_allowed");
    assert_eq!(body["error"]["errors"]["methods"], "GET, HEAD");
    let request = Served::request("GET", "/api/pipeline_runs/abc").body(Body::empty());
    let (status, body) = served.send(request.unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["type"], "record_invalid");
    let request = Served::request("GET", "/api/nothing").body(Body::empty());
    let (status, _) = served.send(request.unwrap()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
