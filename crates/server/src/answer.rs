//! Answers in Mage's envelopes: `{"pipeline": {...}}`, and `{"pipelines": [...], "metadata": {...}}`.

use std::fmt::Display;

use axum::Json;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::contract::{Operation, Output};
use crate::error::ApiError;

/// Something that has a name in envelopes.
pub(crate) trait Named {
    /// Its name in `{"<name>": {...}}`.
    const ONE: &'static str;
    /// Its name in `{"<name>": [...]}`.
    const MANY: &'static str = "";
}

/// One of something.
pub(crate) struct One<T>(pub(crate) T);

/// A page of something.
pub(crate) struct Many<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) metadata: Metadata,
}

/// Something with facts beside it.
pub(crate) struct With<T, M>(pub(crate) T, pub(crate) M);

/// Things with facts beside them that are not those of a page.
pub(crate) struct ManyWith<T, M>(pub(crate) Vec<T>, pub(crate) M);

/// What is known of a page.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Metadata {
    /// How many there are, on all pages.
    pub(crate) count: u64,
    /// Whether there are more after this page.
    pub(crate) next: bool,
    /// The same, where Mage's clients look for it.
    pub(crate) results: Following,
    /// Send it as `cursor` to get the page after this one; nothing is left out or told twice when rows are added
    /// meanwhile. None on the last page.
    pub(crate) next_cursor: Option<String>,
}

/// Whether more follows.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Following {
    next: bool,
}

impl Metadata {
    /// Of a page of which these rows were shown; the key of the last one is where the next page goes on.
    pub(crate) fn of<T, K: Display>(
        rows: &[T],
        count: u64,
        has_more: bool,
        key: impl Fn(&T) -> K,
    ) -> Self {
        let last = rows.last().filter(|_| has_more);
        Self::new(count, last.map(|row| key(row).to_string()))
    }

    fn new(count: u64, next_cursor: Option<String>) -> Self {
        let next = next_cursor.is_some();
        Self {
            count,
            next,
            results: Following { next },
            next_cursor,
        }
    }
}

impl<T> Many<T> {
    /// All there are, on one page.
    pub(crate) fn whole(rows: Vec<T>) -> Self {
        Self {
            metadata: Metadata::new(rows.len() as u64, None),
            rows,
        }
    }
}

fn envelope<const N: usize>(parts: [(&str, Result<Value, serde_json::Error>); N]) -> Response {
    let mut map = Map::new();
    for (name, part) in parts {
        match part {
            Ok(part) => map.insert(name.to_owned(), part),
            Err(error) => {
                return ApiError::bug(format!("the answer is no JSON: {error}")).into_response();
            }
        };
    }
    Json(Value::Object(map)).into_response()
}

impl<T: Serialize + Named> IntoResponse for One<T> {
    fn into_response(self) -> Response {
        envelope([(T::ONE, serde_json::to_value(self.0))])
    }
}

impl<T: JsonSchema + Named> Output for One<T> {
    fn describe(operation: &mut Operation<'_>) {
        let one = operation.answered::<T>();
        operation.gives_inside(&[(T::ONE, one)]);
    }
}

impl<T: Serialize + Named> IntoResponse for Many<T> {
    fn into_response(self) -> Response {
        ManyWith(self.rows, self.metadata).into_response()
    }
}

impl<T: JsonSchema + Named> Output for Many<T> {
    fn describe(operation: &mut Operation<'_>) {
        ManyWith::<T, Metadata>::describe(operation);
    }
}

impl<T: Serialize + Named, M: Serialize> IntoResponse for ManyWith<T, M> {
    fn into_response(self) -> Response {
        envelope([
            (T::MANY, serde_json::to_value(self.0)),
            ("metadata", serde_json::to_value(self.1)),
        ])
    }
}

impl<T: JsonSchema + Named, M: JsonSchema> Output for ManyWith<T, M> {
    fn describe(operation: &mut Operation<'_>) {
        let rows = operation.answered::<T>();
        let metadata = operation.answered::<M>();
        let rows = json!({"type": "array", "items": rows});
        operation.gives_inside(&[(T::MANY, rows), ("metadata", metadata)]);
    }
}

impl<T: Serialize + Named, M: Serialize> IntoResponse for With<T, M> {
    fn into_response(self) -> Response {
        envelope([
            (T::ONE, serde_json::to_value(self.0)),
            ("metadata", serde_json::to_value(self.1)),
        ])
    }
}

impl<T: JsonSchema + Named, M: JsonSchema> Output for With<T, M> {
    fn describe(operation: &mut Operation<'_>) {
        let one = operation.answered::<T>();
        let metadata = operation.answered::<M>();
        operation.gives_inside(&[(T::ONE, one), ("metadata", metadata)]);
    }
}
