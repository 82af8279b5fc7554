//! Who may call what: every route, without credentials, under a wrong name, from a foreign page.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use baton_server::{Access, ROUTES, Who};

use crate::served::Served;

const SOURCE: &str = include_str!("../../src/api/mod.rs");

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

/// The routes that the router has, read from its source: `.route("<path>", get(...).put(...))`.
fn routed() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for text in SOURCE.split(".route(").skip(1) {
        let mut quoted = text.splitn(3, '"').skip(1);
        let path = quoted.next().unwrap();
        let rest = quoted.next().unwrap();
        // Up to where the parenthesis of `.route(` closes.
        let mut depth = 1;
        let end = rest.find(|letter| {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let handlers = &rest[..end.unwrap()];
        for method in ["get", "post", "put", "delete", "patch", "any"] {
            let is_called = handlers
                .match_indices(&format!("{method}("))
                .any(|(at, _)| {
                    let before = handlers[..at].chars().next_back();
                    before.is_none_or(|letter| {
                        !letter.is_alphanumeric() && letter != '_' && letter != ':'
                    })
                });
            if is_called {
                found.insert((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_router_and_the_reviewed_list_agree() {
    let listed: BTreeSet<(String, String)> = ROUTES
        .iter()
        .map(|access| (access.method.to_owned(), access.path.to_owned()))
        .collect();
    assert_eq!(listed.len(), ROUTES.len(), "a route is listed twice");
    let routed = routed();
    let missing: Vec<_> = routed.difference(&listed).collect();
    assert!(missing.is_empty(), "not in `access::ROUTES`: {missing:?}");
    let unknown: Vec<_> = listed.difference(&routed).collect();
    assert!(unknown.is_empty(), "not in the router: {unknown:?}");
    // What nobody listed is refused to everybody.
    let served = Served::idle().await;
    let request = Served::request("PATCH", "/api/pipeline_runs").body(Body::empty());
    let (status, _) = served.send(request.unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let request = Served::request("GET", "/api/nothing").body(Body::empty());
    let (status, _) = served.send(request.unwrap()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
