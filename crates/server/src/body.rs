//! The bodies of requests: JSON maps, within a limit, and the revision that a change was made to.

use std::convert::Infallible;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use baton_app::LARGEST_FILE;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// The largest JSON body.
pub(crate) const LARGEST_JSON: usize = 8 << 20;

/// A JSON map; empty when there is no body.
pub(crate) struct Payload(pub(crate) Map<String, Value>);

impl Payload {
    /// What is inside `{"<name>": {...}}`. A body without it is refused: it says nothing.
    pub(crate) fn inside(mut self, name: &str) -> Result<Map<String, Value>, ApiError> {
        match self.0.remove(name) {
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(ApiError::invalid(format!("`{name}` must be a map"))),
            None => Err(ApiError::invalid(format!(
                "`{name}` is missing: send {{\"{name}\": {{...}}}}"
            ))),
        }
    }
}

impl<S: Sync> FromRequest<S> for Payload {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request.into_body(), LARGEST_JSON).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(ApiError::invalid("the body must be a JSON map")),
            Err(error) => Err(ApiError::invalid(format!("the body is not JSON: {error}"))),
        }
    }
}

/// A JSON map, or the bytes of a file when the request says that its body is none.
pub(crate) enum Content {
    Map(Payload),
    Bytes(Vec<u8>),
}

impl<S: Sync> FromRequest<S> for Content {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/octet-stream") {
            return Ok(Self::Bytes(read(request.into_body(), LARGEST_FILE).await?));
        }
        Payload::from_request(request, state).await.map(Self::Map)
    }
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    match to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(_) => Err(ApiError {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..ApiError::invalid(format!(
                "the body is larger than {} MB, or ended too soon",
                limit >> 20
            ))
        }),
    }
}

/// The revision that a change was made to, as `If-Match` says.
pub(crate) struct IfMatch(pub(crate) Option<String>);

impl IfMatch {
    /// The revision of the header, else the one that the body names.
    pub(crate) fn or(self, wanted: &Map<String, Value>) -> Result<Option<String>, ApiError> {
        match (self.0, wanted.get("revision")) {
            (Some(revision), _) => Ok(Some(revision)),
            (None, None | Some(Value::Null)) => Ok(None),
            (None, Some(Value::String(revision))) => Ok(Some(revision.clone())),
            (None, Some(_)) => Err(ApiError::invalid("`revision` must be a text")),
        }
    }

    fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get(header::IF_MATCH)
            .and_then(|value| value.to_str().ok());
        let given = given.map(|text| text.trim().trim_start_matches("W/").trim_matches('"'));
        Self(given.filter(|text| *text != "*").map(str::to_owned))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}
