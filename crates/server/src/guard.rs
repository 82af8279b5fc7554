//! The guard before every route: from where a request may come, and who may make it.
//!
//! Decided by the route that was matched, never by how a path begins or ends.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use baton_app::Actor;
use baton_model::Timestamp;
use subtle::ConstantTimeEq;

use crate::Shared;
use crate::access::{Who, methods, who};
use crate::error::ApiError;

/// The cookie of a session; what follows tells servers of one machine apart, since cookies know no ports.
const COOKIE: &str = "baton_session_";

/// Names under which this server answers: a page of another name must not reach it, though its name leads here.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Who may come in: knows the token of the server.
pub struct Door {
    token: String,
    session: String,
    cookie: String,
    /// When somebody with a session last came in, in microseconds since 1970 (UTC).
    seen: AtomicI64,
}

impl Door {
    /// The door of a server with this token.
    pub fn new(token: String) -> Self {
        let derive = |context| {
            let key = blake3::derive_key(context, token.as_bytes());
            blake3::Hash::from_bytes(key).to_hex()
        };
        let session = derive("baton 2026-11-21 session cookie").to_string();
        let name = derive("baton 2026-11-22 name of the session cookie");
        Self {
            cookie: format!("{COOKIE}{:.8}", name.as_str()),
            token,
            session,
            seen: AtomicI64::new(0),
        }
    }

    /// When somebody with a session last came in.
    pub(crate) fn last_seen(&self) -> Option<Timestamp> {
        Some(self.seen.load(Ordering::Relaxed))
            .filter(|at| *at > 0)
            .map(Timestamp)
    }

    fn is_token(&self, given: &str) -> bool {
        !self.token.is_empty() && self.token.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// Whether the request carries the token or a session.
    fn knows(&self, headers: &HeaderMap) -> bool {
        // Mage's clients send it under this name.
        let own = headers
            .get("oauth-token")
            .and_then(|value| value.to_str().ok());
        let mut given = bearer(headers).into_iter().chain(own);
        if given.any(|token| self.is_token(token.trim())) {
            return true;
        }
        cookies(headers).any(|(name, value)| {
            name == self.cookie && bool::from(self.session.as_bytes().ct_eq(value.as_bytes()))
        })
    }
}

/// The token that a request carries as bearer.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Lets a request through, or says why not.
pub(crate) async fn check(
    State(shared): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let pattern = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let answer = admit(&shared.door, &request, pattern.as_deref());
    let mut response = match answer {
        Ok(Admitted::Enter) => enter(&shared.door),
        Ok(Admitted::As(actor)) => {
            // Whoever asks only how the server is does not use it.
            let is_use = !matches!(pattern.as_deref(), Some("/api/status" | "/api/statuses"));
            if actor == Actor::Owner && is_use {
                shared.door.seen.store(baton_base::now(), Ordering::Relaxed);
            }
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    protect(response.headers_mut());
    response
}

enum Admitted {
    /// It carries the token in its address, for a browser.
    Enter,
    As(Actor),
}

fn admit(door: &Door, request: &Request, pattern: Option<&str>) -> Result<Admitted, ApiError> {
    let headers = request.headers();
    // HTTP/2 has it in the address.
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok()),
    };
    if !host.is_some_and(is_own_name) {
        return Err(ApiError::denied(
            "this server does not answer under this name",
        ));
    }
    let Some(pattern) = pattern else {
        return Err(ApiError::not_found("there is nothing at this address"));
    };
    let method = request.method();
    let Some(who) = who(method, pattern) else {
        return Err(ApiError::no_method(&methods(pattern)));
    };
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    if (changes || headers.contains_key(header::UPGRADE)) && is_foreign(headers, host) {
        return Err(ApiError::denied(
            "the request comes from a page of another site",
        ));
    }
    match who {
        Who::Anyone => {
            let given = request.uri().query().and_then(token_in);
            if pattern == "/" && given.is_some_and(|token| door.is_token(token)) {
                return Ok(Admitted::Enter);
            }
            let actor = if door.knows(headers) {
                Actor::Owner
            } else {
                Actor::Nobody
            };
            Ok(Admitted::As(actor))
        }
        Who::TokenHolder => Ok(Admitted::As(if door.knows(headers) {
            Actor::Owner
        } else {
            Actor::Nobody
        })),
        Who::Session if door.knows(headers) => Ok(Admitted::As(Actor::Owner)),
        Who::Session => Err(ApiError::unknown(
            "a session is needed: open the address that `baton start` printed, or send its token as bearer",
        )),
    }
}

/// Gives a browser its session and takes the token out of its address.
fn enter(door: &Door) -> Response {
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict",
        door.cookie, door.session
    );
    let mut response = Redirect::to("/").into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

fn token_in(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="))
}

/// Whether a `Host` header names this machine.
fn is_own_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    NAMES.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether a browser says that the request comes from a page of another origin.
fn is_foreign(headers: &HeaderMap, host: Option<&str>) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or("?"))
    };
    if let Some(origin) = text(header::ORIGIN.as_str()) {
        let origin = origin.split_once("://").map(|(_, origin)| origin);
        return !origin
            .zip(host)
            .is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host));
    }
    text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// What browsers are told about every answer.
fn protect(headers: &mut HeaderMap) {
    let rules = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'self'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in rules {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for good in [
            "localhost",
            "LOCALHOST:6789",
            "127.0.0.1:1",
            "[::1]:6789",
            "[::1]",
        ] {
            assert!(is_own_name(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example:6789",
            "127.0.0.1.nip.io",
            "localhost:x",
        ] {
            assert!(!is_own_name(bad), "{bad}");
        }
    }

    #[test]
    fn tokens_come_under_two_names() {
        let door = Door::new("secret".to_owned());
        let knows = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            door.knows(&pairs.collect())
        };
        assert!(knows(&[("authorization", "Bearer secret")]));
        assert!(knows(&[("authorization", "bearer  secret")]));
        assert!(knows(&[
            ("authorization", "Bearer other"),
            ("oauth-token", "secret")
        ]));
        assert!(!knows(&[("authorization", "Basic secret")]));
        assert!(!knows(&[("authorization", "Bearer "), ("oauth-token", "")]));
    }

    #[test]
    fn servers_of_one_machine_have_cookies_of_their_own() {
        let (one, two) = (Door::new("a".to_owned()), Door::new("b".to_owned()));
        assert_ne!(one.cookie, two.cookie);
        let cookie = format!(
            "{}={}; {}={}",
            one.cookie, one.session, two.cookie, two.session
        );
        let headers =
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(cookie).unwrap())]);
        assert!(one.knows(&headers) && two.knows(&headers));
        assert!(!Door::new("c".to_owned()).knows(&headers));
    }

    #[test]
    fn pages_of_other_sites_are_foreign() {
        let of = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )])
        };
        let host = Some("localhost:6789");
        assert!(!is_foreign(&HeaderMap::new(), host));
        assert!(!is_foreign(&of("origin", "http://localhost:6789"), host));
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:1",
            "localhost:6789x",
        ] {
            assert!(is_foreign(&of("origin", origin), host), "{origin}");
        }
        assert!(is_foreign(&of("sec-fetch-site", "cross-site"), host));
        assert!(!is_foreign(&of("sec-fetch-site", "same-origin"), host));
    }
}
