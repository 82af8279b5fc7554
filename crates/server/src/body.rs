//! The bodies of requests: JSON of a known shape, within a limit, and the revision that a change was made to.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error as _;
use std::iter::successors;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use baton_app::{LARGEST_ARCHIVE, LARGEST_FILE};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tower_http::timeout::TimeoutError;

use crate::answer::Named;
use crate::contract::{Input, Operation};
use crate::error::ApiError;

/// The largest JSON body.
pub(crate) const LARGEST_JSON: usize = 8 << 20;

/// A body that is a JSON map with the fields of `T`; without a body, an empty one.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Sent<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_map(request).await.and_then(shaped).map(Self)
    }
}

impl<T: JsonSchema> Input for Sent<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes::<T>();
    }
}

/// What a body `{"<name>": {...}}` holds inside: as `T`, and as it was sent, for what tells an absent field from null.
pub(crate) struct Payload<T> {
    pub(crate) wanted: T,
    pub(crate) map: Map<String, Value>,
}

impl<T: DeserializeOwned + Named> Payload<T> {
    fn of(mut body: Map<String, Value>) -> Result<Self, ApiError> {
        let name = T::ONE;
        let map = match body.remove(name) {
            Some(Value::Object(map)) => map,
            Some(_) => return Err(ApiError::invalid(format!("`{name}` must be a map"))),
            None => {
                return Err(ApiError::invalid(format!(
                    "`{name}` is missing: send {{\"{name}\": {{...}}}}"
                )));
            }
        };
        let wanted = shaped(map.clone())?;
        Ok(Self { wanted, map })
    }
}

impl<T: DeserializeOwned + Named, S: Sync> FromRequest<S> for Payload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_map(request).await.and_then(Self::of)
    }
}

impl<T: JsonSchema + Named> Input for Payload<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes_inside::<T>(T::ONE);
    }
}

/// A JSON map as `T`. What is wrong is said by its place and what it should be, never by its value: that may be a secret.
fn shaped<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| {
        let place = error.path().to_string();
        let text = error.inner().to_string();
        let missing = text.strip_prefix("missing field `");
        if let Some(name) = missing.and_then(|rest| rest.split('`').next()) {
            let place = match place.as_str() {
                "." => name.to_owned(),
                place => format!("{place}.{name}"),
            };
            return ApiError::invalid(format!("`{place}` is missing"));
        }
        let what = match place.split_once('[') {
            Some((list, _)) => format!("what `{list}` lists"),
            None => format!("`{place}`"),
        };
        match text.rsplit_once(", expected ") {
            Some((_, expected)) => {
                ApiError::invalid(format!("{what} must be {}", in_plain_words(expected)))
            }
            None => ApiError::invalid(format!("{what} cannot have this value")),
        }
    })
}

/// A field of a change, where null says something else than its absence.
#[derive(Clone, Debug, Default)]
pub(crate) enum Field<T> {
    /// It stays as it is.
    #[default]
    Absent,
    /// It is set, or with null taken away.
    Given(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::deserialize(from).map(Self::Given)
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

fn in_plain_words(expected: &str) -> &str {
    match expected {
        "a string" => "a text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "i64" => "a whole number",
        "u64" | "u32" => "a whole number that is at least 0",
        "f64" => "a number",
        other => other,
    }
}

async fn read_map(request: Request) -> Result<Map<String, Value>, ApiError> {
    let bytes = read(request.into_body(), LARGEST_JSON).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ApiError::invalid("the body must be a JSON map")),
        Err(error) => Err(ApiError::invalid(format!("the body is not JSON: {error}"))),
    }
}

/// What a file is to hold: a JSON map, or its bytes when the request says that its body is none.
pub(crate) enum Content<T> {
    Map(Payload<T>),
    Bytes(Vec<u8>),
}

impl<T: DeserializeOwned + Named, S: Sync> FromRequest<S> for Content<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/octet-stream") {
            let bytes = read(request.into_body(), LARGEST_FILE).await?;
            return Ok(Self::Bytes(bytes.into()));
        }
        Payload::from_request(request, state).await.map(Self::Map)
    }
}

impl<T: JsonSchema + Named> Input for Content<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes_inside::<T>(T::ONE);
        operation.takes_bytes("application/octet-stream");
    }
}

/// A body that is a zip archive.
pub(crate) struct Archive(pub(crate) Vec<u8>);

impl<S: Sync> FromRequest<S> for Archive {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request.into_body(), LARGEST_ARCHIVE).await?;
        Ok(Self(bytes.into()))
    }
}

impl Input for Archive {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes_bytes("application/zip");
    }
}

/// All of a body, if that is no longer than `limit`.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    to_bytes(body, limit).await.map_err(|error| {
        let mut causes = successors(error.source(), |cause| (*cause).source());
        if causes.any(|cause| cause.downcast_ref::<TimeoutError>().is_some()) {
            ApiError::body_is_late()
        } else {
            ApiError::too_large(limit)
        }
    })
}

/// The revision that a change was made to, as `If-Match` says.
pub(crate) struct IfMatch(pub(crate) Option<String>);

impl IfMatch {
    /// The revision of the header, else the one that the body names.
    pub(crate) fn or(self, wanted: Option<&str>) -> Option<String> {
        self.0.or_else(|| wanted.map(str::to_owned))
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

impl Input for IfMatch {
    fn describe(operation: &mut Operation<'_>) {
        operation.header(
            "If-Match",
            "The revision that the change was made to; with another one than there is now, it is refused (409).",
        );
    }
}

/// A key of the client's choosing: a call that comes again with it starts nothing new.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let key = parts.headers.get("idempotency-key");
        let key = key.and_then(|key| key.to_str().ok());
        Ok(Self(key.map(str::to_owned)))
    }
}

impl Input for IdempotencyKey {
    fn describe(operation: &mut Operation<'_>) {
        operation.header(
            "Idempotency-Key",
            "A call that comes again with this key gives the run of the first one and starts nothing.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[expect(dead_code, reason = "only its shape is of interest")]
        name: String,
        #[expect(dead_code, reason = "only its shape is of interest")]
        value: Option<i64>,
    }

    impl Named for Wanted {
        const ONE: &'static str = "thing";
    }

    #[test]
    fn what_does_not_fit_is_named_without_its_value() {
        let of = |body: Value| {
            let Value::Object(map) = body else {
                unreachable!("the cases are maps")
            };
            Payload::<Wanted>::of(map)
                .map(|found| found.map.len())
                .map_err(|error| error.message)
        };
        let known = json!({"thing": {"name": "a", "value": null, "more": 1}});
        assert_eq!(of(known), Ok(3));
        for (body, message) in [
            (json!({}), "`thing` is missing: send {\"thing\": {...}}"),
            (json!({"thing": 1}), "`thing` must be a map"),
            (json!({"thing": {}}), "`name` is missing"),
            (
                json!({"thing": {"name": 12_345_678}}),
                "`name` must be a text",
            ),
            (
                json!({"thing": {"name": "a", "value": "hunter2"}}),
                "`value` must be a whole number",
            ),
        ] {
            assert_eq!(of(body), Err(message.to_owned()));
        }
    }
}
